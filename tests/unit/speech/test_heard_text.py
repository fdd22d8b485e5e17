"""What was heard, by samples played."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voiceagent.speech.heard_text import SpokenPiece, heard_text

pytestmark = pytest.mark.unit

PIECES = [SpokenPiece("Sure,", 4000), SpokenPiece("your invoice is due tomorrow.", 16000)]


@pytest.mark.parametrize(
    ("played", "heard"),
    [
        (0, ""),
        (3999, ""),
        (4000, "Sure,"),
        (5000, "Sure,"),
        (8000, "Sure, your"),
        (12000, "Sure, your invoice"),
        (19999, "Sure, your invoice is due"),
        (20000, "Sure, your invoice is due tomorrow."),
        (99999, "Sure, your invoice is due tomorrow."),
    ],
)
def test_the_text_is_cut_after_the_last_complete_word(played: int, heard: str) -> None:
    assert heard_text(PIECES, played) == heard


def test_words_that_take_long_to_say_can_be_weighed() -> None:
    pieces = [SpokenPiece("That is $64.50 now.", 10000)]
    assert heard_text(pieces, 7500) == "That is $64.50"
    spoken = {"$64.50": "64 dollars and 50 cents"}
    assert heard_text(pieces, 7500, weigh=lambda word: len(spoken.get(word, word))) == "That is"


def test_a_piece_that_was_never_sent_ends_what_was_heard() -> None:
    assert heard_text([SpokenPiece("One.", 10), SpokenPiece("Two.", 0)], 1000) == "One."


def test_nothing_spoken_nothing_heard() -> None:
    assert heard_text([], 1000) == ""


words = st.text(alphabet="abcde", min_size=1, max_size=6)
pieces_of_words = st.lists(
    st.builds(
        SpokenPiece,
        st.lists(words, min_size=1, max_size=5).map(" ".join),
        st.integers(min_value=1, max_value=1000),
    ),
    max_size=4,
)


@given(pieces_of_words, st.integers(min_value=0, max_value=5000))
def test_what_was_heard_is_a_beginning_in_whole_words(
    pieces: list[SpokenPiece], played: int
) -> None:
    everything = " ".join(piece.text for piece in pieces).split()
    heard = heard_text(pieces, played).split()
    assert heard == everything[: len(heard)]


@given(pieces_of_words, st.integers(0, 5000), st.integers(0, 500))
def test_more_played_never_means_less_heard(
    pieces: list[SpokenPiece], played: int, more: int
) -> None:
    assert len(heard_text(pieces, played)) <= len(heard_text(pieces, played + more))
