"""The agent's words as sound, as pipecat wants it: a text-to-speech service around a voice.

Enters: text, streamed by the language model or handed over whole (``TTSSpeakFrame``). Leaves:
``TTSAudioRawFrame`` at the leg's own rate, the first clause alone and early. pipecat's own Piper
service waits for whole sentences, scales each to its own peak, resamples with a stream resampler
that holds back up to 165 ms, and runs the model in whatever thread is free.

It also remembers what it said (:meth:`SpeakingService.spoken`), so that after a barge-in the call
can tell what of it was heard from the number of samples played out
(:meth:`SpeakingService.heard`).
"""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from collections.abc import AsyncGenerator, AsyncIterator, Iterable
from dataclasses import dataclass

from pipecat.frames.frames import ErrorFrame, Frame, InterruptionFrame, TTSAudioRawFrame
from pipecat.processors.frame_processor import FrameDirection
from pipecat.services.settings import TTSSettings
from pipecat.services.tts_service import TTSService

from voiceagent.domain.errors import SpeechError
from voiceagent.speech.audio import BYTES_PER_SAMPLE
from voiceagent.speech.clauses import CLAUSE_WORDS, ClauseAggregator, split_clauses
from voiceagent.speech.heard_text import SpokenPiece, heard_text
from voiceagent.speech.model_pool import ModelPool, Priority
from voiceagent.speech.prefetching import PrefetchedClauses
from voiceagent.speech.spoken_text import spoken_text
from voiceagent.speech.synthesis import (
    ClauseSynthesis,
    PreparedPhrases,
    is_sayable,
    synthesise_clause,
)
from voiceagent.speech.voices import Voice

_logger = logging.getLogger(__name__)

_SILENCE_MS = 20
_KEEP_ALIVE_S = 1.0


@dataclass(frozen=True, slots=True)
class SpeakingOptions:
    """How the agent speaks.

    Attributes:
        sample_rate_hz: of the audio sent; None for the pipeline's output rate, which should be the
            leg's own (8000 on the phone), so that nothing is resampled twice.
        clause_words: see :data:`~voiceagent.speech.clauses.CLAUSE_WORDS`.
        whole_sentences: the text comes sentence by sentence, see
            :class:`~voiceagent.speech.clauses.ClauseAggregator`.
        deadline_s: longest wait for one clause.
        longest_ahead_s: a clause is begun when no more speech than this waits to be played. It has
            to be longer than a clause, so that the next one is ready in time; what is made beyond
            it is mostly thrown away at a barge-in.
        prefetched_clauses: clauses made at most for a reply that is not certain yet.
        prefetched_s: speech made ahead at most for each of them.
        remembered_contexts: utterances whose pieces are kept for :meth:`SpeakingService.heard`.
    """

    sample_rate_hz: int | None = None
    clause_words: tuple[int, ...] = CLAUSE_WORDS
    whole_sentences: bool = False
    deadline_s: float = 10.0
    longest_ahead_s: float = 8.0
    prefetched_clauses: int = 2
    prefetched_s: float = 6.0
    remembered_contexts: int = 16


class SpeakingService(TTSService):
    """Speaks what the language model writes and what the call says on its own.

    Args:
        voice: shared by all calls.
        pool: where it runs.
        options: see :class:`SpeakingOptions`.
        phrases: fixed phrases of the same voice, shared by all calls.
    """

    def __init__(
        self,
        voice: Voice,
        pool: ModelPool,
        options: SpeakingOptions | None = None,
        phrases: PreparedPhrases | None = None,
    ) -> None:
        self._speaking = options or SpeakingOptions()
        super().__init__(
            push_start_frame=True,
            push_stop_frames=True,
            # Every silent utterance is reported; overload passes, so none ends the service.
            max_consecutive_zero_audio_contexts=0,
            sample_rate=self._speaking.sample_rate_hz,
            settings=TTSSettings(model=voice.name, voice=voice.name, language=None),
        )
        self._voice = voice
        self._pool = pool
        self._phrases = phrases or PreparedPhrases(voice, pool)
        self._text_aggregator = ClauseAggregator(
            self._speaking.clause_words,
            voice.language,
            whole_sentences=self._speaking.whole_sentences,
        )
        self._prefetched = PrefetchedClauses(
            pool, self._speaking.prefetched_clauses, self._speaking.deadline_s
        )
        self._played_at_s = 0.0
        self._spoken: OrderedDict[str, list[SpokenPiece]] = OrderedDict()
        self.pace = 1.0
        """How fast is spoken from the next clause on; below 1 is slower. Fixed phrases keep their
        own pace."""

    @property
    def language(self) -> str:
        """BCP 47 tag of the voice's language."""
        return self._voice.language

    def can_generate_metrics(self) -> bool:
        """True: time to the first audio is measured."""
        return True

    async def prepare(self, phrases: Iterable[str]) -> None:
        """Have fixed phrases ready before they are needed; call it once the pipeline is set up.

        Raises:
            SpeechError: the voice failed.
        """
        rate_hz = self.sample_rate or self._speaking.sample_rate_hz
        if not rate_hz:
            msg = "the sample rate is not known yet: start the pipeline or set it in the options"
            raise ValueError(msg)
        await self._phrases.prepare(phrases, rate_hz)

    def prefetch(self, clause: str) -> None:
        """Synthesise a clause ahead, to be played only if it is asked for word for word.

        Kept phrases and clauses beyond the options' bound are passed over.
        """
        rate_hz = self.sample_rate
        if not rate_hz or not is_sayable(clause) or self._phrases.get(clause, rate_hz) is not None:
            return
        synthesis = ClauseSynthesis(self._voice, clause, rate_hz, self.pace)
        most_bytes = int(self._speaking.prefetched_s * rate_hz) * BYTES_PER_SAMPLE
        self._prefetched.begin(clause, self.pace, synthesis, most_bytes)

    async def drop_prefetched(self) -> None:
        """Drop what was synthesised ahead and not asked for."""
        await self._prefetched.drop()

    async def cleanup(self) -> None:
        """Drop what was synthesised ahead as well."""
        await self.drop_prefetched()
        await super().cleanup()  # type: ignore[no-untyped-call]

    def spoken(self, context_id: str) -> tuple[SpokenPiece, ...]:
        """The pieces synthesised for an utterance so far; empty for one long forgotten."""
        return tuple(self._spoken.get(context_id, ()))

    def heard(self, context_id: str, played_samples: int) -> str:
        """What was heard of an utterance.

        Args:
            context_id: as on its ``TTSStartedFrame`` and audio frames.
            played_samples: samples of it that were played out, at this service's rate.
        """
        return heard_text(
            self.spoken(context_id),
            played_samples,
            weigh=lambda word: len(spoken_text(word, self._voice.language)),
        )

    async def run_tts(self, text: str, context_id: str) -> AsyncGenerator[Frame | None, None]:
        """Synthesise one piece of text; called by the base class, in order."""
        await self.start_tts_usage_metrics(text)
        pieces = self._pieces_of(context_id)
        try:
            for clause in await split_clauses(text, self._voice.language, len(pieces)):
                await self._until_wanted(context_id)
                pieces.append(SpokenPiece(clause, 0))
                async for pcm in self._clause_pcm(clause):
                    samples = pieces[-1].samples + len(pcm) // BYTES_PER_SAMPLE
                    pieces[-1] = SpokenPiece(clause, samples)
                    self._count_ahead(pcm)
                    yield TTSAudioRawFrame(pcm, self.sample_rate, 1, context_id=context_id)
        except SpeechError as error:
            _logger.warning("a clause was not spoken", extra={"code": error.code})
            yield ErrorFrame(f"{error.code}: {error.problem}")

    async def _handle_interruption(
        self, frame: InterruptionFrame, direction: FrameDirection
    ) -> None:
        self._played_at_s = 0.0
        await super()._handle_interruption(frame, direction)

    async def _until_wanted(self, context_id: str) -> None:
        """Wait while enough speech waits to be played; pipecat would queue a whole monologue."""
        while (ahead_s := self._played_at_s - _now_s()) > self._speaking.longest_ahead_s:
            await asyncio.sleep(min(ahead_s - self._speaking.longest_ahead_s, _KEEP_ALIVE_S))
            # An utterance without news for three seconds would count as over.
            self._refresh_audio_context(context_id)

    def _count_ahead(self, pcm: bytes) -> None:
        seconds = len(pcm) / BYTES_PER_SAMPLE / self.sample_rate
        self._played_at_s = max(self._played_at_s, _now_s()) + seconds

    def _pieces_of(self, context_id: str) -> list[SpokenPiece]:
        pieces = self._spoken.setdefault(context_id, [])
        self._spoken.move_to_end(context_id)
        while len(self._spoken) > self._speaking.remembered_contexts:
            self._spoken.popitem(last=False)
        return pieces

    async def _clause_pcm(self, clause: str) -> AsyncIterator[bytes]:
        kept = self._phrases.get(clause, self.sample_rate)
        if kept is not None:
            yield kept
        elif not is_sayable(clause):
            # Something must come out, or pipecat takes the utterance for a failure.
            yield bytes(_SILENCE_MS * self.sample_rate // 1000 * BYTES_PER_SAMPLE)
        elif (prefetched := self._prefetched.take(clause, self.pace)) is not None:
            async for pcm in prefetched.pcm():
                yield pcm
        else:
            synthesis = ClauseSynthesis(self._voice, clause, self.sample_rate, self.pace)
            async for pcm in synthesise_clause(
                self._pool, Priority.SYNTHESIS, synthesis, self._speaking.deadline_s
            ):
                yield pcm


def _now_s() -> float:
    return asyncio.get_running_loop().time()
