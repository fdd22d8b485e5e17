"""Values in words, and postal codes as people say them."""

from datetime import date, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from num2words import num2words

from voiceagent.dialogue.wording import (
    postal_code_in,
    speak_date,
    speak_moment,
    speak_money,
    speak_period,
)
from voiceagent.domain.account import Money
from voiceagent.domain.spoken_amounts import amounts
from voiceagent.domain.spoken_dates import dates

pytestmark = pytest.mark.unit

TODAY = date(2026, 12, 1)


@pytest.mark.parametrize(
    ("said", "language", "code"),
    [
        ("97214", "en", "97214"),
        ("97 214", "en", "97214"),
        ("nine seven two one four", "en", "97214"),
        ("Nine, seven, two, one, four.", "en", "97214"),
        ("it's nine seven two fourteen", "en", "97214"),
        ("ninety-seven two fourteen", "en", "97214"),
        ("ninety seven two one four", "en", "97214"),
        ("oh two one three nine", "en", "02139"),
        ("zero two one 39", "en", "02139"),
        ("oh double two one five", "en", "02215"),
        ("sixty thousand six hundred fourteen", "en", "60614"),
        ("6 0 6 1 4", "en", "60614"),
        ("60614-1234", "en", "60614"),
        ("my zip code is 33130, I think", "en", "33130"),
        ("fünf null sechs sechs sieben", "de", "50667"),
        ("fünfzig sechs siebenundsechzig", "de", "50667"),
        ("fünf null sechs siebenundsechzig", "de", "50667"),
        ("fünfzigtausendsechshundertsiebenundsechzig", "de", "50667"),
        ("null zwei eins drei neun", "de", "02139"),
        ("die 50 667", "de", "50667"),
        ("zwo null null neun neun", "de", "20099"),
        ("I don't know", "en", ""),
        ("", "en", ""),
    ],
)
def test_postal_codes(said: str, language: str, code: str) -> None:
    assert postal_code_in(said, language) == code


@settings(deadline=None)
@given(code=st.from_regex(r"\A[0-9]{5}\Z"), language=st.sampled_from(["en", "de"]))
def test_any_code_said_digit_by_digit(code: str, language: str) -> None:
    said = " ".join(num2words(int(digit), lang=language) for digit in code)
    assert postal_code_in(said, language) == code


@settings(deadline=None)
@given(minor=st.integers(1, 500_000), language=st.sampled_from(["en", "de"]))
def test_an_amount_in_words_reads_back(minor: int, language: str) -> None:
    money = Money(minor, "EUR" if language == "de" else "USD")
    spoken = speak_money(money, language)
    assert [f.value for f in amounts(spoken, language, money.currency)] == [money]


@settings(deadline=None)
@given(day=st.dates(date(2025, 1, 1), date(2028, 12, 31)), language=st.sampled_from(["en", "de"]))
def test_a_date_in_words_reads_back(day: date, language: str) -> None:
    assert [f.value for f in dates(speak_date(day, language, day), language, day)] == [day]
    assert [f.value for f in dates(speak_date(day, language, TODAY), language, TODAY)] == [day]


def test_moments_and_periods() -> None:
    at = datetime(2026, 12, 7, 14, 30)
    assert speak_moment(at, "en", TODAY) == "Monday, December 7 at 2:30 PM"
    assert speak_moment(at, "de", TODAY) == "Montag, 7. Dezember um 14:30 Uhr"
    assert speak_moment(at.replace(hour=12, minute=0), "en", TODAY).endswith("at 12 PM")
    assert speak_period("2026-10", "en", TODAY) == "October"
    assert speak_period("2025-03", "de", TODAY) == "März 2025"
