"""Speech in a stream, cut into utterances: what both kinds of listener share.

Enters: audio with its positions, and where speech begins and ends. Leaves: segments to recognise,
each with the lead-in its first syllable needs, and utterances to report. Pure apart from the models
it is handed; no event loop.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from voiceagent.domain.transcript import Tone
from voiceagent.speech.audio import AudioHistory, pcm_to_float, quietest_position, resample
from voiceagent.speech.recogniser import SAMPLE_RATE_HZ, OnWords, Recogniser
from voiceagent.speech.recognition import Recognition
from voiceagent.speech.smart_turn import end_of_turn_probability
from voiceagent.speech.tone import measure_tone, together


@dataclass(frozen=True, slots=True)
class Utterance:
    """Words somebody said without a long pause, and where in the stream.

    Attributes:
        text: what was said, with punctuation.
        start_ms: first sound, in milliseconds of audio received since the stream began.
        end_ms: last sound, likewise.
        confidence: 0..1, see :class:`~voiceagent.speech.recognition.Recognition`.
        language: BCP 47 primary tag.
        tone: how it sounded; None where it was not measured.
        end_mark: 0..1, likewise.
    """

    text: str
    start_ms: int
    end_ms: int
    confidence: float
    language: str
    tone: Tone | None = None
    end_mark: float = 0.0


def joined_utterance(parts: Sequence[Utterance]) -> Utterance:
    """What was recognised in parts as one utterance; each part counts by its length.

    Raises:
        ValueError: there is no part.
    """
    if not parts:
        raise ValueError("there is nothing to join")
    spoken = sum(len(part.text) for part in parts) or 1
    tones = [part.tone for part in parts if part.tone is not None]
    return Utterance(
        text=" ".join(part.text for part in parts if part.text),
        start_ms=parts[0].start_ms,
        end_ms=parts[-1].end_ms,
        confidence=sum(part.confidence * len(part.text) for part in parts) / spoken,
        language=parts[-1].language,
        tone=together(tones),
        end_mark=parts[-1].end_mark,
    )


@dataclass(frozen=True, slots=True)
class SegmentOptions:
    """How segments are cut.

    Attributes:
        lead_in_ms: audio taken before the onset, for the soft beginning of the first word.
        tail_ms: audio taken after the offset, for the soft end of the last.
        max_ms: speech that runs on longer is recognised in parts, cut at the quietest place.
        history_ms: audio kept while nobody speaks; covers lead-in and the wait for the onset.
    """

    lead_in_ms: int = 250
    tail_ms: int = 200
    max_ms: int = 20000
    history_ms: int = 4000


@dataclass(frozen=True, slots=True)
class Segment:
    """Audio to recognise. Positions are those of the speech; the audio has lead-in and tail.

    Attributes:
        pcm: 16-bit mono.
        sample_rate_hz: its rate.
        start: first sample of the speech, counted from the start of the stream.
        end: the sample after its last.
        complete: whether the speech ended here; if not, its next part follows.
    """

    pcm: bytes = field(repr=False)
    sample_rate_hz: int
    start: int
    end: int
    complete: bool = True

    def utterance(self, recognition: Recognition) -> Utterance:
        """What was recognised in it, placed in the stream."""
        return Utterance(
            text=recognition.text,
            start_ms=self.start * 1000 // self.sample_rate_hz,
            end_ms=self.end * 1000 // self.sample_rate_hz,
            confidence=recognition.confidence,
            language=recognition.language,
            tone=recognition.tone,
            end_mark=recognition.end_mark,
        )


class Segmenter:
    """Collects a stream's audio and cuts the segments out of it.

    Args:
        sample_rate_hz: of the stream.
        options: see :class:`SegmentOptions`.
    """

    def __init__(self, sample_rate_hz: int, options: SegmentOptions) -> None:
        self.sample_rate_hz = sample_rate_hz
        self._per_ms = sample_rate_hz // 1000
        self._options = options
        longest_ms = options.max_ms + options.lead_in_ms + options.history_ms
        self._history = AudioHistory(longest_ms * self._per_ms)
        self._start: int | None = None
        self._previous_end = 0

    @property
    def position(self) -> int:
        """Samples received so far."""
        return self._history.end

    @property
    def speaking(self) -> bool:
        """Whether a segment has begun and not ended."""
        return self._start is not None

    def append(self, pcm: bytes) -> Segment | None:
        """Take in audio; return a part of the running speech if that has become too long."""
        self._history.append(pcm)
        if self._start is None:
            self._history.forget_before(self.position - self._options.history_ms * self._per_ms)
            return None
        if self.position - self._start < self._options.max_ms * self._per_ms:
            return None
        search = self.position - self._options.max_ms * self._per_ms // 3
        audio = pcm_to_float(self._history.cut(search, self.position))
        middle = search + quietest_position(audio, self.sample_rate_hz)
        part = self._cut(self._start, middle, tail=0, complete=False)
        self._start = middle
        return part

    def begin(self, at: int) -> None:
        """Speech began at sample ``at``, which must not be longer ago than the history."""
        if self._start is None:
            self._start = max(at, self._previous_end)

    def end(self, at: int) -> Segment | None:
        """Speech ended at sample ``at``; None if none had begun."""
        if self._start is None:
            return None
        end = max(self._start, min(at, self.position))
        segment = self._cut(self._start, end, self._options.tail_ms * self._per_ms, complete=True)
        self._start = None
        return segment

    def _cut(self, start: int, end: int, tail: int, *, complete: bool) -> Segment:
        # The lead-in never reaches into what the previous segment already had.
        first = max(start - self._options.lead_in_ms * self._per_ms, self._previous_end)
        last = min(end + tail, self.position)
        self._previous_end = last
        pcm = self._history.cut(first, last)
        self._history.forget_before(last - self._options.lead_in_ms * self._per_ms)
        return Segment(pcm, self.sample_rate_hz, start, end, complete)


def recognise(
    recogniser: Recogniser,
    segment: Segment,
    language: str | None,
    hotwords: tuple[str, ...],
    on_words: OnWords | None = None,
) -> Recognition:
    """Recognise a segment and measure its tone. Blocking: for the pool.

    The audio is brought to the recogniser's rate once, here.
    """
    heard = pcm_to_float(segment.pcm)
    audio = resample(heard, segment.sample_rate_hz, SAMPLE_RATE_HZ)
    recognition = recogniser.transcribe(audio, language, hotwords, on_words)
    if not recognition.text:
        return recognition
    return replace(recognition, tone=measure_tone(heard, segment.sample_rate_hz, recognition.text))


def turn_probability(segment: Segment) -> float:
    """How likely the caller's turn is over after this segment, 0..1. Blocking: for the pool."""
    heard = pcm_to_float(segment.pcm)
    return end_of_turn_probability(resample(heard, segment.sample_rate_hz, SAMPLE_RATE_HZ))
