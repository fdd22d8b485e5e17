"""The sentences of a turn."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.supervisor.calls import caller
from voiceagent.domain.transcript import Speaker, Turn
from voiceagent.handoff.sentences import sentences_of

pytestmark = pytest.mark.unit


def test_a_point_within_an_amount_ends_no_sentence() -> None:
    turn = caller(3, "I paid $64.50. Twice!  Why?")
    found = sentences_of(turn)
    assert [s.text for s in found] == ["I paid $64.50.", "Twice!", "Why?"]
    assert [s.citation.turn for s in found] == [3, 3, 3]
    places = [s.citation.at_ms for s in found]
    assert places == sorted(set(places))
    assert places[0] == turn.start_ms
    assert places[-1] < turn.end_ms


@given(st.text(max_size=60))
def test_nothing_but_blanks_is_left_out_and_nothing_is_changed(text: str) -> None:
    found = [s.text for s in sentences_of(caller(1, text))]
    assert all(part in text for part in found)
    assert "".join("".join(found).split()) == "".join(text.split())


@pytest.mark.parametrize(
    "sentence",
    [
        "Ein Gutachter kommt am 18. April um 10 Uhr.",
        "Ich hab am 3.11. einen Mantel bestellt.",
        "Mr. Reyes called.",
        "Mail billing@fit.example now.",
        "Version 5.2.1 is out.",
    ],
)
def test_marks_that_end_no_sentence(sentence: str) -> None:
    turn = Turn(1, Speaker.AGENT, f"Hello. {sentence}", 0, 1000)
    assert [s.text for s in sentences_of(turn)] == ["Hello.", sentence]
