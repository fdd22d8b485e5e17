"""Packets of summarised dialogues: reading them, weighing them, looking at them twice."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.unit.handoff.written import Answering
from tests.unit.supervisor.calls import POLICY
from voiceagent.bench.packet_dialogues import events_of, load_dialogues
from voiceagent.bench.packet_eval import as_json, figures, weigh
from voiceagent.bench.packet_measures import coverage, prose_of, rouge_l
from voiceagent.bench.packet_recheck import recheck
from voiceagent.calls.readings import packet_json
from voiceagent.dialogue.llm_endpoint import LanguageModelTimeoutError
from voiceagent.domain.errors import InputError, LanguageModelError
from voiceagent.domain.packet import Packet
from voiceagent.handoff.packet_builder import build_packet

pytestmark = pytest.mark.unit

HELD_OUT = Path(__file__).parents[3] / "voiceagent/bench/dialogues/held_out/packets.jsonl"
LINE: dict[str, Any] = {
    "id": "d1",
    "turns": [
        {"speaker": "customer", "text": "I was charged $64.50 twice in October.", "x": 1},
        {"speaker": "agent", "text": "I have refunded $64.50, it takes 5 days."},
        {"speaker": "customer", "text": "Thank you."},
    ],
    "summaries": ["Customer was charged $64.50 twice in October. Agent refunded it."],
}


def write_lines(path: Path, *lines: object) -> Path:
    texts = [line if isinstance(line, str) else json.dumps(line) for line in lines]
    path.write_text("\n".join(texts) + "\n", "utf-8")
    return path


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return write_lines(tmp_path / "d.jsonl", LINE, "", {**LINE, "id": 2})


def test_dialogues_are_read(file: Path) -> None:
    first, second = load_dialogues(file)
    assert (first.id, second.id, first.language) == ("d1", "2", "en")
    assert [t.speaker.value for t in first.turns] == ["caller", "agent", "caller"]
    german = {**LINE, "turns": [{"speaker": "customer", "text": "Ich habe die Rechnung nicht"}]}
    (told,) = load_dialogues(write_lines(file, german))
    assert told.language == "de"


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("{nonsense", "not JSON"),
        ("[1]", "not a JSON object"),
        ({**LINE, "id": None}, "'id'"),
        ({**LINE, "turns": []}, "'turns'"),
        ({**LINE, "turns": "hello"}, "'turns'"),
        ({**LINE, "turns": [*LINE["turns"], {"speaker": "cat", "text": "x"}]}, "turn 4"),
        ({**LINE, "turns": [{"speaker": "agent"}]}, "turn 1"),
        ({**LINE, "turns": ["hello"]}, "turn 1"),
        ({**LINE, "summaries": "one"}, "'summaries'"),
        ({**LINE, "summaries": []}, "no text"),
        ({**LINE, "summaries": [3]}, "'summaries'"),
    ],
)
def test_bad_lines_are_named(file: Path, line: object, words: str) -> None:
    write_lines(file, LINE, line)
    with pytest.raises(InputError) as caught:
        load_dialogues(file)
    assert "line 2" in str(caught.value.problem)
    assert words in str(caught.value.problem)


def test_bad_files_are_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        load_dialogues(tmp_path / "none.jsonl")
    with pytest.raises(InputError, match="no dialogue"):
        load_dialogues(write_lines(tmp_path / "e.jsonl", ""))
    (tmp_path / "b.jsonl").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InputError, match="UTF-8"):
        load_dialogues(tmp_path / "b.jsonl")


def test_rouge_l_is_the_f1_of_the_longest_common_subsequence() -> None:
    # Common: "the cat sat", 3 of 4 and 3 of 6 words.
    score = rouge_l("The cat sat down.", ["the black cat just sat there", "nothing"])
    assert score.best == pytest.approx(2 * (3 / 4) * (3 / 6) / (3 / 4 + 3 / 6))
    assert score.mean == pytest.approx(score.best / 2)
    assert rouge_l("", ["a"]).best == 0.0
    assert rouge_l("Same words here", ["same words, here!"]).best == 1.0


def test_coverage_counts_what_both_the_dialogue_and_a_summary_hold(file: Path) -> None:
    dialogue = load_dialogues(file)[0]
    empty = coverage(dialogue, Packet(1, "d1"))
    # $64.50 and October; charged, twice, refunded.
    assert (empty.facts.covered, empty.facts.of) == (0, 5)
    assert (empty.values.covered, empty.values.of) == (0, 1)
    half = coverage(dialogue, Packet(1, "d1", matter="charged $64.50"))
    assert (half.facts.covered, half.prose.covered, half.values.covered) == (2, 2, 1)
    packet = build_packet("d1", events_of(dialogue, POLICY), 1)
    assert coverage(dialogue, packet).facts.value == 1.0


@pytest.mark.parametrize(
    "matter",
    [
        "Customer was charged $46.50.",
        "Customer was charged in November.",
        "Customer Olivia was charged $64.50.",
        "Customer was not charged in October.",
        'Customer says "I was charged $64.50 once".',
        "Customer ordered seventeen bicycles for a wedding.",
    ],
)
def test_the_second_look_sees_what_was_not_said(file: Path, matter: str) -> None:
    dialogue = load_dialogues(file)[0]
    packet = build_packet("d1", events_of(dialogue, POLICY), 1)
    assert recheck(packet, dialogue.turns) == []
    assert [u.text for u in recheck(replace(packet, matter=matter), dialogue.turns)] == [matter]


def test_the_second_look_sees_wrong_citations(file: Path) -> None:
    dialogue = load_dialogues(file)[0]
    packet = build_packet("d1", events_of(dialogue, POLICY), 1)
    claim = packet.facts[0]
    assert claim.citation is not None
    elsewhere = replace(claim, citation=replace(claim.citation, turn=2))
    nowhere = replace(claim, citation=None)
    for wrong in (elsewhere, nowhere):
        assert recheck(replace(packet, facts=(wrong,)), dialogue.turns)


async def test_a_lying_model_leaves_nothing_unsupported(file: Path) -> None:
    dialogue = load_dialogues(file)[0]
    lies = {
        "matter": {"turn": 1, "text": "Customer was charged $99.50 in May."},
        "summary": [{"turn": 2, "text": "Agent sent a new router to Paris."}],
        "facts": [{"turn": 1, "text": "Customer was charged twice in October."}] * 2,
        "promises": [{"turn": 2, "text": "Agent will call on Monday."}],
    }
    weighed = await weigh(dialogue, POLICY, Answering(lies))
    assert weighed.unsupported == ()
    assert weighed.packet.dropped_claims == 3
    told = as_json(weighed, packet_json)
    assert (told["id"], told["dropped"], told["unsupported"]) == ("d1", 3, [])
    assert told["summary"] == prose_of(weighed.packet)
    assert set(told) >= {"id", "packet", "summary", "coverage", "unsupported", "rouge_l"}
    json.dumps(told)


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (LanguageModelError("down"), "0 partly written, 1 failed"),
        (LanguageModelTimeoutError("late"), "0 failed, 1 timed out"),
    ],
)
async def test_trouble_with_the_model_is_counted(file: Path, error: Exception, told: str) -> None:
    dialogue = load_dialogues(file)[0]
    weighed = await weigh(dialogue, POLICY, Answering(error))
    assert weighed.packet == build_packet("d1", events_of(dialogue, POLICY), 1)
    assert told in dict(figures([weighed]))["language model"]


async def test_the_projects_own_dialogues() -> None:
    dialogues = load_dialogues(HELD_OUT)
    assert len(dialogues) == 25
    assert all(len(d.summaries) == 2 for d in dialogues)
    every = [await weigh(d, POLICY, None) for d in dialogues]
    assert [w.unsupported for w in every if w.unsupported] == []
    told = dict(figures(every))
    assert told["unsupported claims in the packets"] == "0 (0.00 each)"
    assert float(told["ROUGE-L, nearest summary"]) > 0.35
    assert "language model" not in told
