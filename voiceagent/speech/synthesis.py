"""From a clause to audio at the leg's rate, and the phrases kept ready.

Enters: clauses as written, a voice. Leaves: 16-bit PCM at the rate the leg plays.
"""

from __future__ import annotations

import asyncio
import re
from collections import OrderedDict
from collections.abc import AsyncIterator, Iterable

import numpy as np

from voiceagent.speech.audio import Samples, float_to_pcm
from voiceagent.speech.clauses import split_clauses
from voiceagent.speech.model_pool import ModelPool, Priority
from voiceagent.speech.resampling import StreamResampler
from voiceagent.speech.spoken_text import spoken_text
from voiceagent.speech.voices import Voice

_AUDIBLE = 0.01
_KEPT_LEAD_MS = 10
_SAYABLE = re.compile(r"\w")


class ClauseSynthesis:
    """One clause being synthesised, chunk by chunk; blocking, for the pool.

    One resampler runs through the whole clause, so that its chunks join without a seam.

    Args:
        voice: speaks.
        text: as written.
        sample_rate_hz: of the audio wanted.
        pace: 1 is the voice's own, below it is slower.
    """

    def __init__(self, voice: Voice, text: str, sample_rate_hz: int, pace: float = 1.0) -> None:
        self._voice_rate_hz = voice.sample_rate_hz
        self._chunks = voice.synthesise(spoken_text(text, voice.language), pace)
        self._resampler = StreamResampler(voice.sample_rate_hz, sample_rate_hz)
        self._lead: Samples | None = np.zeros(0, np.float32)
        self._ended = False

    def next_pcm(self) -> bytes | None:
        """The next 16-bit PCM, perhaps empty; None after the last."""
        if self._ended:
            return None
        chunk = next(self._chunks, None)
        if chunk is None:
            self._ended = True
            # A voice that stayed silent all along is not robbed of its silence.
            chunk = np.zeros(0, np.float32) if self._lead is None else self._lead
        elif self._lead is not None:
            chunk = self._without_lead(chunk)
        return float_to_pcm(self._resampler.resample(chunk, last=self._ended))

    def _without_lead(self, chunk: Samples) -> Samples:
        """Without the silence voices begin with: it is latency the caller hears."""
        sound = chunk if self._lead is None else np.concatenate((self._lead, chunk))
        audible = np.flatnonzero(np.abs(sound) > _AUDIBLE)
        kept = _KEPT_LEAD_MS * self._voice_rate_hz // 1000
        if audible.size:
            self._lead = None
            return sound[max(0, int(audible[0]) - kept) :]
        self._lead = sound
        return np.zeros(0, np.float32)


def is_sayable(text: str) -> bool:
    """Whether there is anything in the text to say."""
    return _SAYABLE.search(text) is not None


async def synthesise_clause(
    pool: ModelPool,
    priority: Priority,
    synthesis: ClauseSynthesis,
    deadline_s: float,
) -> AsyncIterator[bytes]:
    """The clause's PCM as it becomes ready, each chunk a job of its own in the pool.

    Raises:
        SpeechError: the voice failed, or the pool was too busy.
    """
    while True:
        pcm = await pool.run(priority, synthesis.next_pcm, deadline_s=deadline_s)
        if pcm is None:
            return
        if pcm:
            yield pcm


async def synthesise_text(
    voice: Voice, pool: ModelPool, text: str, sample_rate_hz: int, deadline_s: float = 10.0
) -> bytes:
    """A whole text as 16-bit PCM, for somebody who hears it outside a conversation.

    Args:
        voice: speaks.
        pool: where it runs, as the agent's own words do.
        text: as written.
        sample_rate_hz: of the audio wanted.
        deadline_s: longest wait per clause.

    Raises:
        SpeechError: the voice failed, or the pool was too busy.
    """
    spoken: list[bytes] = []
    for clause in await split_clauses(text, voice.language):
        if is_sayable(clause):
            synthesis = ClauseSynthesis(voice, clause, sample_rate_hz)
            parts = synthesise_clause(pool, Priority.SYNTHESIS, synthesis, deadline_s)
            spoken += [part async for part in parts]
    return b"".join(spoken)


class PreparedPhrases:
    """Fixed phrases of one voice, synthesised once and kept for all calls.

    They are kept by clause, as the speaking service asks for them. Some name the customer of one
    call; so that these do not pile up, the clauses longest unused are dropped.

    Args:
        voice: speaks.
        pool: where it runs.
        max_clauses: the most that are kept.
        max_bytes: the most PCM that is kept.
    """

    def __init__(
        self,
        voice: Voice,
        pool: ModelPool,
        max_clauses: int = 1000,
        max_bytes: int = 64 * 2**20,
    ) -> None:
        self.voice = voice
        self._pool = pool
        self._max_clauses = max_clauses
        self._max_bytes = max_bytes
        self._bytes = 0
        self._kept: OrderedDict[tuple[str, int], bytes] = OrderedDict()
        self._preparing = asyncio.Lock()

    async def prepare(
        self, phrases: Iterable[str], sample_rate_hz: int, deadline_s: float = 60.0
    ) -> None:
        """Synthesise what is not yet kept, behind everything else.

        Calls that begin at the same time wait for each other, and share what they make.

        Args:
            phrases: whole utterances as written.
            sample_rate_hz: rate the legs play.
            deadline_s: longest wait per clause.

        Raises:
            SpeechError: the voice failed.
        """
        for phrase in phrases:
            for clause in await split_clauses(phrase, self.voice.language):
                if not is_sayable(clause):
                    continue
                async with self._preparing:
                    if self.get(clause, sample_rate_hz) is None:
                        synthesis = ClauseSynthesis(self.voice, clause, sample_rate_hz)
                        parts = synthesise_clause(
                            self._pool, Priority.BACKGROUND, synthesis, deadline_s
                        )
                        self._keep((clause, sample_rate_hz), b"".join([p async for p in parts]))

    def get(self, clause: str, sample_rate_hz: int) -> bytes | None:
        """The clause's PCM, if it is kept at that rate."""
        key = (clause, sample_rate_hz)
        pcm = self._kept.get(key)
        if pcm is not None:
            self._kept.move_to_end(key)
        return pcm

    def _keep(self, key: tuple[str, int], pcm: bytes) -> None:
        self._kept[key] = pcm
        self._bytes += len(pcm)
        while len(self._kept) > self._max_clauses or self._bytes > self._max_bytes:
            _, dropped = self._kept.popitem(last=False)
            self._bytes -= len(dropped)
