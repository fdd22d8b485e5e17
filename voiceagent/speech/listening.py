"""The caller's words, as pipecat wants them: a speech-to-text service around the recogniser.

Enters: the caller's audio (``InputAudioRawFrame``, 8 or 16 kHz) and the edges of speech, which the
user aggregator behind this service sends upstream. Leaves: ``TranscriptionFrame`` with an
:class:`~.utterances.Utterance` in ``result``: when it was said, in the call's audio time, and how
sure the recogniser is. pipecat's own Whisper service has no place for either, takes whatever
sample rate comes as 16 kHz, and keeps its model to itself.

The call's clock is :attr:`ListeningService.audio_ms`: the audio received so far.

A transcript is marked ``finalized`` only if it ends what the caller said. pipecat's turn strategy
keeps a "finalized" it has seen until speech starts anew; a segment's transcript that arrives after
the caller has gone on talking would otherwise end the turn at the next pause, without the words
spoken since.

A turn with pauses in it arrives in segments, and a fragment ("my zip code is") is recognised far
worse than the whole. So each further segment of a turn is recognised together with what came
before it, and its utterance says that it supersedes the earlier ones.

A recogniser that streams can take this one's place: same constructor arguments, same frames.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field

from pipecat.frames.frames import (
    ErrorFrame,
    Frame,
    InputAudioRawFrame,
    TranscriptionFrame,
    UserMuteStoppedFrame,
    UserStoppedSpeakingFrame,
    VADUserStartedSpeakingFrame,
    VADUserStoppedSpeakingFrame,
)
from pipecat.processors.frame_processor import FrameDirection
from pipecat.services.settings import STTSettings
from pipecat.services.stt_service import SegmentedSTTService, STTService
from pipecat.transcriptions.language import Language
from pipecat.utils.time import time_now_iso8601

from voiceagent.domain.errors import SpeechError
from voiceagent.speech.model_pool import ModelPool, Priority
from voiceagent.speech.recogniser import Recogniser
from voiceagent.speech.recognition import Recognition
from voiceagent.speech.utterances import Segment, Segmenter, SegmentOptions, recognise
from voiceagent.speech.voice_activity import VoiceActivity
from voiceagent.speech.voice_activity_analyzer import VoiceActivityAnalyzer

_logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ListeningOptions:
    """How a call is listened to.

    Attributes:
        language: what the caller speaks; None to find out from their first clear utterance.
        hotwords: names and terms to expect, such as the customer's name.
        deadline_s: longest wait for one recognition. A reply later than this is no conversation.
        detection_confidence: how sure a detected language must be to be kept for the call.
        expected_latency_ms: from the end of speech to its transcript, worst of a hundred; pipecat
            waits this long before it ends a turn without one.
        max_waiting: segments that may wait for recognition.
        join_ms: segments of one turn are recognised together up to this length.
        join_pause_ms: a longer pause between them is shortened to this.
        segments: how speech is cut.
    """

    language: str | None = None
    hotwords: tuple[str, ...] = ()
    deadline_s: float = 8.0
    detection_confidence: float = 0.8
    expected_latency_ms: int = 1200
    max_waiting: int = 8
    join_ms: int = 15000
    join_pause_ms: int = 300
    segments: SegmentOptions = field(default_factory=SegmentOptions)


class ListeningService(SegmentedSTTService):
    """Recognises what the caller says between the edges of speech.

    Args:
        recogniser: shared by all calls.
        pool: where it runs; a caller who has stopped speaking goes before everybody else.
        options: see :class:`ListeningOptions`.
        voice_activity: the analyzer given to the user aggregator. With it, speech is cut where it
            was heard; without it, where audio stood when the edge arrived here, which is late by
            what was queued meanwhile.
    """

    def __init__(
        self,
        recogniser: Recogniser,
        pool: ModelPool,
        options: ListeningOptions | None = None,
        voice_activity: VoiceActivityAnalyzer | None = None,
    ) -> None:
        self._listening = options or ListeningOptions()
        language = self._listening.language
        super().__init__(
            trailing_silence_secs=0.0,
            ttfs_p99_latency=self._listening.expected_latency_ms / 1000,
            settings=STTSettings(model="whisper", language=language),
        )
        self._recogniser = recogniser
        self._pool = pool
        self._voice_activity = voice_activity
        self._call_language = language
        self._call_hotwords = self._listening.hotwords
        self._segmenter: Segmenter | None = None
        # The base class's queue carries the audio; this one, in step with it, the rest.
        self._segment_queue: asyncio.Queue[bytes | None] = asyncio.Queue(
            self._listening.max_waiting + 1
        )
        self._queued: deque[Segment] = deque()
        # What was recognised of the turn that is going on, as one piece.
        self._turn: Segment | None = None
        self._turn_number = 0
        # Samples the analyzer was not shown, while the aggregator muted the caller.
        self._unseen = 0

    @property
    def wants_wav_segments(self) -> bool:
        """False: segments stay raw PCM."""
        return False

    @property
    def audio_ms(self) -> int:
        """The call's clock: milliseconds of the caller's audio received so far."""
        if self._segmenter is None:
            return 0
        return self._segmenter.position * 1000 // self._segmenter.sample_rate_hz

    @property
    def language(self) -> str | None:
        """The call's language: as given, or as detected; None until then."""
        return self._call_language

    def expect(self, hotwords: tuple[str, ...]) -> None:
        """Replace the hotwords, from the next utterance on."""
        self._call_hotwords = hotwords

    def can_generate_metrics(self) -> bool:
        """True: time to the transcript and processing time are measured."""
        return True

    def language_to_service_language(self, language: Language) -> str:
        """Whisper's name of a language: its primary tag."""
        return str(language.value).split("-", maxsplit=1)[0]

    async def process_audio_frame(
        self,
        frame: InputAudioRawFrame,
        direction: FrameDirection,  # noqa: ARG002
    ) -> None:
        """Count and keep the audio; recognise what has become too long to wait for its end."""
        segmenter = self._segmenter
        if segmenter is None:
            # The frame says its own rate; the pipeline's setting may be wrong about it.
            segmenter = self._segmenter = Segmenter(frame.sample_rate, self._listening.segments)
        elif frame.sample_rate != segmenter.sample_rate_hz:
            await self.push_error("the sample rate of the caller's audio changed during the call")
            return
        part = segmenter.append(frame.audio)
        if part is not None:
            await self._enqueue(part)

    async def _handle_user_started_speaking(self, frame: VADUserStartedSpeakingFrame) -> None:
        self._user_speaking = True
        if self._segmenter is None:
            return
        activity = self._activity
        if activity is not None and activity.last_onset is not None:
            self._segmenter.begin(activity.last_onset.at + self._unseen)
        else:
            heard_for = round(frame.start_secs * self._segmenter.sample_rate_hz)
            self._segmenter.begin(self._segmenter.position - heard_for)

    async def _handle_user_stopped_speaking(self, frame: VADUserStoppedSpeakingFrame) -> None:
        self._user_speaking = False
        if self._segmenter is None:
            return
        activity = self._activity
        if activity is not None and activity.last_offset is not None and not activity.speaking:
            end = activity.last_offset.at + self._unseen
        else:
            silent_for = round(frame.stop_secs * self._segmenter.sample_rate_hz)
            end = self._segmenter.position - silent_for
        segment = self._segmenter.end(end)
        if segment is not None:
            await self._enqueue(segment)

    async def _enqueue(self, segment: Segment) -> None:
        if not segment.pcm or not self.is_usable:
            return
        if len(self._queued) >= self._listening.max_waiting:
            _logger.error("recognition falls behind; an utterance is lost")
            await self.push_error("recognition falls behind: an utterance is lost")
            return
        self._queued.append(segment)
        self._record_stt_audio_usage(segment.pcm)
        await self.emit_stt_usage_metrics()  # type: ignore[no-untyped-call]
        self._segment_queue.put_nowait(segment.pcm)

    async def run_stt(self, audio: bytes) -> AsyncGenerator[Frame | None, None]:  # noqa: ARG002
        """Recognise the oldest queued segment; called by the base class, in order."""
        segment = self._queued.popleft()
        whole = self._with_turn(segment)
        turn_number = self._turn_number
        try:
            await self.start_processing_metrics()
            recognition = await self._recognise(whole)
            if turn_number != self._turn_number and whole is not segment:
                # The turn ended meanwhile: what came before this segment has been answered.
                whole, recognition = segment, await self._recognise(segment)
            await self.stop_processing_metrics()
        except SpeechError as error:
            _logger.warning("an utterance was not recognised", extra={"code": error.code})
            yield ErrorFrame(f"{error.code}: {error.problem}")
            return
        if not recognition.text:
            return
        self._turn = whole
        self._keep_language(recognition.language, recognition.language_probability)
        yield TranscriptionFrame(
            recognition.text,
            self._user_id,
            time_now_iso8601(),
            Language(recognition.language),
            result=whole.utterance(recognition, supersedes=whole is not segment),
            finalized=segment.complete and not self._more_to_come,
        )

    async def _recognise(self, segment: Segment) -> Recognition:
        return await self._pool.run(
            Priority.FINAL if segment.complete else Priority.INTERIM,
            recognise,
            self._recogniser,
            segment,
            self._call_language,
            self._call_hotwords,
            deadline_s=self._listening.deadline_s,
        )

    def _with_turn(self, segment: Segment) -> Segment:
        """The segment together with what its turn began with, if that is not too long."""
        if self._turn is None:
            return segment
        options = self._listening
        joined = self._turn.followed_by(segment, options.join_ms, options.join_pause_ms)
        return joined or segment

    async def push_frame(
        self, frame: Frame, direction: FrameDirection = FrameDirection.DOWNSTREAM
    ) -> None:
        """Push a frame; a transcript keeps the ``finalized`` it was made with.

        The base class would mark every one of them finalized (see the module's docstring), so its
        own parent is called instead.
        """
        await STTService.push_frame(self, frame, direction)

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        """Process a frame; after the caller was muted, find out how much the analyzer missed."""
        await super().process_frame(frame, direction)
        if isinstance(frame, UserStoppedSpeakingFrame):
            self._turn = None
            self._turn_number += 1
        activity = self._activity
        if isinstance(frame, UserMuteStoppedFrame) and activity and self._segmenter:
            self._unseen = self._segmenter.position - activity.position

    @property
    def _activity(self) -> VoiceActivity | None:
        return self._voice_activity.activity if self._voice_activity else None

    @property
    def _more_to_come(self) -> bool:
        """Whether the caller speaks again, or spoke after the segment just recognised."""
        activity = self._activity
        speaking = self._user_speaking or (activity is not None and activity.speaking)
        return speaking or bool(self._queued)

    def _keep_language(self, language: str, probability: float) -> None:
        if self._call_language is None and probability >= self._listening.detection_confidence:
            self._call_language = language
            _logger.info("language of the call: %s", language)
