"""A call's events, sorted by what a packet needs of them.

In: the events of one call, in order. Out: the same, by kind: turns, verdicts, tools, bookings, and
the record with whether the caller proved to be the one it belongs to; what was said on hold, and
what a human asked for when they sent the caller back.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from voiceagent.domain.account import AccountRecord
from voiceagent.domain.events import (
    AccountLoaded,
    AnyEvent,
    CallbackBooked,
    CallPlaced,
    IdentityChecked,
    ToolCalled,
    ToolReturned,
    TurnTaken,
    VerdictGiven,
)
from voiceagent.domain.handoff_events import HoldWish, HoldWished, SentBack
from voiceagent.domain.transcript import Speaker, Turn
from voiceagent.domain.verdict import Verdict
from voiceagent.handoff.packet_wording import PacketWording


@dataclass(slots=True)
class CallReading:
    """A call's events, sorted by what the packet needs of them.

    ``said_at`` is when each turn was written down (wall clock), where the log's envelope tells.
    ``hold_turns`` added something while waiting; ``wish_turns`` were about the waiting itself.
    """

    placed: CallPlaced | None = None
    record: AccountRecord | None = None
    turns: list[Turn] = field(default_factory=list)
    verdicts: list[Verdict] = field(default_factory=list)
    returned: list[ToolReturned] = field(default_factory=list)
    called: dict[str, int] = field(default_factory=dict)
    booked: list[CallbackBooked] = field(default_factory=list)
    verified: bool = False
    identity_turns: set[int] = field(default_factory=set)
    proof: Turn | None = None
    said_at: dict[int, datetime] = field(default_factory=dict)
    hold_turns: set[int] = field(default_factory=set)
    wish_turns: set[int] = field(default_factory=set)
    sent_back: list[SentBack] = field(default_factory=list)

    def take(self, event: AnyEvent, recorded_at: datetime | None = None) -> None:
        """Sort in the next event of the call; ``recorded_at`` is of its envelope, aware."""
        caller = next((t for t in reversed(self.turns) if t.speaker is Speaker.CALLER), None)
        match event:
            case CallPlaced():
                self.placed = event
            case AccountLoaded(record=record):
                self.record = record
            case TurnTaken(turn=turn):
                self.turns.append(turn)
                if recorded_at is not None:
                    self.said_at[turn.number] = recorded_at
            case VerdictGiven(verdict=verdict):
                self.verdicts.append(verdict)
            case ToolCalled(tool=tool):
                self.called[tool] = self.called.get(tool, 0) + 1
            case ToolReturned():
                self.returned.append(event)
            case CallbackBooked():
                self.booked.append(event)
            case IdentityChecked(verified=verified):
                self.verified = verified
                if caller is not None:
                    self.identity_turns.add(caller.number)
                    self.proof = caller if verified else None
            case _:
                self._take_of_handover(event)

    def _take_of_handover(self, event: AnyEvent) -> None:
        match event:
            case HoldWished(wish=HoldWish.ADDED, turn=turn_number) if turn_number:
                self.hold_turns.add(turn_number)
            case HoldWished(turn=turn_number) if turn_number:
                self.wish_turns.add(turn_number)
            case SentBack():
                self.sent_back.append(event)
            case _:
                pass

    @property
    def caller_turns(self) -> list[Turn]:
        """What the caller said, in order."""
        return [t for t in self.turns if t.speaker is Speaker.CALLER]

    @property
    def language(self) -> str:
        """The call's language (BCP 47 primary tag): as placed, else as last spoken."""
        if self.placed is not None:
            return self.placed.language
        return self.caller_turns[-1].language if self.caller_turns else "en"

    @property
    def wording(self) -> PacketWording:
        """The words the packet is put in."""
        return PacketWording(self.language)
