"""When somebody speaks: onset and offset of speech, counted in audio time.

Enters: 16-bit mono PCM at 8 or 16 kHz, in frames of any size (20 ms on the phone). Leaves: onsets
and offsets with their positions in the stream. Two detectors share the work. WebRTC's (a Gaussian
mixture model, about a microsecond per frame) only decides whether anything is worth a closer look;
it hears voices in noise. Silero (a small recurrent network, 0.1 ms per 32 ms) decides whether that
is speech, and when it ends. A silent line therefore costs next to nothing, and noise does not
interrupt the agent.

Nothing here reads a clock: a second of silence is a second of samples, so a recording fed as fast
as it can be read gives the same answer as a live call.
"""

from __future__ import annotations

import copy
import functools
from collections.abc import Callable
from dataclasses import dataclass
from importlib import resources

import numpy as np
import webrtcvad
from pipecat.audio.vad.silero import SileroOnnxModel

from voiceagent.speech.audio import BYTES_PER_SAMPLE, Samples, level_dbfs, pcm_to_float

SUPPORTED_RATES_HZ = (8000, 16000)
WINDOW_MS = 32
"""What Silero looks at: 256 samples at 8 kHz, 512 at 16 kHz."""

_GATE_FRAME_MS = 20
_RESET_AFTER_MS = 2000
_RESET_QUIET_WINDOWS = 5
_RESET_PROBABILITY = 0.1

SpeechProbability = Callable[[Samples, int], float]
"""Scores one window (float32, ``WINDOW_MS`` long) at a rate: 0 (no speech) to 1."""


@dataclass(frozen=True, slots=True)
class VoiceActivityOptions:
    """How eagerly speech is found.

    Attributes:
        onset_ms: speech this long is an onset. Shorter interrupts the agent at every cough, longer
            lets it talk over the caller.
        offset_ms: silence this long is an offset. 200 because Smart Turn was trained on pauses of
            that length and has to be asked at every one of them.
        onset_probability: Silero's verdict that counts as speech.
        hold_probability: what keeps speech going once it runs; lower, because the soft end of a
            word is still that word.
        min_level_dbfs: windows quieter than this are no speech to us, whatever their shape: the
            far end's other party, a television next door.
        gate_mode: WebRTC's aggressiveness, 0 to 3. At 2, steady noise below about -30 dBFS stays
            shut out at 16 kHz while soft beginnings of words get through.
        lookback_ms: how far before Silero's first speech window the onset may be put, if WebRTC's
            detector heard a voice all the while; also what Silero is warmed up with.
    """

    onset_ms: int = 100
    offset_ms: int = 200
    onset_probability: float = 0.5
    hold_probability: float = 0.35
    min_level_dbfs: float = -50.0
    gate_mode: int = 2
    lookback_ms: int = 320


@dataclass(frozen=True, slots=True)
class SpeechOnset:
    """Speech began at sample ``at``; known for sure at sample ``decided_at``."""

    at: int
    decided_at: int


@dataclass(frozen=True, slots=True)
class SpeechOffset:
    """Speech ended at sample ``at``; known for sure at sample ``decided_at``."""

    at: int
    decided_at: int


SpeechEdge = SpeechOnset | SpeechOffset


@functools.cache
def _loaded_silero() -> SileroOnnxModel:
    path = resources.files("pipecat.audio.vad.data") / "silero_vad.onnx"
    return SileroOnnxModel(str(path))


class SileroSpeechProbability:
    """Silero on one stream: the loaded network is shared, its recurrent state is this stream's."""

    def __init__(self) -> None:
        self._model = copy.copy(_loaded_silero())
        self.reset()

    def __call__(self, window: Samples, sample_rate_hz: int) -> float:
        return float(np.squeeze(self._model(window, sample_rate_hz)))

    def reset(self) -> None:
        """Forget what was heard so far."""
        self._model.reset_states()


class VoiceActivity:
    """Finds onsets and offsets of speech in one stream.

    Args:
        sample_rate_hz: 8000 or 16000.
        options: how eagerly.

    Raises:
        ValueError: a sample rate the detectors do not know.
    """

    def __init__(self, sample_rate_hz: int, options: VoiceActivityOptions | None = None) -> None:
        if sample_rate_hz not in SUPPORTED_RATES_HZ:
            msg = f"voice activity needs audio at {SUPPORTED_RATES_HZ} Hz, not {sample_rate_hz}"
            raise ValueError(msg)
        self.sample_rate_hz = sample_rate_hz
        self.options = options or VoiceActivityOptions()
        self._per_ms = sample_rate_hz // 1000
        self._window = WINDOW_MS * self._per_ms
        self._gate_frame = _GATE_FRAME_MS * self._per_ms
        self._gate = webrtcvad.Vad(self.options.gate_mode)
        self._silero = SileroSpeechProbability()
        self._lookback = self.options.lookback_ms * self._per_ms
        # Audio not yet scored by Silero; its first sample is at position _scored.
        self._unscored = bytearray()
        self._scored = 0
        self._gated = 0
        self._gate_open = False
        self._skipped = True
        # The latest run of voiced frames the gate heard, and where its last frame ended.
        self._voiced_from = 0
        self._voiced_until = -1
        self._windows_since_reset = self._quiet_windows = 0
        self._speaking = False
        self._last_offset: SpeechOffset | None = None
        # Speech windows in a row that may become an onset, and where they began.
        self._candidate: int | None = None
        self._candidate_windows = 0

    @property
    def position(self) -> int:
        """Samples received so far."""
        return self._scored + len(self._unscored) // BYTES_PER_SAMPLE

    @property
    def speaking(self) -> bool:
        """Whether an onset was reported whose offset was not."""
        return self._speaking

    @property
    def attentive(self) -> bool:
        """Whether Silero is at work; if not, feeding a frame takes microseconds."""
        return self._speaking or self._gate_open

    def feed(self, pcm: bytes) -> tuple[SpeechEdge, ...]:
        """Take in the next samples; return what was decided on them, in order."""
        self._unscored += pcm
        self._run_gate()
        if not self.attentive:
            self._discard_silence()
            return ()
        return self._score_windows()

    def finish(self) -> tuple[SpeechEdge, ...]:
        """End the stream: speech still running ends where it was last heard."""
        if not self._speaking:
            return ()
        return (self._end_speech(self.position),)

    def _run_gate(self) -> None:
        end = self.position
        while end - self._gated >= self._gate_frame:
            first = (self._gated - self._scored) * BYTES_PER_SAMPLE
            frame = bytes(self._unscored[first : first + self._gate_frame * BYTES_PER_SAMPLE])
            if self._gate.is_speech(frame, self.sample_rate_hz):
                self._open_gate()
                # One unvoiced frame inside a word does not end a run.
                if self._gated - self._voiced_until > self._gate_frame:
                    self._voiced_from = self._gated
                self._voiced_until = self._gated + self._gate_frame
            elif self._gated - self._voiced_until > self._lookback:
                self._gate_open = False
            self._gated += self._gate_frame

    def _open_gate(self) -> None:
        if self._skipped:
            # What Silero remembers does not join what it is about to hear.
            self._reset_silero()
            self._skipped = False
        self._gate_open = True

    def _reset_silero(self) -> None:
        self._silero.reset()
        self._windows_since_reset = self._quiet_windows = 0

    def _discard_silence(self) -> None:
        """Keep whole windows of lookback only, so that a later onset can be looked into."""
        surplus = (len(self._unscored) // BYTES_PER_SAMPLE - self._lookback) // self._window
        # The gate must have seen what is thrown away.
        surplus = min(surplus, (self._gated - self._scored) // self._window)
        if surplus > 0:
            del self._unscored[: surplus * self._window * BYTES_PER_SAMPLE]
            self._scored += surplus * self._window
            self._skipped = True
        self._forget_candidate()

    def _score_windows(self) -> tuple[SpeechEdge, ...]:
        edges: list[SpeechEdge] = []
        # Never past what the gate has seen, so that its frames are still there for it.
        while self._gated - self._scored >= self._window:
            size = self._window * BYTES_PER_SAMPLE
            window = pcm_to_float(bytes(self._unscored[:size]))
            del self._unscored[:size]
            start = self._scored
            self._scored += self._window
            probability = self._silero(window, self.sample_rate_hz)
            if level_dbfs(window) < self.options.min_level_dbfs:
                probability = 0.0
            edge = (
                self._while_speaking(probability)
                if self._speaking
                else self._while_silent(start, probability)
            )
            if edge is not None:
                edges.append(edge)
        return tuple(edges)

    def _while_silent(self, start: int, probability: float) -> SpeechOnset | None:
        if probability < self.options.onset_probability:
            self._forget_candidate()
            self._maybe_reset(probability)
            return None
        if self._candidate is None:
            self._candidate = start
        self._candidate_windows += 1
        if self._candidate_windows < max(1, round(self.options.onset_ms / WINDOW_MS)):
            return None
        at = self._candidate
        if self._voiced_until >= at:
            # Silero is late on soft beginnings, where the gate already heard a voice.
            previous_end = self._last_offset.at if self._last_offset else 0
            at = min(at, max(self._voiced_from, at - self._lookback, previous_end))
        self._speaking = True
        self._speech_end = self._scored
        self._forget_candidate()
        return SpeechOnset(at, self._scored)

    def _while_speaking(self, probability: float) -> SpeechOffset | None:
        silence = self._scored - self._speech_end
        # After a real gap, speech has to be as sure of itself as at an onset.
        resuming = silence > 3 * self._window
        needed = self.options.onset_probability if resuming else self.options.hold_probability
        if probability >= needed:
            self._speech_end = self._scored
            return None
        if silence + self._window // 2 < self.options.offset_ms * self._per_ms:
            return None
        return self._end_speech(self._scored)

    def _end_speech(self, decided_at: int) -> SpeechOffset:
        self._speaking = False
        self._last_offset = SpeechOffset(self._speech_end, decided_at)
        self._gate_open = False
        return self._last_offset

    def _forget_candidate(self) -> None:
        self._candidate = None
        self._candidate_windows = 0

    def _maybe_reset(self, probability: float) -> None:
        """Clear Silero's memory of long noise, which dulls it for the speech that follows.

        Only in clear silence and never more often than every two seconds: a reset in the middle of
        speech costs a few hundred milliseconds of doubt.
        """
        self._windows_since_reset += 1
        self._quiet_windows = self._quiet_windows + 1 if probability < _RESET_PROBABILITY else 0
        if (
            self._windows_since_reset * WINDOW_MS >= _RESET_AFTER_MS
            and self._quiet_windows >= _RESET_QUIET_WINDOWS
        ):
            self._reset_silero()
