"""A packet's own words, in both languages."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.unit.supervisor.calls import BROKEN_PROMISE, GERMAN, PAID_TWICE
from voiceagent.domain.verdict import TriggerKind
from voiceagent.handoff.packet_wording import PacketWording

pytestmark = pytest.mark.unit

ENGLISH, IN_GERMAN = PacketWording("en"), PacketWording("de")


def test_lines_of_the_record() -> None:
    (invoice,) = GERMAN.invoices[:1]
    assert ENGLISH.invoice(invoice) == "INV-4410 (2026-11): €39.90, open, due 2026-12-12"
    assert IN_GERMAN.invoice(invoice) == "INV-4410 (2026-11): €39.90, offen, fällig 2026-12-12"
    payment = PAID_TWICE.payments[0]
    line = "PAY-5201 (INV-3107): $64.50, 2026-10-05, card"
    assert ENGLISH.payment(payment) == IN_GERMAN.payment(payment) == line
    assert ENGLISH.plan(PAID_TWICE.plan) == "Plan Fiber 300: $64.50 per month"
    assert IN_GERMAN.plan(PAID_TWICE.plan) == "Tarif Fiber 300: $64.50 im Monat"


def test_an_earlier_contact_with_and_without_a_promise() -> None:
    case = next(c for c in BROKEN_PROMISE.cases if c.promise and not c.settled)
    start = f"{case.id} ({case.opened.isoformat()}): {case.subject}; "
    assert ENGLISH.case(case) == f"{start}promised: {case.promise}; not settled"
    assert IN_GERMAN.case(case) == f"{start}zugesagt: {case.promise}; nicht erledigt"
    settled = replace(case, promise="", settled=True)
    assert (ENGLISH.case(settled), IN_GERMAN.case(settled)) == (
        f"{start}settled",
        f"{start}erledigt",
    )


def test_every_reason_and_mood_is_worded_in_both_languages() -> None:
    reasons = [(ENGLISH.reason(kind), IN_GERMAN.reason(kind)) for kind in TriggerKind]
    assert len(set(reasons)) == len(TriggerKind)
    assert all(english != german for english, german in reasons)
    for mood in ("calm", "annoyed", "angry", "frustrated", "impatient", "firm"):
        assert ENGLISH.mood(mood) == mood
        assert IN_GERMAN.mood(mood) not in ("", mood)


def test_braces_in_what_is_quoted_are_left_alone() -> None:
    assert ENGLISH.text("says", who="A", quote="{who} {0}") == 'A says "{who} {0}"'


def test_english_stands_in_for_other_languages() -> None:
    french = PacketWording("fr")
    assert french.invoice(GERMAN.invoices[0]) == ENGLISH.invoice(GERMAN.invoices[0])
    assert french.mood("calm") == "calm"
    assert french.reason(TriggerKind.LEGAL) == ENGLISH.reason(TriggerKind.LEGAL)
