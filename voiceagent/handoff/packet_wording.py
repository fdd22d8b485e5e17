"""The words of a packet between what is quoted and copied, in the language of the call.

In: entries of the record and parts of a packet. Out: lines in English or German; English stands in
for a language without words here. Names, amounts, days and numbers are copied as they are.
"""

from __future__ import annotations

from dataclasses import dataclass

from voiceagent.domain.account import CaseNote, Invoice, Payment, Plan
from voiceagent.domain.verdict import TriggerKind
from voiceagent.supervisor.record_wording import RecordWording

_WORDS = {
    "en": {
        "caller": "Customer",
        "by_agent": "Agent",
        "by_human": "Colleague",
        "says": '{who} says "{quote}"',
        "supported": "the records bear this out: {record}",
        "against": "the records differ: {record}",
        "agent_said": 'the agent had said "{quote}"',
        "instruction": "Sent back with: {text}",
        "due": "due {day}",
        "plan": "Plan {name}: {price} per month",
        "case": "promised: {promise}",
        "case_open": "not settled",
        "case_settled": "settled",
        "done": "done",
        "failed": "failed",
        "booked": "Callback booked for {due}: {reason}",
        "case_opened": "Case {case} opened",
        "name": "Name: {name}",
        "postal": "Postal code checked: {code}",
        "verified": "identity verified",
        "unverified": "identity not verified",
        "because": "Handed over: {why}",
    },
    "de": {
        "caller": "Der Kunde",
        "by_agent": "Der Agent",
        "by_human": "Eine Kollegin oder ein Kollege",
        "says": '{who} sagt "{quote}"',
        "supported": "die Unterlagen bestätigen das: {record}",
        "against": "die Unterlagen weichen ab: {record}",
        "agent_said": 'der Agent hatte gesagt "{quote}"',
        "instruction": "Zurückgegeben mit: {text}",
        "due": "fällig {day}",
        "plan": "Tarif {name}: {price} im Monat",
        "case": "zugesagt: {promise}",
        "case_open": "nicht erledigt",
        "case_settled": "erledigt",
        "done": "erledigt",
        "failed": "fehlgeschlagen",
        "booked": "Rückruf gebucht für {due}: {reason}",
        "case_opened": "Fall {case} eröffnet",
        "name": "Name: {name}",
        "postal": "Postleitzahl geprüft: {code}",
        "verified": "Identität geprüft",
        "unverified": "Identität nicht geprüft",
        "because": "Übergabe: {why}",
    },
}
_MOODS_DE = {
    "calm": "ruhig",
    "annoyed": "verärgert",
    "angry": "wütend",
    "frustrated": "frustriert",
    "impatient": "ungeduldig",
    "firm": "entschieden",
}
_REASONS = {
    "en": {
        TriggerKind.ASKED_FOR_PERSON: "asked for a person",
        TriggerKind.KEY_ZERO: "pressed 0",
        TriggerKind.LEGAL: "mentioned legal or public steps",
        TriggerKind.CONTRADICTION: "accounts that differ",
        TriggerKind.MISUNDERSTANDING: "repeated misunderstanding",
        TriggerKind.ANGER: "upset",
        TriggerKind.LEAVING: "threatens to cancel or to leave",
        TriggerKind.VULNERABLE: "in a difficult situation",
        TriggerKind.FRUSTRATION: "frustrated",
        TriggerKind.VOICE: "agitated voice",
        TriggerKind.NO_PROGRESS: "no progress in the conversation",
        TriggerKind.TOOL_FAILED: "a system did not work",
        TriggerKind.SECOND_OPINION: "a person seems to be needed",
        TriggerKind.LANGUAGE_MODEL_FAILED: "technical failure of the agent",
        TriggerKind.DO_NOT_CALL: "wants no more calls",
    },
    "de": {
        TriggerKind.ASKED_FOR_PERSON: "wünscht einen Menschen",
        TriggerKind.KEY_ZERO: "hat die 0 gedrückt",
        TriggerKind.LEGAL: "erwähnt rechtliche oder öffentliche Schritte",
        TriggerKind.CONTRADICTION: "widersprüchliche Angaben",
        TriggerKind.MISUNDERSTANDING: "wiederholtes Missverständnis",
        TriggerKind.ANGER: "verärgert",
        TriggerKind.LEAVING: "droht mit Kündigung oder Wechsel",
        TriggerKind.VULNERABLE: "in einer schwierigen Lage",
        TriggerKind.FRUSTRATION: "frustriert",
        TriggerKind.VOICE: "aufgebrachte Stimme",
        TriggerKind.NO_PROGRESS: "das Gespräch kommt nicht voran",
        TriggerKind.TOOL_FAILED: "ein System hat versagt",
        TriggerKind.SECOND_OPINION: "ein Mensch scheint nötig",
        TriggerKind.LANGUAGE_MODEL_FAILED: "technischer Ausfall des Agenten",
        TriggerKind.DO_NOT_CALL: "wünscht keine Anrufe mehr",
    },
}


@dataclass(frozen=True, slots=True)
class PacketWording:
    """The words for one packet; ``language`` is a BCP 47 primary tag."""

    language: str

    @property
    def _tongue(self) -> str:
        return self.language if self.language in _WORDS else "en"

    def text(self, key: str, **values: str) -> str:
        """One of the templates, filled in."""
        return _WORDS[self._tongue][key].format(**values)

    def mood(self, mood: str) -> str:
        """A word for how the caller sounds."""
        return _MOODS_DE[mood] if self._tongue == "de" else mood

    def reason(self, kind: TriggerKind) -> str:
        """Why a call is handed over, in a few words."""
        return _REASONS[self._tongue][kind]

    def invoice(self, invoice: Invoice) -> str:
        """ "INV-3107 (2026-10): $64.50, paid, due 2026-10-15"."""
        due = self.text("due", day=invoice.due.isoformat())
        return f"{RecordWording(self.language).invoice(invoice)}, {due}"

    def payment(self, payment: Payment) -> str:
        """ "PAY-5201 (INV-3107): $64.50, 2026-10-05, card"."""
        day = payment.received.isoformat()
        return f"{payment.id} ({payment.invoice_id}): {payment.amount}, {day}, {payment.method}"

    def plan(self, plan: Plan) -> str:
        """ "Plan Fiber 300: $64.50 per month"."""
        return self.text("plan", name=plan.name, price=str(plan.monthly_price))

    def case(self, case: CaseNote) -> str:
        """An earlier contact, with what was promised in it and whether that is settled."""
        line = f"{case.id} ({case.opened.isoformat()}): {case.subject}"
        if case.promise:
            line += f"; {self.text('case', promise=case.promise)}"
        return f"{line}; {self.text('case_settled' if case.settled else 'case_open')}"
