"""A listener without a pipeline: audio of one leg in, finished utterances out.

Enters: 16-bit mono PCM of a person's leg, frame by frame as it arrives. Leaves: each
:class:`~.utterances.Utterance` through a callback. It writes the transcript where no agent takes
part: the human's leg, and both legs once they are bridged. Nobody waits for its results, so it
goes behind everything else in the model pool.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

from voiceagent.domain.errors import SpeechError
from voiceagent.speech.audio import BYTES_PER_SAMPLE
from voiceagent.speech.model_pool import ModelPool, Priority
from voiceagent.speech.recogniser import Recogniser
from voiceagent.speech.utterances import (
    Segment,
    Segmenter,
    SegmentOptions,
    Utterance,
    recognise,
)
from voiceagent.speech.voice_activity import SpeechOnset, VoiceActivity, VoiceActivityOptions

OnUtterance = Callable[[Utterance], Awaitable[None]]
_logger = logging.getLogger(__name__)

_SLICE_MS = 500


@dataclass(frozen=True, slots=True)
class ListenerOptions:
    """How a leg is listened to.

    Attributes:
        sample_rate_hz: 8000 or 16000.
        language: what is spoken; None to detect it per utterance.
        hotwords: names and terms to expect.
        batch_ms: audio collected before it is looked at.
        max_buffered_ms: audio that may wait to be looked at; beyond it audio is replaced by
            silence, so that positions stay true.
        max_waiting: utterances that may wait for recognition.
        deadline_s: longest wait for one recognition.
        voice_activity: a longer offset than in a dialogue, since no turn hangs on it and whole
            sentences are recognised better.
        segments: how utterances are cut.
    """

    sample_rate_hz: int = 8000
    language: str | None = None
    hotwords: tuple[str, ...] = ()
    batch_ms: int = 100
    max_buffered_ms: int = 20000
    max_waiting: int = 8
    deadline_s: float = 60.0
    voice_activity: VoiceActivityOptions = field(
        default_factory=lambda: VoiceActivityOptions(offset_ms=500)
    )
    segments: SegmentOptions = field(default_factory=SegmentOptions)


class UtteranceListener:
    """Turns one leg's audio into utterances; use it as an async context manager.

    Args:
        recogniser: shared by all.
        pool: where it runs.
        on_utterance: called for each utterance, in order, on the event loop.
        options: see :class:`ListenerOptions`.
    """

    def __init__(
        self,
        recogniser: Recogniser,
        pool: ModelPool,
        on_utterance: OnUtterance,
        options: ListenerOptions | None = None,
    ) -> None:
        self._options = options or ListenerOptions()
        self._recogniser = recogniser
        self._pool = pool
        self._on_utterance = on_utterance
        rate = self._options.sample_rate_hz
        self._activity = VoiceActivity(rate, self._options.voice_activity)
        self._segmenter = Segmenter(rate, self._options.segments)
        self._batch_bytes = self._bytes(self._options.batch_ms)
        self._slice_bytes = self._bytes(_SLICE_MS)
        self._max_bytes = self._bytes(self._options.max_buffered_ms)
        self._buffer = bytearray()
        self._lost_bytes = 0
        self._arrived = asyncio.Event()
        self._ended = False
        self._segments: asyncio.Queue[Segment | None] = asyncio.Queue(self._options.max_waiting)
        self._tasks: list[asyncio.Task[None]] = []

    @property
    def audio_ms(self) -> int:
        """Milliseconds of audio looked at so far."""
        return self._segmenter.position * 1000 // self._options.sample_rate_hz

    def feed(self, pcm: bytes) -> None:
        """Take in the next audio, whole samples of any length. Never waits."""
        if self._lost_bytes or len(self._buffer) + len(pcm) > self._max_bytes:
            if not self._lost_bytes:
                _logger.warning("a listener falls behind; audio is lost")
            self._lost_bytes += len(pcm)
        else:
            self._buffer += pcm
        if len(self._buffer) >= self._batch_bytes:
            self._arrived.set()

    async def start(self) -> None:
        """Begin to listen."""
        self._tasks = [
            asyncio.create_task(self._watch(), name="utterance-listener-watch"),
            asyncio.create_task(self._recognise(), name="utterance-listener-recognise"),
        ]

    async def close(self, deadline_s: float = 30.0) -> None:
        """Report what was said up to now, then stop; give up on the rest after ``deadline_s``."""
        self._ended = True
        self._arrived.set()
        if self._tasks:
            _, late = await asyncio.wait(self._tasks, timeout=deadline_s)
            if late:
                _logger.warning("a listener was stopped before all was recognised")
            for task in late:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)
            self._tasks = []

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.close(0.0 if exc_type else 30.0)

    async def _watch(self) -> None:
        """Find the speech; runs until closed."""
        while not self._ended or self._buffer or self._lost_bytes:
            # Bounded by close(), which sets the event.
            await self._arrived.wait()
            pcm = self._take()
            if len(self._buffer) + self._lost_bytes < self._batch_bytes and not self._ended:
                self._arrived.clear()
            # Voice activity has to keep up with the audio, so it does not queue for the pool.
            edges = await asyncio.to_thread(self._activity.feed, pcm)
            if self._ended and not self._buffer and not self._lost_bytes:
                edges += self._activity.finish()
            if (part := self._segmenter.append(pcm)) is not None:
                await self._segments.put(part)
            for edge in edges:
                if isinstance(edge, SpeechOnset):
                    self._segmenter.begin(edge.at)
                elif (segment := self._segmenter.end(edge.at)) is not None:
                    await self._segments.put(segment)
        await self._segments.put(None)

    def _take(self) -> bytes:
        """Up to half a second: less than the segmenter's history, where onsets must still be."""
        if not self._buffer:
            silence = min(self._lost_bytes, self._slice_bytes)
            self._lost_bytes -= silence
            return bytes(silence)
        pcm = bytes(self._buffer[: self._slice_bytes])
        del self._buffer[: self._slice_bytes]
        return pcm

    async def _recognise(self) -> None:
        """Recognise what was found, in order; runs until the watcher has ended."""
        while (segment := await self._segments.get()) is not None:
            try:
                recognition = await self._pool.run(
                    Priority.BACKGROUND,
                    recognise,
                    self._recogniser,
                    segment,
                    self._options.language,
                    self._options.hotwords,
                    deadline_s=self._options.deadline_s,
                )
            except SpeechError as error:
                _logger.warning("an utterance was not recognised", extra={"code": error.code})
                continue
            if recognition.text:
                await self._report(segment.utterance(recognition))

    async def _report(self, utterance: Utterance) -> None:
        try:
            await self._on_utterance(utterance)
        except Exception:
            # The transcript of the rest must not end with one failing receiver.
            _logger.exception("the receiver of an utterance failed")

    def _bytes(self, milliseconds: int) -> int:
        return milliseconds * self._options.sample_rate_hz // 1000 * BYTES_PER_SAMPLE
