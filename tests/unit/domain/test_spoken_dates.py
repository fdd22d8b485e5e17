"""Days and months as they are said and as recognisers write them."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voiceagent.domain.spoken_dates import dates, months

pytestmark = pytest.mark.unit

TODAY = date(2026, 11, 22)


@pytest.mark.parametrize(
    ("language", "text", "expected"),
    [
        ("en", "October 5th", ["2026-10-05"]),
        ("en", "the fifth of October", ["2026-10-05"]),
        ("en", "October fifth and seventh", ["2026-10-05", "2026-10-07"]),
        ("en", "October 5 and the 7th", ["2026-10-05", "2026-10-07"]),
        ("en", "Oct 5, 2025", ["2025-10-05"]),
        ("en", "10/5/2026 or 2026-10-05", ["2026-10-05", "2026-10-05"]),
        ("en", "October twenty-first", ["2026-10-21"]),
        ("en", "January 2nd", ["2027-01-02"]),
        ("en", "yesterday", ["2026-11-21"]),
        ("en", "I paid 5 in March, invoice for October, 31 february", []),
        ("de", "am 5. Oktober", ["2026-10-05"]),
        ("de", "am fünften Oktober", ["2026-10-05"]),
        ("de", "am 5. und 7. Oktober", ["2026-10-05", "2026-10-07"]),
        ("de", "05.10.2026", ["2026-10-05"]),
        ("de", "am 5.10 und am 6.10.", ["2026-10-05", "2026-10-06"]),
        ("de", "einundzwanzigsten März", ["2027-03-21"]),
        ("de", "guten Morgen, gestern", ["2026-11-21"]),
    ],
)
def test_dates(language: str, text: str, expected: list[str]) -> None:
    assert [f.value.isoformat() for f in dates(text, language, TODAY)] == expected


@pytest.mark.parametrize(
    ("language", "text", "expected"),
    [
        ("en", "my October invoice", ["2026-10"]),
        ("en", "December 30", ["2025-12"]),
        ("en", "Oct 5, 2025", ["2025-10"]),
        ("en", "may I march", []),
        ("de", "im oktober", ["2026-10"]),
    ],
)
def test_months(language: str, text: str, expected: list[str]) -> None:
    assert [f.value for f in months(text, language, TODAY)] == expected


@given(st.integers(-180, 180), st.sampled_from(["en", "de"]))
def test_a_day_near_today_is_read_back_without_its_year(offset: int, language: str) -> None:
    day = TODAY + timedelta(days=offset)
    names = {
        "en": "January February March April May June July August September October November"
        " December",
        "de": "Januar Februar März April Mai Juni Juli August September Oktober November Dezember",
    }[language].split()
    name = names[day.month - 1]
    text = f"on {name} {day.day}" if language == "en" else f"am {day.day}. {name}"
    (found,) = dates(text, language, TODAY)
    assert found.value == day


@given(st.text(max_size=80), st.sampled_from(["en", "de"]))
def test_any_text_is_read_and_places_lie_in_it(text: str, language: str) -> None:
    everything = [*dates(text, language, TODAY), *months(text, language, TODAY)]
    assert all(0 <= f.start < f.end <= len(text) for f in everything)
