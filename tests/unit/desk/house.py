"""The whole desk on a real database, with calls whose logs are written as calls write them."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import uvicorn

from tests.unit.desk.scene import PASSWORD, Browser, Clock, quick_passwords
from tests.unit.handoff.written import PARCEL, dialogue
from tests.unit.legs.browsers import until
from tests.unit.supervisor.calls import PAID_TWICE
from voiceagent.calls.controls import CallControls
from voiceagent.calls.event_log import EventLog
from voiceagent.calls.journal import Journal
from voiceagent.calls.recorder import StereoRecorder
from voiceagent.desk.api_models import PublicSettings
from voiceagent.desk.call_view import LiveCallInfo
from voiceagent.desk.live_calls import FollowedCall, LiveCalls, LiveCallsOptions
from voiceagent.desk.parts import Desk, DeskOptions
from voiceagent.desk.security import DeskSecurity, Principal
from voiceagent.desk.sessions import token_hash
from voiceagent.desk.streams import StreamOptions
from voiceagent.desk.web import make_app
from voiceagent.domain.call import CallEvent, CallOutcome
from voiceagent.domain.events import (
    AccountLoaded,
    AnyEvent,
    CallEnded,
    CallPlaced,
    CallSummed,
    LoggedEvent,
)
from voiceagent.domain.handoff import HandoffEvent, HandoffOutcome, new_handoff
from voiceagent.domain.handoff_events import HandoffEnded, HandoffMoved, PacketWritten
from voiceagent.domain.packet import Packet
from voiceagent.handoff.packet_builder import build_packet
from voiceagent.handoff.roster import Availability, Human, Roster
from voiceagent.legs.far_end import RecordedPerson
from voiceagent.legs.recorded import RecordedLeg, RecordedLegOptions
from voiceagent.legs.webrtc_media import MediaPeer
from voiceagent.prompt_library import PromptLibrary
from voiceagent.store import DeskStore, NewCall, Store, open_store
from voiceagent.store.desk_records import ApiToken, DeskUser, Role

SHIPPED_PROMPTS = Path(__file__).parents[3] / "prompts"
DEADLINE_S = 20.0
RATE_HZ = 8000
ROLES = {"agent": Role.AGENT, "supervisor": Role.SUPERVISOR, "admin": Role.ADMIN}
QUICK = DeskOptions(StreamOptions(ping_s=0.05, settle_s=0.0), check_deadline_s=0.2)


class Line:
    """A person's own line, as far as a take-over looks at it."""

    def __init__(self) -> None:
        self.is_up = True
        self.leg: object | None = None


class Lines:
    """Whose lines are open and whose call is whose, as the test says."""

    def __init__(self) -> None:
        self.lines: dict[str, Line] = {}
        self.on_roster: list[str] = []
        self.theirs: set[tuple[str, str]] = set()

    def line_of(self, user_id: str) -> Any:
        return self.lines.get(user_id)

    def ensure_on_roster(self, principal: Principal) -> None:
        self.on_roster.append(principal.id)

    def may_follow(self, user_id: str, call_id: str) -> bool:
        return (user_id, call_id) in self.theirs


class Deeds:
    """Notes what a call was told to do."""

    def __init__(self) -> None:
        self.done: list[tuple[str, ...]] = []
        self.with_person = False

    def agent_may_answer(self) -> bool:
        return not self.with_person

    def hint(self, text: str) -> None:
        self.done.append(("hint", text))

    def put_through(self, human_id: str) -> None:
        self.done.append(("put_through", human_id))

    def close_call(self) -> None:
        self.done.append(("close",))


class StagedCall:
    """One call: a real log, journal, controls and leg, driven by the test."""

    def __init__(self, house: House, call_id: str, account_id: str = "C-1002") -> None:
        self.house = house
        self.id = call_id
        self.account_id = account_id
        self.log = EventLog(house.store, call_id, house.clock)
        options = RecordedLegOptions(RATE_HZ, ring_ms=1)
        self.leg = RecordedLeg(RecordedPerson((), RATE_HZ // 50 * 2, 10_000_000), options)
        self.journal = Journal(self.log, self.leg, "en")
        self.deeds = Deeds()
        self.controls = CallControls(call_id, self.leg, self.journal, self.deeds)  # type: ignore[arg-type]

    @property
    def followed(self) -> FollowedCall:
        found = self.house.live_calls.get(self.id)
        assert found is not None
        return found

    async def report(self, *events: AnyEvent) -> None:
        for event in events:
            await self.journal.report(lambda _ms, event=event: event)  # type: ignore[misc]
        await self.told()

    async def told(self) -> None:
        """Until everything committed has reached those who follow."""
        followed = self.house.live_calls.get(self.id)
        if followed is not None:
            await until(lambda: followed.last_seq == len(self.log.events()))

    async def places(self) -> None:
        await self.report(
            CallPlaced(
                at_ms=0,
                account_id=self.account_id,
                playbook="billing",
                language="en",
                reason="asked about a charge",
                leg="recorded",
            ),
            AccountLoaded(at_ms=0, record=PAID_TWICE),
        )

    async def opens(self) -> None:
        await self.places()
        await self.journal.move(CallEvent.ANSWERED)
        await self.journal.move(CallEvent.DISCLOSURE_PLAYED)
        await self.journal.move(CallEvent.CONVERSATION_OPENED)
        await self.told()

    async def talks(self, *lines: str) -> None:
        """Turns of both, judged by the real supervisor."""
        await self.report(*dialogue(*(lines or PARCEL)))

    async def holds(self) -> Packet:
        """The caller waits; the packet is written."""
        await self.journal.move(CallEvent.HOLD_STARTED)
        packet = build_packet(self.id, self.log.events(), 1)
        await self.report(PacketWritten(at_ms=self.now_ms, packet=packet))
        return packet

    @property
    def now_ms(self) -> int:
        return max((e.event.at_ms for e in self.log.events()), default=0)

    async def hands_over(self, *steps: tuple[HandoffEvent, str]) -> None:
        machine = new_handoff()
        for event, human in steps:
            source = machine.state
            await self.report(
                HandoffMoved(
                    at_ms=self.now_ms,
                    handoff_id="h-1",
                    source=source,
                    event=event,
                    target=machine.take(event),
                    human=human,
                )
            )

    async def bridges(self, human: str) -> None:
        """A human is rung, accepts and is connected."""
        await self.hands_over(
            (HandoffEvent.ANNOUNCE, ""),
            (HandoffEvent.SEEK, ""),
            (HandoffEvent.RING, human),
            (HandoffEvent.ACCEPT, human),
            (HandoffEvent.BRIEFED, human),
            (HandoffEvent.BRIDGE, human),
        )
        await self.journal.move(CallEvent.BRIDGE_OPENED)
        await self.told()

    async def ends(
        self,
        outcome: CallOutcome = CallOutcome.RESOLVED,
        handoff: HandoffOutcome | None = None,
    ) -> None:
        if handoff is not None:
            await self.report(HandoffEnded(at_ms=self.now_ms, handoff_id="h-1", outcome=handoff))
        packet = build_packet(self.id, self.log.events(), 9)
        await self.report(
            CallSummed(at_ms=self.now_ms, packet=packet, disposition=outcome),
            CallEnded(at_ms=self.now_ms, outcome=outcome, reason="completed"),
        )
        await self.close()

    async def close(self) -> None:
        await self.leg.hang_up()
        await self.log.close()


class House:
    """Everything the application is handed, and the application."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        folder: Path,
        options: DeskOptions = QUICK,
        make_media: Any = lambda: MediaPeer((), microphone=False),
        linger_s: float = 60.0,
        prompts: Path = SHIPPED_PROMPTS,
    ) -> None:
        self.store = store
        self.desk_store = DeskStore(store)
        self.clock = clock
        self.passwords = quick_passwords()
        self.security = DeskSecurity(self.desk_store, clock, passwords=self.passwords)
        self.roster = Roster()
        self.live_calls = LiveCalls(
            self.roster, clock, store.events, LiveCallsOptions(linger_s=linger_s)
        )
        self.lines = Lines()
        self.recordings_dir = folder / "recordings"
        self.checks: dict[str, Any] = {}
        self.desk = Desk(
            security=self.security,
            store=store,
            desk_store=self.desk_store,
            live_calls=self.live_calls,
            lines=self.lines,
            prompts=PromptLibrary(prompts),
            recordings_dir=self.recordings_dir,
            make_listening_media=make_media,
            settings=PublicSettings(
                company="Larkfield Broadband",
                ice_servers=[],
                wrap_up_s=120,
                customer_page=False,
                ring_timeout_s=20,
                version="0.1.0",
            ),
            checks=self.checks,
            options=options,
        )
        self.app = make_app(self.desk)
        self._calls: list[StagedCall] = []

    @property
    def parts(self) -> Any:
        return self.app.state.desk_running

    # People

    def add_user(self, name: str, roles: Iterable[Role]) -> DeskUser:
        user = DeskUser(
            f"u-{name}", name, name.title(), tuple(roles), ("en",), (), False, self.clock()
        )
        self.desk_store.add_user(user, self.passwords.hash(PASSWORD))
        return user

    def add_token(self, text: str, roles: Iterable[Role]) -> None:
        until = datetime(2030, 1, 1, tzinfo=UTC)
        made = ApiToken("t-1", token_hash(text), "crm", tuple(roles), self.clock(), until)
        self.desk_store.add_token(made)

    def join(self, user: DeskUser, availability: Availability = Availability.AVAILABLE) -> Human:
        human = Human(user.id, user.display_name, ("en",), lambda _: None, (), availability)  # type: ignore[arg-type, return-value]
        self.roster.join(human)
        return human

    def browser(self) -> Browser:
        transport = httpx.ASGITransport(
            app=self.app, client=("192.0.2.1", 50000), raise_app_exceptions=False
        )
        return Browser(transport=transport, base_url="http://desk.test")

    @contextlib.asynccontextmanager
    async def signed_in(self, role: str) -> AsyncIterator[Browser]:
        """A browser of somebody with this role, who is named after it; made at its first use."""
        if self.desk_store.user(f"u-{role}") is None:
            self.add_user(role, (ROLES[role],))
        async with self.browser() as browser:
            answer = await browser.sign_in(role)
            assert answer.status_code == 200
            yield browser

    def deeds(self) -> list[tuple[str, str, str]]:
        """Who did what to what, sign-ins left out, the first deed first."""
        events = reversed(self.desk_store.audit_events(1000))
        return [(e.who, e.what, e.subject) for e in events if not e.what.startswith("sign")]

    # Calls

    def call(
        self,
        call_id: str = "c-1",
        *,
        live: bool = True,
        account: str = "C-1002",
        recorded: bool = True,
    ) -> StagedCall:
        """A call that has begun, followed if it is live."""
        new = NewCall(call_id, account, "+13125550102", "billing", "en", "recorded", self.clock())
        self.store.begin_call(new)
        call = StagedCall(self, call_id, account)
        if live:
            info = LiveCallInfo(
                call_id,
                account,
                "James Whitfield",
                "en",
                "recorded",
                "+13125550102",
                self.recordings_dir / call_id if recorded else None,
            )
            self.live_calls.add(call.controls, info)
            call.log.subscribe(self.live_calls.on_event)
        self._calls.append(call)
        return call

    async def ended_call(self, call_id: str = "c-1", **how: Any) -> StagedCall:
        """A call that was had to its end before."""
        call = self.call(call_id, live=False, account=how.pop("account", "C-1002"))
        await call.opens()
        await call.talks()
        await call.ends(**how)
        return call

    def recorder(self, call_id: str) -> StereoRecorder:
        folder = self.recordings_dir / call_id
        folder.mkdir(parents=True, exist_ok=True)
        return StereoRecorder(folder / "call.wav", RATE_HZ)

    async def close(self) -> None:
        for call in self._calls:
            await call.close()
        await self.parts.listeners.close()
        self.live_calls.close()


class Server:
    """The application behind a real socket, with its lifespan."""

    def __init__(self, app: Any) -> None:
        config = uvicorn.Config(
            app, host="127.0.0.1", port=0, log_config=None, timeout_graceful_shutdown=5
        )
        self._server = uvicorn.Server(config)
        self.url = ""

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[Server]:
        serving = asyncio.create_task(self._server.serve())
        try:
            await until(lambda: self._server.started)
            self.port = self._server.servers[0].sockets[0].getsockname()[1]
            self.url = f"http://127.0.0.1:{self.port}"
            yield self
        finally:
            self._server.should_exit = True
            async with asyncio.timeout(DEADLINE_S):
                await serving

    def unsent_bytes(self) -> int:
        """What the server holds for readers that do not take it."""
        connections = self._server.server_state.connections
        return sum(each.transport.get_write_buffer_size() for each in connections)


async def server_events(answer: httpx.Response) -> AsyncIterator[tuple[str, str]]:
    """Name and data of each event of a stream; comments are left out."""
    name = ""
    async for line in answer.aiter_lines():
        if line.startswith("event: "):
            name = line.removeprefix("event: ")
        elif line.startswith("data: "):
            yield name, line.removeprefix("data: ")


def tail(events: Iterable[LoggedEvent]) -> list[int]:
    """The numbers of events."""
    return [each.seq for each in events]


@contextlib.asynccontextmanager
async def opened_house(folder: Path, **how: Any) -> AsyncIterator[House]:
    """A house in a folder of its own, closed at the end."""
    with open_store(folder / "desk.db") as store:
        house = House(store, Clock(), folder, **how)
        try:
            yield house
        finally:
            await house.close()
