"""Statements of a language model, weighed against what was said."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from tests.unit.handoff.written import PARCEL, dialogue
from voiceagent.domain.events import LoggedEvent
from voiceagent.domain.transcript import Speaker
from voiceagent.handoff.packet_builder import read_call
from voiceagent.handoff.packet_check import HELPERS, Draft, PacketCheck

pytestmark = pytest.mark.unit


def check(*lines: str, language: str = "en") -> PacketCheck:
    return PacketCheck(read_call(dialogue(*(lines or PARCEL), language=language)))


@pytest.mark.parametrize(
    ("text", "turn"),
    [
        ("Customer paid $64.50.", 3),
        ("Customer lives on the third floor.", 3),
        ("The parcel GB4471902385 was marked as delivered.", 1),
        ("Customer's name is Daniel Reyes.", 5),
        ("Agent opened an investigation with the depot.", 4),
        ("The driver's note says it was left in the porch.", 2),
    ],
)
def test_borne_out(text: str, turn: int) -> None:
    claim = check().claim(Draft(text, (turn,)))
    assert claim is not None
    assert claim.text == text
    assert claim.verified is False
    assert claim.citation is not None
    assert claim.citation.turn == turn


@pytest.mark.parametrize(
    "text",
    [
        "Customer paid $46.50.",  # another amount
        "Customer paid €64.50.",  # another currency
        "Customer paid two hundred dollars.",
        "The parcel GB4471902358 was marked as delivered.",  # two digits changed places
        "The parcel was marked as delivered on October 5th.",  # a date nobody named
        "The parcel was marked as delivered today.",
        "Customer's name is Olivia Reyes.",  # a name nobody said
        "Customer lives on the fourth floor.",
        "Customer's parcel arrived.",  # the denial is gone
        "Customer does not live on the third floor.",  # a denial nobody made
        "Customer wants it sent to the old address in Leeds.",  # what they did not want
        "Customer opened an investigation with the depot.",  # the agent did
        "Agent paid $64.50.",  # the customer did
        "Agent lives on the third floor.",
        "Customer bought a bicycle helmet and a lamp.",
        "Der Kunde wartet auf ein Paket.",  # another language
        "",
        "...",
    ],
)
def test_not_borne_out(text: str) -> None:
    for turn in (1, 2, 3, 4, 5):
        assert check().claim(Draft(text, (turn,))) is None


@pytest.mark.parametrize("turns", [(), (2,), (99,), (-1,)])
def test_a_wrong_turn_is_put_right(turns: tuple[int, ...]) -> None:
    claim = check().claim(Draft("Customer lives on the third floor.", turns))
    assert claim is not None
    assert claim.citation is not None
    assert (claim.citation.turn, claim.citation.quote) == (3, "No, I live on the third floor.")


def test_values_are_copied() -> None:
    told = check("C: I paid sixty four fifty for it.", "A: I see.")
    claim = told.claim(Draft("Customer paid $64.50.", (1,)))
    assert claim is not None
    assert claim.text == "Customer paid sixty four fifty."


def test_a_promise_must_be_one() -> None:
    told = check()
    promise = told.promise(Draft("Agent will send a refund of $64.50 by Friday.", (4,)))
    assert promise is not None
    assert (promise.due, promise.due_at, promise.source) == ("by Friday", None, "agent")
    for invented in (
        "Agent will send a refund of $64.50 by Monday.",
        "Agent will send a refund of $100 by Friday.",
        "Agent will call Daniel Reyes.",
        "Agent opened an investigation with the depot.",
        "The driver's note says it was left in the porch.",
    ):
        assert told.promise(Draft(invented, (4,))) is None


def test_a_promise_is_due_at_a_moment_where_the_log_tells_when_it_was_made() -> None:
    said_at = datetime(2026, 11, 24, 15, 0, tzinfo=UTC)
    logged = [LoggedEvent("c", seq, said_at, e) for seq, e in enumerate(dialogue(*PARCEL), start=1)]
    told = PacketCheck(read_call(logged))
    promise = told.promise(Draft("Agent will send a refund of $64.50 by Friday.", (4,)))
    assert promise is not None
    assert promise.due_at == datetime(2026, 11, 27, 23, 59, tzinfo=UTC)


def test_an_open_question_was_asked_and_not_taken_up() -> None:
    told = check("C: My parcel is late.", "A: I see.", "C: Who pays the customs fee?")
    question = told.open_question(Draft("Customer asks who pays the customs fee.", (3,)))
    assert question is not None
    answered = check("C: Who pays the customs fee?", "A: We pay the customs fee.")
    assert answered.open_question(Draft("Customer asks who pays the customs fee.", (1,))) is None
    no_question = check("C: I paid the customs fee.")
    assert no_question.open_question(Draft("Customer paid the customs fee.", (1,))) is None


def test_deeds_are_the_helpers() -> None:
    told = check()
    assert told.claim(Draft("Agent opened an investigation.", (4,)), HELPERS) is not None
    assert told.claim(Draft("Customer paid $64.50.", (3,)), HELPERS) is None


def test_a_sentence_of_two_sides_rests_on_both() -> None:
    told = check()
    both = told.prose(
        Draft(
            "Customer's parcel was marked as delivered but nothing arrived and the agent opened an"
            " investigation with the depot.",
            (1,),
        ),
        (Speaker.CALLER,),
    )
    assert both is not None
    assert both.text.endswith("and the agent opened an investigation with the depot.")
    swapped = "The agent's parcel did not arrive and the customer opened an investigation."
    assert told.prose(Draft(swapped, (1,)), ()) is None


def test_german() -> None:
    told = check(
        "C: Mein Paket ist seit Montag nicht angekommen, ich habe 20 Euro bezahlt.",
        "A: Ich überweise Ihnen die 20 Euro bis Freitag.",
        language="de",
    )
    assert told.claim(Draft("Das Paket ist seit Montag nicht angekommen.", (1,))) is not None
    assert told.promise(Draft("Der Agent überweist die 20 Euro bis Freitag.", (2,))) is not None
    for wrong in (
        "Das Paket ist seit Montag angekommen.",
        "Das Paket ist seit Dienstag nicht angekommen.",
        "Der Kunde hat 200 Euro bezahlt.",
        "Der Agent hat 20 Euro bezahlt.",
        "Herr Schneider hat 20 Euro bezahlt.",
    ):
        assert told.claim(Draft(wrong, (1,))) is None, wrong
