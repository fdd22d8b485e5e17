"""What a log says, read from logs as calls really write them."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from voiceagent.calls import readings
from voiceagent.calls.readings import CallStatus, Stay
from voiceagent.domain.call import CallEvent, CallOutcome, CallState
from voiceagent.domain.events import (
    AnyEvent,
    CallbackBooked,
    CallEnded,
    CallMoved,
    CallPlaced,
    CallSummed,
    DoNotCallEntered,
    KeyPressed,
    LoggedEvent,
    ReplyGuarded,
    TurnTaken,
    VerdictGiven,
)
from voiceagent.domain.handoff import (
    HandoffEvent,
    HandoffOutcome,
    HandoffState,
    new_handoff,
)
from voiceagent.domain.handoff_events import HandoffEnded, HandoffMoved, PacketWritten
from voiceagent.domain.packet import Claim, Packet
from voiceagent.domain.transcript import Citation, Speaker, Turn
from voiceagent.domain.verdict import Action, Contradiction, Trigger, TriggerKind, Verdict
from voiceagent.store import EmptyLogError, WorkerLiveness

pytestmark = pytest.mark.unit

START = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
S, E = CallState, CallEvent


def log_of(*events: AnyEvent) -> tuple[LoggedEvent, ...]:
    """The events as a log, a second of wall-clock time apart."""
    return tuple(
        LoggedEvent("c-1", seq, START + timedelta(seconds=seq), event)
        for seq, event in enumerate(events, start=1)
    )


def placed() -> CallPlaced:
    return CallPlaced(
        at_ms=0, account_id="A-1", playbook="billing", language="en", reason="bill", leg="recorded"
    )


def moved(at_ms: int, source: CallState, event: CallEvent, target: CallState) -> CallMoved:
    return CallMoved(at_ms=at_ms, source=source, event=event, target=target)


def turn(number: int, speaker: Speaker, text: str, start_ms: int, end_ms: int) -> TurnTaken:
    return TurnTaken(at_ms=end_ms, turn=Turn(number, speaker, text, start_ms, end_ms))


def handoff(
    handoff_id: str, at_ms: int, *steps: tuple[HandoffEvent, str]
) -> tuple[HandoffMoved, ...]:
    """The moves a real handoff machine makes for these events."""
    machine = new_handoff()
    found = []
    for number, (event, human) in enumerate(steps):
        source = machine.state
        found.append(
            HandoffMoved(
                at_ms=at_ms + number,
                handoff_id=handoff_id,
                source=source,
                event=event,
                target=machine.take(event),
                human=human,
            )
        )
    return tuple(found)


RUNNING = (
    placed(),
    moved(0, S.CONNECTING, E.ANSWERED, S.ANSWERING),
    moved(4000, S.ANSWERING, E.DISCLOSURE_PLAYED, S.DISCLOSED),
    moved(4100, S.DISCLOSED, E.CONVERSATION_OPENED, S.TALKING),
    turn(1, Speaker.AGENT, "Hello, I am an AI.", 500, 4000),
    turn(2, Speaker.CALLER, "I want a person.", 5000, 6500),
)


def test_the_transcript_is_in_order_of_numbers_and_the_last_report_of_a_turn_counts() -> None:
    first = turn(2, Speaker.CALLER, "I pate that", 100, 200)
    again = turn(2, Speaker.CALLER, "I paid that", 100, 250)
    events = log_of(
        turn(3, Speaker.AGENT, "c", 3, 4), first, turn(1, Speaker.AGENT, "a", 0, 1), again
    )
    assert [each.text for each in readings.transcript(events)] == ["a", "I paid that", "c"]
    assert readings.transcript(()) == ()


def test_states_and_how_long_each_took() -> None:
    events = log_of(
        *RUNNING,
        moved(7000, S.TALKING, E.HOLD_STARTED, S.HOLDING),
        moved(9000, S.HOLDING, E.HOLD_ENDED, S.TALKING),
        KeyPressed(at_ms=9500, key="1"),
    )
    assert readings.call_path(events) == (
        Stay(S.CONNECTING, 0, 0),
        Stay(S.ANSWERING, 0, 4000),
        Stay(S.DISCLOSED, 4000, 4100),
        Stay(S.TALKING, 4100, 7000),
        Stay(S.HOLDING, 7000, 9000),
        Stay(S.TALKING, 9000, None),
    )
    durations = readings.durations(events)
    assert durations.total_ms == 9500
    assert durations.by_state[S.TALKING] == 2900 + 500
    assert durations.by_state[S.HOLDING] == 2000
    assert sum(durations.by_state.values()) == durations.total_ms
    assert readings.call_path(log_of(placed())) == ()


def test_the_end_of_a_turn_counts_for_how_far_the_log_has_come() -> None:
    late = TurnTaken(at_ms=100, turn=Turn(1, Speaker.AGENT, "", 0, 1234))
    assert readings.last_ms(log_of(late)) == 1234
    assert readings.last_ms(()) == 0


@pytest.mark.parametrize(
    ("worker", "status"),
    [
        (WorkerLiveness.ALIVE, CallStatus.RUNNING),
        (WorkerLiveness.GONE, CallStatus.CUT_OFF),
        (WorkerLiveness.UNKNOWN, CallStatus.UNKNOWN),
    ],
)
def test_a_log_without_an_end_is_judged_by_its_worker(
    worker: WorkerLiveness, status: CallStatus
) -> None:
    events = log_of(*RUNNING)
    assert readings.call_status(events, worker) is status
    assert readings.was_cut_off(events, worker) is (status is CallStatus.CUT_OFF)
    assert readings.outcome(events) is None
    ended = log_of(*RUNNING, CallEnded(at_ms=9, outcome=CallOutcome.RESOLVED, reason=""))
    assert readings.call_status(ended, worker) is CallStatus.ENDED
    assert not readings.was_cut_off(ended, worker)
    assert readings.outcome(ended) is CallOutcome.RESOLVED


def test_handoffs_with_their_path_outcome_and_human() -> None:
    first = handoff(
        "h-1",
        7000,
        (HandoffEvent.ANNOUNCE, ""),
        (HandoffEvent.SEEK, ""),
        (HandoffEvent.RING, "dana"),
        (HandoffEvent.BUSY, "dana"),
        (HandoffEvent.RING, "sam"),
        (HandoffEvent.ACCEPT, "sam"),
        (HandoffEvent.BRIEFED, "sam"),
        (HandoffEvent.BRIDGE, "sam"),
        (HandoffEvent.RETURN_TO_AI, "sam"),
    )
    second = handoff("h-2", 9000, (HandoffEvent.ANNOUNCE, ""))
    bridged = HandoffEnded(at_ms=8500, handoff_id="h-1", outcome=HandoffOutcome.BRIDGED)
    found = readings.handoffs(log_of(*RUNNING, *first, bridged, *second))
    assert [each.id for each in found] == ["h-1", "h-2"]
    assert found[0].path == (
        HandoffState.PROPOSED,
        HandoffState.ANNOUNCED,
        HandoffState.SEEKING,
        HandoffState.RINGING,
        HandoffState.SEEKING,
        HandoffState.RINGING,
        HandoffState.BRIEFING,
        HandoffState.BRIDGING,
        HandoffState.BRIDGED,
        HandoffState.RETURNED_TO_AI,
    )
    assert (found[0].human, found[0].outcome) == ("sam", HandoffOutcome.BRIDGED)
    assert (found[1].human, found[1].outcome) == (None, None)
    assert readings.handoffs(log_of(*RUNNING)) == ()


def test_the_human_is_who_accepted_last_else_who_was_rung_last() -> None:
    to_ring = ((HandoffEvent.ANNOUNCE, ""), (HandoffEvent.SEEK, ""))
    ring = (HandoffEvent.RING, HandoffEvent.BUSY)
    rung = handoff("h", 0, *to_ring, *((e, "dana") for e in ring), *((e, "sam") for e in ring))
    assert readings.handoffs(log_of(*rung))[0].human == "sam"
    lost = (HandoffEvent.RING, HandoffEvent.ACCEPT, HandoffEvent.AGENT_LOST)
    accepted = handoff("h", 0, *to_ring, *((e, "dana") for e in lost), (ring[0], "sam"))
    assert readings.handoffs(log_of(*accepted))[0].human == "dana"


def test_an_outcome_without_moves_is_still_told() -> None:
    ended = HandoffEnded(at_ms=1, handoff_id="h", outcome=HandoffOutcome.CALLER_HUNG_UP)
    (found,) = readings.handoffs(log_of(ended))
    assert (found.path, found.human, found.outcome) == ((), None, HandoffOutcome.CALLER_HUNG_UP)


def test_the_last_version_of_the_packet_counts() -> None:
    versions = [PacketWritten(at_ms=n, packet=Packet(n, "c-1", matter=f"m{n}")) for n in (1, 2)]
    found = readings.packet(log_of(*versions))
    assert found == versions[1].packet
    assert readings.packet(log_of(placed())) is None


CITATION = Citation(2, Speaker.CALLER, "I want a person", 5000)
CONTRADICTION = Contradiction(
    about="payments for 2026-10",
    said="I paid once",
    record="two payments of $64.50",
    supports_caller=False,
    sources=("INV-3107",),
)
VERDICT = Verdict(
    2,
    Action.HAND_OVER,
    (
        Trigger(TriggerKind.ASKED_FOR_PERSON, 0.9, (CITATION,), detail="in so many words"),
        Trigger(TriggerKind.CONTRADICTION, 0.7, (), CONTRADICTION),
    ),
    0.95,
)


def test_the_summary_of_a_finished_call() -> None:
    due = datetime(2026, 11, 23, 14, 0, tzinfo=UTC)
    path = handoff(
        "h-1",
        7000,
        (HandoffEvent.ANNOUNCE, ""),
        (HandoffEvent.SEEK, ""),
        (HandoffEvent.NOBODY_FREE, ""),
        (HandoffEvent.CALLBACK_BOOKED, ""),
    )
    events = log_of(
        *RUNNING,
        VerdictGiven(at_ms=6600, verdict=VERDICT),
        *path,
        HandoffEnded(at_ms=7100, handoff_id="h-1", outcome=HandoffOutcome.NOBODY_FREE),
        ReplyGuarded(
            at_ms=7200, withheld="You get $99.", unsupported=("$99",), said_instead="I check."
        ),
        CallbackBooked(at_ms=7300, callback_id="cb-1", due_at=due, reason="billing", priority=5),
        DoNotCallEntered(at_ms=7400, phone="+15550100", turn=4),
        CallEnded(at_ms=8000, outcome=CallOutcome.CALLBACK_BOOKED, reason="nobody was free"),
    )
    latency = {"p50": 900, "p95": 1400, "unit": "ms"}
    summary = readings.summary_json(events, latency)
    assert json.loads(json.dumps(summary)) == summary
    assert summary == {
        "call_id": "c-1",
        "account_id": "A-1",
        "playbook": "billing",
        "language": "en",
        "started_at": "2026-11-22T09:00:01+00:00",
        "ended_at": (START + timedelta(seconds=len(events))).isoformat(),
        "duration_ms": 8000,
        "outcome": "callback_booked",
        "reason": "nobody was free",
        "handoff": {
            "outcome": "nobody_free",
            "path": ["proposed", "announced", "seeking", "fallback", "failed"],
            "human": None,
        },
        "verdicts": [
            {
                "at_ms": 6600,
                "turn": 2,
                "action": "hand_over",
                "confidence": 0.95,
                "triggers": [
                    {
                        "kind": "asked_for_person",
                        "confidence": 0.9,
                        "detail": "in so many words",
                        "citations": [
                            {
                                "turn": 2,
                                "speaker": "caller",
                                "quote": "I want a person",
                                "at_ms": 5000,
                            }
                        ],
                        "contradiction": None,
                    },
                    {
                        "kind": "contradiction",
                        "confidence": 0.7,
                        "detail": "",
                        "citations": [],
                        "contradiction": {
                            "about": "payments for 2026-10",
                            "said": "I paid once",
                            "record": "two payments of $64.50",
                            "other_record": "",
                            "agent_said": "",
                            "supports_caller": False,
                            "sources": ["INV-3107"],
                        },
                    },
                ],
                "repair": "none",
                "frustration": 0.0,
            }
        ],
        "latency": latency,
        "callbacks": [
            {
                "at_ms": 7300,
                "callback_id": "cb-1",
                "due_at": "2026-11-23T14:00:00+00:00",
                "reason": "billing",
                "priority": 5,
            }
        ],
        "do_not_call": {"at_ms": 7400, "phone": "+15550100", "turn": 4},
        "guarded_replies": [
            {
                "at_ms": 7200,
                "withheld": "You get $99.",
                "unsupported": ["$99"],
                "said_instead": "I check.",
            }
        ],
        "final": None,
        "cut_off": False,
    }


def test_the_summary_of_a_call_that_was_cut_off() -> None:
    events = log_of(*RUNNING)
    summary = readings.summary_json(events, None)
    assert summary["cut_off"] is True
    assert summary["duration_ms"] == 6500
    assert summary["handoff"] == {"outcome": None, "path": [], "human": None}
    assert summary["latency"] == {}
    for name in ("ended_at", "outcome", "reason", "do_not_call"):
        assert summary[name] is None
    assert readings.summary_json(events, None, WorkerLiveness.ALIVE)["cut_off"] is False


def test_a_log_that_began_without_its_first_event_can_be_summed_up() -> None:
    summary = readings.summary_json(log_of(KeyPressed(at_ms=1, key="1")), None)
    assert (summary["call_id"], summary["account_id"]) == ("c-1", None)


def test_an_empty_log_has_no_summary() -> None:
    with pytest.raises(EmptyLogError, match="empty"):
        readings.summary_json((), None)
    with pytest.raises(EmptyLogError, match="empty"):
        readings.transcript_json(())


def test_the_transcript_as_json() -> None:
    assert readings.transcript_json(log_of(*RUNNING[:1], RUNNING[5])) == {
        "call_id": "c-1",
        "account_id": "A-1",
        "language": "en",
        "turns": [
            {
                "number": 2,
                "speaker": "caller",
                "text": "I want a person.",
                "start_ms": 5000,
                "end_ms": 6500,
                "confidence": 1.0,
                "interrupted": False,
                "intended": "",
                "language": "en",
                "tone": None,
                "overlap_ms": 0,
            }
        ],
    }


def test_the_packet_as_json() -> None:
    packet = Packet(2, "c-1", facts=(Claim("Paid twice", "record", True, CITATION),))
    written = readings.packet_json(packet)
    assert json.loads(json.dumps(written)) == written
    assert set(written) == set(Packet.__dataclass_fields__)
    assert written["facts"] == [
        {
            "text": "Paid twice",
            "source": "record",
            "verified": True,
            "citation": {
                "turn": 2,
                "speaker": "caller",
                "quote": "I want a person",
                "at_ms": 5000,
            },
            "due": "",
            "due_at": None,
        }
    ]


def test_what_is_owed_in_the_end_is_in_the_summary() -> None:
    promise = Claim("A refund of $64.50.", "human", False, CITATION, due="by Friday")
    packet = Packet(3, "c-1", matter="Charged twice.", promises=(promise,), mood="calm")
    summed = CallSummed(at_ms=7900, packet=packet, disposition=CallOutcome.HANDED_OVER)
    ended = CallEnded(at_ms=8000, outcome=CallOutcome.HANDED_OVER, reason="bridge_closed")
    final = readings.summary_json(log_of(*RUNNING, summed, ended), None)["final"]
    assert (final["disposition"], final["matter"]) == ("handed_over", "Charged twice.")
    assert [(p["text"], p["due"]) for p in final["promises"]] == [
        ("A refund of $64.50.", "by Friday")
    ]
