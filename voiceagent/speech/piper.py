"""A Piper voice that is heard before its sentence is computed.

Enters: text as it is pronounced. Leaves: float32 audio in chunks, the first one small. The model
is cut at its decoder (:mod:`voiceagent.speech.piper_graph`): the encoder runs once per sentence,
the decoder in chunks with a few frames of overlap on both sides, which is as far as a sample
depends on its surroundings. Each chunk is computed when it is asked for, so that more urgent work
can go between two of them. A voice that cannot be cut is run sentence by sentence.
"""

from __future__ import annotations

import json
import logging
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import onnxruntime
from numpy.typing import NDArray
from piper import PiperConfig, SynthesisConfig
from piper import PiperVoice as Piper

from voiceagent.speech.audio import Samples
from voiceagent.speech.errors import VoiceUnavailableError
from voiceagent.speech.model_pool import session_options
from voiceagent.speech.piper_graph import NotSplittableError, split_voice

_logger = logging.getLogger(__name__)

_KNEE = 0.8

FIRST_CHUNK_FRAMES = 24
"""Latent frames of the first chunk: about 280 ms of speech, so the next one is ready in time."""
_MOST_CHUNK_FRAMES = 128
# Overlaps tried, smallest first. 12 frames are enough for the decoders of "medium" voices, 16 for
# the larger ones of "high" ones.
_OVERLAP_FRAMES = (12, 16)
_SAME = 1e-4
_PROBE = "Hello there, this is a test."


class PiperVoice:
    """A Piper voice: VITS (Kim et al., 2021) exported to ONNX.

    Args:
        model_path: the ``.onnx`` file; its ``.onnx.json`` lies beside it.
        language: BCP 47 tag of what it speaks.
        gain: fixed amplification. Piper would scale every sentence to full scale by its own peak,
            which makes a short "sure" louder than the sentence that follows, and needs the whole
            sentence first. The default brings the voices tried to about -20 dBFS, the level of
            speech on the phone.
        length_scale: above 1 slower, below 1 faster; None for the voice's own pace.
        stream: whether to yield chunks of a sentence; False for whole sentences.

    Raises:
        VoiceUnavailableError: the files are missing or no Piper voice.
    """

    def __init__(
        self,
        model_path: Path,
        language: str,
        gain: float = 1.5,
        length_scale: float | None = None,
        *,
        stream: bool = True,
    ) -> None:
        config_path = model_path.with_name(model_path.name + ".json")
        self.name = model_path.stem
        self.language = language
        self._gain = np.float32(gain)
        try:
            config = PiperConfig.from_dict(json.loads(config_path.read_text(encoding="utf-8")))
            model = _split(model_path, self.name) if stream else None
            session = model.encoder if model else _session(model_path)
            self._piper = Piper(session=session, config=config)
            if model and not model.fit_overlap(self._ids(_PROBE)[0], self._scales(1.0)):
                _logger.warning("Piper voice %s cannot be streamed: chunks differ", self.name)
                model = None
                self._piper = Piper(session=_session(model_path), config=config)
        except Exception as error:  # onnxruntime has its own, undocumented exceptions
            raise VoiceUnavailableError(
                f"The Piper voice {model_path} cannot be loaded: {error}.", "Fetch it again."
            ) from error
        self._model = model
        # Piper's own default is in the voice's file.
        self._length_scale = length_scale or float(config.length_scale)
        self.sample_rate_hz = int(config.sample_rate)

    @property
    def streams(self) -> bool:
        """Whether sentences come in chunks."""
        return self._model is not None

    def synthesise(self, text: str, pace: float = 1.0) -> Iterator[Samples]:
        """Speak the text; yields several chunks per sentence, each computed when asked for."""
        chunks = self._chunks(text, pace) if self._model else self._sentences(text, pace)
        try:
            for chunk in chunks:
                yield _limited(chunk * self._gain)
        except Exception as error:  # see above
            raise VoiceUnavailableError(f"The Piper voice {self.name} failed.") from error

    def _sentences(self, text: str, pace: float) -> Iterator[Samples]:
        style = SynthesisConfig(normalize_audio=False, length_scale=self._length_scale / pace)
        for chunk in self._piper.synthesize(text, style):
            yield chunk.audio_float_array

    def _chunks(self, text: str, pace: float) -> Iterator[Samples]:
        assert self._model is not None
        size = FIRST_CHUNK_FRAMES
        for ids in self._ids(text):
            latent = self._model.encode(ids, self._scales(self._length_scale / pace))
            start, frames = 0, latent.shape[2]
            while start < frames:
                # A short rest is taken along: a chunk of its own would be mostly overlap.
                count = size if frames - start - size > size // 2 else frames - start
                yield self._model.decode(latent, start, count)
                start += count
                size = min(2 * size, _MOST_CHUNK_FRAMES)

    def _ids(self, text: str) -> list[list[int]]:
        return [self._piper.phonemes_to_ids(p) for p in self._piper.phonemize(text) if p]

    def _scales(self, length_scale: float) -> NDArray[np.float32]:
        config = self._piper.config
        return np.array([config.noise_scale, length_scale, config.noise_w_scale], np.float32)


class _SplitModel:
    """Encoder and decoder of one voice."""

    def __init__(
        self, encoder: onnxruntime.InferenceSession, decoder: onnxruntime.InferenceSession
    ) -> None:
        self.encoder = encoder
        self._decoder = decoder
        self._latent = decoder.get_inputs()[0].name
        self._overlap = 0
        self._hop = 0

    def encode(self, ids: list[int], scales: NDArray[np.float32]) -> NDArray[np.float32]:
        """Latent frames of a sentence, shape (1, channels, frames)."""
        inputs = {
            "input": np.array([ids], np.int64),
            "input_lengths": np.array([len(ids)], np.int64),
            "scales": scales,
        }
        latent: NDArray[np.float32] = self.encoder.run([self._latent], inputs)[0]
        return latent

    def decode(self, latent: NDArray[np.float32], start: int, count: int) -> Samples:
        """The samples of ``count`` frames, computed with the frames around them."""
        first = max(0, start - self._overlap)
        audio = self._run(latent[:, :, first : start + count + self._overlap])
        skipped = (start - first) * self._hop
        return audio[skipped : skipped + count * self._hop]

    def fit_overlap(self, ids: list[int], scales: NDArray[np.float32]) -> bool:
        """Find the smallest overlap with which chunks give what the whole gives; also warms up."""
        latent = self.encode(ids, scales)
        frames = latent.shape[2]
        whole = self._run(latent)
        self._hop, rest = divmod(whole.size, frames)
        if rest:
            return False
        for overlap in _OVERLAP_FRAMES:
            self._overlap = overlap
            half = frames // 2
            parts = (self.decode(latent, 0, half), self.decode(latent, half, frames - half))
            if np.abs(np.concatenate(parts) - whole).max() < _SAME:
                return True
        return False

    def _run(self, latent: NDArray[np.float32]) -> Samples:
        audio: Samples = self._decoder.run(None, {self._latent: latent})[0].reshape(-1)
        return audio


def _split(model_path: Path, name: str) -> _SplitModel | None:
    try:
        split = split_voice(model_path.read_bytes())
    except NotSplittableError as error:
        _logger.warning("Piper voice %s cannot be streamed: %s", name, error)
        return None
    return _SplitModel(_session(split.encoder), _session(split.decoder))


def _session(model: Path | bytes) -> onnxruntime.InferenceSession:
    if isinstance(model, bytes):
        # From a file, since a session made from bytes keeps them, which is 60 MB.
        with tempfile.NamedTemporaryFile(suffix=".onnx") as file:
            file.write(model)
            file.flush()
            return _session(Path(file.name))
    return onnxruntime.InferenceSession(
        str(model), sess_options=session_options(), providers=["CPUExecutionProvider"]
    )


def _limited(audio: Samples) -> Samples:
    """Peaks bent below full scale instead of clipped, which would crackle."""
    size = np.abs(audio)
    over = size > _KNEE
    if not over.any():
        return audio
    bent = _KNEE + (1 - _KNEE) * np.tanh((size[over] - _KNEE) / (1 - _KNEE))
    limited = audio.copy()
    limited[over] = np.sign(audio[over]) * bent
    return limited
