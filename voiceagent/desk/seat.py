"""One person's seat at the desk: their line, what rings on it, the call they hold, the wrap-up.

What enters: what the person does, the states of their line and of the leg on it, the events of the
calls they are rung for. What leaves: the desk's state, their availability on the roster, a leg for
every summons. The line tells first that something is over; why, the log tells a moment later.
"""

from __future__ import annotations

import asyncio
from datetime import timedelta

from voiceagent.desk.desk_models import DeskState, Notice, NoticeCode, OfferKind, Queue
from voiceagent.desk.engagement import Engagement, Wrapping
from voiceagent.desk.news import News
from voiceagent.desk.offer_endings import declined, ending_of, now_paused, withdrawn
from voiceagent.desk.permissions import Permission
from voiceagent.desk.presence import Presence
from voiceagent.desk.ring_history import RingHistory
from voiceagent.desk.seat_ports import SeatParts
from voiceagent.desk.seat_state import HELD, TALKING, SeatEvent, SeatState, new_seat
from voiceagent.desk.security import Principal
from voiceagent.desk.windows import Windows
from voiceagent.domain.event import Event
from voiceagent.domain.events import CallEnded, LoggedEvent, OperatorActed, OperatorAction
from voiceagent.domain.handoff import HandoffEvent, HandoffState
from voiceagent.domain.handoff_events import BridgeHeld, HandoffEnded, HandoffMoved, HumanRung
from voiceagent.handoff.roster import Availability, Human, Need, Summons
from voiceagent.legs.desk_line import DeskLeg, DeskLine, RingState

_S, _E = SeatState, SeatEvent
_EVERYBODY = 10_000


class Seat:
    """One person's seat; used from one event loop.

    Attributes:
        person: who they are, as of their last request.
        line: their standing line.
        news: told whenever :meth:`state` may have changed.
        windows: their open pages.
        history: how earlier rings ended.
    """

    def __init__(self, person: Principal, parts: SeatParts) -> None:
        self.person = person
        self.news = News()
        self.windows = Windows(self.news, self.settle)
        self.history = RingHistory(parts.options.unanswered_rings)
        self._parts = parts
        self._life = new_seat()
        self._presence = Presence(parts.options, self.settle)
        self._engaged: Engagement | None = None
        self._wrapping: Wrapping | None = None
        self._summoned: tuple[DeskLeg, Summons] | None = None
        self._taking_over = ""
        self._last_call = ""
        self._signed_out = False
        self._closing: asyncio.Task[None] | None = None
        self._closed = False
        self.line = DeskLine(parts.make_media, self._line_changed, reopen_s=parts.options.reopen_s)
        self._join()

    # What there is to see.

    @property
    def life(self) -> SeatState:
        """What they are busy with."""
        return self._life.state

    @property
    def engaged(self) -> Engagement | None:
        """What rings, or the call that is held; None for neither."""
        return self._engaged if self.life is _S.OFFERED or self.life in HELD else None

    @property
    def wrapping(self) -> Wrapping | None:
        """What is to be written about."""
        return self._wrapping

    def state(self) -> DeskState:
        """Everything their desk shows."""
        calls, options = self._parts.ports.calls, self._parts.options
        for each in (self._engaged, self._wrapping):
            if each is not None:
                each.look_up(calls)
        now, rings = self.engaged, self.life is _S.OFFERED
        free = self._parts.roster.next_free(Need(), (self.person.id,), _EVERYBODY)
        return DeskState(
            availability=self._presence.shown(wrapping_up=self._wrapping is not None),
            offer=now.offer(self._parts.clock(), options.ring_timeout_s) if now and rings else None,
            call=now.call(self.life, self.line) if now and not rings else None,
            wrap_up=self._wrapping.wrap_up() if self._wrapping else None,
            queue=Queue(calls_live=calls.live(), waiting=calls.waiting(), humans_free=len(free)),
        )

    def may_follow(self, call_id: str) -> bool:
        """Whether they are offered, hold or wrap up this call."""
        subjects = (self.engaged, self._wrapping)
        return any(each is not None and each.call_id == call_id for each in subjects)

    def wrote_about(self, call_id: str) -> bool:
        """Whether a note of theirs about this call may still be on its way."""
        rings = self.life is _S.OFFERED
        return (self.may_follow(call_id) and not rings) or call_id == self._last_call

    @property
    def rung_as(self) -> str:
        """The offer that rings, was accepted, or is over without it being known why; or empty."""
        return self._engaged.offer_id if self._engaged is not None else ""

    # Who they are, and whether they are there.

    def come(self, person: Principal) -> None:
        """They have just asked something, so they are signed in; they may have learnt German."""
        changed = (person.name, person.languages, person.skills) != (
            self.person.name,
            self.person.languages,
            self.person.skills,
        )
        self.person = person
        self._signed_out = False
        if changed:
            self._join()
        available = self._presence.wish is Availability.AVAILABLE
        if available and not person.may(Permission.TAKE_HANDOFFS):
            self.choose(Availability.PAUSED)

    def choose(self, availability: Availability) -> None:
        """They want to be available, paused or offline; a call or wrap-up goes on."""
        self.history.answered()
        self._presence.choose(availability)
        self.settle()

    def sign_out(self) -> None:
        """Their session is over: nothing rings for them any more, a call they hold goes on."""
        self._signed_out = True
        self._presence.choose(Availability.OFFLINE)
        if self._engaged is not None and self.life is _S.OFFERED:
            self._engaged.declined = self._engaged.leg.decline()
        self.settle()

    async def close(self) -> None:
        """Close the line and forget every timer; nothing is told any more."""
        self._closed = True
        self._presence.close()
        if self._engaged is not None and self._engaged.explaining is not None:
            self._engaged.explaining.cancel()
        if self._wrapping is not None:
            self._wrapping.timer.cancel()
        self._parts.roster.set_availability(self.person.id, Availability.OFFLINE)
        if self._closing is not None:
            await asyncio.wait({self._closing})
        await self.line.close()

    def settle(self) -> None:
        """Let the roster and the pages know how things stand."""
        if self._closed:
            return
        self._presence.see(pages=self.windows.count, line_up=self.line.is_up)
        self._parts.roster.set_availability(
            self.person.id, self._presence.on_roster(wrapping_up=self._wrapping is not None)
        )
        if self._signed_out and self.life not in HELD and self.line.is_up:
            self._close_line()
        self.news.tell()

    # What rings.

    def _join(self) -> None:
        who = self.person
        self._parts.roster.join(
            Human(
                who.id,
                who.name,
                who.languages,
                self._dial,
                who.skills,
                Availability.OFFLINE,
                reads_packet=not self._parts.options.brief_by_voice,
            )
        )

    def _dial(self, summons: Summons) -> DeskLeg:
        wanted = summons.call_id == self._taking_over
        kind = OfferKind.TAKE_OVER if wanted else OfferKind.HANDOFF
        leg = self.line.ring(summons.call_id, kind.value)
        self._summoned = leg, summons
        return leg

    def _line_changed(self) -> None:
        if self._closed:
            return
        now, leg = self._engaged, self.line.leg
        if now is not None and now.leg.state is RingState.OVER:
            self._line_over(now)
        elif now is not None and now.leg.state is RingState.ACCEPTED and self.life is _S.OFFERED:
            self.history.answered()
            now.since = self._parts.clock()
            self._life.take(_E.ACCEPT)
        if (
            leg is not None
            and leg.state is RingState.RINGING
            and (now is None or now.leg is not leg)
        ):
            self._rings(leg)
        self.settle()

    def _rings(self, leg: DeskLeg) -> None:
        if self._engaged is not None and self.life is _S.PARTED:
            self._explained(self._engaged, withdrawn(self._engaged.info.customer_name))
        if self._wrapping is not None:
            self._stop_wrapping(self._wrapping)
        summoned = self._summoned
        summons = summoned[1] if summoned and summoned[0] is leg else Summons(leg.call_id)
        talked = self._parts.talked_with.get(leg.call_id, set()) - {self.person.id}
        self._life.take(_E.RING)
        self._engaged = Engagement(
            call_id=leg.call_id,
            handoff_id=summons.handoff_id,
            kind=OfferKind(leg.offer_kind),
            leg=leg,
            rung_at=self._parts.clock(),
            transfer=bool(talked),
        )
        self._engaged.look_up(self._parts.ports.calls)

    def _line_over(self, now: Engagement) -> None:
        """The ring or the call is over on the line."""
        if not self._life.allows(_E.LINE_OVER):
            return
        if self._life.take(_E.LINE_OVER) is _S.WRAP_UP:
            self._begin_wrapping(now)
        elif now.declined or now.left:
            self.history.answered()
            self._explained(now, declined(now.info.customer_name) if now.declined else None)
        elif now.ending is not None:
            self._explained(now, now.ending)
        else:
            loop, patience_s = asyncio.get_running_loop(), self._parts.options.explain_s
            now.explaining = loop.call_later(patience_s, self._unexplained, now)

    def _unexplained(self, now: Engagement) -> None:
        if self._engaged is now and self.life is _S.PARTED:
            self._explained(now, withdrawn(now.info.customer_name))
            self.settle()

    def _explained(self, now: Engagement, ending: Notice | None) -> None:
        """It is known why nothing came of a ring."""
        if now.explaining is not None:
            now.explaining.cancel()
        self._engaged = None
        self._life.take(_E.EXPLAINED)
        self.history.ended(now.offer_id, ending)
        if ending is not None:
            self.windows.tell(ending)
        if ending is not None and ending.code is NoticeCode.TIMED_OUT:
            self._not_answered(now)

    def _not_answered(self, now: Engagement) -> None:
        if now.kind is OfferKind.TAKE_OVER or self._presence.wish is not Availability.AVAILABLE:
            return
        if self.history.unanswered():
            self._presence.choose(Availability.PAUSED)
            self.windows.tell(now_paused(self._parts.options.unanswered_rings))

    # What the log tells.

    def heed(self, logged: LoggedEvent) -> None:
        """An event of any call was committed."""
        event, now = logged.event, self._engaged
        if (
            isinstance(event, OperatorActed)
            and event.action is OperatorAction.TAKE_OVER
            and event.by == self.person.id
        ):
            self._taking_over = logged.call_id
        elif isinstance(event, HandoffEnded | CallEnded) and logged.call_id == self._taking_over:
            self._taking_over = ""
        subjects = [each for each in (now, self._wrapping) if each is not None]
        if all(each.call_id != logged.call_id for each in subjects):
            return
        if now is not None and now.call_id == logged.call_id and _is_of(event, now):
            self._follow(event, now)
        self.settle()

    def _follow(self, event: Event, now: Engagement) -> None:
        me = self.person.id
        match event:
            case HandoffMoved(event=HandoffEvent.ACCEPT, human=human) if human == me:
                self._step(_E.BRIEF)
            case HandoffMoved(target=HandoffState.BRIDGED, human=human) if human == me:
                self._bridged(now)
            case HandoffMoved(source=HandoffState.BRIDGED, human=human) if human == me:
                # The log's reader was too slow for the event before it.
                self._bridged(now)
            case BridgeHeld(human=human, on=on) if human == me:
                self._step(_E.HOLD if on else _E.GO_ON)
        if self.life in TALKING or self._engaged is not now:
            return
        name_of = self._parts.roster.name_of
        ending = ending_of(event, me, now.info.customer_name, name_of)
        now.ending = now.ending or ending
        if self.life is _S.PARTED and now.ending is not None:
            self._explained(now, now.ending)

    def _step(self, event: SeatEvent) -> None:
        if self._life.allows(event):
            self._life.take(event)

    def _bridged(self, now: Engagement) -> None:
        if not self._life.allows(_E.BRIDGE):
            return
        now.since = self._parts.clock()
        if self._life.take(_E.BRIDGE) is _S.WRAP_UP:
            self._begin_wrapping(now)

    # Writing down.

    def _begin_wrapping(self, now: Engagement) -> None:
        now.look_up(self._parts.ports.calls)
        if now.explaining is not None:
            now.explaining.cancel()
        self._engaged = None
        length_s = self._parts.options.wrap_up_s
        timer = asyncio.get_running_loop().call_later(length_s, self._wrap_up_late, now.call_id)
        until = self._parts.clock() + timedelta(seconds=length_s)
        self._wrapping = Wrapping(now.call_id, now.info, until, timer)

    def _wrap_up_late(self, call_id: str) -> None:
        if self._wrapping is not None and self._wrapping.call_id == call_id:
            self.end_wrap_up(self._wrapping)

    def end_wrap_up(self, wrapping: Wrapping) -> None:
        """All is written, or the time for it is over; nothing if this wrap-up has ended."""
        if self._wrapping is wrapping:
            self._stop_wrapping(wrapping)
            self._life.take(_E.WRAPPED_UP)
            self.settle()

    def _stop_wrapping(self, wrapping: Wrapping) -> None:
        wrapping.timer.cancel()
        self._wrapping = None
        self._last_call = wrapping.call_id

    def _close_line(self) -> None:
        if self._closing is None or self._closing.done():
            self._closing = asyncio.create_task(self.line.close(), name="desk-line-close")


def _is_of(event: Event, now: Engagement) -> bool:
    """Whether it is about this ring's handoff, and not an earlier one of the same call."""
    if isinstance(event, HandoffMoved | HandoffEnded | HumanRung | BridgeHeld):
        return event.handoff_id == now.handoff_id
    return True
