"""Telling words and marks, counted."""

from __future__ import annotations

import pytest

from voiceagent.supervisor.frustration.cues import (
    CUE_NAMES,
    MAX_CHARACTERS,
    clipped,
    cues,
    sentences,
    word_count,
)

pytestmark = pytest.mark.unit


def found(text: str) -> set[str]:
    """The names of the cues in a text."""
    return {name for name, count in zip(CUE_NAMES, cues(text), strict=True) if count}


@pytest.mark.parametrize(
    ("text", "cue"),
    [
        ("this is the third time I call", "again"),
        ("das ist jetzt schon zum dritten mal", "again"),
        ("as i said before", "already_said"),
        ("wie gesagt", "already_said"),
        ("still nothing", "waiting"),
        ("ich warte immer noch", "waiting"),
        ("it doesn't work", "not_working"),
        ("es funktioniert immer noch nicht", "not_working"),
        ("that's not what I asked", "denial"),
        ("das stimmt nicht", "denial"),
        ("how can that be", "rhetorical"),
        ("das kann doch nicht sein", "rhetorical"),
        ("what a joke", "strong"),
        ("eine Frechheit ist das", "strong"),
        ("I'm really disappointed", "upset"),
        ("ich bin enttäuscht", "upset"),
        ("I want to speak to a manager", "escalation"),
        ("ich will mich beschweren", "escalation"),
        ("forget it", "resigned"),
        ("dann eben nicht", "resigned"),
        ("thank you", "thanks"),
        ("danke schön", "thanks"),
        ("We are sorry for the inconvenience", "apology"),
        ("Bitte entschuldigen Sie", "apology"),
        ("Unfortunately we cannot do that", "refusal"),
        ("Das ist leider nicht möglich", "refusal"),
        ("Hello?! Anyone there??", "asks_twice"),
        ("WHERE is it", "shouts"),
        ("12345", "only_a_number"),
    ],
)
def test_each_family_is_found_in_both_languages(text: str, cue: str) -> None:
    assert cue in found(text)


def test_words_are_found_without_capitals_and_not_inside_others() -> None:
    assert "strong" in found("UNACCEPTABLE")
    assert "thanks" not in found("the bank called")
    assert "agreement" not in found("januar")


def test_a_family_counts_twice_at_most() -> None:
    assert max(cues("again again again again again")) == 2


def test_a_plain_request_has_no_word_of_anger() -> None:
    assert not found("could I get a copy of my invoice please") & {"strong", "upset", "again"}


def test_nothing_is_found_in_nothing() -> None:
    assert found("") == {"only_a_number"}


def test_of_a_very_long_text_the_start_and_the_end_are_kept() -> None:
    text = "start " + "word " * 5000 + "end"
    assert len(clipped(text)) <= MAX_CHARACTERS + 1
    assert clipped(text).startswith("start")
    assert clipped(text).endswith("end")


def test_sentences_end_at_their_marks_and_the_last_ones_count() -> None:
    assert sentences("One. Two! Three? ...", at_most=5) == ("One.", "Two!", "Three?")
    assert sentences("One. Two! Three?", at_most=2) == ("Two!", "Three?")
    assert word_count("three little words") == 3
