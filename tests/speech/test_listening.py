"""Listening in a real pipeline: voice activity, recognition, Smart Turn, in what order."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import numpy as np
import platformdirs
import pytest
import soundfile
import yaml
from pipecat.frames.frames import (
    EagerEndOfTurnCancelFrame,
    EagerTranscriptionFrame,
    EndFrame,
    Frame,
    InputAudioRawFrame,
    ProposedUserStartedSpeakingFrame,
    ProposedUserStoppedSpeakingFrame,
    TranscriptionFrame,
    UserBackchannelFrame,
)
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.runner import WorkerRunner
from pipecat.pipeline.worker import PipelineParams, PipelineWorker
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.aggregators.llm_response_universal import (
    LLMContextAggregatorPair,
    LLMUserAggregatorParams,
)
from pipecat.processors.frame_processor import FrameDirection, FrameProcessor
from pipecat.turns.user_start import ExternalUserTurnStartStrategy
from pipecat.turns.user_turn_strategies import UserTurnStrategies
from rapidfuzz.distance import Levenshtein

from voiceagent.speech.audio import Samples, float_to_pcm, resample
from voiceagent.speech.listening import ListeningService, NothingHeardFrame
from voiceagent.speech.listening_options import ListeningOptions
from voiceagent.speech.model_pool import ModelPool
from voiceagent.speech.recogniser import OnWords, Recogniser
from voiceagent.speech.recognition import Recognition
from voiceagent.speech.turn_strategies import CallerTurnStopStrategy
from voiceagent.speech.utterance_listener import ListenerOptions, UtteranceListener
from voiceagent.speech.utterances import Utterance

pytestmark = pytest.mark.speech

REAL = Path(__file__).parents[2] / "audio_fixtures" / "real"
TEXTS = {
    entry["audio"]: entry["text"]
    for entry in yaml.safe_load((REAL / "manifest.yaml").read_text("utf-8"))["recordings"]
}
WEIGHTS = Path(platformdirs.user_cache_dir("voiceagent")) / "weights" / "whisper-base"
PATIENT_S = 120.0
_Kind = TypeVar("_Kind", bound=Frame)
BOTH_RATES = pytest.mark.parametrize("rate_hz", [8000, 16000])


@pytest.fixture(scope="module")
def recogniser() -> Recogniser:
    if not (WEIGHTS / "model.bin").is_file():
        pytest.skip("Whisper base is not installed: run `voiceagent models fetch`.")
    return Recogniser(WEIGHTS)


@pytest.fixture
async def pool() -> AsyncIterator[ModelPool]:
    pool = ModelPool(1)
    yield pool
    await pool.close(PATIENT_S)


def recording(name: str, rate_hz: int) -> Samples:
    audio, source_hz = soundfile.read(REAL / name, dtype="float32")
    return resample(audio, source_hz, rate_hz)


def silence(seconds: float, rate_hz: int) -> Samples:
    return np.zeros(round(seconds * rate_hz), np.float32)


def speech_bounds_ms(audio: Samples, rate_hz: int) -> tuple[int, int]:
    loud = np.flatnonzero(np.abs(audio) > 0.05 * np.abs(audio).max())
    return int(loud[0]) * 1000 // rate_hz, int(loud[-1]) * 1000 // rate_hz


def words(text: str) -> list[str]:
    kept = "".join(c if c.isalpha() else " " for c in text.lower().replace("mr.", "mister"))
    return kept.split()


def mistakes(said: str, heard: str) -> int:
    return Levenshtein.distance(words(said), words(heard))


class Passing(FrameProcessor):
    """Keeps what the ear sends on."""

    KEPT = (
        TranscriptionFrame,
        EagerTranscriptionFrame,
        EagerEndOfTurnCancelFrame,
        ProposedUserStartedSpeakingFrame,
        ProposedUserStoppedSpeakingFrame,
        NothingHeardFrame,
        UserBackchannelFrame,
    )

    def __init__(self) -> None:
        super().__init__()
        self.frames: list[Frame] = []

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        await super().process_frame(frame, direction)
        # Upstream, the aggregator withdraws a guess that was overtaken by its own withdrawal.
        if direction is FrameDirection.DOWNSTREAM and isinstance(frame, self.KEPT):
            self.frames.append(frame)
        await self.push_frame(frame, direction)

    def of(self, kind: type[_Kind]) -> list[_Kind]:
        return [frame for frame in self.frames if isinstance(frame, kind)]

    @property
    def kinds(self) -> list[type[Frame]]:
        return [type(frame) for frame in self.frames]


@dataclass
class Heard:
    """What came of a call's audio."""

    passed: Passing
    turns: list[str] = field(default_factory=list)
    audio_ms: int = 0


@dataclass
class AudibleAgent:
    """An agent who is always speaking."""

    done: list[str] = field(default_factory=list)

    def hush(self) -> bool:
        self.done.append("hush")
        return True

    def speak_on(self) -> None:
        self.done.append("speak_on")


async def listen(
    service: ListeningService,
    audio: Samples,
    rate_hz: int,
    enough: Callable[[Heard], bool] = lambda heard: bool(heard.turns),
) -> Heard:
    """Feed the audio at about real time; return when enough has come of it."""
    heard = Heard(Passing())
    strategies = UserTurnStrategies(
        start=[ExternalUserTurnStartStrategy()], stop=[CallerTurnStopStrategy()]
    )
    aggregators = LLMContextAggregatorPair(
        LLMContext(),
        user_params=LLMUserAggregatorParams(user_turn_strategies=strategies, empty_user_turn=None),
    )
    worker = PipelineWorker(
        Pipeline([service, heard.passed, aggregators.user()]),
        params=PipelineParams(audio_in_sample_rate=rate_hz, audio_out_sample_rate=rate_hz),
        cancel_on_idle_timeout=False,
        enable_rtvi=False,
    )
    started = asyncio.Event()

    @worker.event_handler("on_pipeline_started")
    async def _(_worker: object, _frame: object) -> None:
        started.set()

    @aggregators.user().event_handler("on_user_turn_stopped")
    async def _(_aggregator: object, _strategy: object, message: object) -> None:
        heard.turns.append(message.content)  # type: ignore[attr-defined]

    async def feed() -> None:
        await asyncio.wait_for(started.wait(), PATIENT_S)
        pcm = float_to_pcm(audio)
        size = rate_hz // 50 * 2
        loop = asyncio.get_running_loop()
        start = loop.time()
        for index, at in enumerate(range(0, len(pcm), size)):
            await worker.queue_frame(InputAudioRawFrame(pcm[at : at + size], rate_hz, 1))
            await asyncio.sleep(max(0.0, start + index * 0.02 - loop.time()))
        async with asyncio.timeout(PATIENT_S):
            while not enough(heard):
                # A line does not end with the speech: silence goes on arriving.
                await worker.queue_frame(InputAudioRawFrame(bytes(size), rate_hz, 1))
                await asyncio.sleep(0.02)
        heard.audio_ms = service.audio_ms
        await worker.queue_frame(EndFrame())

    runner = WorkerRunner(handle_sigint=False)
    await runner.add_workers(worker)
    await asyncio.gather(runner.run(), feed())
    return heard


@BOTH_RATES
async def test_a_sentence_becomes_a_turn_that_says_when_it_was_said(
    recogniser: Recogniser, pool: ModelPool, rate_hz: int
) -> None:
    name = "austen-0890.wav"
    speech = recording(name, rate_hz)
    start_ms, end_ms = speech_bounds_ms(speech, rate_hz)
    audio = np.concatenate([silence(1.5, rate_hz), speech, silence(2.0, rate_hz)])
    service = ListeningService(recogniser, pool, ListeningOptions())
    heard = await listen(service, audio, rate_hz)

    assert mistakes(TEXTS[name], " ".join(heard.turns)) <= 2
    (last,) = heard.passed.of(TranscriptionFrame)
    assert mistakes(TEXTS[name], last.text) <= 2
    assert heard.audio_ms >= audio.size * 1000 // rate_hz
    assert last.finalized
    assert isinstance(last.result, Utterance)
    assert last.result.start_ms == pytest.approx(1500 + start_ms, abs=350)
    assert last.result.end_ms == pytest.approx(1500 + end_ms, abs=350)
    assert last.result.confidence > 0.5
    assert last.result.language == service.language == "en"
    guesses = heard.passed.of(EagerTranscriptionFrame)
    assert guesses
    assert guesses[-1].text == last.text
    kinds = heard.passed.kinds
    assert kinds[0] is ProposedUserStartedSpeakingFrame
    assert kinds[-2:] == [TranscriptionFrame, ProposedUserStoppedSpeakingFrame]


class Numbering(Recogniser):
    """Says how often it was asked; the first time only once it is released."""

    def __init__(self, *, waits: bool = False, says: str = "", early: str | None = None) -> None:
        self.languages = ("en",)
        self.release = threading.Event()
        self.heard = 0
        self._waits = waits
        self._says = says
        self._early = early

    def transcribe(
        self,
        audio: Samples,
        language: str | None = None,
        hotwords: Sequence[str] = (),
        on_words: OnWords | None = None,
    ) -> Recognition:
        self.heard += 1
        number = self.heard
        if number == 1 and self._waits:
            self.release.wait(PATIENT_S)
        text = self._says or f"part {number}."
        if on_words is not None:
            on_words(text if self._early is None else self._early)
        return Recognition(text, "en", 0.9, 0.0)


def paused_sentence(rate_hz: int, pause_s: float) -> Samples:
    speech = recording("austen-0890.wav", rate_hz)
    start_ms, end_ms = speech_bounds_ms(speech, rate_hz)
    sentence = speech[start_ms * rate_hz // 1000 : end_ms * rate_hz // 1000]
    cut = sentence.size // 2
    return np.concatenate(
        [
            silence(0.5, rate_hz),
            sentence[:cut],
            silence(pause_s, rate_hz),
            sentence[cut:],
            silence(2.0, rate_hz),
        ]
    )


async def test_a_late_transcript_does_not_end_the_turn_without_the_last_words(
    pool: ModelPool,
) -> None:
    """pipecat's own services lose the words after the pause here."""
    recogniser = Numbering(waits=True)
    service = ListeningService(recogniser, pool, ListeningOptions(language="en"))
    audio = paused_sentence(16000, 0.6)
    releasing = asyncio.get_running_loop().call_later(
        audio.size / 16000 - 2.0, recogniser.release.set
    )
    heard = await listen(service, audio, 16000)
    releasing.cancel()
    assert recogniser.heard >= 2
    # The last recognition heard the whole turn; what the first made of its half is void.
    assert heard.turns == [f"part {recogniser.heard}."]


async def test_a_guess_is_withdrawn_when_the_caller_goes_on(pool: ModelPool) -> None:
    recogniser = Numbering()
    service = ListeningService(recogniser, pool, ListeningOptions(language="en"))
    heard = await listen(service, paused_sentence(8000, 0.3), 8000)
    assert len(heard.turns) == 1
    kinds = heard.passed.kinds
    withdrawn = kinds.index(EagerEndOfTurnCancelFrame)
    assert EagerTranscriptionFrame in kinds[:withdrawn]
    assert TranscriptionFrame not in kinds[:withdrawn]
    assert kinds.count(ProposedUserStartedSpeakingFrame) == 1
    assert kinds.count(TranscriptionFrame) == 1


async def test_words_that_do_not_stand_the_check_are_withdrawn(pool: ModelPool) -> None:
    recogniser = Numbering(says="Checked words.", early="First words.")
    service = ListeningService(recogniser, pool, ListeningOptions(language="en"))
    speech = recording("austen-0890.wav", 8000)
    heard = await listen(service, np.concatenate([speech, silence(2.0, 8000)]), 8000)
    assert heard.turns == ["Checked words."]
    last = [
        frame.text if isinstance(frame, EagerTranscriptionFrame) else type(frame)
        for frame in heard.passed.frames
        if isinstance(frame, EagerTranscriptionFrame | EagerEndOfTurnCancelFrame)
    ][-3:]
    assert last == ["First words.", EagerEndOfTurnCancelFrame, "Checked words."]


async def test_a_caller_cut_off_once_is_waited_for_longer_the_next_time(pool: ModelPool) -> None:
    service = ListeningService(
        Numbering(says="I was charged twice for October."), pool, ListeningOptions(language="en")
    )
    # Pauses that last longer than the wait after a sentence that seems finished.
    first, second = paused_sentence(8000, 1.3), paused_sentence(8000, 1.3)
    audio = np.concatenate([first, silence(2.0, 8000), second, silence(2.0, 8000)])
    heard = await listen(service, audio, 8000, lambda heard: service.audio_ms > audio.size // 8)
    waited = [
        frame.result.end_ms - frame.result.start_ms
        for frame in heard.passed.of(TranscriptionFrame)
        if isinstance(frame.result, Utterance)
    ]
    # Two halves, and then the whole, with the pause in it.
    assert len(waited) == 3
    assert waited[2] > waited[0] + waited[1] + 1000


async def test_an_mhm_over_the_agent_only_hushes_it(pool: ModelPool) -> None:
    agent = AudibleAgent()
    service = ListeningService(
        Numbering(says="Mhm."), pool, ListeningOptions(language="en"), floor=agent
    )
    speech = recording("austen-0890.wav", 8000)
    start_ms, _ = speech_bounds_ms(speech, 8000)
    audio = np.concatenate(
        [silence(0.5, 8000), speech[start_ms * 8 : (start_ms + 450) * 8], silence(1.0, 8000)]
    )
    heard = await listen(service, audio, 8000, lambda heard: "speak_on" in agent.done)
    assert agent.done == ["hush", "speak_on"]
    assert heard.turns == []
    assert heard.passed.kinds == [UserBackchannelFrame]


async def test_words_over_the_agent_take_the_floor(pool: ModelPool) -> None:
    agent = AudibleAgent()
    service = ListeningService(Numbering(), pool, ListeningOptions(language="en"), floor=agent)
    speech = recording("austen-0890.wav", 8000)
    heard = await listen(service, np.concatenate([speech, silence(2.0, 8000)]), 8000)
    assert agent.done == ["hush"]
    assert heard.passed.kinds[0] is ProposedUserStartedSpeakingFrame
    assert len(heard.turns) == 1


async def test_a_turn_without_words_ends_all_the_same(pool: ModelPool) -> None:
    class Deaf(Numbering):
        def transcribe(
            self,
            audio: Samples,
            language: str | None = None,
            hotwords: Sequence[str] = (),
            on_words: OnWords | None = None,
        ) -> Recognition:
            return Recognition("", "en", 0.0, 1.0)

    service = ListeningService(Deaf(), pool, ListeningOptions(language="en"))
    speech = recording("austen-0890.wav", 8000)
    heard = await listen(service, np.concatenate([speech, silence(2.0, 8000)]), 8000)
    assert heard.turns == [""]
    (nothing,) = heard.passed.of(NothingHeardFrame)
    assert nothing.spoken_ms > 500
    assert not heard.passed.of(TranscriptionFrame)


async def listened(
    recogniser: Recogniser, pool: ModelPool, audio: Samples, options: ListenerOptions
) -> tuple[list[Utterance], int]:
    utterances: list[Utterance] = []

    async def keep(utterance: Utterance) -> None:
        utterances.append(utterance)

    pcm = float_to_pcm(audio)
    size = options.sample_rate_hz // 50 * 2
    listener = UtteranceListener(recogniser, pool, keep, options)
    await listener.start()
    for at in range(0, len(pcm), size):
        listener.feed(pcm[at : at + size])
        await asyncio.sleep(0.001)
    await listener.close(PATIENT_S)
    return utterances, listener.audio_ms


@BOTH_RATES
async def test_a_leg_without_a_pipeline_is_transcribed(
    recogniser: Recogniser, pool: ModelPool, rate_hz: int
) -> None:
    names = ["austen-0880.wav", "austen-0930.wav"]
    parts = [silence(1.0, rate_hz)]
    expected_starts = []
    for name in names:
        speech = recording(name, rate_hz)
        before_ms = sum(part.size for part in parts) * 1000 // rate_hz
        expected_starts.append(before_ms + speech_bounds_ms(speech, rate_hz)[0])
        parts += [speech, silence(1.2, rate_hz)]
    audio = np.concatenate(parts)
    utterances, audio_ms = await listened(
        recogniser, pool, audio, ListenerOptions(sample_rate_hz=rate_hz)
    )
    assert audio_ms == audio.size * 1000 // rate_hz
    assert (
        mistakes(" ".join(TEXTS[name] for name in names), " ".join(u.text for u in utterances)) <= 2
    )
    assert utterances[0].start_ms == pytest.approx(expected_starts[0], abs=350)
    assert any(u.start_ms == pytest.approx(expected_starts[1], abs=350) for u in utterances)
    assert {u.language for u in utterances} == {"en"}


async def test_closing_reports_speech_that_was_cut_off(
    recogniser: Recogniser, pool: ModelPool
) -> None:
    speech = recording("austen-0930.wav", 8000)
    _, end_ms = speech_bounds_ms(speech, 8000)
    utterances, _ = await listened(recogniser, pool, speech[: end_ms * 8], ListenerOptions())
    assert mistakes(TEXTS["austen-0930.wav"], " ".join(u.text for u in utterances)) <= 1


async def test_silence_and_noise_are_not_reported(recogniser: Recogniser, pool: ModelPool) -> None:
    noise = (np.random.default_rng(1).standard_normal(8000 * 6) * 0.02).astype(np.float32)
    utterances, audio_ms = await listened(recogniser, pool, noise, ListenerOptions())
    assert utterances == []
    assert audio_ms == 6000


async def test_a_listener_that_cannot_keep_up_still_keeps_time(
    recogniser: Recogniser, pool: ModelPool
) -> None:
    utterances: list[Utterance] = []

    async def keep(utterance: Utterance) -> None:
        utterances.append(utterance)

    speech = recording("austen-0930.wav", 8000)
    start_ms, _ = speech_bounds_ms(speech, 8000)
    options = ListenerOptions(max_buffered_ms=1000)
    listener = UtteranceListener(recogniser, pool, keep, options)
    await listener.start()
    # Five seconds at once: four of them do not fit.
    for _ in range(5):
        listener.feed(bytes(16000))
    async with asyncio.timeout(PATIENT_S):
        while listener.audio_ms < 5000:  # noqa: ASYNC110 - it has no event for it
            await asyncio.sleep(0.01)
    pcm = float_to_pcm(np.concatenate([speech, silence(1, 8000)]))
    for at in range(0, len(pcm), 320):
        listener.feed(pcm[at : at + 320])
        await asyncio.sleep(0.005)
    await listener.close(PATIENT_S)
    assert utterances[0].start_ms == pytest.approx(5000 + start_ms, abs=350)
