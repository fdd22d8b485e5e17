"""From a clause to audio at the leg's rate, and the phrases kept ready.

Enters: clauses as written, a voice. Leaves: 16-bit PCM at the rate the leg plays.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterable

import numpy as np

from voiceagent.domain.errors import InputError
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

    They are kept by clause, as the speaking service asks for them.

    Args:
        voice: speaks.
        pool: where it runs.
        max_clauses: the most that are kept; fixed phrases are few, so more is a mistake.
    """

    def __init__(self, voice: Voice, pool: ModelPool, max_clauses: int = 1000) -> None:
        self.voice = voice
        self._pool = pool
        self._max_clauses = max_clauses
        self._kept: dict[tuple[str, int], bytes] = {}

    async def prepare(
        self, phrases: Iterable[str], sample_rate_hz: int, deadline_s: float = 60.0
    ) -> None:
        """Synthesise what is not yet kept, behind everything else.

        Args:
            phrases: whole utterances as written.
            sample_rate_hz: rate the legs play.
            deadline_s: longest wait per clause.

        Raises:
            InputError: more phrases than are meant to be kept.
            SpeechError: the voice failed.
        """
        for phrase in phrases:
            for clause in await split_clauses(phrase, self.voice.language):
                key = (clause, sample_rate_hz)
                if key in self._kept or not is_sayable(clause):
                    continue
                if len(self._kept) >= self._max_clauses:
                    raise InputError(f"More than {self._max_clauses} fixed clauses to prepare.")
                synthesis = ClauseSynthesis(self.voice, clause, sample_rate_hz)
                pcm = b"".join(
                    [
                        part
                        async for part in synthesise_clause(
                            self._pool, Priority.BACKGROUND, synthesis, deadline_s
                        )
                    ]
                )
                self._kept[key] = pcm

    def get(self, clause: str, sample_rate_hz: int) -> bytes | None:
        """The clause's PCM, if it is kept at that rate."""
        return self._kept.get((clause, sample_rate_hz))
