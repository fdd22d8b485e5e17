"""eSpeak NG as a voice: for every language, without weights, and sounding like it.

Enters: text. Leaves: float32 at 22.05 kHz. The library and its data come in the wheel of
``espeakng-loader``. It keeps one global state per process, so everything goes through one lock.
(Piper carries a copy of its own for phonemes; the two do not meet.)
"""

from __future__ import annotations

import ctypes
import threading
from collections.abc import Iterator

import espeakng_loader
import numpy as np

from voiceagent.speech.audio import Samples, pcm_to_float
from voiceagent.speech.errors import VoiceUnavailableError

# From espeak-ng's speak_lib.h.
_AUDIO_OUTPUT_RETRIEVAL = 1
_POSITION_CHARACTER = 1
_CHARACTERS_UTF8 = 1
_PARAMETER_RATE = 1
_OK = 0

_SynthCallback = ctypes.CFUNCTYPE(
    ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.c_void_p
)


class _Library:
    """The shared library, initialised once, with the samples of the synthesis under way."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self._pcm = bytearray()
        try:
            self._espeak = ctypes.CDLL(espeakng_loader.get_library_path())
        except OSError as error:
            raise VoiceUnavailableError(
                f"eSpeak NG cannot be loaded: {error}.", "Reinstall espeakng-loader."
            ) from error
        self._espeak.espeak_Synth.argtypes = [
            ctypes.c_char_p,
            ctypes.c_size_t,
            ctypes.c_uint,
            ctypes.c_int,
            ctypes.c_uint,
            ctypes.c_uint,
            ctypes.c_void_p,
            ctypes.c_void_p,
        ]
        data_path = espeakng_loader.get_data_path().encode()
        self.sample_rate_hz = int(
            self._espeak.espeak_Initialize(_AUDIO_OUTPUT_RETRIEVAL, 0, data_path, 0)
        )
        if self.sample_rate_hz <= 0:
            raise VoiceUnavailableError(
                "eSpeak NG does not find its data.", "Reinstall espeakng-loader."
            )
        # Kept as an attribute: the library calls it long after this method has returned.
        self._callback = _SynthCallback(self._take)
        self._espeak.espeak_SetSynthCallback(self._callback)

    def set_voice(self, name: str) -> bool:
        """Choose the voice of a language; False if there is none."""
        return bool(self._espeak.espeak_SetVoiceByName(name.encode()) == _OK)

    def synthesise(self, text: str, words_per_minute: int) -> bytes:
        """16-bit PCM of the text, with the voice chosen."""
        self._pcm.clear()
        self._espeak.espeak_SetParameter(_PARAMETER_RATE, words_per_minute, 0)
        encoded = text.encode()
        status = self._espeak.espeak_Synth(
            encoded, len(encoded) + 1, 0, _POSITION_CHARACTER, 0, _CHARACTERS_UTF8, None, None
        )
        if status == _OK:
            status = self._espeak.espeak_Synchronize()
        if status != _OK:
            raise VoiceUnavailableError(f"eSpeak NG failed to speak (status {status}).")
        return bytes(self._pcm)

    def _take(self, samples: ctypes._Pointer[ctypes.c_short], count: int, _events: int) -> int:
        if samples and count > 0:
            self._pcm += ctypes.string_at(samples, count * 2)
        return 0


_library: _Library | None = None
_library_lock = threading.Lock()


def _the_library() -> _Library:
    global _library  # noqa: PLW0603 - the library is one per process, whatever Python does
    with _library_lock:
        if _library is None:
            _library = _Library()
        return _library


class EspeakVoice:
    """A language's voice in eSpeak NG.

    Args:
        language: BCP 47 tag.
        words_per_minute: eSpeak's own default is 175; a little slower is better understood on the
            phone.

    Raises:
        VoiceUnavailableError: the library cannot be used, or does not know the language.
    """

    def __init__(self, language: str, words_per_minute: int = 155) -> None:
        self._library = _the_library()
        self._words_per_minute = words_per_minute
        self.language = language
        tag = language.lower()
        with self._library.lock:
            known = [name for name in (tag, tag.split("-")[0]) if self._library.set_voice(name)]
        if not known:
            raise VoiceUnavailableError(
                f"eSpeak NG has no voice for the language {language!r}.", "Choose another language."
            )
        self._voice = known[0]
        self.name = f"espeak-ng-{self._voice}"
        self.sample_rate_hz = self._library.sample_rate_hz

    def synthesise(self, text: str, pace: float = 1.0) -> Iterator[Samples]:
        """Speak the text; yields one array. Blocking, one at a time per process."""
        with self._library.lock:
            self._library.set_voice(self._voice)
            pcm = self._library.synthesise(text, round(self._words_per_minute * pace))
        if pcm:
            yield np.ascontiguousarray(pcm_to_float(pcm))
