"""One call as the board and the desk show it, read event by event.

In go the events of one log, in order; out come its row on the board, the latest packet, who has the
caller, and since when they wait. Nothing is decided here; a view made anew from the same log is the
same. No I/O.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from voiceagent.desk.api_models import BriefTrigger, BriefVerdict, LiveCall, Words
from voiceagent.domain.call import CallEvent, CallOutcome, CallState
from voiceagent.domain.events import (
    AccountLoaded,
    AnyEvent,
    CallEnded,
    CallMoved,
    CallPlaced,
    LoggedEvent,
    TurnTaken,
    VerdictGiven,
)
from voiceagent.domain.handoff import HandoffState
from voiceagent.domain.handoff_events import BridgeHeld, HandoffMoved, HumanRung, PacketWritten
from voiceagent.domain.packet import Packet
from voiceagent.domain.transcript import Turn
from voiceagent.domain.verdict import Action, Trigger, Verdict

_TAKEN = frozenset({HandoffState.BRIEFING, HandoffState.BRIDGING, HandoffState.BRIDGED})


@dataclass(frozen=True, slots=True)
class LiveCallInfo:
    """What is known of a call before its first event.

    Attributes:
        call_id: unique.
        account_id: whom the company's records know the callee as.
        customer_name: as the records have it.
        language: BCP 47 primary tag.
        leg: how the callee is reached, e.g. ``webrtc``.
        phone: E.164, or empty.
        folder: where its recording is written; None if it is not recorded.
    """

    call_id: str
    account_id: str
    customer_name: str
    language: str
    leg: str
    phone: str = ""
    folder: Path | None = None


class CallView:
    """A reading of one call that keeps up with it.

    Args:
        info: what is known beforehand.
        started_at: when it was placed, until its first event says so; aware.
        name_of: the name of a human of the roster, by id.

    Attributes:
        state: where the call is.
        answered_at: when somebody picked up; None before.
        waiting_since: since when the caller waits for a person; None if they do not.
        human_id: who has accepted the call and not left it; empty for nobody.
        ringing: ids of the humans who are being rung.
        handoff_id: the handoff under way, or the last one; empty before the first.
        handoff_state: where it stands; None before the first.
        held: whether the bridged human has put the caller on hold.
        packet: its latest version; None before the first.
        last_verdict, last_turn: None before the first.
        outcome: what the call came to; None while it runs.
        ended: whether its last event was seen.
        seq: the number of the last event seen.
    """

    def __init__(
        self, info: LiveCallInfo, started_at: datetime, name_of: Callable[[str], str]
    ) -> None:
        self.info = info
        self.customer_name = info.customer_name
        self.reason = ""
        self.state = CallState.CONNECTING
        self.started_at = started_at
        self.answered_at: datetime | None = None
        self.waiting_since: datetime | None = None
        self.human_id = ""
        self.ringing: tuple[str, ...] = ()
        self.handoff_id = ""
        self.handoff_state: HandoffState | None = None
        self.held = False
        self.packet: Packet | None = None
        self.last_verdict: Verdict | None = None
        self.last_turn: Turn | None = None
        self.outcome: CallOutcome | None = None
        self.ended = False
        self.seq = 0
        self._name_of = name_of
        self._frustration: dict[int, float] = {}
        self._handed_over: Verdict | None = None

    def observe(self, logged: LoggedEvent) -> bool:
        """Take the next event; whether anything of what is shown may have changed."""
        if logged.seq <= self.seq:
            return False
        if self.seq == 0:
            self.started_at = logged.recorded_at
        self.seq = logged.seq
        return self._take(logged.event, logged.recorded_at)

    def _take(self, event: AnyEvent, at: datetime) -> bool:
        match event:
            case CallPlaced(reason=reason):
                self.reason = reason
            case AccountLoaded(record=record):
                self.customer_name = record.customer.name
            case CallMoved():
                self._moved(event, at)
            case TurnTaken(turn=turn):
                self.last_turn = turn
            case VerdictGiven(verdict=verdict):
                self._judged(verdict)
            case PacketWritten(packet=packet):
                self.packet = packet
            case HandoffMoved():
                self._handed(event)
            case HumanRung(human=human):
                self.ringing = tuple(each for each in self.ringing if each != human)
            case BridgeHeld(on=on):
                self.held = on
            case CallEnded(outcome=outcome):
                self.state, self.outcome, self.ended = CallState.ENDED, outcome, True
                self.human_id, self.ringing, self.waiting_since = "", (), None
            case _:
                return False
        return True

    def _moved(self, moved: CallMoved, at: datetime) -> None:
        self.state = moved.target
        if moved.event is CallEvent.ANSWERED:
            self.answered_at = at
        self.waiting_since = at if moved.target is CallState.HOLDING else None
        if moved.target is not CallState.BRIDGED:
            self.held = False

    def _judged(self, verdict: Verdict) -> None:
        self.last_verdict = verdict
        if verdict.action is Action.HAND_OVER:
            self._handed_over = verdict
        if verdict.turn:
            self._frustration[verdict.turn] = verdict.frustration

    def _handed(self, moved: HandoffMoved) -> None:
        self.handoff_id, self.handoff_state = moved.handoff_id, moved.target
        ringing = moved.target is HandoffState.RINGING
        self.ringing = tuple(filter(None, moved.human.split(","))) if ringing else ()
        if moved.target not in _TAKEN:
            self.human_id = ""
        elif moved.human:
            self.human_id = moved.human

    @property
    def human(self) -> str | None:
        """The name of the person who has the call, or is about to; None for nobody."""
        return self._name_of(self.human_id) if self.human_id else None

    @property
    def mood(self) -> list[float]:
        """Frustration (0..1) at each turn of the caller that was judged, in order."""
        return [self._frustration[turn] for turn in sorted(self._frustration)]

    @property
    def frustration(self) -> float:
        """Frustration at the caller's latest turn that was judged; 0 before the first."""
        return self._frustration[max(self._frustration)] if self._frustration else 0.0

    @property
    def mood_word(self) -> str:
        """How the caller sounds, in the packet's word; ``calm`` before there is one."""
        return self.packet.mood if self.packet else "calm"

    @property
    def matter(self) -> str:
        """The caller's matter: the packet's sentence, else why they are called back."""
        return (self.packet.matter if self.packet else "") or self.reason

    @property
    def why(self) -> tuple[Trigger, ...]:
        """On what grounds the call was last handed over; empty if nobody decided so."""
        if self.packet and self.packet.triggers:
            return self.packet.triggers
        return self._handed_over.triggers if self._handed_over else ()

    def concerns(self, human_id: str) -> bool:
        """Whether this human is being rung about the call, or has it."""
        return human_id == self.human_id or human_id in self.ringing

    def as_live(self) -> LiveCall:
        """The call's row on the board."""
        verdict, turn = self.last_verdict, self.last_turn
        return LiveCall(
            call_id=self.info.call_id,
            customer_name=self.customer_name,
            account_id=self.info.account_id,
            language=self.info.language,
            leg=self.info.leg,
            state=self.state,
            started_at=self.started_at,
            answered_at=self.answered_at,
            mood=self.mood,
            last_verdict=_brief(verdict) if verdict else None,
            last_words=Words(speaker=turn.speaker, text=turn.text) if turn else None,
            human=self.human,
        )


def _brief(verdict: Verdict) -> BriefVerdict:
    return BriefVerdict(
        action=verdict.action,
        confidence=verdict.confidence,
        triggers=[BriefTrigger(kind=t.kind, detail=t.detail) for t in verdict.triggers],
        turn=verdict.turn,
    )
