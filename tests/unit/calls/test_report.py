"""A call told for a human reader: all that happened, in order, and how it ended or did not."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from voiceagent.calls.report import closing_line, offset, render_report, report_json
from voiceagent.domain.account import AccountRecord, Customer, Money, Plan
from voiceagent.domain.call import CallEvent, CallOutcome, CallState
from voiceagent.domain.events import (
    AccountLoaded,
    AnyEvent,
    BargeIn,
    CallbackBooked,
    CallEnded,
    CallMoved,
    CallPlaced,
    CallSummed,
    DisclosurePlayed,
    DoNotCallEntered,
    IdentityChecked,
    KeyPressed,
    LanguageModelTroubled,
    LoggedEvent,
    ModelTrouble,
    ReplyGuarded,
    SecondOpinionGiven,
    ToolCalled,
    ToolReturned,
    TurnTaken,
    VerdictGiven,
)
from voiceagent.domain.handoff import HandoffEvent, HandoffOutcome, new_handoff
from voiceagent.domain.handoff_events import (
    HandoffEnded,
    HandoffMoved,
    HoldWish,
    HoldWished,
    HumanRung,
    PacketWritten,
    SentBack,
    WhisperPlayed,
)
from voiceagent.domain.packet import Claim, MoodAt, Packet
from voiceagent.domain.transcript import Citation, Speaker, Turn
from voiceagent.domain.verdict import Action, Contradiction, Trigger, TriggerKind, Verdict
from voiceagent.store import EmptyLogError, WorkerLiveness

pytestmark = pytest.mark.unit

START = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
S, E = CallState, CallEvent
CITATION = Citation(2, Speaker.CALLER, "you charged me twice", 6200)


def log_of(*events: AnyEvent) -> tuple[LoggedEvent, ...]:
    return tuple(
        LoggedEvent("c-1", seq, START + timedelta(seconds=seq), event)
        for seq, event in enumerate(events, start=1)
    )


def shown(events: tuple[LoggedEvent, ...], worker: WorkerLiveness) -> str:
    """The report as text, wide enough that no line is broken."""
    file = StringIO()
    render_report(events, Console(file=file, width=240), worker)
    return file.getvalue()


def in_order(text: str, *parts: str) -> None:
    """All parts are in the text, each behind the one before."""
    at = 0
    for part in parts:
        found = text.find(part, at)
        assert found >= 0, f"{part!r} is missing or too early in:\n{text}"
        at = found + len(part)


def moved(at_ms: int, source: CallState, event: CallEvent, target: CallState) -> CallMoved:
    return CallMoved(at_ms=at_ms, source=source, event=event, target=target)


def handoff_moves() -> list[HandoffMoved]:
    machine = new_handoff()
    found = []
    for number, (event, human) in enumerate(
        (
            (HandoffEvent.ANNOUNCE, ""),
            (HandoffEvent.SEEK, ""),
            (HandoffEvent.RING, "dana"),
            (HandoffEvent.ACCEPT, "dana"),
            (HandoffEvent.BRIEFED, "dana"),
            (HandoffEvent.BRIDGE, "dana"),
        )
    ):
        source = machine.state
        target = machine.take(event)
        found.append(
            HandoffMoved(
                at_ms=13_000 + 1000 * number,
                handoff_id="h-1",
                source=source,
                event=event,
                target=target,
                human=human,
            )
        )
    return found


RECORD = AccountRecord(
    Customer("A-1", "Jo Park", "+15550100", "en", "America/New_York", "1 Elm St", "Troy", "12180"),
    Plan("Basic", Money(2999, "USD")),
)

CONTRADICTION = Contradiction(
    about="payments for 2026-10",
    said="you charged me twice",
    record="one payment of $64.50",
    other_record="two payments of $64.50",
    agent_said="one payment",
    supports_caller=True,
    sources=("INV-3107", "PAY-9"),
)
VERDICT = Verdict(
    2,
    Action.HAND_OVER,
    (Trigger(TriggerKind.CONTRADICTION, 0.83, (CITATION,), CONTRADICTION, "two payments"),),
    0.9,
)
PACKET = Packet(
    2,
    "c-1",
    customer_name="Jo Park",
    account_id="A-1",
    phone="+15550100",
    identity_verified=True,
    why_called="a question on the October bill",
    matter="charged twice for October",
    triggers=VERDICT.triggers,
    facts=(Claim("Two payments of $64.50", "record", True),),
    contradictions=(CONTRADICTION,),
    tried=(Claim("Looked the invoice up", "find_invoice", True),),
    promises=(Claim("A refund in five days", "agent", False),),
    open_questions=(Claim("When is it paid back?", "caller", False, CITATION),),
    do_not_ask_again=(Claim("Postal code 12180", "caller", True),),
    mood="upset",
    summary="Jo was charged twice.",
)

START_OF_CALL: tuple[AnyEvent, ...] = (
    CallPlaced(
        at_ms=0,
        account_id="A-1",
        playbook="billing",
        language="en",
        reason="a question on the October bill",
        leg="recorded",
    ),
    moved(0, S.CONNECTING, E.ANSWERED, S.ANSWERING),
    AccountLoaded(at_ms=0, record=RECORD),
    DisclosurePlayed(at_ms=4000, text="I am an AI assistant."),
    moved(4000, S.ANSWERING, E.DISCLOSURE_PLAYED, S.DISCLOSED),
    moved(4000, S.DISCLOSED, E.CONVERSATION_OPENED, S.TALKING),
    TurnTaken(at_ms=4000, turn=Turn(1, Speaker.AGENT, "Hello.", 300, 4000)),
    TurnTaken(
        at_ms=9000, turn=Turn(2, Speaker.CALLER, "[bold]you charged me twice[/bold]", 6150, 8900)
    ),
)

WHOLE_CALL: tuple[AnyEvent, ...] = (
    *START_OF_CALL,
    IdentityChecked(at_ms=9100, verified=True, method="postal code"),
    ToolCalled(at_ms=9200, tool="find_invoice", arguments={"period": "2026-10"}),
    ToolReturned(at_ms=9300, tool="find_invoice", ok=True, result={"id": "INV-3107"}),
    ToolReturned(at_ms=9400, tool="open_case", ok=False, result={"error": "down"}, changed=True),
    ReplyGuarded(
        at_ms=9500, withheld="You get $99.", unsupported=("$99",), said_instead="Let me check."
    ),
    BargeIn(at_ms=9600),
    TurnTaken(
        at_ms=9600,
        turn=Turn(
            3, Speaker.AGENT, "Let me", 9500, 9600, interrupted=True, intended="Let me check."
        ),
    ),
    KeyPressed(at_ms=9700, key="0"),
    LanguageModelTroubled(at_ms=9800, trouble=ModelTrouble.SLOW, code="llm.slow"),
    VerdictGiven(at_ms=9900, verdict=Verdict(1, Action.CONTINUE)),
    VerdictGiven(at_ms=12_000, verdict=VERDICT),
    moved(12_500, S.TALKING, E.HOLD_STARTED, S.HOLDING),
    *handoff_moves(),
    PacketWritten(at_ms=16_500, packet=PACKET),
    moved(18_000, S.HOLDING, E.BRIDGE_OPENED, S.BRIDGED),
    HandoffEnded(at_ms=18_000, handoff_id="h-1", outcome=HandoffOutcome.BRIDGED),
    TurnTaken(at_ms=30_000, turn=Turn(4, Speaker.HUMAN, "This is Dana.", 18_500, 20_000)),
    CallbackBooked(
        at_ms=31_000,
        callback_id="cb-1",
        due_at=datetime(2026, 11, 23, 10, 0, tzinfo=timezone(timedelta(hours=-5))),
        reason="refund follow-up",
        priority=5,
    ),
    DoNotCallEntered(at_ms=31_100, phone="+15550100", turn=4),
    moved(31_150, S.BRIDGED, E.BRIDGE_CLOSED, S.WRAPPING_UP),
    moved(31_200, S.WRAPPING_UP, E.HUNG_UP, S.ENDED),
    CallEnded(at_ms=31_290, outcome=CallOutcome.HANDED_OVER, reason="a person took over"),
)


@pytest.mark.parametrize(
    ("at_ms", "text"),
    [
        (0, "00:00.0"),
        (31_290, "00:31.2"),
        (59_999, "00:59.9"),
        (60_000, "01:00.0"),
        (6_000_000, "100:00.0"),
        (-5, "00:00.0"),
    ],
)
def test_audio_time_is_told_in_minutes_seconds_and_tenths(at_ms: int, text: str) -> None:
    assert offset(at_ms) == text


def test_the_report_of_a_whole_call_tells_everything_in_its_place() -> None:
    text = shown(log_of(*WHOLE_CALL), WorkerLiveness.GONE)
    in_order(
        text,
        "c-1",
        "Jo Park, +15550100",
        "A-1",
        "a question on the October bill",
        "billing, en, over recorded",
        "2026-11-22 09:00:01 UTC",
        "00:31.2",
        "handed over",
    )
    in_order(
        text,
        "States",
        "00:00.0  connecting",
        "00:00.0  answering",
        "4.0 s",
        "00:04.0  talking",
        "8.5 s",
        "00:12.5  holding",
        "00:18.0  bridged",
        "wrapping up",
        "00:31.2  ended",
    )
    in_order(
        text,
        "Conversation",
        'disclosure heard to its end: "I am an AI assistant."',
        "00:00.3    1 agent: Hello.",
        "00:06.1    2 caller: [bold]you charged me twice[/bold]",
        "identity verified by postal code",
        "tool find_invoice(period='2026-10')",
        "tool find_invoice returned id='INV-3107'",
        "tool open_case failed with error='down' [changed]",
        'withheld "You get $99." (no support for $99): "Let me check."',
        "the caller spoke over the agent",
        '3 agent: Let me [interrupted; meant to say: "Let me check."]',
        "key 0 pressed",
        "language model slow (llm.slow)",
        "00:12.0  verdict on turn 2: hand over (90%)",
        "contradiction (83%): two payments",
        '"you charged me twice" (turn 2, caller, 00:06.2)',
        'payments for 2026-10 - caller: "you charged me twice"; record: "one payment of $64.50"; '
        'other record: "two payments of $64.50"; agent: "one payment"; '
        "the record supports the caller [INV-3107, PAY-9]",
        "00:18.5    4 human: This is Dana.",
        "do not call: +15550100 blocked from now on (turn 4)",
    )
    in_order(
        text,
        "Handoff",
        "00:13.0",
        "proposed -> announced (announce)",
        "seeking -> ringing (ring)  dana",
        "bridging -> bridged (bridge)  dana",
        "human    dana",
        "outcome  bridged",
    )
    in_order(
        text,
        "Packet",
        "2, written by events",
        "Jo Park, A-1, +15550100, identity verified",
        "a question on the October bill",
        "charged twice for October",
        "upset",
        "Jo was charged twice.",
        "contradiction (83%)",
        "Two payments of $64.50 [record, verified]",
        "payments for 2026-10",
        "Looked the invoice up [find_invoice, verified]",
        "A refund in five days [agent, not verified]",
        'When is it paid back? [caller, not verified] "you charged me twice"',
        "Postal code 12180 [caller, verified]",
    )
    in_order(
        text, "Callbacks", "2026-11-23 15:00:00 UTC, priority 5: refund follow-up (cb-1)", "End"
    )
    assert "ended at 00:31.2, handed over: a person took over" in text
    assert "verdict on turn 1" not in text, "a verdict to go on, without grounds, is no news"
    assert "cut off" not in text


@pytest.mark.parametrize(
    ("worker", "sentence"),
    [
        (
            WorkerLiveness.GONE,
            "cut off at 00:09.0: the process ended without finishing the call",
        ),
        (WorkerLiveness.ALIVE, "still running: the log has come to 00:09.0"),
        (
            WorkerLiveness.UNKNOWN,
            "not finished: the log stops at 00:09.0, and whether its process still runs cannot "
            "be told from this machine",
        ),
    ],
)
def test_a_log_without_an_end_says_plainly_why(worker: WorkerLiveness, sentence: str) -> None:
    events = log_of(*START_OF_CALL)
    assert closing_line(events, worker) == sentence
    text = shown(events, worker)
    assert text.count(sentence) == 2, "in the head and at the end"


def test_a_handoff_that_was_cut_off_has_no_outcome() -> None:
    events = log_of(*START_OF_CALL, *handoff_moves()[:3])
    in_order(
        shown(events, WorkerLiveness.GONE), "Handoff", "dana", "outcome  none: it was not finished"
    )


def test_what_people_said_is_never_taken_for_markup() -> None:
    event = TurnTaken(at_ms=1, turn=Turn(1, Speaker.CALLER, "[/red] [link=x]hm[/link]", 0, 1))
    assert "[/red] [link=x]hm[/link]" in shown(log_of(event), WorkerLiveness.GONE)


def test_the_shortest_logs_can_be_told() -> None:
    assert "The log is empty" in shown((), WorkerLiveness.GONE)
    text = shown(log_of(START_OF_CALL[0]), WorkerLiveness.GONE)
    in_order(text, "cut off at 00:00.0", "Nothing was said.", "cut off at 00:00.0")
    with pytest.raises(EmptyLogError):
        report_json(())


def test_a_narrow_console_loses_no_words() -> None:
    file = StringIO()
    render_report(log_of(*WHOLE_CALL), Console(file=file, width=50), WorkerLiveness.GONE)
    words = file.getvalue().split()
    for word in ("cb-1)", "PAY-9]", "Dana.", "12180"):
        assert any(word in each for each in words), word


def test_the_report_as_json_holds_the_log_and_its_readings() -> None:
    events = log_of(*WHOLE_CALL)
    report = report_json(events, {"p50": 900, "p95": 1400}, WorkerLiveness.GONE)
    assert json.loads(json.dumps(report)) == report
    assert report["status"] == "ended"
    assert report["outcome"] == "handed_over"
    assert report["latency"] == {"p50": 900, "p95": 1400}
    assert report["states"][3] == {"state": "talking", "from_ms": 4000, "until_ms": 12_500}
    assert [turn["number"] for turn in report["transcript"]] == [1, 2, 3, 4]
    (handoff,) = report["handoffs"]
    assert handoff == {"id": "h-1", **report["handoff"]}
    assert handoff["human"] == "dana"
    assert report["packet"]["matter"] == "charged twice for October"
    assert [event["seq"] for event in report["events"]] == [each.seq for each in events]
    assert report["events"][7]["turn"]["text"] == "[bold]you charged me twice[/bold]"
    cut = report_json(log_of(*START_OF_CALL), None, WorkerLiveness.GONE)
    assert (cut["status"], cut["cut_off"], cut["packet"]) == ("cut_off", True, None)
    assert report_json(log_of(*START_OF_CALL))["status"] == "unknown"


def keys_of(value: Any) -> Iterator[str]:
    """Every key of every object within a JSON value."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield key
            yield from keys_of(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from keys_of(inner)


def test_every_key_of_the_outputs_is_documented() -> None:
    page = (Path(__file__).parents[3] / "docs" / "outputs.md").read_text(encoding="utf-8")
    report = report_json(log_of(*WHOLE_CALL), {"p50": 900, "p95": 1400})
    # Fields of events are documented with the events themselves.
    envelope = {"call_id", "seq", "recorded_at", "kind", "at_ms"}
    assert envelope <= set(report.pop("events")[0])
    missing = sorted(key for key in {*keys_of(report), *envelope} if f"`{key}`" not in page)
    assert missing == []


def test_what_happens_on_hold_and_around_the_bridge_is_told() -> None:
    at = {"handoff_id": "h-1"}
    events = log_of(
        *START_OF_CALL,
        HoldWished(at_ms=9000, wish=HoldWish.HOW_LONG, key="2", **at),
        HumanRung(at_ms=9500, human="dana", result="accept", **at),
        WhisperPlayed(at_ms=9900, human="dana", text="Charged twice.", heard=False, **at),
        SentBack(at_ms=12_000, human="dana", instruction="Book a callback.", **at),
        SecondOpinionGiven(at_ms=12_500, turn=2, person_needed=0.8, frustrated=0.4),
        CallSummed(
            at_ms=13_000,
            packet=Packet(2, "c-1", summary="All is well."),
            disposition=CallOutcome.RESOLVED,
        ),
    )
    in_order(
        shown(events, WorkerLiveness.GONE),
        "on hold the caller wants: how long (key 2)",
        "rang dana: accept",
        'whispered to dana (not to its end): "Charged twice."',
        "dana sends the caller back: Book a callback.",
        "second opinion: person needed 80%, frustrated 40%",
        "summed up: resolved; All is well.",
    )


def test_the_mood_is_told_as_it_went() -> None:
    packet = Packet(1, "c-1", mood="annoyed", mood_over_time=(MoodAt(2, 0, 0.1), MoodAt(4, 9, 0.7)))
    text = shown(log_of(*START_OF_CALL, PacketWritten(at_ms=1, packet=packet)), WorkerLiveness.GONE)
    assert "annoyed (frustration by turn: 10%, 70%)" in text
