"""What calls run on, put together: shared models on one side, the parts of one call on the other.

What enters: settings and what ``app`` has opened. What leaves: the models all calls share, and for
each call its own stages around them. Nothing here starts or ends anything; that is ``app``'s.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path

from voiceagent.accounts.protocol import AccountService
from voiceagent.calls.booking import StoreBook
from voiceagent.calls.order import CallParts, ToolDescription
from voiceagent.dialogue.llm import LlmCallbacks, LlmEndpoint, LlmOptions, ResilientLlmService
from voiceagent.dialogue.llm_endpoint import complete_json
from voiceagent.dialogue.llm_stage import make_llm
from voiceagent.dialogue.local_llm import LocalLlmOptions, LocalLlmServer
from voiceagent.dialogue.openers import commonest_openers
from voiceagent.dialogue.playbook import Playbook
from voiceagent.dialogue.second_opinion import SecondOpinion
from voiceagent.domain.account import AccountRecord
from voiceagent.domain.errors import WeightsError
from voiceagent.domain.events import LoggedEvent
from voiceagent.domain.packet import Packet
from voiceagent.domain.transcript import Speaker, Turn
from voiceagent.handoff.coordinator import HandoffOptions
from voiceagent.handoff.packet_writer import WriterOptions, write
from voiceagent.handoff.roster import Roster
from voiceagent.prompt_library import PromptLibrary
from voiceagent.settings import Settings
from voiceagent.speech.endpointing import Expectation
from voiceagent.speech.floor import Floor
from voiceagent.speech.listening import ListeningService
from voiceagent.speech.listening_options import ListeningOptions
from voiceagent.speech.model_pool import ModelPool, Priority
from voiceagent.speech.recogniser import Recogniser, RecogniserOptions
from voiceagent.speech.smart_turn import loaded_smart_turn
from voiceagent.speech.speaking import SpeakingOptions, SpeakingService
from voiceagent.speech.synthesis import PreparedPhrases, synthesise_text
from voiceagent.speech.utterance_listener import ListenerOptions, OnUtterance, UtteranceListener
from voiceagent.speech.voices import Voice, choose_voice
from voiceagent.store.store import Store
from voiceagent.supervisor.explicit_classifier.classifier import TriggerClassifier
from voiceagent.supervisor.frustration.embedding import UniversalSentenceEncoder
from voiceagent.supervisor.frustration.scorer import FrustrationScorer
from voiceagent.supervisor.turn_reading import TurnReader, TurnReading
from voiceagent.supervisor.watcher import Supervisor
from voiceagent.weights.verification import locate

_INVOICES_TO_EXPECT = 3


def utc_now() -> datetime:
    """The time, aware."""
    return datetime.now(UTC)


def terms_to_expect(record: AccountRecord) -> tuple[str, ...]:
    """What a recogniser may expect of this caller: their name and the numbers of newest invoices.

    Only the newest: with every term, other words are bent towards it a little more.
    """
    newest = sorted(record.invoices, key=lambda invoice: (invoice.due, invoice.id), reverse=True)
    return (record.customer.name, *(invoice.id for invoice in newest[:_INVOICES_TO_EXPECT]))


def local_model_server(settings: Settings) -> LocalLlmServer:
    """The local language model, to be used as an async context manager; reads the disk.

    Raises:
        WeightsError: its weights are missing or wrong.
    """
    folder = locate(settings.local_llm, settings.weights_dir)
    weights = next(iter(sorted(folder.glob("*.gguf"))), None)
    if weights is None:
        raise WeightsError(
            f"'{settings.local_llm}' is no language model.",
            "Choose one of the GGUF models of 'voiceagent models list'.",
        )
    options = LocalLlmOptions(
        threads=settings.local_llm_threads,
        conversations=settings.local_llm_conversations,
        # For the packet, which is written while the caller waits and may come back.
        beside=1,
    )
    return LocalLlmServer(weights, options)


def turn_reader() -> TurnReader:
    """The trained classifiers of the supervisor, loaded: the first caller should not wait."""
    encoder = UniversalSentenceEncoder()
    reader = TurnReader(FrustrationScorer(encoder), TriggerClassifier(encoder))
    reader.read([Turn(1, Speaker.CALLER, "Hello.", 0, 500)])
    return reader


@dataclass(slots=True)
class SpeechModels:
    """Models that hear and speak, shared by all calls."""

    settings: Settings
    pool: ModelPool
    recogniser: Recogniser
    _voices: dict[str, PreparedPhrases] = field(default_factory=dict)
    _loading: asyncio.Lock = field(default_factory=asyncio.Lock)

    @classmethod
    def load(cls, settings: Settings, pool: ModelPool) -> SpeechModels:
        """Read the recogniser from disk and warm it up. Blocking, some seconds.

        Raises:
            WeightsError: its weights are missing or wrong.
        """
        folder = locate(settings.whisper, settings.weights_dir)
        recogniser = Recogniser(folder, RecogniserOptions(workers=settings.model_workers))
        recogniser.warm_up()
        loaded_smart_turn()
        return cls(settings, pool, recogniser)

    async def phrases(
        self, playbook: Playbook, record: AccountRecord, rate_hz: int
    ) -> PreparedPhrases:
        """The voice of a playbook's language, with this call's fixed phrases ready."""
        language = playbook.language
        async with self._loading:
            if language not in self._voices:
                voice = await asyncio.to_thread(self._voice, language)
                self._voices[language] = PreparedPhrases(voice, self.pool)
        prepared = self._voices[language]
        script = playbook.for_call(
            company=self.settings.company,
            customer_name=record.customer.name,
            reason=record.callback_reason,
            today=_today(),
        )
        lines = [line for _, line in script.phrases.lines() if "{{" not in line]
        await prepared.prepare([*lines, *commonest_openers(language)], rate_hz)
        return prepared

    def _voice(self, language: str) -> Voice:
        names = {"en": self.settings.voice_en, "de": self.settings.voice_de}
        installed: dict[str, Path] = {}
        # A language without an installed Piper voice is spoken by eSpeak NG.
        with contextlib.suppress(WeightsError, KeyError):
            folder = locate(names[language], self.settings.weights_dir)
            installed[language] = next(iter(sorted(folder.glob("*.onnx"))))
        return choose_voice(language, installed)


@dataclass(frozen=True, slots=True)
class Resources:
    """What ``app`` has opened and calls share. ``local`` is None with a model elsewhere."""

    settings: Settings
    prompts: PromptLibrary
    store: Store
    accounts: AccountService
    speech: SpeechModels
    endpoint: LlmEndpoint
    reader: TurnReader
    local: LocalLlmServer | None = None
    second_opinion: SecondOpinion | None = None


def call_parts(resources: Resources, roster: Roster, phrases: PreparedPhrases) -> CallParts:
    """What one call runs on, with the prompts as they stand.

    Raises:
        PlaybookError: the policy or the wishes of a hold never were good.
    """
    settings, speech, endpoint = resources.settings, resources.speech, resources.endpoint
    policy = resources.prompts.policy

    def listening(
        floor: Floor, asked: Callable[[], Expectation], record: AccountRecord
    ) -> ListeningService:
        options = ListeningOptions(
            language=phrases.voice.language, hotwords=terms_to_expect(record)
        )
        return ListeningService(speech.recogniser, speech.pool, options, floor, asked)

    def llm(
        callbacks: LlmCallbacks, tools: Sequence[ToolDescription], examples: str
    ) -> ResilientLlmService:
        options = LlmOptions.for_local_model() if endpoint.constrained else LlmOptions()
        return make_llm(endpoint, options, callbacks, tools, examples)

    def human_listener(rate_hz: int, language: str, on: OnUtterance) -> UtteranceListener:
        options = ListenerOptions(sample_rate_hz=rate_hz, language=language)
        return UtteranceListener(speech.recogniser, speech.pool, on, options)

    async def synthesise(text: str, rate_hz: int) -> bytes:
        return await synthesise_text(phrases.voice, speech.pool, text, rate_hz)

    async def read_turn(turns: Sequence[Turn]) -> TurnReading:
        deadline_s = settings.turn_reading_deadline_s
        reading = resources.reader.read
        return await speech.pool.run(Priority.FINAL, reading, turns, deadline_s=deadline_s)

    instructions = resources.prompts.instructions
    deadline_s = settings.packet_llm_deadline_s
    writing = (
        WriterOptions.for_local_model(instructions, deadline_s)
        if endpoint.constrained
        else WriterOptions(instructions=instructions, deadline_s=deadline_s)
    )

    async def write_packet(packet: Packet, events: Sequence[LoggedEvent]) -> Packet | None:
        return await write(packet, events, partial(complete_json, endpoint), writing)

    return CallParts(
        listening=listening,
        # The guard lets whole sentences through, and first clauses that end at their mark.
        speaking=lambda: SpeakingService(
            phrases.voice, speech.pool, SpeakingOptions(whole_sentences=True), phrases
        ),
        llm=llm,
        human_listener=human_listener,
        accounts=resources.accounts,
        book=StoreBook(resources.store, utc_now),
        supervisor=lambda: Supervisor(policy),
        roster=roster,
        clock=utc_now,
        hold_wishes=resources.prompts.hold_wishes,
        synthesise=synthesise,
        read_turn=read_turn,
        second_opinion=resources.second_opinion,
        warm_up=resources.local.warm_up if resources.local is not None else None,
        write_packet=write_packet,
        handoff=HandoffOptions(
            ring_timeout_s=settings.human_ring_timeout_s,
            ring_at_once=settings.humans_rung_at_once,
            longest_hold_s=settings.longest_hold_s,
            improve_deadline_s=settings.packet_llm_deadline_s,
        ),
    )


def _today() -> date:
    return utc_now().date()
