"""The voices the agent can speak with, behind one protocol.

Enters: text as it is to be said. Leaves: float32 audio at the voice's own rate, in one or more
chunks. Piper sounds human and needs weights; eSpeak NG needs none and knows every language.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Protocol

from voiceagent.speech.audio import Samples
from voiceagent.speech.espeak import EspeakVoice
from voiceagent.speech.piper import PiperVoice

_logger = logging.getLogger(__name__)


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
