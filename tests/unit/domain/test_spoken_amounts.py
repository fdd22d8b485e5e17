"""Amounts of money as they are said and as recognisers write them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voiceagent.domain.spoken_amounts import amounts

pytestmark = pytest.mark.unit

CURRENCY = {"en": "USD", "de": "EUR"}


@pytest.mark.parametrize(
    ("language", "text", "expected"),
    [
        ("en", "$64.50", ["$64.50"]),
        ("en", "it was 64 dollars and 50 cents", ["$64.50"]),
        ("en", "sixty four fifty", ["$64.50"]),
        ("en", "sixty-four fifty, please", ["$64.50"]),
        ("en", "64 dollars fifty", ["$64.50"]),
        ("en", "I paid 64 dollars 20 days ago", ["$64.00"]),
        ("en", "1,234.50 dollars", ["$1234.50"]),
        ("en", "$1,000", ["$1000.00"]),
        ("en", "two thousand three hundred and five dollars", ["$2305.00"]),
        ("en", "a hundred and twenty dollars", ["$120.00"]),
        ("en", "nineteen ninety nine", ["$19.99"]),
        ("en", "one hundred sixty four fifty", ["$164.50"]),
        ("en", "50 cents", ["$0.50"]),
        ("en", "-$20.00 and minus 5 dollars", ["-$20.00", "-$5.00"]),
        ("en", "EUR 39.90 or £5", ["€39.90", "£5.00"]),
        # A currency outranks a numeric date ("10/5", "05.10.").
        ("en", "It was $5.10. Thanks.", ["$5.10"]),
        ("en", "64.50 and 39.90", ["$64.50", "$39.90"]),
        ("en", "my zip is 94107, call 415 555 0199", []),
        ("en", "at six thirty, in twenty twenty six", []),
        ("en", "19.50 percent, 6.30 pm", []),
        ("en", "INV-3107 or I and V 3107", []),
        ("de", "39,90 Euro", ["€39.90"]),
        ("de", "neununddreißig Euro neunzig", ["€39.90"]),
        ("de", "39 Euro und 90 Cent", ["€39.90"]),
        ("de", "neununddreißig neunzig", ["€39.90"]),
        ("de", "neun und dreißig Euro", ["€39.00"]),
        ("de", "neununddreißig Komma neun null Euro", ["€39.90"]),
        ("de", "1.234,50 €", ["€1234.50"]),
        ("de", "tausendzweihundert Euro", ["€1200.00"]),
        ("de", "ein Euro", ["€1.00"]),
        ("de", "am 05.10. wurden 39,90 abgebucht", ["€39.90"]),
        ("de", "12.50 Uhr, ich habe eine Rechnung", []),
    ],
)
def test_amounts(language: str, text: str, expected: list[str]) -> None:
    assert [str(f.value) for f in amounts(text, language, CURRENCY[language])] == expected


def test_where_an_amount_stands_and_whether_its_currency_was_said() -> None:
    text = "so sixty four fifty, I mean $64.50"
    first, second = amounts(text, "en", "USD")
    assert (text[first.start : first.end], first.explicit) == ("sixty four fifty", False)
    assert (text[second.start : second.end], second.explicit) == ("$64.50", True)


def test_dollars_are_the_accounts_dollars() -> None:
    assert str(amounts("20 dollars", "en", "CAD")[0].value) == "CAD 20.00"
    assert str(amounts("20 dollars", "en", "EUR")[0].value) == "$20.00"


@given(st.integers(0, 10_000_000), st.sampled_from(["en", "de"]))
def test_a_written_amount_is_read_back(minor: int, language: str) -> None:
    units, cents = divmod(minor, 100)
    grouped = f"{units:,}"
    text = f"${grouped}.{cents:02d}"
    if language == "de":
        text = f"{grouped.replace(',', '.')},{cents:02d} Euro"
    (found,) = amounts(f"it is {text} now", language, CURRENCY[language])
    assert found.value.minor == minor


@given(st.text(max_size=80), st.sampled_from(["en", "de"]))
def test_any_text_is_read_and_places_lie_in_it(text: str, language: str) -> None:
    everything = amounts(text, language, "USD")
    assert all(0 <= f.start < f.end <= len(text) for f in everything)


@pytest.mark.parametrize("language", ["en", "de"])
def test_a_currency_decides_between_an_amount_and_a_day(language: str) -> None:
    found = amounts("The amount is $5.10.", language, "USD")
    assert [f.value.minor for f in found] == [510]
