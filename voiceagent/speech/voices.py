"""The voices the agent can speak with, behind one protocol.

Enters: text as it is to be said. Leaves: float32 audio at the voice's own rate, in one or more
chunks. Piper sounds human and needs weights; eSpeak NG needs none and knows every language.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Protocol

import numpy as np
import onnxruntime
from piper import PiperConfig, SynthesisConfig
from piper import PiperVoice as Piper

from voiceagent.speech.audio import Samples
from voiceagent.speech.errors import VoiceUnavailableError
from voiceagent.speech.espeak import EspeakVoice
from voiceagent.speech.model_pool import session_options

_logger = logging.getLogger(__name__)

_KNEE = 0.8


class Voice(Protocol):
    """Something that speaks. Implementations are thread-safe."""

    @property
    def name(self) -> str:
        """Names the voice in caches and logs."""

    @property
    def language(self) -> str:
        """BCP 47 tag of the language it speaks."""

    @property
    def sample_rate_hz(self) -> int:
        """Rate of what it yields."""

    def synthesise(self, text: str, pace: float = 1.0) -> Iterator[Samples]:
        """Speak the text: float32 chunks in order, shape (samples,). Blocking.

        Voices that stream yield their first chunk early; none has to.

        Args:
            text: as it is pronounced.
            pace: 1 is the voice's own, 0.8 a fifth slower.

        Raises:
            VoiceUnavailableError: the voice failed.
        """


class PiperVoice:
    """A Piper voice: VITS (Kim et al., 2021) exported to ONNX.

    Args:
        model_path: the ``.onnx`` file; its ``.onnx.json`` lies beside it.
        language: BCP 47 tag of what it speaks.
        gain: fixed amplification. Piper would scale every sentence to full scale by its own peak,
            which makes a short "sure" louder than the sentence that follows. The default brings
            the voices tried to about -20 dBFS, the level of speech on the phone.
        length_scale: above 1 slower, below 1 faster; None for the voice's own pace.

    Raises:
        VoiceUnavailableError: the files are missing or no Piper voice.
    """

    def __init__(
        self,
        model_path: Path,
        language: str,
        gain: float = 1.5,
        length_scale: float | None = None,
    ) -> None:
        config_path = model_path.with_name(model_path.name + ".json")
        try:
            config = PiperConfig.from_dict(json.loads(config_path.read_text(encoding="utf-8")))
            session = onnxruntime.InferenceSession(
                str(model_path), sess_options=session_options(), providers=["CPUExecutionProvider"]
            )
        except Exception as error:  # onnxruntime has its own, undocumented exceptions
            raise VoiceUnavailableError(
                f"The Piper voice {model_path} cannot be loaded: {error}.", "Fetch it again."
            ) from error
        self._piper = Piper(session=session, config=config)
        # Piper's own default is in the voice's file.
        self._length_scale = length_scale or float(config.length_scale)
        self._gain = np.float32(gain)
        self.name = model_path.stem
        self.language = language
        self.sample_rate_hz = int(config.sample_rate)

    def synthesise(self, text: str, pace: float = 1.0) -> Iterator[Samples]:
        """Speak the text; yields one chunk per sentence."""
        style = SynthesisConfig(normalize_audio=False, length_scale=self._length_scale / pace)
        try:
            for chunk in self._piper.synthesize(text, style):
                yield _limited(chunk.audio_float_array * self._gain)
        except Exception as error:  # see above
            raise VoiceUnavailableError(f"The Piper voice {self.name} failed.") from error


def choose_voice(language: str, piper_models: Mapping[str, Path]) -> Voice:
    """The best voice there is for a language.

    Args:
        language: BCP 47 tag.
        piper_models: installed Piper voices by primary language tag.

    Raises:
        VoiceUnavailableError: the installed voice is broken, or no voice speaks the language.
    """
    model_path = piper_models.get(language) or piper_models.get(language.split("-", maxsplit=1)[0])
    if model_path is not None:
        return PiperVoice(model_path, language)
    _logger.warning("no Piper voice for %s: using eSpeak NG", language)
    return EspeakVoice(language)


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
