"""The values of a statement, and whether a source holds them."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voiceagent.handoff.packet_values import Held, Holdings, names_in, values_in

pytestmark = pytest.mark.unit

TODAY = date(2026, 11, 20)


def missing(source: str, statement: str, language: str = "en") -> list[str]:
    return [v.text for v in Holdings((source,), language, TODAY).missing(statement)]


def copied(source: str, statement: str, language: str = "en") -> str:
    return Holdings((source,), language, TODAY).copied(statement)


def test_kinds() -> None:
    text = "INV-3107 over $64.50 was due on October 5th, 2026; call before Monday, it took 3 weeks."
    assert [(v.kind, v.text) for v in values_in(text, "en", TODAY)] == [
        (Held.IDENTIFIER, "INV-3107"),
        (Held.AMOUNT, "$64.50"),
        (Held.DATE, "October 5th, 2026"),
        (Held.DAY, "Monday"),
        (Held.NUMBER, "3"),
    ]


@pytest.mark.parametrize(
    ("source", "statement"),
    [
        ("I paid $64.50.", "They paid $46.50."),
        ("I paid $64.50.", "They paid €64.50."),
        ("It was on October 5th.", "It was on October 6th."),
        ("My order is 88213.", "Their order is 88231."),
        ("Booking 7QXM2L", "Booking 7QXM21"),
        ("It takes 3 days.", "It takes 3 weeks."),
        ("Come on Monday.", "Come on Tuesday."),
        ("I'll do it tomorrow.", "They will do it today."),
        ("Jenna told me.", "Sarah told them."),
        ("Mail billing@fit.example", "Mail billing@fat.example"),
    ],
)
def test_what_the_source_does_not_hold(source: str, statement: str) -> None:
    assert missing(source, statement)


@pytest.mark.parametrize(
    ("source", "statement", "as_source"),
    [
        ("I paid sixty four fifty.", "They paid $64.50.", "They paid sixty four fifty."),
        ("I waited two weeks.", "They waited 2 weeks.", "They waited two weeks."),
        ("It was $1,200.00 then.", "It was 1200 dollars.", "It was $1,200.00."),
        ("It came on 2026-10-05.", "It came on October 5th.", "It came on 2026-10-05."),
        ("around October 5th", "in October", "in October 5th"),
    ],
)
def test_values_are_copied_as_the_source_writes_them(
    source: str, statement: str, as_source: str
) -> None:
    assert missing(source, statement) == []
    assert copied(source, statement) == as_source


def test_german() -> None:
    source = "Ich habe am 2. November 500 Euro an Herrn Meier überwiesen."
    assert missing(source, "Der Kunde hat am 2. November 500 Euro überwiesen.", "de") == []
    assert missing(source, "Der Kunde hat 50 Euro überwiesen.", "de") == ["50 Euro"]
    assert missing(source, "Der Kunde hat 500 Euro an Herrn Huber überwiesen.", "de") == ["Huber"]


def test_names() -> None:
    text = "Customer Daniel Reyes says the car is in Lisbon. Olivia opened it."
    assert [n.text for n in names_in(text, "en")] == ["Daniel", "Reyes", "Lisbon", "Olivia"]


@given(st.text(alphabet="abcdefghij $€0123456789.,-", max_size=60), st.sampled_from(["en", "de"]))
def test_a_text_holds_all_its_own_values(text: str, language: str) -> None:
    holdings = Holdings((text,), language, TODAY)
    assert [v for v in holdings.missing(text) if v.kind is not Held.NAME] == []


@given(st.integers(10, 99_999), st.integers(10, 99_999))
def test_numbers_are_equal_only_to_themselves(one: int, other: int) -> None:
    assert bool(missing(f"It is {one} there.", f"It is {other} there.")) == (one != other)
