"""Records and refusals worded as tool results, in the language of the call.

In: a record, or what went wrong. Out: small dictionaries and sentences the language model can
repeat as they are. What needs arithmetic (paid too much, above the plan's price) is computed here
and said in a note, because a language model must not calculate amounts.
"""

from __future__ import annotations

from datetime import date, time
from typing import Any

from voiceagent.dialogue.callback_time import Unclear
from voiceagent.dialogue.wording import speak_date, speak_money, speak_period
from voiceagent.domain.account import AccountRecord, Invoice, InvoiceStatus, Money

_STATUS = {
    "en": {s: s.value for s in InvoiceStatus},
    "de": {
        InvoiceStatus.OPEN: "offen",
        InvoiceStatus.PAID: "bezahlt",
        InvoiceStatus.OVERDUE: "überfällig",
        InvoiceStatus.DISPUTED: "strittig",
    },
}
_TEXTS = {
    "en": {
        "paid_often": "{invoice} ({month}) was paid {times} times. {surplus} more was paid than"
        " was billed.",
        "above_plan": "{invoice} is {difference} more than the monthly price of the plan.",
        "below_plan": "{invoice} is {difference} less than the monthly price of the plan.",
        "none": "There is nothing on record.",
        "ask_postal_code": "First ask for the postal code.",
        "unclear_code": "Ask the customer to say the postal code again, digit by digit.",
        "wrong_code": "That postal code does not match. Ask for it once more.",
        "identity_failed": "The postal code did not match. Offer a person.",
        "incomplete": "Ask for street, city and postal code.",
        "unavailable": "That did not work just now. Offer a person or a callback.",
        "ask_day": "Ask which day suits the customer.",
        "ask_time": "Ask what time of that day suits the customer.",
        "past": "That time is over. Ask for another one.",
        "too_far": "Callbacks can be booked up to {days} days ahead. Ask for an earlier day.",
        "hours": "We may only call between {earliest} and {latest}. Ask for another time.",
    },
    "de": {
        "paid_often": "{invoice} ({month}) wurde {times} Mal bezahlt. Es wurden {surplus} mehr"
        " bezahlt als berechnet.",
        "above_plan": "{invoice} liegt {difference} über dem Monatspreis des Tarifs.",
        "below_plan": "{invoice} liegt {difference} unter dem Monatspreis des Tarifs.",
        "none": "Dazu ist nichts gespeichert.",
        "ask_postal_code": "Frag zuerst nach der Postleitzahl.",
        "unclear_code": "Bitte um die Postleitzahl, Ziffer für Ziffer.",
        "wrong_code": "Die Postleitzahl stimmt nicht überein. Frag noch einmal danach.",
        "identity_failed": "Die Postleitzahl stimmte nicht überein. Biete einen Menschen an.",
        "incomplete": "Frag nach Straße, Ort und Postleitzahl.",
        "unavailable": "Das hat gerade nicht geklappt. Biete einen Menschen oder einen Rückruf an.",
        "ask_day": "Frag, welcher Tag passt.",
        "ask_time": "Frag, um wie viel Uhr es an dem Tag passt.",
        "past": "Dieser Zeitpunkt ist vorbei. Frag nach einem anderen.",
        "too_far": "Rückrufe sind bis zu {days} Tage im Voraus möglich. Frag nach einem früheren.",
        "hours": "Wir dürfen nur zwischen {earliest} und {latest} anrufen. Frag nach einer"
        " anderen Zeit.",
    },
}


def _text(key: str, language: str, **values: str | int) -> str:
    return _TEXTS["de" if language == "de" else "en"][key].format(**values)


def invoices(record: AccountRecord, language: str, today: date) -> dict[str, Any]:
    """The result of ``look_up_invoices``: newest first, with unsettled earlier contacts."""
    shown = sorted(record.invoices, key=lambda i: (i.period, i.id), reverse=True)
    result: dict[str, Any] = {
        "ok": True,
        "status": "found" if shown else "none",
        "invoices": [_invoice(i, language, today) for i in shown],
    }
    open_cases = [c for c in record.cases if not c.settled]
    if open_cases:
        result["earlier_contacts"] = [
            {
                "on": speak_date(c.opened, language, today),
                "about": c.subject,
                **({"promised": c.promise} if c.promise else {}),
            }
            for c in open_cases
        ]
    if notes := _paid_too_often(record, language, today):
        result["notes"] = notes
    if not shown:
        result["tell"] = _text("none", language)
    return result


def _invoice(invoice: Invoice, language: str, today: date) -> dict[str, str]:
    return {
        "number": invoice.id,
        "month": speak_period(invoice.period, language, today),
        "amount": speak_money(invoice.amount, language),
        "due": speak_date(invoice.due, language, today),
        "due_date": invoice.due.isoformat(),
        "status": _STATUS["de" if language == "de" else "en"][invoice.status],
    }


def payments(record: AccountRecord, language: str, today: date) -> dict[str, Any]:
    """The result of ``look_up_payments``: oldest first, with a note on what was paid twice."""
    shown = sorted(record.payments, key=lambda p: (p.received, p.id))
    result: dict[str, Any] = {
        "ok": True,
        "status": "found" if shown else "none",
        "count": len(shown),
        "payments": [
            {
                "invoice": p.invoice_id,
                "amount": speak_money(p.amount, language),
                "received": speak_date(p.received, language, today),
                "received_date": p.received.isoformat(),
                "method": p.method,
            }
            for p in shown
        ],
    }
    if notes := _paid_too_often(record, language, today):
        result["notes"] = notes
    if not shown:
        result["tell"] = _text("none", language)
    return result


def plan(record: AccountRecord, language: str) -> dict[str, Any]:
    """The result of ``look_up_plan``, with a note on every unpaid invoice of another amount."""
    price = record.plan.monthly_price
    notes = []
    for invoice in record.invoices:
        difference = invoice.amount.minor - price.minor
        if difference and invoice.status is not InvoiceStatus.PAID:
            spoken = speak_money(Money(abs(difference), price.currency), language)
            key = "above_plan" if difference > 0 else "below_plan"
            notes.append(_text(key, language, invoice=invoice.id, difference=spoken))
    result: dict[str, Any] = {
        "ok": True,
        "status": "found",
        "plan": record.plan.name,
        "monthly_price": speak_money(price, language),
    }
    return result | ({"notes": notes} if notes else {})


def _paid_too_often(record: AccountRecord, language: str, today: date) -> list[str]:
    notes = []
    for invoice in record.invoices:
        paid = record.payments_for(invoice.id)
        surplus = sum(p.amount.minor for p in paid) - invoice.amount.minor
        if len(paid) > 1 and surplus > 0:
            notes.append(
                _text(
                    "paid_often",
                    language,
                    invoice=invoice.id,
                    month=speak_period(invoice.period, language, today),
                    times=len(paid),
                    surplus=speak_money(Money(surplus, invoice.amount.currency), language),
                )
            )
    return notes


def ask_postal_code(language: str) -> str:
    """The caller has not proved who they are yet."""
    return _text("ask_postal_code", language)


def postal_code_unclear(language: str) -> str:
    """No postal code could be made out."""
    return _text("unclear_code", language)


def postal_code_wrong(language: str) -> str:
    """It is not the one on record; another try is left."""
    return _text("wrong_code", language)


def identity_failed(language: str) -> str:
    """No try is left."""
    return _text("identity_failed", language)


def address_incomplete(language: str) -> str:
    """A part of the new address is missing."""
    return _text("incomplete", language)


def unavailable(language: str) -> str:
    """The records or our book failed, or did not answer in time."""
    return _text("unavailable", language)


def ask_when(unclear: Unclear, language: str) -> str:
    """What to ask before a callback can be booked."""
    keys = {Unclear.DAY: "ask_day", Unclear.TIME: "ask_time", Unclear.PAST: "past"}
    return _text(keys[unclear], language)


def too_far(days: int, language: str) -> str:
    """The day is too far ahead."""
    return _text("too_far", language, days=days)


def outside_hours(earliest: time, latest: time, language: str) -> str:
    """Calling at that hour is not allowed."""

    def spoken(at: time) -> str:
        if language == "de":
            return f"{at.hour} Uhr"
        return f"{(at.hour - 1) % 12 + 1} {'AM' if at.hour < 12 else 'PM'}"

    return _text("hours", language, earliest=spoken(earliest), latest=spoken(latest))
