"""Until when a promise is to be kept: the words, and the moment where they leave no doubt."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voiceagent.handoff.packet_due import due_moment, due_words

pytestmark = pytest.mark.unit

TUESDAY = datetime(2026, 11, 24, 15, 0, tzinfo=UTC)
CHICAGO = ZoneInfo("America/Chicago")


@pytest.mark.parametrize(
    ("language", "sentence", "words", "moment"),
    [
        ("en", "I will send you a credit of $59.90 by Friday.", "by Friday", "2026-11-28T05:59"),
        ("en", "you'll get a letter next week", "next week", "2026-12-07T05:59"),
        ("en", "A manager will call you tomorrow before noon.", None, "2026-11-25T18:00"),
        ("en", "We'll check it within 48 hours.", "within 48 hours", "2026-11-26T15:00"),
        ("en", "It will be back in 5 to 7 days.", "in 5 to 7 days", "2026-12-02T05:59"),
        ("en", "It takes up to 3 working days.", None, "2026-11-28T05:59"),
        ("en", "We deliver it on 12 December.", "on 12 December", "2026-12-13T05:59"),
        ("en", "A technician comes on Wednesday between 8 and 12.", None, "2026-11-25T18:00"),
        ("en", "By the end of the month.", None, "2026-12-01T05:59"),
        ("en", "I'll call you back tomorrow at ten.", "tomorrow at ten", "2026-11-25T16:00"),
        ("de", "Ich überweise Ihnen das bis Freitag.", "bis Freitag", "2026-11-28T05:59"),
        ("de", "Ein Techniker kommt morgen zwischen 9 und 13 Uhr.", None, "2026-11-25T19:00"),
        ("de", "Das dauert bis zu drei Werktage.", None, "2026-11-28T05:59"),
        ("de", "Bis Ende des Monats.", "Bis Ende des Monats", "2026-12-01T05:59"),
        ("de", "Ich melde mich in einer Stunde.", "in einer Stunde", "2026-11-24T16:00"),
    ],
)
def test_understood(language: str, sentence: str, words: str | None, moment: str) -> None:
    found = due_words(sentence, language)
    assert found in sentence
    assert words is None or found == words
    due = due_moment(found, TUESDAY, CHICAGO, language)
    assert due is not None
    assert due.astimezone(UTC).isoformat().startswith(moment)


@pytest.mark.parametrize(
    ("language", "sentence"),
    [
        ("en", "You get it by next Friday."),  # this week's or the next one's
        ("en", "You get it in a few days."),
        ("en", "I will call you on Tuesday."),  # said on a Tuesday
        ("de", "Das dauert ein paar Tage."),
    ],
)
def test_words_that_leave_doubt_give_no_moment(language: str, sentence: str) -> None:
    assert due_moment(due_words(sentence, language), TUESDAY, CHICAGO, language) is None


@pytest.mark.parametrize("sentence", ["I will send you a letter.", "We expect the new labels.", ""])
def test_no_time_is_said(sentence: str) -> None:
    assert due_words(sentence, "en") == ""
    assert due_moment("", TUESDAY, CHICAGO, "en") is None


@given(st.text(max_size=80), st.sampled_from(["en", "de", "fr"]))
def test_any_text_is_read_without_error_and_words_are_copied(text: str, language: str) -> None:
    words = due_words(text, language)
    assert words in text
    moment = due_moment(words, TUESDAY, CHICAGO, language)
    assert moment is None or moment.tzinfo is not None
