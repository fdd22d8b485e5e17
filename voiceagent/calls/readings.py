"""What a call's log says: pure readings of a sequence of logged events, and their JSON forms.

In goes a log, whole or as far as it has come, live or from the store; out come transcript,
outcome, handoffs, verdicts, packet, the path through the states, and the JSON objects that
``docs/outputs.md`` documents. Nothing is remembered or guessed: the same log reads the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, TypeVar

from pydantic import TypeAdapter

from voiceagent.domain.call import CallOutcome, CallState
from voiceagent.domain.events import (
    AnyEvent,
    CallbackBooked,
    CallEnded,
    CallMoved,
    CallPlaced,
    CallSummed,
    DoNotCallEntered,
    LoggedEvent,
    ReplyGuarded,
    TurnTaken,
    VerdictGiven,
)
from voiceagent.domain.handoff import HandoffEvent, HandoffOutcome, HandoffState
from voiceagent.domain.handoff_events import HandoffEnded, HandoffMoved, PacketWritten
from voiceagent.domain.packet import Packet
from voiceagent.domain.transcript import Turn
from voiceagent.domain.verdict import Verdict
from voiceagent.store.errors import EmptyLogError
from voiceagent.store.worker import WorkerLiveness

Log = Sequence[LoggedEvent]
"""The events of one call, in order."""

_EventType = TypeVar("_EventType", bound=AnyEvent)

_TURN: TypeAdapter[Turn] = TypeAdapter(Turn)
_VERDICT: TypeAdapter[Verdict] = TypeAdapter(Verdict)
_PACKET: TypeAdapter[Packet] = TypeAdapter(Packet)


class CallStatus(StrEnum):
    """Whether a call is over, and if not, why its log has no end."""

    ENDED = "ended"
    """The log has its last event."""
    RUNNING = "running"
    """The process that runs the call is alive."""
    CUT_OFF = "cut_off"
    """That process ended, or gave the call up, without finishing it."""
    UNKNOWN = "unknown"
    """The log has no end, and the process ran where it cannot be looked for from here."""


@dataclass(frozen=True, slots=True)
class Stay:
    """A time spent in one state. ``until_ms`` is None for the state the log stops in."""

    state: CallState
    from_ms: int
    until_ms: int | None


@dataclass(frozen=True, slots=True)
class Handoff:
    """One handoff as the log tells it.

    Attributes:
        id: its identifier.
        moves: the steps of its state machine, in order.
        outcome: its typed outcome; None while it runs or if the log was cut off.
    """

    id: str
    moves: tuple[HandoffMoved, ...]
    outcome: HandoffOutcome | None

    @property
    def path(self) -> tuple[HandoffState, ...]:
        """The states it went through, the first included."""
        if not self.moves:
            return ()
        return (self.moves[0].source, *(move.target for move in self.moves))

    @property
    def human(self) -> str | None:
        """Who accepted last, else who was rung last (roster id); None if nobody was."""
        named = [move for move in self.moves if move.human]
        accepted = [move for move in named if move.event is HandoffEvent.ACCEPT]
        last = (accepted or named)[-1:]
        return last[0].human if last else None


@dataclass(frozen=True, slots=True)
class Durations:
    """How long a call took, in milliseconds of its audio; ``by_state`` adds repeated stays up."""

    total_ms: int
    by_state: Mapping[CallState, int]


def of_type(events: Log, kind: type[_EventType]) -> tuple[_EventType, ...]:
    """The events of one class, in order."""
    return tuple(logged.event for logged in events if isinstance(logged.event, kind))


def placed(events: Log) -> CallPlaced | None:
    """The event that began the call; None if the log does not have it (yet)."""
    return next(iter(of_type(events, CallPlaced)), None)


def ended(events: Log) -> CallEnded | None:
    """The event that ended the call; None if it runs or was cut off."""
    return next(iter(of_type(events, CallEnded)), None)


def transcript(events: Log) -> tuple[Turn, ...]:
    """All turns by number; of a turn reported twice, the later report counts."""
    turns = {taken.turn.number: taken.turn for taken in of_type(events, TurnTaken)}
    return tuple(turns[number] for number in sorted(turns))


def outcome(events: Log) -> CallOutcome | None:
    """What the call came to; None if it runs or was cut off."""
    end = ended(events)
    return end.outcome if end else None


def handoffs(events: Log) -> tuple[Handoff, ...]:
    """Every handoff of the call, in the order in which they began."""
    moves = of_type(events, HandoffMoved)
    ends = of_type(events, HandoffEnded)
    outcomes = {end.handoff_id: end.outcome for end in ends}
    ids = dict.fromkeys([move.handoff_id for move in moves] + [end.handoff_id for end in ends])
    return tuple(
        Handoff(each, tuple(m for m in moves if m.handoff_id == each), outcomes.get(each))
        for each in ids
    )


def verdicts(events: Log) -> tuple[Verdict, ...]:
    """Every verdict of the supervisor, in order."""
    return tuple(given.verdict for given in of_type(events, VerdictGiven))


def packet(events: Log) -> Packet | None:
    """The last version of the packet; None if none was written."""
    written = of_type(events, PacketWritten)
    return written[-1].packet if written else None


def call_path(events: Log) -> tuple[Stay, ...]:
    """The states the call went through, and when; empty before its first move."""
    moves = of_type(events, CallMoved)
    if not moves:
        return ()
    states = [moves[0].source, *(move.target for move in moves)]
    begins = [0, *(move.at_ms for move in moves)]
    ends: list[int | None] = [*begins[1:], None]
    return tuple(Stay(*stay) for stay in zip(states, begins, ends, strict=True))


def last_ms(events: Log) -> int:
    """The last moment of the call's audio that the log knows of; 0 for an empty log."""
    turns = (taken.turn.end_ms for taken in of_type(events, TurnTaken))
    return max([0, *(logged.event.at_ms for logged in events), *turns])


def durations(events: Log) -> Durations:
    """How long the call and each of its states took, the last state up to the end of the log."""
    total_ms = last_ms(events)
    by_state: dict[CallState, int] = {}
    for stay in call_path(events):
        until_ms = total_ms if stay.until_ms is None else stay.until_ms
        by_state[stay.state] = by_state.get(stay.state, 0) + until_ms - stay.from_ms
    return Durations(total_ms, by_state)


def call_status(events: Log, worker: WorkerLiveness) -> CallStatus:
    """Whether the call is over, runs, or was cut off, given what is known of its process."""
    if ended(events) is not None:
        return CallStatus.ENDED
    return {
        WorkerLiveness.ALIVE: CallStatus.RUNNING,
        WorkerLiveness.GONE: CallStatus.CUT_OFF,
        WorkerLiveness.UNKNOWN: CallStatus.UNKNOWN,
    }[worker]


def was_cut_off(events: Log, worker: WorkerLiveness = WorkerLiveness.GONE) -> bool:
    """Whether the log stops without an end although nobody writes it any more."""
    return call_status(events, worker) is CallStatus.CUT_OFF


def transcript_json(events: Log) -> dict[str, Any]:
    """``transcript.json``: who was called, and every turn.

    Raises:
        EmptyLogError: the log is empty.
    """
    first = _first(events)
    start = placed(events)
    return {
        "call_id": first.call_id,
        "account_id": start.account_id if start else None,
        "language": start.language if start else None,
        "turns": [_TURN.dump_python(turn, mode="json") for turn in transcript(events)],
    }


def packet_json(of: Packet) -> dict[str, Any]:
    """``packet.json``: every field of the packet."""
    written: dict[str, Any] = _PACKET.dump_python(of, mode="json")
    return written


def handoff_json(handoff: Handoff | None) -> dict[str, Any]:
    """A handoff's outcome, path and human; all empty if there was none."""
    if handoff is None:
        return {"outcome": None, "path": [], "human": None}
    return {
        "outcome": handoff.outcome.value if handoff.outcome else None,
        "path": [state.value for state in handoff.path],
        "human": handoff.human,
    }


def summary_json(
    events: Log,
    latency: Mapping[str, Any] | None,
    worker: WorkerLiveness = WorkerLiveness.GONE,
) -> dict[str, Any]:
    """``summary.json``: what the call came to and why.

    Args:
        events: the log.
        latency: what was measured on the recording (``LatencyLedger.as_json``), or None.
        worker: what is known of the call's process; matters only to a log without an end.

    Raises:
        EmptyLogError: the log is empty.
    """
    first, start, end = _first(events), placed(events), ended(events)
    blocked = of_type(events, DoNotCallEntered)
    return {
        "call_id": first.call_id,
        "account_id": start.account_id if start else None,
        "playbook": start.playbook if start else None,
        "language": start.language if start else None,
        "started_at": first.recorded_at.isoformat(),
        "ended_at": _ended_at(events),
        "duration_ms": last_ms(events),
        "outcome": end.outcome.value if end else None,
        "reason": end.reason if end else None,
        "handoff": handoff_json(next(reversed(handoffs(events)), None)),
        "verdicts": [
            {"at_ms": given.at_ms, **_VERDICT.dump_python(given.verdict, mode="json")}
            for given in of_type(events, VerdictGiven)
        ],
        "latency": dict(latency) if latency is not None else {},
        "callbacks": [_callback_json(booked) for booked in of_type(events, CallbackBooked)],
        "do_not_call": _blocked_json(blocked[0]) if blocked else None,
        "guarded_replies": [_guarded_json(each) for each in of_type(events, ReplyGuarded)],
        "final": _final_json(events),
        "cut_off": was_cut_off(events, worker),
    }


def _final_json(events: Log) -> dict[str, Any] | None:
    """What the call came to in words, and what is owed; None for a call that was not summed up."""
    summed = next(reversed(of_type(events, CallSummed)), None)
    if summed is None:
        return None
    final = packet_json(summed.packet)
    kept = ("matter", "promises", "open_questions", "mood", "mood_over_time", "summary")
    return {"disposition": summed.disposition.value, **{key: final[key] for key in kept}}


def _first(events: Log) -> LoggedEvent:
    if not events:
        raise EmptyLogError(
            "The log is empty: the call was entered, then nothing was written of it."
        )
    return events[0]


def _ended_at(events: Log) -> str | None:
    ends: Iterable[datetime] = (e.recorded_at for e in events if isinstance(e.event, CallEnded))
    return next((at.isoformat() for at in ends), None)


def _callback_json(booked: CallbackBooked) -> dict[str, Any]:
    return {
        "at_ms": booked.at_ms,
        "callback_id": booked.callback_id,
        "due_at": booked.due_at.isoformat(),
        "reason": booked.reason,
        "priority": booked.priority,
    }


def _blocked_json(entered: DoNotCallEntered) -> dict[str, Any]:
    return {"at_ms": entered.at_ms, "phone": entered.phone, "turn": entered.turn}


def _guarded_json(guarded: ReplyGuarded) -> dict[str, Any]:
    return {
        "at_ms": guarded.at_ms,
        "withheld": guarded.withheld,
        "unsupported": list(guarded.unsupported),
        "said_instead": guarded.said_instead,
    }
