"""Content words, their stems, and what is denied."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voiceagent.handoff.packet_words import (
    REPORTING,
    alike,
    clauses,
    content_words,
    denies,
    sounds_negative,
    stem,
)

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("charged", "charges"),
        ("cancelled", "cancel"),
        ("delivery", "deliver"),
        ("sent", "send"),
        ("Rechnungen", "Rechnung"),
        ("bestellt", "bestellen"),
        ("geschickt", "schicken"),
    ],
)
def test_forms_of_one_word_are_alike(one: str, other: str) -> None:
    assert alike(stem(one), stem(other))


@pytest.mark.parametrize(
    ("one", "other"), [("refund", "replace"), ("card", "car"), ("walnut", "oak"), ("Bank", "Bahn")]
)
def test_different_words_are_not(one: str, other: str) -> None:
    assert not alike(stem(one), stem(other))


def test_a_negation_reaches_to_the_end_of_its_clause() -> None:
    words = {c.form: c.denied for c in content_words("The parcel did not arrive, the letter came.")}
    assert words == {"parcel": False, "arrive": True, "letter": False, "came": False}
    german = {c.form: c.denied for c in content_words("Das Paket kommt nicht, der Brief ist da.")}
    assert german == {"Paket": True, "kommt": True, "Brief": False}


def test_what_denies_and_what_only_lacks() -> None:
    assert denies("It didn't work.")
    assert denies("Das ist kein Problem.")
    assert not denies("It works.")
    assert sounds_negative("The login fails.")
    assert not sounds_negative("The login works.")


def test_words_of_telling_are_passed_over() -> None:
    forms = [c.form for c in content_words("Customer complains that the parcel is late", REPORTING)]
    assert forms == ["parcel", "late"]


@given(st.text(max_size=120))
def test_places_are_right(text: str) -> None:
    for start, end in clauses(text):
        assert 0 <= start < end <= len(text)
    for word in content_words(text):
        assert text[word.start : word.start + len(word.form)] == word.form
