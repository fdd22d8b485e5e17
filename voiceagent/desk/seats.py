"""Everybody's seats at the desk, and the supervisors' lines for the calls they take over.

What enters: who asks, every event of every call. What leaves: for each person one seat, which is
on the roster from their first request on; whose line it is and what they may follow, for the board
(``Lines``).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from types import TracebackType
from typing import Self

from voiceagent.desk.seat import Seat
from voiceagent.desk.seat_deeds import SeatDeeds
from voiceagent.desk.seat_ports import SeatOptions, SeatParts, SeatPorts
from voiceagent.desk.security import Principal
from voiceagent.domain.events import CallEnded, CallMoved, CallPlaced, LoggedEvent
from voiceagent.domain.handoff import HandoffEvent
from voiceagent.domain.handoff_events import HandoffMoved
from voiceagent.handoff.roster import Roster
from voiceagent.legs.desk_line import DeskLine
from voiceagent.legs.webrtc_media import MediaPeer

_QUEUE_CHANGES = (CallPlaced, CallMoved, CallEnded)


class Seats:
    """All seats of this process, as an async context; used from one event loop.

    Args:
        roster: that calls in progress ring from.
        clock: tells the time, aware.
        make_media: makes an unused connection for each line that is opened.
    """

    def __init__(
        self,
        roster: Roster,
        ports: SeatPorts,
        clock: Callable[[], datetime],
        options: SeatOptions,
        make_media: Callable[[], MediaPeer],
    ) -> None:
        self._parts = SeatParts(roster, ports, clock, options, make_media)
        self._seats: dict[str, Seat] = {}
        self._watching: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._watching = asyncio.create_task(self._watch_roster(), name="desk-roster-watch")
        return self

    async def __aexit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        """Take everybody off the roster and close their lines."""
        if self._watching is not None:
            self._watching.cancel()
            with suppress(asyncio.CancelledError):
                await self._watching
        await asyncio.gather(*(seat.close() for seat in self._seats.values()))

    def seat_of(self, principal: Principal) -> Seat:
        """The seat of whoever asks, made at their first request."""
        seat = self._seats.get(principal.id)
        if seat is None:
            seat = self._seats[principal.id] = Seat(principal, self._parts)
        else:
            seat.come(principal)
        return seat

    def deeds_of(self, principal: Principal) -> SeatDeeds:
        """What whoever asks may do."""
        return SeatDeeds(self.seat_of(principal), self._parts)

    async def on_event(self, logged: LoggedEvent) -> None:
        """An event of a call was committed; to be told after whoever answers ``CallInfos``."""
        event = logged.event
        talked_with = self._parts.talked_with
        if isinstance(event, HandoffMoved) and event.event is HandoffEvent.BRIDGE:
            talked_with.setdefault(logged.call_id, set()).add(event.human)
        elif isinstance(event, CallEnded):
            talked_with.pop(logged.call_id, None)
        for seat in tuple(self._seats.values()):
            seat.heed(logged)
            if isinstance(event, _QUEUE_CHANGES):
                seat.news.tell()

    def call_changed(self, call_id: str) -> None:
        """More is known of a call than before."""
        for seat in self._seats.values():
            if seat.may_follow(call_id):
                seat.news.tell()

    # For the board.

    def line_of(self, user_id: str) -> DeskLine | None:
        """Somebody's own line; None before their first request to the desk."""
        seat = self._seats.get(user_id)
        return seat.line if seat is not None else None

    def ensure_on_roster(self, principal: Principal) -> None:
        """Have somebody rung by name, as for a call they take over."""
        self.seat_of(principal)

    def may_follow(self, user_id: str, call_id: str) -> bool:
        """Whether somebody is offered, holds or wraps up this call."""
        seat = self._seats.get(user_id)
        return seat is not None and seat.may_follow(call_id)

    async def _watch_roster(self) -> None:
        """Who is free is on everybody's desk."""
        roster = self._parts.roster
        while True:
            await roster.changed(roster.version)
            for seat in self._seats.values():
                seat.news.tell()
