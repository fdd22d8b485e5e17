"""What somebody at the desk does: take a call or not, hold it, end it, send it back, write it down.

In: their wish, about a call or an offer of theirs. Out: the deed is done as far as a request may
wait for it, or it is refused and nothing has happened. What becomes of it, the seat tells.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from voiceagent.desk.desk_models import NoticeCode, WrapUpBody
from voiceagent.desk.engagement import Engagement, Wrapping
from voiceagent.desk.errors import NotAllowedError
from voiceagent.desk.permissions import Permission
from voiceagent.desk.seat import Seat
from voiceagent.desk.seat_errors import (
    CallbackRefusedError,
    NoMediaError,
    NotBridgedError,
    NotYoursError,
    OfferOverError,
    TakenByOtherError,
)
from voiceagent.desk.seat_ports import SeatParts
from voiceagent.desk.seat_state import HELD, TALKING, SeatState
from voiceagent.handoff.roster import Availability
from voiceagent.store.desk_records import AuditEvent, CallNote, Disposition, WrapUp

_UNDECIDED = frozenset({SeatState.OFFERED, SeatState.PARTED})


@dataclass(frozen=True, slots=True)
class SeatDeeds:
    """What one person may do."""

    seat: Seat
    parts: SeatParts

    def choose(self, availability: Availability) -> None:
        """Be available, paused or offline.

        Raises:
            NotAllowedError: calls that the AI hands over are not for them.
        """
        takes_calls = self.seat.person.may(Permission.TAKE_HANDOFFS)
        if availability is Availability.AVAILABLE and not takes_calls:
            raise NotAllowedError
        self.seat.choose(availability)

    async def accept(self, offer_id: str) -> None:
        """Take the call that rings; harmless if it is theirs already.

        Raises:
            NoMediaError: their line is not up; it goes on ringing.
            TakenByOtherError: somebody else was first.
            OfferOverError: there is no such offer to them, or it is over.
        """
        seat = self.seat
        offer = self._ringing(offer_id)
        if offer is not None and not offer.accepted:
            if not seat.line.is_up:
                raise NoMediaError
            offer.accepted = offer.leg.accept()
        await self._until_decided(offer_id)
        now = seat.engaged
        # While the page is loaded anew, an accepted call still waits for the line.
        if now is not None and now.offer_id == offer_id and (now.accepted or seat.life in HELD):
            return
        if seat.history.ending_of(offer_id) is NoticeCode.TAKEN_BY_OTHER:
            raise TakenByOtherError
        raise OfferOverError

    async def decline(self, offer_id: str, reason: str = "") -> None:
        """Do not take the call that rings; somebody else is sought.

        Raises:
            OfferOverError: there is no such offer to them, or it is over.
            StoreError: the reason was not written down; the call was declined.
        """
        offer = self._ringing(offer_id)
        if offer is None or not offer.leg.decline():
            raise OfferOverError
        offer.declined = True
        await self._until_decided(offer_id)
        if reason:
            store, now = self.parts.ports.store, self.parts.clock()
            who, detail = self.seat.person.id, {"reason": reason}
            event = AuditEvent(now, who, "offer_declined", offer.call_id, detail)
            await asyncio.to_thread(store.append_audit, event)

    async def hold(self, call_id: str, *, on: bool) -> None:
        """Let the caller wait with music, or go on.

        Raises:
            NotYoursError, NotBridgedError: as their names say.
        """
        call = self._talking(call_id)
        call.leg.hold_caller(on)
        wanted = SeatState.ON_HOLD if on else SeatState.BRIDGED
        await self._until(lambda: self.seat.life is wanted or self.seat.engaged is not call)

    async def send_back(self, call_id: str, instruction: str) -> None:
        """Give the caller back to the AI.

        Raises:
            NotYoursError, NotBridgedError: as their names say.
        """
        call = self._talking(call_id)
        call.leg.send_back(instruction)
        await self._until(lambda: self.seat.engaged is not call)

    def end(self, call_id: str) -> None:
        """Hang up; before they are joined, the caller is put through to somebody else.

        Raises:
            NotYoursError: they do not hold this call.
        """
        call = self._held(call_id)
        call.left = True
        call.leg.far_end_hung_up()

    async def note(self, call_id: str, text: str) -> None:
        """Keep what they have typed so far about a call of theirs.

        Raises:
            NotYoursError: they neither hold it nor wrapped it up last.
            StoreError: it was not written.
        """
        if not self.seat.wrote_about(call_id):
            raise NotYoursError
        note = CallNote(call_id, self.seat.person.id, text, self.parts.clock())
        await asyncio.to_thread(self.parts.ports.store.save_note, note)

    async def wrap_up(self, call_id: str, body: WrapUpBody) -> None:
        """Write down what the call came to; whoever was available is so again.

        What was promised is entered before it is written that it was. All of it may be repeated.

        Raises:
            NotYoursError: they are not wrapping this call up.
            CallbackRefusedError: the callback would be in the past, or to somebody who forbade it.
            StoreError: not everything was written; they are still wrapping up.
        """
        wrapping = self._wrapping(call_id)
        ports, now = self.parts.ports, self.parts.clock()
        forbidden = body.disposition is Disposition.DO_NOT_CALL
        if body.callback is not None:
            if forbidden:
                raise CallbackRefusedError(
                    "The customer wants no more calls, so none can be booked.",
                    "Choose another disposition, or no callback.",
                )
            if body.callback.due_at <= now:
                raise CallbackRefusedError(
                    "The callback would be in the past.", "Choose a day and a time to come."
                )
            await ports.book(call_id, body.callback.due_at, body.callback.reason)
        if forbidden:
            await ports.forbid(call_id)
        due_at = body.callback.due_at if body.callback else None
        who = self.seat.person.id
        written = WrapUp(call_id, body.disposition, body.note, who, now, due_at)
        await asyncio.to_thread(ports.store.save_wrap_up, written)
        self.seat.end_wrap_up(wrapping)

    # Whether it is theirs.

    def _ringing(self, offer_id: str) -> Engagement | None:
        now = self.seat.engaged
        rings = self.seat.life is SeatState.OFFERED
        return now if now is not None and rings and now.offer_id == offer_id else None

    def _held(self, call_id: str) -> Engagement:
        now = self.seat.engaged
        if now is None or now.call_id != call_id or self.seat.life not in HELD:
            raise NotYoursError
        return now

    def _talking(self, call_id: str) -> Engagement:
        now = self._held(call_id)
        if self.seat.life not in TALKING:
            raise NotBridgedError
        return now

    def _wrapping(self, call_id: str) -> Wrapping:
        wrapping = self.seat.wrapping
        if wrapping is None or wrapping.call_id != call_id:
            raise NotYoursError
        return wrapping

    async def _until_decided(self, offer_id: str) -> None:
        """Until the ring is answered and, if it is over, it is known why."""
        await self._until(
            lambda: not (self.seat.rung_as == offer_id and self.seat.life in _UNDECIDED)
        )

    async def _until(self, holds: Callable[[], bool]) -> None:
        await self.seat.news.until(holds, self.parts.options.act_s)
