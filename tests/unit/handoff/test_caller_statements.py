"""What of the caller's own words a packet quotes."""

from __future__ import annotations

import pytest

from tests.unit.handoff.packets import VERIFIED, call, packet_of
from tests.unit.supervisor.calls import ALL_WELL, agent, caller
from voiceagent.domain.events import KeyPressed
from voiceagent.domain.verdict import TriggerKind

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("turns", "quoted"),
    [
        (
            ["I have a question about the credit for the outage.", "Get me a human please."],
            "I have a question about the credit for the outage",
        ),
        (
            ["Hello. My modem is blinking red. I want to talk to a person."],
            "My modem is blinking red",
        ),
        (["I want to talk to a real person."], ""),
        (["Yes.", "Okay, thank you very much."], ""),
    ],
)
def test_the_matter_without_a_contradiction(turns: list[str], quoted: str) -> None:
    spoken = [caller(n, text) for n, text in enumerate(turns, start=3)]
    events = call(ALL_WELL, caller(2, "Nine seven two one four."), VERIFIED, *spoken)
    expected = f'Maria Alvarez says "{quoted}".' if quoted else ""
    assert packet_of(events).matter == expected


def test_what_was_said_before_identification_counts_where_nothing_came_after() -> None:
    events = call(
        ALL_WELL,
        caller(1, "I am calling about the price of my new router."),
        caller(2, "It is 97214."),
        VERIFIED,
        KeyPressed(at_ms=9, key="0"),
    )
    packet = packet_of(events)
    assert packet.matter == 'Maria Alvarez says "I am calling about the price of my new router".'
    assert [t.kind for t in packet.triggers] == [TriggerKind.KEY_ZERO]


def test_open_questions() -> None:
    events = call(
        ALL_WELL,
        caller(1, "When is the next invoice due?"),
        agent(2, "It is due on December 15th."),
        caller(3, "Why did the price go up?"),
        caller(4, "And can you send it by mail"),
        agent(5, "Yes, I can do that for you."),
        caller(6, "Am I talking to a real person?"),
        agent(7, "No, I am an AI."),
        caller(8, "I'll sue you. How do I cancel the contract?"),
        agent(9, "I am getting a colleague for you now."),
    )
    assert [(q.text, q.citation and q.citation.turn) for q in packet_of(events).open_questions] == [
        ('"Why did the price go up?"', 3),
        ('"How do I cancel the contract?"', 8),
    ]


def test_a_question_asked_again_and_answered_is_not_open() -> None:
    question = "When is the next invoice due?"
    events = call(ALL_WELL, caller(1, question), caller(2, question), agent(3, "On December 15th."))
    assert packet_of(events).open_questions == ()
