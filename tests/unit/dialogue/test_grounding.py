"""What may be said about the sample customers, and what may not."""

from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from voiceagent.accounts.sample import sample_records
from voiceagent.dialogue.account_wording import invoices, payments, plan
from voiceagent.dialogue.grounding import Evidence, check
from voiceagent.dialogue.wording import speak_money
from voiceagent.domain.account import AccountRecord, Money
from voiceagent.domain.events import AccountLoaded, ToolReturned, TurnTaken
from voiceagent.domain.transcript import Speaker, Turn

pytestmark = pytest.mark.unit

TODAY = date(2026, 12, 1)
RECORDS = {r.customer.id: r for r in sample_records()}
BOOKED = {"ok": True, "status": "booked", "when": "Thursday, December 3 at 10 AM"}


def _evidence(account_id: str, *caller: str, language: str = "") -> Evidence:
    record = RECORDS[account_id]
    evidence = Evidence(language or record.customer.language, TODAY)
    evidence.take(AccountLoaded(at_ms=0, record=record))
    for number, words in enumerate(caller, 1):
        turn = Turn(number, Speaker.CALLER, words, 0, 1000)
        evidence.take(TurnTaken(at_ms=0, turn=turn))
    return evidence


def _unsupported(sentence: str, evidence: Evidence) -> list[str]:
    return [value.text for value in check(sentence, evidence)]


@pytest.mark.parametrize(
    "sentence",
    [
        "Your October invoice is $64.50.",
        "Invoice INV-3107 over $64.50 was due on October 15.",
        "Your invoice is sixty-four dollars and fifty cents.",
        "I see two payments of $64.50, on October 5 and October 6.",
        "You paid twice, which makes $129.00 in total.",
        "$64.50 more was paid than was billed.",
        "October was paid on the 5th of October and on the 6th of October.",
        "Your plan is Fiber 300 at $64.50 a month.",
        "One moment, please.",
        "Give me two minutes.",
        "I have one more question.",
        "Is there anything else I can do for you today?",
        "You can press zero at any time, day or night.",
        "I will look into both payments right away.",
        "May I ask for the last four digits?",
        "A person will check whether we can refund the second payment.",
        "I cannot refund that myself.",
        "We will not refund anything before a person has looked at it.",
        "If you like, I will call you back.",
        "Would tomorrow at ten suit you?",
        "Shall we say Friday at 3 PM?",
        "You were charged two times.",
        "I can see the credit is not on the account.",
        "Thank you, that is correct.",
    ],
)
def test_supported_english(sentence: str) -> None:
    assert _unsupported(sentence, _evidence("C-1002")) == []


@pytest.mark.parametrize(
    ("sentence", "unsupported"),
    [
        ("Your invoice is $65.", ["$65"]),
        ("Your invoice is $64.00.", ["$64.00"]),
        ("Your invoice is sixty-five dollars.", ["sixty-five dollars"]),
        ("Your invoice is 65.", ["65"]),
        ("Your invoice is €64.50.", ["€64.50"]),
        ("It was due on October 20.", ["October 20"]),
        ("It was due on October 15, 2025.", ["October 15, 2025"]),
        ("Your invoice for August is paid.", ["August"]),
        ("That is invoice INV-3108.", ["INV-3108"]),
        ("That is invoice 3108.", ["3108"]),
        ("I see three payments.", ["three payments"]),
        ("You paid three times.", ["three times"]),
        ("You get 10% off.", ["10%"]),
        ("The money is back within five days.", ["five days"]),
        ("We will refund $64.50.", ["We will refund"]),
        ("I'll credit that to your account.", ["I'll credit"]),
        ("We can certainly refund the second payment.", ["We can certainly refund"]),
        ("I have refunded the second payment.", ["I have refunded"]),
        ("The second payment will be refunded.", ["will be refunded"]),
        ("If it was charged twice, we will refund it.", ["we will refund"]),
        ("You will receive a full refund.", ["You will receive a full refund"]),
        ("I will remove the charge.", ["I will remove the charge"]),
        ("I guarantee that.", ["I guarantee"]),
        ("I will call you back.", ["I will call you"]),
        ("I have opened a case for you.", ["I have opened a case"]),
        ("I've updated your billing address.", ["I've updated your billing address"]),
        ("The invoice is due tomorrow.", ["tomorrow"]),
        ("A person is there until 8 PM.", ["until 8 PM"]),
    ],
)
def test_unsupported_english(sentence: str, unsupported: list[str]) -> None:
    found = _unsupported(sentence, _evidence("C-1002"))
    assert len(found) == len(unsupported)
    assert all(a in b or b in a for a, b in zip(found, unsupported, strict=True)), found


@pytest.mark.parametrize(
    "sentence",
    [
        "Ihre Rechnung für November beträgt 39,90 Euro.",
        "Die Rechnung INV-4410 über 39,90 € ist am 12. Dezember fällig.",
        "Sie ist am zwölften Dezember fällig.",
        "Das sind neununddreißig Euro neunzig.",
        "Einen Moment, bitte.",
        "Ich habe zwei Fragen an Sie.",
        "Guten Morgen, wie kann ich helfen?",
        "Passt Ihnen morgen um zehn Uhr?",
        "Ein Mensch prüft, ob wir etwas erstatten können.",
        "Das kann ich nicht erstatten.",
        "Eine Erstattung kann ich Ihnen nicht zusagen.",
        "Wenn Sie möchten, rufe ich Sie zurück.",
        "Ihr Tarif Glasfaser 100 kostet 39,90 Euro im Monat.",
    ],
)
def test_supported_german(sentence: str) -> None:
    assert _unsupported(sentence, _evidence("C-1006")) == []


@pytest.mark.parametrize(
    "sentence",
    [
        "Ihre Rechnung beträgt 40 Euro.",
        "Ihre Rechnung beträgt neununddreißig Euro neunundneunzig.",
        "Sie ist am 15. Dezember fällig.",
        "Sie ist am fünfzehnten Dezember fällig.",
        "Das ist die Rechnung INV-4411.",
        "Ich sehe zwei Zahlungen.",
        "Der Betrag wurde zweimal abgebucht.",
        "Wir erstatten Ihnen den Betrag.",
        "Ich werde Ihnen den Betrag gutschreiben.",
        "Den Betrag erstatten wir Ihnen gern.",
        "Wir schreiben Ihnen das gut.",
        "Der Betrag wird Ihnen erstattet.",
        "Sie bekommen eine Gutschrift.",
        "Ich rufe Sie morgen wieder an.",
        "Das Geld ist innerhalb von fünf Tagen da.",
        "Ich habe einen Fall für Sie angelegt.",
        "Ihre Adresse habe ich geändert.",
        "Sie bekommen zehn Prozent Rabatt.",
    ],
)
def test_unsupported_german(sentence: str) -> None:
    assert _unsupported(sentence, _evidence("C-1006"))


@pytest.mark.parametrize(
    ("caller", "sentence", "may"),
    [
        ("I was charged $65", "You said you were charged $65.", True),
        ("I was charged $65", "So that was $65?", True),
        ("I was charged $65", "I understand you were charged $65.", True),
        ("I was charged $65", "Your invoice is $65.", False),
        ("I was charged sixty five dollars", "Your invoice is $65.", False),
        ("I was charged sixty five dollars", "You mentioned sixty-five dollars.", True),
        ("I paid on November 3rd", "You said you paid on November 3.", True),
        ("I paid on November 3rd", "Your payment arrived on November 3.", False),
        ("you took it three times", "You paid three times.", False),
        ("you took it three times", "You said it was three times.", True),
        ("call me on Friday at 4 pm", "I have noted Friday at 4 PM.", True),
        ("give me my money back", "We will refund you.", False),
    ],
)
def test_the_callers_values_are_repeated_as_the_callers(
    caller: str, sentence: str, may: bool
) -> None:
    assert (not check(sentence, _evidence("C-1002", caller))) is may


@pytest.mark.parametrize(
    ("sentence", "may"),
    [
        ("Sie sagten, es waren 65 Euro.", True),
        ("Laut Ihnen waren es 65 Euro.", True),
        ("Es waren 65 Euro, richtig?", True),
        ("Ihre Rechnung beträgt 65 Euro.", False),
    ],
)
def test_the_callers_values_in_german(sentence: str, may: bool) -> None:
    assert (not check(sentence, _evidence("C-1006", "Es waren 65 Euro"))) is may


@pytest.mark.parametrize(
    ("tool", "sentence"),
    [
        ("schedule_callback", "I will call you back on Thursday, December 3 at 10 AM."),
        ("open_case", "I have opened a case for you."),
        ("correct_address", "I've updated your billing address."),
    ],
)
def test_a_promise_needs_the_tool_that_keeps_it(tool: str, sentence: str) -> None:
    evidence = _evidence("C-1002")
    assert check(sentence, evidence)
    evidence.take(ToolReturned(at_ms=0, tool=tool, ok=False, result={"status": "unavailable"}))
    assert check(sentence, evidence)
    result = BOOKED if tool == "schedule_callback" else {"status": "done"}
    evidence.take(ToolReturned(at_ms=0, tool=tool, ok=True, result=result, changed=True))
    assert not check(sentence, evidence)


def test_a_callback_at_another_time_than_booked() -> None:
    evidence = _evidence("C-1002")
    result = {**BOOKED, "local": "2026-12-03T10:00:00-06:00", "due_at": "2026-12-03T16:00:00+00:00"}
    evidence.take(ToolReturned(at_ms=0, tool="schedule_callback", ok=True, result=result))
    assert not check("We will call you on Thursday at ten.", evidence)
    assert check("We will call you on Thursday at four.", evidence)
    assert check("We will call you on Friday at ten.", evidence)


def test_what_the_agent_said_itself_is_no_evidence() -> None:
    evidence = _evidence("C-1002")
    turn = Turn(1, Speaker.AGENT, "Your invoice is $65.", 0, 1000)
    evidence.take(TurnTaken(at_ms=0, turn=turn))
    assert check("Your invoice is $65.", evidence)


def test_playbook_lines_are_evidence() -> None:
    evidence = _evidence("C-1002")
    sentence = "A specialist is there from 8 AM."
    assert check(sentence, evidence)
    evidence.add_text("Our specialists are there from 8 AM.")
    assert not check(sentence, evidence)


@pytest.mark.parametrize("record", RECORDS.values(), ids=lambda r: r.customer.id)
def test_every_tool_result_may_be_read_out(record: AccountRecord) -> None:
    """What the tools word, the guard lets through, for every customer and in both languages."""
    for language in ("en", "de"):
        evidence = Evidence(language, TODAY)
        evidence.add_record(record)
        results = (
            invoices(record, language, TODAY),
            payments(record, language, TODAY),
            plan(record, language),
        )
        for invoice in results[0]["invoices"]:
            sentence = (
                f"Your invoice {invoice['number']} for {invoice['month']} over"
                f" {invoice['amount']} is due on {invoice['due']}."
                if language == "en"
                else f"Ihre Rechnung {invoice['number']} für {invoice['month']} über"
                f" {invoice['amount']} ist am {invoice['due']} fällig."
            )
            assert _unsupported(sentence, evidence) == []
        for result in results:
            for note in result.get("notes", ()):
                assert _unsupported(note, evidence) == []


@settings(deadline=None)
@given(minor=st.integers(1, 30_000), language=st.sampled_from(["en", "de"]))
def test_only_amounts_on_record_may_be_stated(minor: int, language: str) -> None:
    evidence = _evidence("C-1002", language=language)
    on_record = {6450, 12900, 0}
    money = speak_money(Money(minor, "USD"), language)
    sentence = f"Der Betrag ist {money}." if language == "de" else f"The amount is {money}."
    assert (not check(sentence, evidence)) is (minor in on_record)


@settings(deadline=None)
@given(sentence=st.text(max_size=120), language=st.sampled_from(["en", "de"]))
def test_any_text_can_be_checked(sentence: str, language: str) -> None:
    check(sentence, _evidence("C-1002", sentence, language=language))
