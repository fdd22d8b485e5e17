"""The composition root: settings in, a running service out.

It is the only place that knows every part. It opens the store and the records, loads the models
once for all calls, starts the local language model if none is configured, and makes what one call
runs on. Used as an async context manager, it ends everything it started.
"""

from __future__ import annotations

import asyncio
import logging
import uuid
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar

from voiceagent.accounts.http import HttpAccounts
from voiceagent.accounts.protocol import AccountService
from voiceagent.accounts.sample import DATABASE_NAME, SampleAccounts
from voiceagent.calls.controls import CallControls
from voiceagent.calls.event_log import EventLog
from voiceagent.calls.live_call import LiveCall
from voiceagent.calls.order import CallOrder, CallResult
from voiceagent.calls.outputs import RECORDING, prepare_folder, write_outputs
from voiceagent.dialogue.llm import (
    LlmEndpoint,
    check_endpoint,
    resolve_model,
)
from voiceagent.dialogue.local_llm import LocalLlmServer
from voiceagent.dialogue.second_opinion import SecondOpinion
from voiceagent.domain.errors import NumberBlockedError
from voiceagent.domain.events import LoggedEvent
from voiceagent.handoff.roster import Human, Roster
from voiceagent.legs.leg import Leg
from voiceagent.legs.recorded import RecordedLeg
from voiceagent.prompt_library import PromptLibrary
from voiceagent.settings import Settings
from voiceagent.speech.model_pool import ModelPool
from voiceagent.store.opening import open_store
from voiceagent.store.records import NewCall
from voiceagent.store.store import Store
from voiceagent.wiring import (
    Resources,
    SpeechModels,
    call_parts,
    local_model_server,
    turn_reader,
    utc_now,
)

logger = logging.getLogger(__name__)

_Part = TypeVar("_Part")
OnEvent = Callable[[LoggedEvent], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class CallRequest:
    """A call to place.

    Attributes:
        leg: how the callee is reached.
        account_id: whom the records know the callee as.
        playbook: its name in ``prompts/playbooks``.
        language: BCP 47 primary tag; empty for the account's own.
        humans: who may take the call over.
        roster: the same, shared with other calls; it outranks ``humans``.
        skills: what a human has to be able to deal with, e.g. ``billing``; whoever has most of
            them is rung where nobody has all.
        out: folder for recording and files; None for none.
        on_event: told every event once it is committed, for watching along.
        on_live: handed what may be done with the call from outside, before it is dialled.
        call_id: the call's identifier; empty for a new one.
    """

    leg: Leg
    account_id: str
    playbook: str
    language: str = ""
    humans: tuple[Human, ...] = ()
    skills: tuple[str, ...] = ()
    out: Path | None = None
    on_event: OnEvent | None = None
    roster: Roster | None = None
    on_live: Callable[[CallControls], None] | None = None
    call_id: str = ""


def new_call_id() -> str:
    """An identifier for a call, sorted by the moment it is made."""
    return f"{utc_now():%Y%m%d-%H%M%S}-{uuid.uuid4().hex[:8]}"


class Application:
    """The running service.

    Raises (on entering):
        WeightsError: weights are missing or wrong.
        LanguageModelError: the configured model cannot be used, or the local one not started.
        AccountsUnavailableError, StoreError, PlaybookError: what their names say.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._stack = AsyncExitStack()
        self._resources: Resources | None = None

    async def __aenter__(self) -> Self:
        try:
            await self._open()
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

    async def _open(self) -> None:
        settings, stack = self._settings, self._stack
        # Cheap checks first: a typing error should not cost a minute of loading.
        prompts = PromptLibrary(settings.prompts_dir)
        await asyncio.to_thread(prompts.refresh)
        # Raises here, if they cannot be used.
        _ = prompts.policy, prompts.hold_wishes, prompts.instructions
        endpoint = await self._remote_endpoint() if settings.llm_url else None
        store = await asyncio.to_thread(open_store, settings.store_url)
        stack.callback(store.close)
        accounts = await self._open_accounts()
        pool = ModelPool(settings.model_workers)
        stack.push_async_callback(pool.close)
        speech = await asyncio.to_thread(SpeechModels.load, settings, pool)
        reader = await asyncio.to_thread(turn_reader)
        local: LocalLlmServer | None = None
        if endpoint is None:
            server = await asyncio.to_thread(local_model_server, settings)
            local = await stack.enter_async_context(server)
            endpoint = local.endpoint
        opinion = self._open_second_opinion(endpoint)
        self._resources = Resources(
            settings, prompts, store, accounts, speech, endpoint, reader, local, opinion
        )

    def _open_second_opinion(self, endpoint: LlmEndpoint) -> SecondOpinion | None:
        wanted = self._settings.second_opinion
        if not (bool(self._settings.llm_url) if wanted is None else wanted):
            return None
        opinion = SecondOpinion.of_endpoint(endpoint, self._settings.second_opinion_deadline_s)
        self._stack.push_async_callback(opinion.close)
        return opinion

    async def _remote_endpoint(self) -> LlmEndpoint:
        settings = self._settings
        key = settings.llm_api_key.get_secret_value()
        endpoint = LlmEndpoint(
            settings.llm_url, settings.llm_model, key, constrained=settings.llm_constrained
        )
        if not endpoint.model:
            return await resolve_model(endpoint)
        await check_endpoint(endpoint.url, endpoint.model, key)
        return endpoint

    async def _open_accounts(self) -> AccountService:
        settings = self._settings
        if settings.accounts_url:
            remote = HttpAccounts(settings.accounts_url, settings.accounts_token.get_secret_value())
            self._stack.push_async_callback(remote.close)
            return remote
        sample = await SampleAccounts.open(settings.data_dir / DATABASE_NAME)
        self._stack.push_async_callback(sample.close)
        return sample

    # One call.

    async def call(self, request: CallRequest) -> CallResult:
        """Place one call and see it through; its log is in the store from the first event.

        Raises:
            AccountNotFoundError, PlaybookError, InputError: the request cannot be carried out;
                nothing was dialled.
            StoreError: the log or the files could not be written.
        """
        resources = self._opened
        record = await resources.accounts.load(request.account_id)
        await require_callable(resources.store, record.customer.phone, request.leg)
        language = request.language or record.customer.language
        await asyncio.to_thread(resources.prompts.refresh)
        playbook = resources.prompts.playbook(request.playbook, language)
        if request.out is not None:
            await asyncio.to_thread(prepare_folder, request.out)
        call_id = request.call_id or new_call_id()
        phrases = await resources.speech.phrases(playbook, record, request.leg.sample_rate_hz)
        order = CallOrder(
            call_id=call_id,
            record=record,
            playbook=playbook,
            company=self._settings.company,
            recording=request.out / RECORDING if request.out else None,
            ring_timeout_s=self._settings.ring_timeout_s,
            longest_s=self._settings.longest_call_s,
            skills=request.skills,
        )
        new = NewCall(
            id=call_id,
            account_id=record.customer.id,
            phone=record.customer.phone,
            playbook=playbook.name,
            language=language,
            leg=request.leg.kind,
            started_at=utc_now(),
        )
        await asyncio.to_thread(resources.store.begin_call, new)
        log = EventLog(resources.store, call_id, utc_now)
        try:
            if request.on_event is not None:
                log.subscribe(request.on_event)
            roster = request.roster if request.roster is not None else Roster(request.humans)
            call = LiveCall(order, request.leg, call_parts(resources, roster, phrases), log)
            if request.on_live is not None:
                request.on_live(call.controls)
            result = await call.run()
        finally:
            await log.close()
        if request.out is not None:
            await asyncio.to_thread(write_outputs, request.out, log.events(), result.recording)
        return result

    @property
    def resources(self) -> Resources:
        """What calls share, for those who put a call together themselves, as the bench does."""
        return self._opened

    @property
    def _opened(self) -> Resources:
        assert self._resources is not None, "the application is used inside its context"
        return self._resources


async def require_callable(store: Store, phone: str, leg: Leg) -> None:
    """Nothing, if this number may be called on this leg.

    Raises:
        NumberBlockedError: its owner forbade calls.
    """
    # A recording has no telephone that could ring, and is called again and again in tests.
    if leg.kind == RecordedLeg.kind:
        return
    if await asyncio.to_thread(store.blocked_number, phone) is not None:
        raise NumberBlockedError("This number may not be called: its owner said so.")
