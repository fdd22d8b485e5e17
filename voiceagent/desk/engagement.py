"""What a seat is busy with: the call that rings or is held there, or is to be written about.

In: a ring, and what becomes known of its call. Out: the parts of the desk's state that show it.
"""

from __future__ import annotations

import asyncio
import secrets
from dataclasses import dataclass, field
from datetime import datetime

from voiceagent.desk.desk_models import (
    DeskCall,
    LineState,
    Notice,
    Offer,
    OfferKind,
    Stage,
    WrapUp,
)
from voiceagent.desk.seat_ports import CallInfo, CallInfos
from voiceagent.desk.seat_state import SeatState
from voiceagent.legs.desk_line import DeskLeg, DeskLine
from voiceagent.legs.webrtc_media import MediaState

_OFFER_ID_BYTES = 16

_STAGES = {
    SeatState.CONNECTING: Stage.CONNECTING,
    SeatState.BRIEFING: Stage.BRIEFING,
    SeatState.BRIDGED: Stage.BRIDGED,
    SeatState.ON_HOLD: Stage.ON_HOLD,
}

_LINES = {
    MediaState.NEW: LineState.NONE,
    MediaState.CONNECTING: LineState.CONNECTING,
    MediaState.UP: LineState.UP,
    MediaState.LOST: LineState.LOST,
    MediaState.CLOSED: LineState.LOST,
}


@dataclass(slots=True)
class Engagement:
    """One ring, and the call that came of it.

    Attributes:
        leg: on which the human is rung.
        transfer: another human has talked with the caller before.
        info: what was last known of the call.
        since: when it was accepted, then when they were joined.
        accepted, declined, left: what the human did about it.
        ending: why it will be over, where the log says so before the line is.
    """

    call_id: str
    handoff_id: str
    kind: OfferKind
    leg: DeskLeg
    rung_at: datetime
    transfer: bool
    info: CallInfo = field(default_factory=CallInfo)
    since: datetime | None = None
    accepted: bool = False
    declined: bool = False
    left: bool = False
    ending: Notice | None = None
    explaining: asyncio.TimerHandle | None = None
    offer_id: str = field(default_factory=lambda: secrets.token_urlsafe(_OFFER_ID_BYTES))

    def look_up(self, calls: CallInfos) -> None:
        """Learn what is known of the call by now; what was known of one that is over is kept."""
        self.info = calls.info(self.call_id) or self.info

    def offer(self, now: datetime, ring_timeout_s: float) -> Offer:
        """As the person rung sees it."""
        info = self.info
        waiting_s = (now - info.waiting_since).total_seconds() if info.waiting_since else 0.0
        return Offer(
            id=self.offer_id,
            call_id=self.call_id,
            customer_name=info.customer_name,
            matter=info.matter,
            why=info.why,
            mood=info.mood,
            frustration=min(1.0, max(0.0, info.frustration)),
            language=info.language,
            phone=info.phone,
            waiting_s=max(0.0, waiting_s),
            ring_timeout_s=ring_timeout_s,
            rung_at=self.rung_at,
            packet=info.packet,
            kind=self.kind,
        )

    def call(self, state: SeatState, line: DeskLine) -> DeskCall:
        """As the person who holds it sees it."""
        return DeskCall(
            call_id=self.call_id,
            customer_name=self.info.customer_name,
            stage=_STAGES[state],
            since=self.since or self.rung_at,
            handoff_id=self.handoff_id,
            packet=self.info.packet,
            media=line_state(line),
            transfer=self.transfer,
        )


@dataclass(slots=True)
class Wrapping:
    """A call that is to be written about until ``until``."""

    call_id: str
    info: CallInfo
    until: datetime
    timer: asyncio.TimerHandle

    def look_up(self, calls: CallInfos) -> None:
        """Learn what is known of the call by now."""
        self.info = calls.info(self.call_id) or self.info

    def wrap_up(self) -> WrapUp:
        """As the person who writes sees it."""
        return WrapUp(
            call_id=self.call_id,
            customer_name=self.info.customer_name,
            until=self.until,
            packet=self.info.packet,
        )


def line_state(line: DeskLine) -> LineState:
    """Whether sound goes both ways."""
    return _LINES[line.media.state] if line.media is not None else LineState.NONE
