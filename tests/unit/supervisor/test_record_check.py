"""Claims held against the record over a whole call."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.unit.supervisor.calls import GERMAN, PAID_TWICE, POLICY, caller
from voiceagent.domain.account import AccountRecord, Money
from voiceagent.domain.verdict import Action
from voiceagent.supervisor.grounds import Grounds
from voiceagent.supervisor.record_check import TURNS_UNCOMPARED, RecordCheck
from voiceagent.supervisor.scores import Scores

pytestmark = pytest.mark.unit

CLAIM = "I was charged twice for October."
ABOVE_PLAN_IN_GERMAN = replace(
    GERMAN, invoices=(replace(GERMAN.invoices[0], amount=Money(5990, "EUR")),)
)


def check(record: AccountRecord | None = PAID_TWICE, language: str = "en") -> RecordCheck:
    made = RecordCheck(POLICY, Scores(POLICY))
    if record is not None:
        assert made.record_loaded(record, language) == Grounds()
    return made


def test_a_borne_out_claim_calls_for_a_handover_once() -> None:
    checked = check()
    ((action, trigger),) = checked.caller_said(caller(1, CLAIM), "en").found
    assert action is Action.HAND_OVER
    checked.called_for_handover([trigger])
    ((again, _),) = checked.caller_said(caller(2, CLAIM), "en").found
    assert again is Action.HAND_OVER
    checked.handover_begun()
    ((after, _),) = checked.caller_said(caller(3, CLAIM), "en").found
    assert after is Action.CONTINUE


def test_claims_wait_for_the_record_but_not_without_end() -> None:
    checked = check(record=None)
    assert checked.caller_said(caller(1, CLAIM), "en") == Grounds()
    for number in range(2, TURNS_UNCOMPARED + 2):
        assert checked.caller_said(caller(number, "Hello."), "en") == Grounds()
    assert checked.record_loaded(PAID_TWICE, "en") == Grounds()
    checked = check(record=None)
    checked.caller_said(caller(1, CLAIM), "en")
    ((action, trigger),) = checked.record_loaded(PAID_TWICE, "en").found
    assert (action, trigger.citations[0].turn) == (Action.HAND_OVER, 1)


def test_worded_in_the_calls_language_whatever_a_turn_was_taken_for() -> None:
    checked = check(ABOVE_PLAN_IN_GERMAN, "de")
    text = "Mein Tarif kostet neununddreißig Euro neunzig, aber auf der Rechnung stehen 59,90 Euro."
    about = []
    for number, taken_for in ((1, "de"), (2, "en")):
        turn = caller(number, text, language=taken_for)
        for _, trigger in checked.caller_said(turn, "de").found:
            assert trigger.contradiction is not None
            about.append(trigger.contradiction.about)
            assert "offen" in trigger.contradiction.other_record + trigger.contradiction.record
    assert set(about) <= {"Monatspreis", "Betrag von INV-4410"}
    assert about[0] == "Monatspreis"
