"""Which calls are made, and that both systems read the same sound."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from voiceagent.bench.latency.material import Clip, Material
from voiceagent.bench.latency.plan import load, plan_calls, save
from voiceagent.bench.latency.processes import plain_environment
from voiceagent.bench.latency.record import Kind
from voiceagent.bench.latency.run import BenchOptions, warm_up_of
from voiceagent.bench.latency.scripted_llm import REPLIES, reply_to, tokens
from voiceagent.domain.errors import InputError

pytestmark = pytest.mark.unit


def clip(name: str, kind: Kind = Kind.CLEAR) -> Clip:
    sound = np.random.default_rng(1).uniform(-0.3, 0.3, 3200).astype(np.float32)
    pauses = ((1000, 1500),) if kind is Kind.PAUSE else ()
    return Clip(name, f"words of {name}", sound, 100, 3100, kind, pauses)


def material(clear: int, pauses: int, barge_ins: int) -> Material:
    return Material(
        tuple(clip(f"c{i}") for i in range(clear)),
        tuple(clip(f"p{i}", Kind.PAUSE) for i in range(pauses)),
        tuple(clip(f"b{i}", Kind.BARGE_IN) for i in range(barge_ins)),
    )


def test_everything_is_said_once_and_barge_ins_follow_a_clear_turn() -> None:
    calls = plan_calls(material(21, 32, 9), None, wideband=False)
    said = [turn.clip for call in calls for turn in call.turns]
    expected = [f"c{i}" for i in range(21)] + [f"p{i}" for i in range(32)]
    assert [name for name in said if name[0] != "b"] == expected
    assert sorted(name for name in said if name[0] == "b") == [f"b{i}" for i in range(8)]
    for call in calls:
        for before, turn in zip(call.turns, call.turns[1:], strict=False):
            assert (turn.over_agent_s is not None) == (turn.kind is Kind.BARGE_IN)
            if turn.kind is Kind.BARGE_IN:
                assert before.kind is Kind.CLEAR
        assert call.turns[0].kind is not Kind.BARGE_IN


def test_a_short_run_has_a_little_of_everything() -> None:
    calls = plan_calls(material(21, 32, 9), 2, wideband=False)
    kinds = [turn.kind for call in calls for turn in call.turns]
    assert [kinds.count(kind) for kind in Kind] == [2, 2, 1]


def test_a_plan_is_read_as_it_was_written(tmp_path: Path) -> None:
    calls = plan_calls(material(2, 2, 1), None, wideband=False)
    save([warm_up_of(calls), *calls], tmp_path)
    read = load(tmp_path)
    assert list(read) == ["warm-up", "clear-1", "pauses-1"]
    for call in calls:
        assert read[call.id] == call
        for before, after in zip(call.turns, read[call.id].turns, strict=True):
            for left, right in zip(before.sound, after.sound, strict=True):
                assert np.allclose(left, right, atol=1e-4)
        narrow, wide = read[call.id].turns[0].sound
        assert wide.size == 2 * narrow.size


@pytest.mark.parametrize(
    "wrong",
    [{"rate_hz": 11025}, {"llm": "cloud"}, {"turns": 0}, {"stock_threads": "x"}],
    ids=lambda w: next(iter(w)),
)
def test_wrong_options_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(InputError):
        BenchOptions(**wrong)  # type: ignore[arg-type]


def test_the_script_answers_the_same_words_the_same_way() -> None:
    assert reply_to("Ten of clubs.") == reply_to("ten of clubs")
    assert {reply_to(str(i)) for i in range(100)} == set(REPLIES)
    for reply in REPLIES:
        assert "".join(tokens(reply)) == reply
        assert len(tokens(reply)) > len(reply.split())


def test_a_plain_environment_has_no_thread_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OMP_WAIT_POLICY", "OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"):
        monkeypatch.setenv(name, "1")
    monkeypatch.setenv("BENCH_OTHER", "kept")
    found = plain_environment()
    assert not {"OMP_WAIT_POLICY", "OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"} & found.keys()
    assert found["BENCH_OTHER"] == "kept"
