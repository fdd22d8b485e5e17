"""The composition root: settings in, a running service out.

It is the only place that knows every part. It opens the store and the records, loads the models
once for all calls, starts the local language model if none is configured, and makes what one call
runs on. Used as an async context manager, it ends everything it started.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import uuid
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar

from pipecat.services.openai.llm import OpenAILLMService

from voiceagent.accounts.http import HttpAccounts
from voiceagent.accounts.protocol import AccountService
from voiceagent.accounts.sample import DATABASE_NAME, SampleAccounts
from voiceagent.calls.booking import StoreBook
from voiceagent.calls.event_log import EventLog
from voiceagent.calls.live_call import LiveCall
from voiceagent.calls.order import CallOrder, CallParts, CallResult, ToolDescription
from voiceagent.calls.outputs import RECORDING, prepare_folder, write_outputs
from voiceagent.dialogue.llm import (
    LlmCallbacks,
    LlmEndpoint,
    LlmOptions,
    check_endpoint,
    resolve_model,
)
from voiceagent.dialogue.llm_stage import make_llm
from voiceagent.dialogue.local_llm import LocalLlmOptions, LocalLlmServer
from voiceagent.dialogue.playbook import Playbook, load_playbook
from voiceagent.domain.account import AccountRecord
from voiceagent.domain.errors import NumberBlockedError, WeightsError
from voiceagent.domain.events import LoggedEvent
from voiceagent.handoff.coordinator import HandoffOptions
from voiceagent.handoff.roster import Human, Roster
from voiceagent.legs.leg import Leg
from voiceagent.legs.recorded import RecordedLeg
from voiceagent.settings import Settings
from voiceagent.speech.listening import ListeningOptions, ListeningService
from voiceagent.speech.model_pool import ModelPool
from voiceagent.speech.recogniser import Recogniser, RecogniserOptions
from voiceagent.speech.speaking import SpeakingOptions, SpeakingService
from voiceagent.speech.synthesis import PreparedPhrases
from voiceagent.speech.utterance_listener import ListenerOptions, OnUtterance, UtteranceListener
from voiceagent.speech.voice_activity_analyzer import VoiceActivityAnalyzer
from voiceagent.speech.voices import Voice, choose_voice
from voiceagent.store.opening import open_store
from voiceagent.store.records import NewCall
from voiceagent.store.store import Store
from voiceagent.supervisor.policy import load_policy
from voiceagent.supervisor.watcher import Supervisor
from voiceagent.weights.verification import locate

logger = logging.getLogger(__name__)

_Part = TypeVar("_Part")
OnEvent = Callable[[LoggedEvent], Awaitable[None]]


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class CallRequest:
    """A call to place.

    Attributes:
        leg: how the callee is reached.
        account_id: whom the records know the callee as.
        playbook: its name in ``prompts/playbooks``.
        language: BCP 47 primary tag; empty for the account's own.
        humans: who may take the call over.
        out: folder for recording and files; None for none.
        on_event: told every event once it is committed, for watching along.
    """

    leg: Leg
    account_id: str
    playbook: str
    language: str = ""
    humans: tuple[Human, ...] = ()
    out: Path | None = None
    on_event: OnEvent | None = None


@dataclass(slots=True)
class _Speech:
    """Models shared by all calls."""

    pool: ModelPool
    recogniser: Recogniser
    voices: dict[str, PreparedPhrases] = field(default_factory=dict)


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
        self._store: Store | None = None
        self._accounts: AccountService | None = None
        self._speech: _Speech | None = None
        self._endpoint: LlmEndpoint | None = None
        self._local: LocalLlmServer | None = None
        self._voice_lock = asyncio.Lock()

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
        settings = self._settings
        # Cheap checks first: a typing error should not cost a minute of loading.
        load_policy(settings.prompts_dir / "supervisor.yaml")
        if settings.llm_url:
            self._endpoint = await self._remote_endpoint()
        self._store = await asyncio.to_thread(open_store, settings.store_url)
        self._stack.callback(self._store.close)
        self._accounts = await self._open_accounts()
        self._speech = await self._load_speech()
        if self._endpoint is None:
            self._endpoint = await self._start_local_model()

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

    async def _load_speech(self) -> _Speech:
        settings = self._settings
        pool = ModelPool(settings.model_workers)
        self._stack.push_async_callback(pool.close)
        folder = await asyncio.to_thread(locate, settings.whisper, settings.weights_dir)
        options = RecogniserOptions(workers=settings.model_workers)
        recogniser = await asyncio.to_thread(Recogniser, folder, options)
        await asyncio.to_thread(recogniser.warm_up)
        return _Speech(pool, recogniser)

    async def _start_local_model(self) -> LlmEndpoint:
        settings = self._settings
        folder = await asyncio.to_thread(locate, settings.local_llm, settings.weights_dir)
        weights = next(iter(sorted(folder.glob("*.gguf"))), None)
        if weights is None:
            raise WeightsError(
                f"'{settings.local_llm}' is no language model.",
                "Choose one of the GGUF models of 'voiceagent models list'.",
            )
        options = LocalLlmOptions(
            threads=settings.local_llm_threads, conversations=settings.local_llm_conversations
        )
        self._local = await self._stack.enter_async_context(LocalLlmServer(weights, options))
        return self._local.endpoint

    # One call.

    async def call(self, request: CallRequest) -> CallResult:
        """Place one call and see it through; its log is in the store from the first event.

        Raises:
            AccountNotFoundError, PlaybookError, InputError: the request cannot be carried out;
                nothing was dialled.
            StoreError: the log or the files could not be written.
        """
        store, accounts = self._opened(self._store), self._opened(self._accounts)
        record = await accounts.load(request.account_id)
        await self._require_callable(record.customer.phone, request.leg)
        language = request.language or record.customer.language
        playbook = load_playbook(self._settings.prompts_dir, request.playbook, language)
        if request.out is not None:
            await asyncio.to_thread(prepare_folder, request.out)
        call_id = f"{datetime.now(UTC):%Y%m%d-%H%M%S}-{uuid.uuid4().hex[:8]}"
        phrases = await self._phrases(playbook, record, request.leg.sample_rate_hz)
        order = CallOrder(
            call_id=call_id,
            record=record,
            playbook=playbook,
            company=self._settings.company,
            recording=request.out / RECORDING if request.out else None,
            ring_timeout_s=self._settings.ring_timeout_s,
            longest_s=self._settings.longest_call_s,
        )
        new = NewCall(
            id=call_id,
            account_id=record.customer.id,
            phone=record.customer.phone,
            playbook=playbook.name,
            language=language,
            leg=request.leg.kind,
            started_at=datetime.now(UTC),
        )
        await asyncio.to_thread(store.begin_call, new)
        log = EventLog(store, call_id, _now)
        try:
            if request.on_event is not None:
                log.subscribe(request.on_event)
            call = LiveCall(order, request.leg, self._parts(request.humans, phrases), log)
            result = await call.run()
        finally:
            await log.close()
        if request.out is not None:
            await asyncio.to_thread(write_outputs, request.out, log.events(), result.recording)
        return result

    async def _require_callable(self, phone: str, leg: Leg) -> None:
        # A recording has no telephone that could ring, and is called again and again in tests.
        if leg.kind == RecordedLeg.kind:
            return
        blocked = await asyncio.to_thread(self._opened(self._store).blocked_number, phone)
        if blocked is not None:
            raise NumberBlockedError("This number may not be called: its owner said so.")

    def _parts(self, humans: tuple[Human, ...], phrases: PreparedPhrases) -> CallParts:
        speech = self._opened(self._speech)
        endpoint = self._opened(self._endpoint)
        policy = load_policy(self._settings.prompts_dir / "supervisor.yaml")

        def listening(
            voice_activity: VoiceActivityAnalyzer, record: AccountRecord
        ) -> ListeningService:
            options = ListeningOptions(
                language=phrases.voice.language, hotwords=(record.customer.name,)
            )
            return ListeningService(speech.recogniser, speech.pool, options, voice_activity)

        def llm(
            callbacks: LlmCallbacks, tools: Sequence[ToolDescription], examples: str
        ) -> OpenAILLMService:
            options = LlmOptions.for_local_model() if endpoint.constrained else LlmOptions()
            return make_llm(endpoint, options, callbacks, tools, examples)

        def human_listener(rate_hz: int, language: str, on: OnUtterance) -> UtteranceListener:
            options = ListenerOptions(sample_rate_hz=rate_hz, language=language)
            return UtteranceListener(speech.recogniser, speech.pool, on, options)

        return CallParts(
            listening=listening,
            # The guard lets whole sentences through.
            speaking=lambda: SpeakingService(
                phrases.voice, speech.pool, SpeakingOptions(whole_sentences=True), phrases
            ),
            llm=llm,
            human_listener=human_listener,
            accounts=self._opened(self._accounts),
            book=StoreBook(self._opened(self._store), _now),
            supervisor=lambda: Supervisor(policy),
            roster=Roster(humans),
            clock=_now,
            warm_up=self._local.warm_up if self._local is not None else None,
            handoff=HandoffOptions(ring_timeout_s=self._settings.human_ring_timeout_s),
        )

    async def _phrases(
        self, playbook: Playbook, record: AccountRecord, rate_hz: int
    ) -> PreparedPhrases:
        """The voice for a language, with this call's fixed phrases and the model's prompt ready."""
        speech = self._opened(self._speech)
        language = playbook.language
        async with self._voice_lock:
            if language not in speech.voices:
                voice = await asyncio.to_thread(self._voice, language)
                speech.voices[language] = PreparedPhrases(voice, speech.pool)
        prepared = speech.voices[language]
        script = playbook.for_call(
            company=self._settings.company,
            customer_name=record.customer.name,
            reason=record.callback_reason,
            today=_now().date(),
        )
        lines = [line for _, line in script.phrases.lines() if "{{" not in line]
        await prepared.prepare(lines, rate_hz)
        return prepared

    def _voice(self, language: str) -> Voice:
        names = {"en": self._settings.voice_en, "de": self._settings.voice_de}
        installed: dict[str, Path] = {}
        # A language without an installed Piper voice is spoken by eSpeak NG.
        with contextlib.suppress(WeightsError, KeyError):
            folder = locate(names[language], self._settings.weights_dir)
            installed[language] = next(iter(sorted(folder.glob("*.onnx"))))
        return choose_voice(language, installed)

    def _opened(self, part: _Part | None) -> _Part:
        assert part is not None, "the application is used inside its context"
        return part
