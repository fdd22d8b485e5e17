"""The row of numbers that describes a turn within its dialogue."""

from __future__ import annotations

import numpy as np
import pytest

from tests.unit.supervisor.frustration.dialogues import CountingEncoder, turns
from voiceagent.domain.transcript import Speaker
from voiceagent.supervisor.frustration.embedding import DIMENSIONS
from voiceagent.supervisor.frustration.features import Reading, feature_names, features
from voiceagent.supervisor.frustration.model import TextScores
from voiceagent.supervisor.frustration.reading import TextReader

pytestmark = pytest.mark.unit

SCORES = TextScores(
    ("one", "two"), np.linspace(-1, 1, DIMENSIONS * 2).reshape(DIMENSIONS, 2), np.zeros(2)
)


def row(*said: str) -> dict[str, float]:
    """The named features of the last of these turns."""
    reader = TextReader(CountingEncoder(), SCORES, remembered=100)
    dialogue: list[Reading] = [
        reader.read(t.text).said_by(caller=t.speaker is Speaker.CALLER) for t in turns(*said)
    ]
    return dict(zip(feature_names(SCORES.names), features(dialogue), strict=True))


def test_names_and_numbers_are_as_many_and_no_name_comes_twice() -> None:
    names = feature_names(SCORES.names)
    assert len(set(names)) == len(names) == len(row("hello there"))


def test_a_first_turn_has_nothing_before_it() -> None:
    first = row("hello there")
    assert first["first_turn"] == first["no_answer_yet"] == 1
    before = [v for n, v in first.items() if n.startswith(("before_", "said_", "agent_", "worst_"))]
    assert not any(before)


def test_the_same_request_again_is_alike() -> None:
    again = row("where is my parcel now", "agent: one moment", "where is my parcel now")
    assert again["alike_earlier"] == pytest.approx(1, abs=1e-5)
    other = row("where is my parcel now", "agent: one moment", "my name is Anna Schmidt")
    assert other["alike_earlier"] < 0.5


def test_short_answers_are_not_compared() -> None:
    assert row("yes", "agent: sure?", "yes")["alike_earlier"] == 0


def test_an_agent_that_repeats_itself_is_seen() -> None:
    said = ("it is broken", "agent: please restart it", "I did", "agent: please restart it")
    assert row(*said, "I did that")["agent_repeats"] == pytest.approx(1, abs=1e-5)
    later = row(*said, "I did that", "agent: fine", "right")
    assert later["agent_repeats"] < 0.5 < later["agent_repeats_once"]


def test_what_the_caller_said_before_fades() -> None:
    near = row("hello", "agent: yes?", "this is ridiculous", "agent: sorry", "my number is four")
    far = row("this is ridiculous", "agent: sorry", "hello", "agent: yes?", "my number is four")
    assert near["said_strong"] > far["said_strong"] > 0


def test_what_the_agent_says_counts_only_since_the_caller_spoke() -> None:
    now = row("hi", "agent: we are sorry", "agent: please hold", "what")
    assert now["agent_says_apology"] >= 1
    earlier = row("hi", "agent: we are sorry", "fine", "agent: please hold", "what")
    assert earlier["agent_says_apology"] == 0 < earlier["agent_said_apology"]


def test_answers_getting_shorter_and_a_second_message_are_seen() -> None:
    said = "I have tried all of that twice and it is as dead as before"
    assert row(said, "agent: and now?", "no")["shorter_than_before"] > 1
    assert row("no", "agent: and now?", said)["shorter_than_before"] == 0
    assert row("hello", "anyone there")["spoke_again"] == 1


def test_a_human_colleague_counts_as_the_agent() -> None:
    human = row("hi there", "human: we are sorry", "what")
    assert human == row("hi there", "agent: we are sorry", "what")


def test_the_length_of_the_turn_alone_moves_little() -> None:
    short, long = row("the box is blue"), row("the box is blue and it stands by the door")
    moved = {
        n for n in short if not n.startswith(("turn_", "peak_")) and abs(short[n] - long[n]) > 1e-9
    }
    assert moved == set()


def test_a_row_is_for_a_turn_of_the_caller() -> None:
    with pytest.raises(ValueError, match="caller"):
        row("hello", "agent: hello")
    with pytest.raises(ValueError, match="caller"):
        features([])
