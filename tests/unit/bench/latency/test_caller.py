"""The caller of the bench reacts to what it hears, and notes who was heard when."""

from __future__ import annotations

import numpy as np
import pytest

from voiceagent.bench.latency.caller import BenchCaller, CallerOptions
from voiceagent.bench.latency.figures import findings, silences
from voiceagent.bench.latency.plan import PlannedTurn
from voiceagent.bench.latency.record import CallRecord, Kind, Observed, Span, Stage

pytestmark = pytest.mark.unit

FRAME_S = 0.02
RATE_HZ = 16_000
LOUD = (0.3 * np.ones(320) * 32767).astype(np.int16).tobytes()
SILENT = bytes(640)


def planned(name: str, seconds: float = 1.0, over_agent_s: float | None = None) -> PlannedTurn:
    sound = np.full(int(seconds * RATE_HZ), 0.2, np.float32)
    kind = Kind.CLEAR if over_agent_s is None else Kind.BARGE_IN
    return PlannedTurn(
        name, kind, name, 0, sound.size, (), over_agent_s, (sound[::2].copy(), sound)
    )


def played(
    turns: list[PlannedTurn], agent: list[Span], until_s: float = 60.0, patience_s: float = 3.0
) -> tuple[CallRecord, list[float], BenchCaller]:
    """A call with an agent that speaks at fixed times; also how loud the caller was per frame."""
    caller = BenchCaller(turns, CallerOptions(RATE_HZ, RATE_HZ, 0.6, patience_s))
    caller.begin(100.0)
    levels = []
    for index in range(int(until_s / FRAME_S)):
        now = 100.0 + index * FRAME_S
        speaks = any(start <= now - 100 + 1e-6 < end for start, end in agent)
        caller.heard(now, LOUD if speaks else SILENT)
        frame = np.frombuffer(caller.frame(now), np.int16) / 32768
        levels.append(float(np.sqrt((frame**2).mean())))
        if caller.finished.is_set():
            break
    record = caller.record(100.0, [Observed(101.0, Stage.ASKED)])
    return record, levels, caller


def test_the_next_turn_waits_for_the_reply_to_end() -> None:
    record, levels, caller = played([planned("a"), planned("b")], [(2.0, 3.0), (6.0, 7.0)])
    first, second = record.turns
    assert first.start_s == pytest.approx(0.62, abs=0.03)
    assert first.end_s - first.start_s == pytest.approx(1.0)
    assert second.start_s == pytest.approx(3.6, abs=0.05)
    assert record.agent == (
        (pytest.approx(2.0, abs=0.02), pytest.approx(3.0, abs=0.02)),
        (pytest.approx(6.0, abs=0.02), pytest.approx(7.0, abs=0.02)),
    )
    assert caller.finished.is_set()
    assert not record.lost
    spoken = [i * FRAME_S for i, level in enumerate(levels) if level > 0.1]
    assert spoken[0] == pytest.approx(first.start_s, abs=0.02), "it says when it really speaks"
    assert sum(level > 0.1 for level in levels) == 100
    assert record.observed[0].at_s == pytest.approx(1.0)


def test_patience_has_an_end() -> None:
    record, _, caller = played([planned("a"), planned("b")], [(8.0, 9.0)])
    assert [turn.gave_up for turn in record.turns] == [True, False]
    assert record.turns[1].start_s == pytest.approx(record.turns[0].end_s + 3.0, abs=0.05)
    assert caller.finished.is_set()


def test_a_barge_in_comes_while_the_agent_speaks() -> None:
    turns = [planned("a"), planned("b", over_agent_s=0.7)]
    record, _, _ = played(turns, [(2.0, 3.1), (5.0, 6.0)])
    assert record.turns[1].start_s == pytest.approx(2.7, abs=0.05)
    (silence_s,) = silences(findings(record))
    assert silence_s == pytest.approx(0.4, abs=0.05)


def test_who_finds_no_agent_to_interrupt_speaks_all_the_same() -> None:
    turns = [planned("a"), planned("b", over_agent_s=5.0)]
    record, _, caller = played(turns, [(2.0, 3.0), (6.0, 7.0)])
    assert len(record.turns) == 2
    assert silences(findings(record)) == []
    assert caller.finished.is_set()


def test_a_line_that_is_cut_is_said_to_be_lost() -> None:
    caller = BenchCaller([planned("a"), planned("b")], CallerOptions(RATE_HZ, RATE_HZ))
    caller.end()
    assert caller.finished.is_set()
    assert caller.record(0.0, []).lost


def test_the_room_is_never_dead_silent() -> None:
    caller = BenchCaller([planned("a")], CallerOptions(8000, 8000))
    frame = caller.frame(0.0)
    assert len(frame) == 320
    assert np.frombuffer(frame, np.int16).any()
