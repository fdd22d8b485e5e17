"""Values that are stated, with their sentences."""

from __future__ import annotations

from datetime import date

import pytest

from tests.unit.supervisor.calls import agent
from voiceagent.domain.account import Money
from voiceagent.supervisor.statements import Statement, ValueKind, statements

pytestmark = pytest.mark.unit

TODAY = date(2026, 11, 22)


def stated(text: str, language: str = "en") -> tuple[Statement, ...]:
    return statements(agent(1, text, language), language, "USD", TODAY)


@pytest.mark.parametrize(
    ("language", "text", "kind", "value"),
    [
        ("en", "It is $64.50.", ValueKind.AMOUNT, Money(6450, "USD")),
        ("de", "Es sind 39,90 Euro.", ValueKind.AMOUNT, Money(3990, "EUR")),
        ("en", "It is due on December 5th.", ValueKind.DAY, date(2026, 12, 5)),
        ("de", "Fällig am 5. Dezember.", ValueKind.DAY, date(2026, 12, 5)),
        ("en", "On Friday.", ValueKind.DAY, 4),
        ("de", "Am Sonnabend.", ValueKind.DAY, 5),
        ("en", "You have three invoices.", ValueKind.NUMBER, 3),
    ],
)
def test_a_value(language: str, text: str, kind: ValueKind, value: object) -> None:
    (found,) = stated(text, language)
    assert (found.kind, found.value, found.asked) == (kind, value, False)


def test_each_value_has_its_sentence_and_whether_it_is_asked() -> None:
    first, second = stated("It is $64.50. Is that right, or $70?")
    assert (first.words, first.asked) == ("It is $64.50.", False)
    assert (second.words, second.asked) == ("Is that right, or $70?", True)
    (german,) = stated("Ja. Sie ist am 5. Dezember fällig. Gut.", "de")
    assert german.words == "Sie ist am 5. Dezember fällig."


def test_relative_days_are_no_values() -> None:
    assert stated("I will call tomorrow.") == ()
    assert stated("Ich rufe morgen an.", "de") == ()


@pytest.mark.parametrize(
    ("one", "other", "agree"),
    [
        ("$64.50", "64 dollars", True),
        ("$64.50", "64.50", True),
        ("$64.50", "$65", False),
        ("€64.50", "$64.50", False),
        ("December 5th", "Saturday", True),
        ("December 5th", "Friday", False),
        ("Friday", "Friday", True),
        ("December 5th", "December 6th", False),
    ],
)
def test_values_that_agree(one: str, other: str, agree: bool) -> None:
    (first,), (second,) = stated(f"It is {one}."), stated(f"It was {other}.")
    assert first.agrees(second) is second.agrees(first) is agree
