"""The rules that tell spoken words from invented ones."""

import pytest

from voiceagent.speech.recognition import (
    is_invented,
    loop_length,
    spoken_tokens,
    without_loop,
)

pytestmark = pytest.mark.unit

ZERO = 1000
END_OF_TEXT = 900


def at(seconds: float) -> int:
    """The timestamp token of a time."""
    return ZERO + round(seconds / 0.02)


def spoken(tokens: list[int], speech_end_s: float) -> list[int]:
    return spoken_tokens(
        tokens, timestamp_begin=ZERO, end_of_text=END_OF_TEXT, speech_end_s=speech_end_s
    )


def test_text_ends_at_the_timestamp_that_closes_the_speech() -> None:
    tokens = [at(0), 1, 2, 3, at(3.0), at(3.0), 1, 2, 3, at(4.0)]
    assert spoken(tokens, 2.9) == [1, 2, 3]


def test_segments_within_the_speech_are_kept() -> None:
    tokens = [at(0), 1, 2, at(2.0), at(2.2), 3, 4, at(5.0), at(5.0), 9]
    assert spoken(tokens, 5.0) == [1, 2, 3, 4]


def test_a_late_opening_timestamp_does_not_swallow_the_text() -> None:
    assert spoken([at(2.8), 7, at(3.0)], 3.0) == [7]


def test_specials_are_no_text() -> None:
    assert spoken([at(0), 1, END_OF_TEXT, END_OF_TEXT + 5, 2], 9.0) == [1, 2]


@pytest.mark.parametrize(
    ("tokens", "length"),
    [
        ([1, 2, 3], 0),
        ([5, 5, 5], 0),  # "no, no, no" is something people say
        ([5] * 7, 6),
        ([9, 1, 2, 3, 1, 2, 3, 1, 2, 3], 6),
        ([1, 2, 1, 2, 1, 2, 7], 0),
        ([], 0),
    ],
)
def test_loops_are_found_at_the_end_only(tokens: list[int], length: int) -> None:
    assert loop_length(tokens) == length
    assert without_loop(tokens) == tokens[: len(tokens) - length]


@pytest.mark.parametrize(
    ("text", "no_speech", "confidence", "speech_dbfs", "invented"),
    [
        # Measured on noise, hum and clicks.
        ("I'm going to put the oil in the pan.", 0.66, 0.18, -20, True),
        ("Hello, welcome to the new video.", 0.63, 0.24, -10, True),
        ("BEEP BEEP", 0.87, 0.31, -20, True),
        # Measured on real recordings, the doubtful ones.
        ("4 Queen of Clothes", 0.39, 0.38, -20, False),
        ("5, 5", 0.43, 0.55, -20, False),
        ("8 of spades, 4 of close, 7 of hearts", 0.57, 0.87, -20, False),
        # What subtitles say over silence, and people on the phone too.
        ("Thank you.", 0.1, 0.9, -20, False),
        ("Thank you.", 0.6, 0.8, -20, False),
        ("Thank you.", 0.6, 0.8, -50, True),
        ("Thanks for watching!", 0.9, 0.9, -20, True),
        ("Untertitel der Amara.org-Community", 0.95, 0.9, -40, True),
        ("Tschüss.", 0.05, 0.9, -50, False),
        (" ... ", 0.0, 0.9, -20, True),
        # Unclear speech is speech: better to ask again than to hear nothing.
        ("Two absolute empty", 0.02, 0.25, -20, False),
    ],
)
def test_invented_text_is_told_from_spoken_text(
    text: str, no_speech: float, confidence: float, speech_dbfs: float, invented: bool
) -> None:
    found = is_invented(text, no_speech=no_speech, confidence=confidence, speech_dbfs=speech_dbfs)
    assert found is invented
