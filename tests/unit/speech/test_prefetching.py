"""Clauses made ahead: kept for exactly who asks, bounded, and otherwise unheard."""

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator
from typing import Any

import numpy as np
import pytest
from pipecat.frames.frames import (
    Frame,
    InterruptionFrame,
    LLMFullResponseEndFrame,
    LLMFullResponseStartFrame,
    LLMTextFrame,
    TTSAudioRawFrame,
)
from pipecat.pipeline.worker import PipelineParams
from pipecat.tests.utils import SleepFrame, run_test

from voiceagent.speech import speaking
from voiceagent.speech.audio import Samples
from voiceagent.speech.errors import ModelPoolBusyError, VoiceUnavailableError
from voiceagent.speech.model_pool import ModelPool, Priority
from voiceagent.speech.prefetching import PrefetchedClauses
from voiceagent.speech.speaking import SpeakingOptions, SpeakingService
from voiceagent.speech.synthesis import ClauseSynthesis, PreparedPhrases

pytestmark = pytest.mark.unit

RATE_HZ = 8000
CHUNKS = 8
JOBS = CHUNKS + 2  # the end of the sound, and the answer that there is no more
DEADLINE_S = 30.0
ALL = 10**9


class ToneVoice:
    """A second of tone in eight chunks for every text; keeps what was asked and made."""

    name = "tone"
    language = "en"
    sample_rate_hz = RATE_HZ

    def __init__(self, *, fails: bool = False) -> None:
        self.asked: list[str] = []
        self.made = 0
        self.may_go_on = threading.Event()
        self.may_go_on.set()
        self._fails = fails

    def synthesise(self, text: str, pace: float = 1.0) -> Iterator[Samples]:
        self.asked.append(text)
        if self._fails:
            raise VoiceUnavailableError("The tone broke.")
        for chunk in np.array_split(np.full(RATE_HZ, 0.5, np.float32), CHUNKS):
            assert self.may_go_on.wait(DEADLINE_S)
            self.made += 1
            yield chunk


class NotedPool(ModelPool):
    """Keeps the priorities of what it ran; refuses as often as told."""

    def __init__(self, workers: int) -> None:
        super().__init__(workers)
        self.priorities: list[Priority] = []
        self.refuse = 0

    async def run(self, priority: Priority, fn: Any, *args: Any, deadline_s: float) -> Any:
        self.priorities.append(priority)
        if self.refuse:
            self.refuse -= 1
            raise ModelPoolBusyError(1)
        return await super().run(priority, fn, *args, deadline_s=deadline_s)


@pytest.fixture
async def pool() -> AsyncIterator[NotedPool]:
    pool = NotedPool(2)
    yield pool
    await pool.close()


def begin(clauses: PrefetchedClauses, voice: ToneVoice, text: str, most_bytes: int = ALL) -> None:
    clauses.begin(text, 1.0, ClauseSynthesis(voice, text, RATE_HZ), most_bytes)


async def heard(clauses: PrefetchedClauses, text: str) -> int:
    """Samples of the clause as it is taken."""
    taken = clauses.take(text, 1.0)
    assert taken is not None
    async with asyncio.timeout(DEADLINE_S):
        return sum([len(part) // 2 async for part in taken.pcm()])


async def until(condition: Any) -> None:
    async with asyncio.timeout(DEADLINE_S):
        while not condition():  # noqa: ASYNC110 - set from another thread
            await asyncio.sleep(0.005)


async def test_a_clause_is_made_ahead_behind_all_that_is_certain(pool: NotedPool) -> None:
    voice, clauses = ToneVoice(), PrefetchedClauses(pool, 2, DEADLINE_S)
    begin(clauses, voice, "Sure,")
    await until(lambda: len(pool.priorities) == JOBS)
    assert set(pool.priorities) == {Priority.INTERIM}
    assert await heard(clauses, "Sure,") == RATE_HZ
    assert voice.made == CHUNKS
    assert len(pool.priorities) == JOBS
    assert clauses.take("Sure,", 1.0) is None


async def test_it_is_taken_for_the_same_words_and_pace_only(pool: NotedPool) -> None:
    clauses = PrefetchedClauses(pool, 2, DEADLINE_S)
    begin(clauses, ToneVoice(), "Sure,")
    assert clauses.take("Sure", 1.0) is None
    assert clauses.take("Sure,", 0.8) is None
    assert clauses.take("Sure,", 1.0) is not None


async def test_once_taken_it_is_certain(pool: NotedPool) -> None:
    voice, clauses = ToneVoice(), PrefetchedClauses(pool, 2, DEADLINE_S)
    voice.may_go_on.clear()
    begin(clauses, voice, "Sure,")
    await until(lambda: voice.asked)
    taking = asyncio.create_task(heard(clauses, "Sure,"))
    await asyncio.sleep(0.01)
    voice.may_go_on.set()
    assert await taking == RATE_HZ
    assert pool.priorities[0] is Priority.INTERIM
    assert set(pool.priorities[1:]) == {Priority.SYNTHESIS}


async def test_no_more_is_made_ahead_than_allowed_and_the_rest_follows(pool: NotedPool) -> None:
    voice, clauses = ToneVoice(), PrefetchedClauses(pool, 2, DEADLINE_S)
    begin(clauses, voice, "Sure,", most_bytes=RATE_HZ // 2)
    begin(clauses, voice, "I can check that.", most_bytes=2)
    begin(clauses, voice, "And a third.")
    begin(clauses, voice, "Sure,")
    await until(lambda: len(voice.asked) == 2)
    await asyncio.gather(*(clause.task for clause in clauses._kept.values()))
    assert voice.asked == ["Sure,", "I can check that."]
    assert voice.made == CHUNKS // 4 + 1
    assert await heard(clauses, "Sure,") == RATE_HZ
    assert await heard(clauses, "I can check that.") == RATE_HZ


async def test_refused_ahead_it_is_made_when_asked_for(pool: NotedPool) -> None:
    voice, clauses = ToneVoice(), PrefetchedClauses(pool, 2, DEADLINE_S)
    pool.refuse = 1
    begin(clauses, voice, "Sure,")
    await until(lambda: pool.refuse == 0)
    assert await heard(clauses, "Sure,") == RATE_HZ
    assert voice.asked == ["Sure,"]


async def test_a_voice_that_fails_fails_when_asked_for(pool: NotedPool) -> None:
    clauses = PrefetchedClauses(pool, 2, DEADLINE_S)
    begin(clauses, ToneVoice(fails=True), "Sure,")
    with pytest.raises(VoiceUnavailableError):
        await heard(clauses, "Sure,")


async def test_what_is_dropped_is_made_no_further(pool: NotedPool) -> None:
    voice, clauses = ToneVoice(), PrefetchedClauses(pool, 2, DEADLINE_S)
    voice.may_go_on.clear()
    begin(clauses, voice, "Sure,")
    begin(clauses, voice, "I can check that.")
    await until(lambda: voice.asked)
    async with asyncio.timeout(DEADLINE_S):
        await clauses.drop()
    voice.may_go_on.set()
    await until(lambda: pool.load == 0)
    assert clauses.take("Sure,", 1.0) is None
    assert voice.asked == ["Sure,"]
    assert voice.made == 1


# In the speaking service.


class Ahead(SpeakingService):
    """Has clauses made ahead, and waits for them, before its first frame is processed."""

    ahead: tuple[str, ...] = ()

    async def process_frame(self, frame: Frame, direction: Any) -> None:
        if isinstance(frame, LLMFullResponseStartFrame):
            for clause in self.ahead:
                self.prefetch(clause)
            await asyncio.gather(*(kept.task for kept in self._prefetched._kept.values()))
        await super().process_frame(frame, direction)


async def say(service: SpeakingService, *frames: Frame) -> list[TTSAudioRawFrame]:
    down, _ = await run_test(
        service,
        frames_to_send=list(frames),
        pipeline_params=PipelineParams(audio_out_sample_rate=RATE_HZ),
        start_timeout=30.0,
    )
    return [frame for frame in down if isinstance(frame, TTSAudioRawFrame)]


def reply(text: str) -> list[Frame]:
    return [LLMFullResponseStartFrame(), LLMTextFrame(text), LLMFullResponseEndFrame()]


async def test_the_service_plays_what_was_made_ahead(pool: NotedPool) -> None:
    voice = ToneVoice()
    service = Ahead(voice, pool)
    service.ahead = ("Sure,", "I can check that.")
    audio = await say(service, *reply("Sure, I can check that."))
    assert voice.asked == ["Sure,", "I can check that."]
    assert sum(len(frame.audio) // 2 for frame in audio) == 2 * RATE_HZ
    assert [piece.text for piece in service.spoken(audio[0].context_id or "")] == voice.asked
    assert Priority.SYNTHESIS not in pool.priorities


async def test_what_was_made_ahead_for_other_words_is_never_played(pool: NotedPool) -> None:
    voice = ToneVoice()
    service = Ahead(voice, pool)
    service.ahead = ("Sure,", "I will do that.")
    audio = await say(service, *reply("One moment."))
    assert voice.asked == ["Sure,", "I will do that.", "One moment."]
    assert sum(len(frame.audio) // 2 for frame in audio) == RATE_HZ
    assert [piece.text for piece in service.spoken(audio[0].context_id or "")] == ["One moment."]


async def test_clauses_that_are_kept_or_unsayable_are_not_made_ahead(pool: NotedPool) -> None:
    voice = ToneVoice()
    phrases = PreparedPhrases(voice, pool)
    await phrases.prepare(["One moment."], RATE_HZ)
    service = SpeakingService(voice, pool, SpeakingOptions(sample_rate_hz=RATE_HZ), phrases)
    service._sample_rate = RATE_HZ
    for clause in ("One moment.", "..."):
        service.prefetch(clause)
    assert service._prefetched._kept == {}
    service.prefetch("Something else.")
    assert list(service._prefetched._kept) == [("Something else.", 1.0)]
    await service.drop_prefetched()


async def test_speech_is_made_ahead_of_playing_and_no_monologue(
    pool: NotedPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    now_s = [100.0]
    monkeypatch.setattr(speaking, "_now_s", lambda: now_s[0])
    voice = ToneVoice()
    service = SpeakingService(voice, pool, SpeakingOptions(longest_ahead_s=2.5))
    numbers = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth")
    service._sample_rate = RATE_HZ
    text = " ".join(f"This is the {number} sentence." for number in numbers)
    frames = service.run_tts(text, "an utterance")

    async def until_asked(count: int) -> None:
        async for _ in frames:
            if len(voice.asked) == count and voice.made == count * CHUNKS:
                return

    async with asyncio.timeout(DEADLINE_S):
        await until_asked(3)
        # Three seconds are to be played: the fourth waits.
        more = asyncio.create_task(until_asked(4))
        done, _ = await asyncio.wait({more}, timeout=0.5)
        assert not done
        assert len(voice.asked) == 3
        now_s[0] += 1.0
        await more
        assert len(voice.asked) == 4
    await frames.aclose()


async def test_a_barge_in_ends_the_wait_and_what_was_not_begun_is_never_made(
    pool: NotedPool,
) -> None:
    voice = ToneVoice()
    service = SpeakingService(voice, pool, SpeakingOptions(longest_ahead_s=1.5))
    text = " ".join(f"This is one of {number} sentences." for number in ["many"] * 40)
    audio = await say(
        service,
        LLMFullResponseStartFrame(),
        LLMTextFrame(text),
        SleepFrame(0.5),
        InterruptionFrame(),
        *reply("Fine."),
    )
    assert voice.asked[-1] == "Fine."
    assert 1 <= voice.asked.count("This is one of many sentences.") < 40
    last = audio[-1].context_id or ""
    assert [piece.text for piece in service.spoken(last)] == ["Fine."]
