"""How long a caller is waited for, by what they said, how they sounded and what was asked."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voiceagent.speech.endpointing import (
    EndpointingOptions,
    Expectation,
    HeardSoFar,
    silence_needed_ms,
)
from voiceagent.speech.turn_words import ended

pytestmark = pytest.mark.unit

OPTIONS = EndpointingOptions()
SURE, LIKELY, UNSURE, UNLIKELY, OPEN_END = 350, 700, 1000, 1500, 1800
E = Expectation


def _needed(
    text: str,
    finished: float,
    expected: Expectation = E.OPEN,
    language: str = "en",
    confidence: float = 0.9,
    longest_pause_ms: int = 0,
    end_mark: float = 0.9,
) -> int:
    mark = end_mark if ended(text) else 0.0
    heard = HeardSoFar(text, finished, confidence, mark, language, expected, longest_pause_ms)
    return silence_needed_ms(heard, OPTIONS)


@pytest.mark.parametrize(
    ("language", "text", "finished", "expected", "needed"),
    [
        # Tone and marks.
        ("en", "I was charged twice for October.", 0.95, E.OPEN, SURE),
        ("en", "I was charged twice for October.", 0.7, E.OPEN, LIKELY),
        ("en", "I was charged twice for October.", 0.4, E.OPEN, UNSURE),
        ("en", "I was charged twice for October.", 0.1, E.OPEN, UNSURE),
        ("en", "I was charged twice for October", 0.95, E.OPEN, LIKELY),
        ("en", "I was charged twice for October", 0.5, E.OPEN, UNSURE),
        ("en", "I was charged twice for October", 0.1, E.OPEN, UNLIKELY),
        ("de", "Ich habe zweimal bezahlt.", 0.95, E.OPEN, SURE),
        ("de", "Rufen Sie mich morgen an.", 0.95, E.DATE, LIKELY),
        # Words nobody stops at, whatever the tone and the marks.
        ("en", "I was charged twice and.", 0.99, E.OPEN, OPEN_END),
        ("en", "I have a question about the", 0.99, E.OPEN, OPEN_END),
        ("en", "Well, I'm", 0.99, E.OPEN, OPEN_END),
        ("en", "Yes, um.", 0.99, E.YES_NO, OPEN_END),
        ("en", "My account number is.", 0.99, E.DIGITS, OPEN_END),
        ("en", "Before I go,", 0.99, E.OPEN, OPEN_END),
        ("en", "I paid it, but -", 0.99, E.OPEN, OPEN_END),
        ("en", "Let me see...", 0.99, E.DATE, OPEN_END),
        ("de", "Ich habe bezahlt, weil", 0.99, E.OPEN, OPEN_END),
        ("de", "Meine Kundennummer ist.", 0.99, E.DIGITS, OPEN_END),
        ("de", "Es geht um meine", 0.99, E.OPEN, OPEN_END),
        ("de", "Ja, ähm.", 0.99, E.YES_NO, OPEN_END),
        # What only opens a sentence.
        ("en", "I'm sorry.", 0.99, E.OPEN, OPEN_END),
        ("en", "Excuse me.", 0.99, E.OPEN, OPEN_END),
        ("en", "Sorry?", 0.9, E.OPEN, SURE),
        ("de", "Entschuldigung.", 0.99, E.OPEN, OPEN_END),
        # Words people seldom stop at: a full stop and the tone together outweigh them.
        ("en", "I want to", 0.95, E.OPEN, OPEN_END),
        ("en", "This is the bill I was asking for.", 0.95, E.OPEN, LIKELY),
        ("en", "This is the bill I was asking for.", 0.5, E.OPEN, OPEN_END),
        ("en", "What is this charge for?", 0.7, E.OPEN, SURE),
        ("en", "I do not know what the number is.", 0.95, E.OPEN, LIKELY),
        ("de", "Ich sehe das nicht ein.", 0.95, E.OPEN, LIKELY),
        ("de", "Ich weiß nicht, wie hoch der Betrag ist.", 0.95, E.OPEN, LIKELY),
        ("de", "Ich bezahle mit", 0.95, E.OPEN, OPEN_END),
        ("de", "Was ist das?", 0.7, E.OPEN, SURE),
        # Yes or no.
        ("en", "Yes.", 0.5, E.YES_NO, SURE),
        ("en", "Yes, please", 0.5, E.YES_NO, SURE),
        ("en", "Yes.", 0.2, E.YES_NO, LIKELY),
        ("en", "Yes, I am", 0.5, E.YES_NO, SURE),
        ("en", "Yes.", 0.95, E.OPEN, LIKELY),
        ("en", "Yes, this is James speaking.", 0.95, E.YES_NO, SURE),
        ("de", "Nein, danke.", 0.5, E.YES_NO, SURE),
        ("de", "Ja", 0.5, E.YES_NO, SURE),
        ("de", "Ja, gerne.", 0.5, E.YES_NO, SURE),
        # Digits.
        ("en", "My zip code is 60614.", 0.95, E.DIGITS, LIKELY),
        ("en", "My zip code is six zero six one four.", 0.95, E.DIGITS, LIKELY),
        ("en", "My zip code is 60614.", 0.7, E.DIGITS, UNSURE),
        ("en", "My zip code is 606.", 0.8, E.DIGITS, OPEN_END),
        ("en", "606.", 0.95, E.DIGITS, UNSURE),
        ("en", "312-555-0102.", 0.95, E.DIGITS, LIKELY),
        ("en", "312-555-0102", 0.7, E.DIGITS, UNSURE),
        ("en", "I do not have one.", 0.95, E.DIGITS, UNSURE),
        ("en", "Sure.", 0.95, E.DIGITS, UNSURE),
        ("de", "Eins null eins", 0.8, E.DIGITS, OPEN_END),
        ("de", "Eins null eins eins fünf.", 0.95, E.DIGITS, LIKELY),
        # Letters.
        ("en", "W-H-I-T.", 0.99, E.SPELLED, UNLIKELY),
        ("de", "W H I T", 0.3, E.SPELLED, UNLIKELY),
        # Amounts and days.
        ("en", "It was 64 dollars.", 0.4, E.AMOUNT, LIKELY),
        ("en", "It was sixty four dollars and", 0.9, E.AMOUNT, OPEN_END),
        ("en", "It was too much.", 0.4, E.AMOUNT, UNSURE),
        ("en", "On the fifth.", 0.4, E.DATE, LIKELY),
        ("en", "Tomorrow.", 0.95, E.DATE, LIKELY),
        ("en", "Please call me tomorrow at ten.", 0.95, E.DATE, SURE),
        ("de", "Am Mittwoch um zehn.", 0.4, E.DATE, LIKELY),
        ("de", "Neununddreißig Euro neunzig.", 0.4, E.AMOUNT, LIKELY),
        # Few words.
        ("en", "The bill.", 0.95, E.OPEN, UNSURE),
        ("en", "Hello?", 0.7, E.OPEN, SURE),
        ("en", "James.", 0.95, E.NAME, UNSURE),
        ("en", "James Whitfield.", 0.95, E.NAME, SURE),
        # A language without lists goes by tone and marks.
        ("fr", "J'ai payé deux fois et", 0.95, E.OPEN, LIKELY),
        ("fr", "J'ai payé deux fois.", 0.95, E.OPEN, SURE),
        # Nothing was recognised.
        ("en", "", 0.95, E.OPEN, UNSURE),
    ],
)
def test_silence_needed(
    language: str, text: str, finished: float, expected: Expectation, needed: int
) -> None:
    assert _needed(text, finished, expected, language) == needed


def test_what_was_hardly_recognised_is_never_sure() -> None:
    assert _needed("I was charged twice.", 0.99, confidence=0.3) == LIKELY
    assert _needed("I was charged twice.", 0.95, confidence=0.6) == LIKELY
    assert _needed("I was charged twice.", 0.8, confidence=0.3) == UNSURE
    assert _needed("Yes.", 0.99, E.YES_NO, confidence=0.3) == LIKELY


def test_a_mark_the_recogniser_doubts_counts_less() -> None:
    said = "I was charged twice for October."
    assert _needed(said, 0.9, end_mark=0.95) == SURE
    assert _needed(said, 0.9, end_mark=0.3) == LIKELY
    assert _needed(said, 0.05, end_mark=0.9) == UNSURE
    assert _needed(said, 0.05, end_mark=0.1) == UNLIKELY


def test_a_caller_who_pauses_for_long_is_waited_for() -> None:
    said = "I was charged twice for October."
    assert _needed(said, 0.7, longest_pause_ms=900) == 1450
    assert _needed(said, 0.95, longest_pause_ms=900) == 1450
    assert _needed(said, 0.95, longest_pause_ms=5000) == OPEN_END
    assert _needed(said, 0.95, longest_pause_ms=400) == SURE
    # Nobody pauses in mid-yes.
    assert _needed("Yes.", 0.95, E.YES_NO, longest_pause_ms=5000) == SURE


def test_options_that_contradict_each_other_are_refused() -> None:
    with pytest.raises(ValueError, match="sure_ms"):
        EndpointingOptions(sure_ms=900)
    with pytest.raises(ValueError, match="over_likely"):
        EndpointingOptions(over_likely=0.95)


probabilities = st.floats(min_value=0, max_value=1)
words = st.sampled_from(
    [
        "yes",
        "no",
        "my",
        "bill",
        "is",
        "the",
        "60614",
        "five",
        "tomorrow",
        "dollars",
        "ja",
        "nein",
        "und",
        "ist",
        "das",
        "an",
        "euro",
        "hello",
        "W",
        "H",
        "number",
        "Nummer",
        "zehn",
        "James",
        "for",
    ]
)
marks = st.sampled_from(["", ".", "?", ",", "...", "!", " -"])
turns = st.builds(
    HeardSoFar,
    text=st.builds(lambda said, mark: " ".join(said) + mark, st.lists(words, max_size=7), marks),
    finished=probabilities,
    confidence=probabilities,
    end_mark=probabilities,
    language=st.sampled_from(["en", "de", "fr"]),
    expected=st.sampled_from(Expectation),
    longest_pause_ms=st.integers(min_value=0, max_value=4000),
)


@given(turns)
def test_the_wait_stays_within_its_bounds(heard: HeardSoFar) -> None:
    assert OPTIONS.sure_ms <= silence_needed_ms(heard, OPTIONS) <= OPTIONS.open_end_ms


@given(turns, probabilities)
def test_a_lower_probability_never_shortens_the_wait(heard: HeardSoFar, other: float) -> None:
    low, high = sorted((heard.finished, other))
    longer = silence_needed_ms(replace(heard, finished=low), OPTIONS)
    assert longer >= silence_needed_ms(replace(heard, finished=high), OPTIONS)


@given(turns, st.sampled_from(["confidence", "end_mark"]), probabilities)
def test_less_certain_words_never_shorten_the_wait(
    heard: HeardSoFar, sign: str, other: float
) -> None:
    low, high = sorted((getattr(heard, sign), other))
    longer = silence_needed_ms(replace(heard, **{sign: low}), OPTIONS)
    assert longer >= silence_needed_ms(replace(heard, **{sign: high}), OPTIONS)


@given(turns, st.integers(min_value=0, max_value=4000))
def test_a_longer_pause_of_theirs_never_shortens_the_wait(heard: HeardSoFar, other: int) -> None:
    low, high = sorted((heard.longest_pause_ms, other))
    shorter = silence_needed_ms(replace(heard, longest_pause_ms=low), OPTIONS)
    assert shorter <= silence_needed_ms(replace(heard, longest_pause_ms=high), OPTIONS)


@given(turns, st.sampled_from(["", ".", ","]))
def test_a_dangling_word_never_shortens_the_wait(heard: HeardSoFar, mark: str) -> None:
    joint = {"en": " and", "de": " und"}.get(heard.language)
    if joint:
        longer = replace(heard, text=heard.text + joint + mark)
        assert silence_needed_ms(longer, OPTIONS) >= silence_needed_ms(heard, OPTIONS)
