"""The speaking service in a real pipeline, with a voice that is a tone."""

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator
from typing import Any

import numpy as np
import pytest
from pipecat.frames.frames import (
    ErrorFrame,
    Frame,
    InterruptionFrame,
    LLMFullResponseEndFrame,
    LLMFullResponseStartFrame,
    LLMTextFrame,
    TTSAudioRawFrame,
    TTSSpeakFrame,
    TTSStartedFrame,
    TTSStoppedFrame,
    TTSTextFrame,
)
from pipecat.pipeline.worker import PipelineParams
from pipecat.tests.utils import SleepFrame, run_test

from voiceagent.speech.audio import Samples, pcm_to_float
from voiceagent.speech.errors import VoiceUnavailableError
from voiceagent.speech.model_pool import ModelPool
from voiceagent.speech.speaking import SpeakingOptions, SpeakingService
from voiceagent.speech.synthesis import ClauseSynthesis, PreparedPhrases

pytestmark = pytest.mark.unit

RATE_HZ = 8000
MS_PER_CHARACTER = 20


class ToneVoice:
    """Says every text as a tone of 20 ms per character; keeps what it was asked to say."""

    name = "tone"
    language = "en"
    sample_rate_hz = 22050

    def __init__(self, chunks: int = 1, *, fails: bool = False) -> None:
        self.asked: list[str] = []
        self._chunks = chunks
        self._fails = fails

    def synthesise(self, text: str, pace: float = 1.0) -> Iterator[Samples]:
        self.asked.append(text)
        if self._fails:
            raise VoiceUnavailableError("The tone broke.")
        yield from np.array_split(tone(int(len(text) * 441 / pace)), self._chunks)


def tone(samples: int) -> Samples:
    return (0.5 * np.sin(2 * np.pi * 300 * np.arange(samples) / 22050)).astype(np.float32)


@pytest.fixture
async def pool() -> AsyncIterator[ModelPool]:
    pool = ModelPool(2)
    yield pool
    await pool.close()


async def say(service: SpeakingService, frames: list[Frame]) -> tuple[list[Frame], list[Frame]]:
    down, up = await run_test(
        service,
        frames_to_send=frames,
        pipeline_params=PipelineParams(audio_out_sample_rate=RATE_HZ),
        start_timeout=30.0,
    )
    return list(down), list(up)


def reply(*tokens: str) -> list[Frame]:
    return [
        LLMFullResponseStartFrame(),
        *(LLMTextFrame(token) for token in tokens),
        LLMFullResponseEndFrame(),
    ]


def audio_of(frames: list[Frame]) -> list[TTSAudioRawFrame]:
    return [frame for frame in frames if isinstance(frame, TTSAudioRawFrame)]


def samples_of(frames: list[Frame]) -> int:
    return sum(len(frame.audio) // 2 for frame in audio_of(frames))


async def test_a_reply_is_spoken_clause_by_clause_at_the_legs_rate(pool: ModelPool) -> None:
    voice = ToneVoice()
    down, _ = await say(
        SpeakingService(voice, pool), reply("Su", "re, I", " can check that. It is $5.")
    )
    assert voice.asked == ["Sure,", "I can check that.", "It is 5 dollars."]
    audio = audio_of(down)
    assert {frame.sample_rate for frame in audio} == {RATE_HZ}
    assert samples_of(down) == pytest.approx(38 * MS_PER_CHARACTER * 8, abs=40)
    kinds = [type(frame) for frame in down]
    assert kinds.count(TTSStartedFrame) == kinds.count(TTSStoppedFrame) == 1
    # What the language model remembers is what was written, not what was said for it.
    written = " ".join(frame.text for frame in down if isinstance(frame, TTSTextFrame))
    assert written == "Sure, I can check that. It is $5."


async def test_a_slower_pace_takes_longer_and_says_the_same(pool: ModelPool) -> None:
    voice = ToneVoice()
    service = SpeakingService(voice, pool)
    service.pace = 0.8
    down, _ = await say(service, reply("Sure, I can check that. It is $5."))
    assert voice.asked == ["Sure,", "I can check that.", "It is 5 dollars."]
    assert samples_of(down) == pytest.approx(38 * MS_PER_CHARACTER * 8 / 0.8, abs=60)


async def test_what_was_heard_follows_from_the_samples_played(pool: ModelPool) -> None:
    service = SpeakingService(ToneVoice(), pool)
    down, _ = await say(service, reply("Sure, it is due. You owe $64.50 now."))
    context_id = audio_of(down)[0].context_id
    assert context_id is not None
    pieces = service.spoken(context_id)
    assert [piece.text for piece in pieces] == ["Sure,", "it is due.", "You owe $64.50 now."]
    assert sum(piece.samples for piece in pieces) == samples_of(down)
    assert service.heard(context_id, 0) == ""
    assert service.heard(context_id, pieces[0].samples) == "Sure,"
    before_third = pieces[0].samples + pieces[1].samples
    # The amount is said in 23 characters of 38, so at half of the piece it is not over.
    assert service.heard(context_id, before_third + pieces[2].samples // 2) == (
        "Sure, it is due. You owe"
    )
    assert service.heard(context_id, 10**9) == "Sure, it is due. You owe $64.50 now."
    assert service.heard("long forgotten", 1000) == ""


async def test_only_the_latest_utterances_are_remembered(pool: ModelPool) -> None:
    service = SpeakingService(ToneVoice(), pool, SpeakingOptions(remembered_contexts=2))
    down, _ = await say(service, [TTSSpeakFrame(text) for text in ("One.", "Two.", "Three.")])
    contexts = list(dict.fromkeys(frame.context_id for frame in audio_of(down)))
    assert [bool(service.spoken(context)) for context in contexts if context] == [
        False,
        True,
        True,
    ]


async def test_prepared_phrases_are_not_synthesised_again(pool: ModelPool) -> None:
    voice = ToneVoice()
    phrases = PreparedPhrases(voice, pool)
    disclosure = "Hello, I am an AI assistant. You can ask for a person."
    await phrases.prepare([disclosure, disclosure], RATE_HZ)
    assert voice.asked == ["Hello,", "I am an AI assistant.", "You can ask for a person."]
    voice.asked.clear()
    service = SpeakingService(voice, pool, phrases=phrases)
    down, _ = await say(service, [TTSSpeakFrame(disclosure), *reply("Hello, that is new.")])
    assert voice.asked == ["that is new."]
    assert samples_of(down) == pytest.approx(70 * MS_PER_CHARACTER * 8, abs=60)


async def test_preparing_through_the_service_needs_a_rate(pool: ModelPool) -> None:
    voice = ToneVoice()
    with pytest.raises(ValueError, match="sample rate"):
        await SpeakingService(voice, pool).prepare(["Hello."])
    await SpeakingService(voice, pool, SpeakingOptions(sample_rate_hz=8000)).prepare(["Hello."])
    assert voice.asked == ["Hello."]


async def test_the_phrases_longest_unused_make_room(pool: ModelPool) -> None:
    voice = ToneVoice()
    phrases = PreparedPhrases(voice, pool, max_clauses=2)
    await phrases.prepare(["Fixed."], RATE_HZ)
    for name in ("Anna.", "Ben.", "Cora."):
        await phrases.prepare(["Fixed.", name], RATE_HZ)
    assert voice.asked == ["Fixed.", "Anna.", "Ben.", "Cora."]
    assert phrases.get("Anna.", RATE_HZ) is None
    assert phrases.get("Ben.", RATE_HZ) is None
    assert phrases.get("Cora.", RATE_HZ)
    small = PreparedPhrases(voice, pool, max_bytes=5 * MS_PER_CHARACTER * 8 * 2 + 100)
    await small.prepare(["One.", "Two."], RATE_HZ)
    assert small.get("One.", RATE_HZ) is None
    assert small.get("Two.", RATE_HZ)


async def test_calls_that_begin_together_synthesise_a_phrase_once(pool: ModelPool) -> None:
    voice = ToneVoice(chunks=5)
    phrases = PreparedPhrases(voice, pool)
    async with asyncio.timeout(30):
        await asyncio.gather(*(phrases.prepare(["One moment."], RATE_HZ) for _ in range(4)))
    assert voice.asked == ["One moment."]


async def test_a_failing_voice_is_an_error_frame_with_its_code(pool: ModelPool) -> None:
    down, up = await say(SpeakingService(ToneVoice(fails=True), pool), reply("Hello."))
    errors = [frame.error for frame in up if isinstance(frame, ErrorFrame)]
    assert any("speech.no_voice" in error for error in errors)
    assert audio_of(down) == []


async def test_text_without_words_is_a_moment_of_silence_not_a_failure(pool: ModelPool) -> None:
    voice = ToneVoice()
    down, up = await say(SpeakingService(voice, pool), reply("..."))
    assert voice.asked == []
    assert not any(isinstance(frame, ErrorFrame) for frame in up)
    assert samples_of(down) == 160


@pytest.mark.parametrize("chunks", [1, 2, 7])
def test_chunks_of_a_streaming_voice_join_without_a_seam(chunks: int) -> None:
    whole = all_pcm(ClauseSynthesis(ToneVoice(1), "Some words.", RATE_HZ))
    parts = all_pcm(ClauseSynthesis(ToneVoice(chunks), "Some words.", RATE_HZ))
    assert whole.size == parts.size
    assert np.abs(whole - parts).max() < 2e-3


def all_pcm(synthesis: ClauseSynthesis) -> Samples:
    parts = []
    while (pcm := synthesis.next_pcm()) is not None:
        parts.append(pcm_to_float(pcm))
    assert synthesis.next_pcm() is None
    return np.concatenate(parts)


def test_the_silence_a_voice_begins_with_is_not_sent() -> None:
    class SlowStarter(ToneVoice):
        def synthesise(self, text: str, pace: float = 1.0) -> Iterator[Samples]:
            yield np.concatenate([np.zeros(22050, np.float32), *super().synthesise(text, pace)])

    pcm = all_pcm(ClauseSynthesis(SlowStarter(), "Now.", RATE_HZ))
    assert pcm.size == pytest.approx((4 * MS_PER_CHARACTER + 10) * 8, abs=40)


async def test_after_a_barge_in_only_the_new_reply_is_spoken(pool: ModelPool) -> None:
    release = threading.Event()

    class StuckVoice(ToneVoice):
        def synthesise(self, text: str, pace: float = 1.0) -> Iterator[Samples]:
            if text == "of course.":
                release.wait(30)
            yield from super().synthesise(text, pace)

    class Barge(SpeakingService):
        """Lets the stuck clause finish only after the interruption was handled."""

        async def _handle_interruption(self, frame: InterruptionFrame, direction: Any) -> None:
            await super()._handle_interruption(frame, direction)
            release.set()

    service = Barge(StuckVoice(), pool)
    down, _ = await say(
        service,
        [
            LLMFullResponseStartFrame(),
            LLMTextFrame("Yes, of course. And more."),
            SleepFrame(0.5),
            InterruptionFrame(),
            *reply("Fine."),
        ],
    )
    contexts = list(dict.fromkeys(frame.context_id for frame in audio_of(down)))
    spoken = [[piece.text for piece in service.spoken(context or "")] for context in contexts]
    assert spoken[-1] == ["Fine."]
    assert not any("And more." in texts for texts in spoken)
    assert [service.heard(context or "", 10**9) for context in contexts][-1] == "Fine."
