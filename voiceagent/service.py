"""The running service: calls, the desk of those who take them, the board of those who watch them.

Settings in, a web application out. Everything is on one event loop: calls, their media, requests.
Used as an async context, it ends what it started: no new call is placed, those going on are closed
politely, and whatever is left after that is cut off.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

from fastapi import FastAPI

from voiceagent import __version__
from voiceagent.accounts.sample import sample_records
from voiceagent.app import Application, CallRequest, new_call_id
from voiceagent.calls.controls import CallControls
from voiceagent.desk.api_models import IceServerView, PublicSettings
from voiceagent.desk.call_view import LiveCallInfo
from voiceagent.desk.customer_calls import CustomerCall, CustomerCalls, CustomerOptions
from voiceagent.desk.customer_models import CustomerAccount
from voiceagent.desk.customer_routes import customer_router
from voiceagent.desk.desk_routes import desk_router
from voiceagent.desk.live_calls import LiveCalls
from voiceagent.desk.media_making import for_browsers, ice_servers, media_maker
from voiceagent.desk.parts import Desk
from voiceagent.desk.seat_ports import SeatOptions, SeatPorts
from voiceagent.desk.seats import Seats
from voiceagent.desk.security import DeskSecurity, SecurityOptions
from voiceagent.desk.web import make_app
from voiceagent.domain.errors import CallControlError
from voiceagent.domain.events import LoggedEvent
from voiceagent.handoff.roster import Roster
from voiceagent.service_ports import Book, Checks, Infos
from voiceagent.settings import Settings
from voiceagent.store.desk_store import DeskStore
from voiceagent.store.store import Store
from voiceagent.wiring import utc_now

logger = logging.getLogger(__name__)

PLAYBOOK = "billing_callback"
"""What calls from the customer's page follow."""

BROWSER_HZ = 24_000
"""The rate of a browser's leg."""

# A goodbye and the caller's own; whoever is still talking then is cut off.
_CLOSING_S = 15.0
_OPERATOR = "service"
# A board that becomes a desk loads a page, asks for the microphone and connects anew.
_REOPEN_S = 8.0


class Service:
    """The service, as an async context.

    Raises (on entering):
        VoiceAgentError: see :class:`~voiceagent.app.Application`.
        InputError: an ICE server is set wrongly.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._stack = AsyncExitStack()
        self._application = Application(settings)
        self._web: FastAPI | None = None

    async def __aenter__(self) -> Self:
        # Checked before a minute is spent on models.
        servers = ice_servers(self._settings.ice_servers)
        try:
            await self._stack.enter_async_context(self._application)
            await self._prepare_voice()
            resources = self._application.resources
            roster = Roster()
            live = LiveCalls(roster, utc_now, resources.store.events)
            self._stack.callback(live.close)
            desk_store = DeskStore(resources.store)
            book = Book(resources.store)
            seats = Seats(
                roster,
                SeatPorts(Infos(live), desk_store, book.book, book.forbid),
                utc_now,
                SeatOptions(
                    ring_timeout_s=self._settings.human_ring_timeout_s,
                    wrap_up_s=self._settings.wrap_up_s,
                    reopen_s=_REOPEN_S,
                ),
                media_maker(servers),
            )
            await self._stack.enter_async_context(seats)
            self._stack.callback(live.observe(seats.call_changed))
            caller = _Caller(self._application, self._settings, live, seats, roster)
            customers = CustomerCalls(
                caller.place,
                media_maker(servers),
                roster.name_of,
                CustomerOptions(
                    allowed=self._settings.customer_page,
                    most_calls=self._settings.customer_calls,
                ),
            )
            self._stack.push_async_callback(customers.close)
            self._stack.push_async_callback(_close_politely, live)
            security = await asyncio.to_thread(
                DeskSecurity,
                desk_store,
                utc_now,
                SecurityOptions(secure_cookies=self._settings.desk_secure_cookies),
            )
            self._web = make_app(
                Desk(
                    security=security,
                    store=resources.store,
                    desk_store=desk_store,
                    live_calls=live,
                    lines=seats,
                    prompts=resources.prompts,
                    recordings_dir=self._settings.recordings_dir,
                    make_listening_media=media_maker(servers, microphone=False),
                    settings=PublicSettings(
                        company=self._settings.company,
                        ice_servers=[IceServerView(**each) for each in for_browsers(servers)],
                        wrap_up_s=self._settings.wrap_up_s,
                        customer_page=self._settings.customer_page,
                        ring_timeout_s=self._settings.human_ring_timeout_s,
                        version=__version__,
                    ),
                    checks=Checks(resources).all(),
                    routers=(desk_router(seats), customer_router(customers, self._accounts)),
                )
            )
        except BaseException:
            await self._stack.aclose()
            raise
        return self

    async def __aexit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        await self._stack.aclose()

    @property
    def web(self) -> FastAPI:
        """The web application, to be run on this event loop with its lifespan."""
        assert self._web is not None, "the service is used inside its context"
        return self._web

    @property
    def store(self) -> Store:
        """Where everything is kept."""
        return self._application.resources.store

    async def _prepare_voice(self) -> None:
        """Synthesise the fixed phrases now: the first caller would wait for them for seconds."""
        resources = self._application.resources
        record = sample_records()[0]
        playbook = resources.prompts.playbook(PLAYBOOK, "en")
        await resources.speech.phrases(playbook, record, BROWSER_HZ)

    async def _accounts(self) -> Sequence[CustomerAccount]:
        """Whom a visitor may be: invented customers only."""
        if self._settings.accounts_url:
            return ()
        records = await asyncio.to_thread(sample_records)
        return [
            CustomerAccount(
                id=record.customer.id,
                name=record.customer.name,
                reason=record.callback_reason,
                language=record.customer.language,
            )
            for record in records
        ]


@dataclass(frozen=True, slots=True)
class _Caller:
    """Places calls to browsers and lets desk and board follow them."""

    application: Application
    settings: Settings
    live: LiveCalls
    seats: Seats
    roster: Roster

    async def place(self, wanted: CustomerCall) -> Any:
        """Place one call and see it through.

        Raises:
            VoiceAgentError: it was not placed, or broke.
        """
        resources = self.application.resources
        record = await resources.accounts.load(wanted.account_id)
        call_id = new_call_id()
        folder = self.settings.recordings_dir / call_id
        info = LiveCallInfo(
            call_id=call_id,
            account_id=record.customer.id,
            customer_name=record.customer.name,
            language=record.customer.language,
            leg=wanted.leg.kind,
            phone=record.customer.phone,
            folder=folder,
        )

        def on_live(controls: CallControls) -> None:
            self.live.add(controls, info)

        # Nothing but the machine can keep it from being placed now, and the page may say so.
        wanted.started(call_id)

        async def on_event(logged: LoggedEvent) -> None:
            # In this order: the seats look at what the live calls know.
            await self.live.on_event(logged)
            await self.seats.on_event(logged)
            await wanted.on_event(logged)

        try:
            return await self.application.call(
                CallRequest(
                    leg=wanted.leg,
                    account_id=wanted.account_id,
                    playbook=PLAYBOOK,
                    skills=("billing",),
                    roster=self.roster,
                    out=folder,
                    on_event=on_event,
                    on_live=on_live,
                    call_id=call_id,
                )
            )
        finally:
            self.live.let_go(call_id)


async def _close_politely(live: LiveCalls) -> None:
    """Say goodbye in every call, and wait a little for it."""
    for view in live.in_progress():
        found = live.get(view.info.call_id)
        if found is not None:
            try:
                await found.controls.end(_OPERATOR)
            except CallControlError:
                logger.info("a call is not closed politely: a person has it, or it has not begun")
    deadline = asyncio.get_running_loop().time() + _CLOSING_S
    while live.in_progress() and asyncio.get_running_loop().time() < deadline:
        seen = live.changes.version
        try:
            async with asyncio.timeout_at(deadline):
                await live.changes.newer_than(seen)
        except TimeoutError:
            return
