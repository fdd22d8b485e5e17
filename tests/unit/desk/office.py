"""Seats on a real store and roster, and calls with real handoffs; only the sound is left out.

Lines, legs, ringing, bridge and the handoff's coordinator are the real ones. A line's connection
is up when a test says so, and the caller's side of the call does at once what it is asked for.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

from tests.unit.desk.scene import START, Clock, Desk
from voiceagent.desk.permissions import permissions_of
from voiceagent.desk.seat import Seat
from voiceagent.desk.seat_deeds import SeatDeeds
from voiceagent.desk.seat_ports import CallInfo, SeatOptions, SeatPorts
from voiceagent.desk.seats import Seats
from voiceagent.desk.security import Principal
from voiceagent.domain.event import Event
from voiceagent.domain.events import LoggedEvent
from voiceagent.domain.handoff import HandoffOutcome
from voiceagent.domain.packet import Packet
from voiceagent.domain.verdict import Trigger, TriggerKind
from voiceagent.handoff.coordinator import (
    Handoff,
    HandoffOptions,
    HandoffPhrases,
    HeardOnHold,
    Need,
    Whispered,
)
from voiceagent.handoff.roster import Availability, Roster, Summons
from voiceagent.legs.leg import Leg
from voiceagent.legs.webrtc import BrowserLeg
from voiceagent.legs.webrtc_media import MediaPeer, MediaState
from voiceagent.store import DeskStore, open_store
from voiceagent.store.desk_records import Role
from voiceagent.store.records import NewCall
from voiceagent.store.store import Store

DEADLINE_S = 20.0
QUICK = SeatOptions(away_s=0.2, explain_s=5.0, reopen_s=0.3, act_s=5.0, brief_by_voice=True)
"""Impatient where a test waits for it, patient where something must come."""


def options(**changes: float) -> SeatOptions:
    """The quick ones, with other times."""
    return replace(QUICK, **changes)  # type: ignore[arg-type]


PHRASES = HandoffPhrases(announcement="I connect you.", comfort=(), connecting="Here is {name}.")
WHY = (Trigger(TriggerKind.ANGER, 0.9),)


async def until(what: Callable[[], object]) -> None:
    async with asyncio.timeout(DEADLINE_S):
        while not what():  # noqa: ASYNC110  # nothing tells when it is so
            await asyncio.sleep(0.005)


class SilentMedia(MediaPeer):
    """A connection that is up, or lost, when a test says so."""

    async def answer(self, sdp: str) -> str:
        self._set(MediaState.CONNECTING)
        return f"answer to {sdp}"

    def come_up(self) -> None:
        self._set(MediaState.UP)

    def lose(self) -> None:
        self._over(MediaState.LOST)


class Infos:
    """What is known of live calls."""

    def __init__(self) -> None:
        self.known: dict[str, CallInfo] = {}
        self.on_hold = 0

    def info(self, call_id: str) -> CallInfo | None:
        return self.known.get(call_id)

    def live(self) -> int:
        return len(self.known)

    def waiting(self) -> int:
        return self.on_hold


class Office:
    """People at their desks."""

    def __init__(
        self,
        store: Store,
        options: SeatOptions = QUICK,
        make_media: Callable[[], MediaPeer] | None = None,
    ) -> None:
        self.clock = Clock()
        self.store = store
        self.desk_store = DeskStore(store)
        self.desk = Desk(self.desk_store, self.clock)
        self.infos = Infos()
        self.booked: list[tuple[str, datetime, str]] = []
        self.forbidden: list[str] = []
        self.media: list[SilentMedia] = []
        self.roster = Roster()
        ports = SeatPorts(self.infos, self.desk_store, self._book, self._forbid)
        make_media = make_media or self._silent
        self.seats = Seats(self.roster, ports, self.clock, options, make_media)
        self.log: list[Event] = []
        self.calls: list[Call] = []

    async def _book(self, call_id: str, due_at: datetime, reason: str) -> None:
        self.booked.append((call_id, due_at, reason))

    async def _forbid(self, call_id: str) -> None:
        self.forbidden.append(call_id)

    def _silent(self) -> SilentMedia:
        self.media.append(SilentMedia(()))
        return self.media[-1]

    def principal(self, name: str, roles: Iterable[Role] = (Role.AGENT,)) -> Principal:
        roles = tuple(roles)
        return Principal(
            f"u-{name}", name.title(), roles, ("en",), ("billing",), permissions_of(roles)
        )

    async def person(self, name: str, roles: Iterable[Role] = (Role.AGENT,)) -> Person:
        """Somebody with an open line, who takes calls if they may."""
        person = Person(self, self.principal(name, roles))
        await person.open_line()
        person.deeds.seat.choose(
            Availability.AVAILABLE if Role.AGENT in roles else Availability.PAUSED
        )
        return person

    def call(self, call_id: str = "c1", customer_name: str = "James Whitfield") -> Call:
        """A live call with somebody who is angry."""
        waiting_since = self.clock() - timedelta(seconds=7)
        self.infos.known[call_id] = CallInfo(
            customer_name, "+15550100", "en", "A refund.", WHY, "upset", 0.8, waiting_since
        )
        self.store.begin_call(NewCall(call_id, "C-1", "+15550100", "p", "en", "webrtc", START))
        self.calls.append(Call(self, call_id))
        return self.calls[-1]

    async def tell(self, call_id: str, event: Event) -> None:
        """An event was committed."""
        self.log.append(event)
        await self.seats.on_event(LoggedEvent(call_id, len(self.log), self.clock(), event))  # type: ignore[arg-type]


class Person:
    """Somebody at the desk."""

    def __init__(self, office: Office, principal: Principal) -> None:
        self.office = office
        self.principal = principal
        self.id = principal.id
        self.deeds: SeatDeeds = office.seats.deeds_of(principal)
        self.seat: Seat = self.deeds.seat
        self.told: list[str] = []
        self._windows = self.seat.windows.open()
        self.window = self._windows.__enter__()

    async def open_line(self) -> SilentMedia:
        await self.seat.line.open("offer")
        media = self.seat.line.media
        assert isinstance(media, SilentMedia)
        media.come_up()
        return media

    def close_page(self) -> None:
        """The tab is closed: neither stream nor line any more."""
        self._windows.__exit__(None, None, None)
        media = self.seat.line.media
        assert isinstance(media, SilentMedia)
        media._over(MediaState.CLOSED)

    def come_back(self) -> None:
        """The page is opened anew."""
        self._windows = self.seat.windows.open()
        self.window = self._windows.__enter__()

    @property
    def on_roster(self) -> Availability:
        return self.office.roster.availability(self.id)

    @property
    def life(self) -> str:
        return self.seat.life.value

    async def is_(self, life: str) -> None:
        await until(lambda: self.life == life)

    def notices(self) -> list[str]:
        """The codes of what they were told so far."""
        while notice := self.window.next_notice():
            self.told.append(notice.code.value)
        return self.told

    async def was_told(self, *codes: str) -> None:
        await until(lambda: self.notices() == list(codes))

    @property
    def offer_id(self) -> str:
        offer = self.seat.state().offer
        assert offer is not None
        return offer.id

    async def takes(self, call_id: str = "c1") -> None:
        """Take the call that rings, and talk."""
        await self.is_("offered")
        await self.deeds.accept(self.offer_id)
        await self.is_("bridged")
        call = self.seat.state().call
        assert call is not None
        assert call.call_id == call_id


class CallersLeg(BrowserLeg):
    """The caller is on the line, and silent."""

    @property
    def is_up(self) -> bool:
        return self._gone is None


class Call:
    """A caller who is to be handed over; the call's side of a handoff (``CallerSide``)."""

    def __init__(self, office: Office, call_id: str) -> None:
        self.office = office
        self.call_id = call_id
        self.caller: BrowserLeg = CallersLeg(24_000)
        self.gone = asyncio.Event()
        self.wishes: asyncio.Queue[HeardOnHold] = asyncio.Queue()
        self.resumed: list[str] = []
        self.fell_back: list[HandoffOutcome] = []
        self.whispering = asyncio.Event()
        self.whispering.set()
        self.task: asyncio.Task[HandoffOutcome] | None = None
        self.handoffs = 0

    def hand_over(
        self, *, ring_timeout_s: float = 15.0, at_once: int = 1, only: str = ""
    ) -> asyncio.Task[HandoffOutcome]:
        self.handoffs += 1
        options = HandoffOptions(ring_timeout_s=ring_timeout_s, ring_at_once=at_once)
        summons = Summons(self.call_id, f"{self.call_id}-h{self.handoffs}")
        handoff = Handoff(summons, self, self.office.roster, self._report, PHRASES, options)
        need = Need(preferred_languages=("en",), only=only)
        self.task = asyncio.create_task(handoff.run("en", need))
        return self.task

    async def over(self) -> HandoffOutcome:
        assert self.task is not None
        async with asyncio.timeout(DEADLINE_S):
            return await self.task

    async def close(self) -> None:
        if self.task is not None and not self.task.done():
            self.task.cancel()
            await asyncio.wait({self.task})

    async def _report(self, make: Callable[[int], Event]) -> None:
        await asyncio.sleep(0)
        await self.office.tell(self.call_id, make(0))

    @property
    def leg(self) -> Leg:
        return self.caller

    async def say(self, text: str, *, interruptible: bool = True) -> bool:
        return True

    async def hold(self) -> None:
        pass

    async def bridge_opened(self, human_rate_hz: int) -> None:
        pass

    async def bridge_closed(self) -> None:
        pass

    async def next_wish(self) -> HeardOnHold:
        return await self.wishes.get()

    async def fall_back(self, outcome: HandoffOutcome) -> None:
        self.fell_back.append(outcome)

    async def resume(self, outcome: HandoffOutcome, instruction: str) -> None:
        self.resumed.append(instruction)

    async def whisper(self, leg: Leg, packet: Packet) -> Whispered:
        await self.whispering.wait()
        return Whispered("", heard=True)

    def human_frame(self, pcm: bytes) -> None:
        pass

    def write_packet(self, version: int) -> Packet:
        packet = Packet(version, self.call_id, customer_name="James Whitfield")
        known = self.office.infos.known[self.call_id]
        self.office.infos.known[self.call_id] = replace(known, packet=packet)
        return packet

    async def improve_packet(self, packet: Packet) -> Packet | None:
        return None


@asynccontextmanager
async def open_office(
    folder: Path,
    options: SeatOptions = QUICK,
    make_media: Callable[[], MediaPeer] | None = None,
) -> AsyncIterator[Office]:
    """An office; afterwards nothing of it may be left running."""
    before = asyncio.all_tasks()
    with open_store(folder / "office.db") as store:
        office = Office(store, options, make_media)
        async with office.seats:
            try:
                yield office
            finally:
                for call in office.calls:
                    await call.close()
    async with asyncio.timeout(DEADLINE_S):
        while left_running(before):  # noqa: ASYNC110  # nothing tells when it is so
            await asyncio.sleep(0.01)


def left_running(before: set[asyncio.Task[object]]) -> list[str]:
    """Tasks that are there now and were not, but for the one that watches over all streams."""
    tasks = asyncio.all_tasks() - before - {asyncio.current_task()}
    names = [getattr(task.get_coro(), "__qualname__", "") for task in tasks]
    return [name for name in names if name != "_shutdown_watcher"]
