"""The same request in other words."""

from __future__ import annotations

import pytest

from tests.unit.supervisor.calls import POLICY
from voiceagent.supervisor.rephrasing import ContentWords, alike

pytestmark = pytest.mark.unit

CONTENT = ContentWords(POLICY.rephrasing)
ENOUGH = POLICY.rephrasing.from_similarity


@pytest.mark.parametrize(
    ("language", "one", "other"),
    [
        (
            "en",
            "Why is my internet so slow in the evening?",
            "In the evenings the connection is slow, why?",
        ),
        (
            "en",
            "When will the technician repair the router?",
            "The router, I want to know when a technician will fix it.",
        ),
        (
            "en",
            "I want a refund for the outage in May",
            "You should reimburse me for the outage in May",
        ),
        (
            "de",
            "Warum ist mein Internet abends so langsam?",
            "Die Verbindung ist am Abend langsam, warum?",
        ),
        (
            "de",
            "Wann repariert der Techniker den Router?",
            "Der Router, wann kommt der Techniker und repariert ihn?",
        ),
    ],
)
def test_other_words_for_the_same_request_are_alike(language: str, one: str, other: str) -> None:
    words = CONTENT.of(one, (language,)), CONTENT.of(other, (language,))
    assert alike(*words) >= ENOUGH


@pytest.mark.parametrize(
    ("language", "one", "other"),
    [
        ("en", "When is the November invoice due?", "How do I restart the router in the hall?"),
        ("en", "Can you send me the invoice by mail?", "Can you tell me the price of the plan?"),
        ("en", "My name is Maria Alvarez from Portland.", "I live in Portland near the river."),
        ("de", "Wann ist die Rechnung fällig?", "Wie starte ich den Router im Flur neu?"),
        ("de", "Können Sie mir die Rechnung schicken?", "Können Sie mir den Tarif erklären?"),
    ],
)
def test_another_request_is_not(language: str, one: str, other: str) -> None:
    words = CONTENT.of(one, (language,)), CONTENT.of(other, (language,))
    assert alike(*words) < ENOUGH


def test_stop_words_small_numbers_and_fillers_carry_no_meaning() -> None:
    assert CONTENT.of("Well, I just want to know what it is, please.", ("en",)) == frozenset()
    assert CONTENT.of("Nein, ich meine doch das hier.", ("de",)) == frozenset()
    assert CONTENT.of("um 9 7 2 1 4", ("en",)) == frozenset()


def test_inflections_and_synonyms_are_one_word() -> None:
    assert CONTENT.of("invoices", ("en",)) == CONTENT.of("the bill", ("en",))
    assert CONTENT.of("the routers", ("en",)) == CONTENT.of("my router", ("en",))
    assert CONTENT.of("Verbindungen", ("de",)) >= CONTENT.of("Verbindungen", ("de",))
    assert CONTENT.of("das WLAN", ("de",)) == CONTENT.of("mein Internet", ("de",))


def test_nothing_is_like_nothing() -> None:
    assert alike(frozenset(), frozenset()) == 0.0
    assert alike(frozenset("ab"), frozenset("ab")) == 1.0
    assert alike(frozenset("ab"), frozenset("bc")) == 0.5
