"""The caller's turn as sound: from its first onset to the latest pause, as one piece.

Enters: a stream's audio and where speech begins and pauses. Leaves: at each pause the whole turn to
recognise, with the lead-in its first syllable needs. A fragment ("my zip code is") is recognised
far worse than the whole, so a turn is not cut at its pauses; only a long one is, where its words
are settled: what follows is then recognised apart, and the wait at the end stays short. Pure.
"""

from __future__ import annotations

from dataclasses import dataclass

from voiceagent.speech.audio import AudioHistory, pcm_to_float, quietest_position
from voiceagent.speech.utterances import Segment


@dataclass(frozen=True, slots=True)
class TurnAudioOptions:
    """How a turn's audio is kept.

    Attributes:
        lead_in_ms: audio taken before the onset, for the soft beginning of the first word.
        settle_ms: a part this long is settled at its next pause, if the caller goes on.
        longest_ms: a part that runs on without a pause is cut here, at its quietest place.
        history_ms: audio kept while nobody speaks; covers lead-in and the wait for the onset.
    """

    lead_in_ms: int = 250
    settle_ms: int = 10000
    longest_ms: int = 16000
    history_ms: int = 2000


class TurnAudio:
    """Keeps the audio of one stream and cuts the turns out of it.

    Args:
        sample_rate_hz: of the stream.
        options: see :class:`TurnAudioOptions`.
    """

    def __init__(self, sample_rate_hz: int, options: TurnAudioOptions | None = None) -> None:
        self.sample_rate_hz = sample_rate_hz
        self._options = options or TurnAudioOptions()
        self._per_ms = sample_rate_hz // 1000
        longest_ms = self._options.longest_ms + self._options.history_ms
        # Twice: a part may have to wait at a pause that lasts.
        self._history = AudioHistory(2 * longest_ms * self._per_ms)
        self._start: int | None = None
        self._first = 0
        self._previous_last = 0

    @property
    def position(self) -> int:
        """Samples received so far."""
        return self._history.end

    @property
    def running(self) -> bool:
        """Whether a turn has begun and not ended."""
        return self._start is not None

    def ms(self, samples: int) -> int:
        """So many samples in milliseconds."""
        return samples // self._per_ms

    def append(self, pcm: bytes) -> Segment | None:
        """Take in audio; return the running part if it has become too long to wait for a pause."""
        self._history.append(pcm)
        if self._start is None:
            self._history.forget_before(self.position - self._options.history_ms * self._per_ms)
            return None
        if self.position - self._first < self._options.longest_ms * self._per_ms:
            return None
        search = self.position - self._options.longest_ms * self._per_ms // 3
        audio = pcm_to_float(self._history.cut(search, self.position))
        middle = search + quietest_position(audio, self.sample_rate_hz)
        part = self._segment(middle, middle, complete=False)
        self.settle(middle)
        return part

    def begin(self, at: int) -> None:
        """A turn began at sample ``at``; nothing happens if one runs."""
        if self._start is None:
            self._start = max(at, self._previous_last)
            lead_in = self._options.lead_in_ms * self._per_ms
            # The lead-in never reaches into what the previous turn already had.
            self._first = max(self._start - lead_in, self._previous_last, self._history.start)

    def pause(self, at: int) -> Segment:
        """Speech paused at sample ``at``: the turn, or what of it is not settled, up to now.

        Raises:
            ValueError: no turn runs.
        """
        return self._segment(min(at, self.position), self.position, complete=True)

    def is_long(self, part: Segment) -> bool:
        """Whether a part should be settled if the caller goes on."""
        return (part.end - part.start) >= self._options.settle_ms * self._per_ms

    def settle(self, at: int) -> None:
        """The words up to sample ``at`` are settled: what follows is recognised apart."""
        if self._start is not None:
            self._start = max(self._start, at)
            self._first = max(self._first, at)
            self._history.forget_before(self._first)

    def end(self, at: int) -> None:
        """The turn is over; its speech ended at sample ``at``. The next one begins after it."""
        self._start = None
        self._previous_last = max(self._previous_last, at)

    def _segment(self, end: int, last: int, *, complete: bool) -> Segment:
        if self._start is None:
            raise ValueError("no turn runs")
        pcm = self._history.cut(self._first, last)
        return Segment(pcm, self.sample_rate_hz, self._start, max(self._start, end), complete)
