"""Speech to words: Whisper on CTranslate2, spending time only on the speech there is.

Enters: mono float32 at 16 kHz, one utterance. Leaves: a :class:`~.recognition.Recognition`.
faster-whisper's own ``transcribe`` pads every utterance to 30 seconds and encodes it all, 0.6 s on
a CPU core for two words. Whisper's encoder takes shorter windows; here it gets the speech and four
seconds more, never less than eight. On 576 words of real and synthetic callers at 8 kHz this costs
a third of the full window's time at the same word error rate (0.9 % both); three seconds would cost
half of that and get 4 to 6 % wrong, above all "hello" and "goodbye".

Two details matter. What follows the speech in the window is zeros in the *features*, as in
faster-whisper, not silence in the audio. And the decoder is asked for timestamps: without them it
says short utterances again and again; what it says after the one that closes the speech is cut off.

A last pass over the words found gives each its probability and its time. The confidence comes from
there, because the decoder's own score is dragged down by its doubts about timestamps. Where it is
very low, the audio is looked at once more in the full window.

Blocking and thread-safe: call it through the :class:`~.model_pool.ModelPool`, with as many
``workers`` here as the pool has.

The model: Radford et al., "Robust Speech Recognition via Large-Scale Weak Supervision", 2022.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ctranslate2
import numpy as np
from faster_whisper import WhisperModel
from faster_whisper.tokenizer import Tokenizer
from faster_whisper.transcribe import get_suppressed_tokens
from numpy.typing import NDArray

from voiceagent.speech.audio import Samples, level_dbfs, levels_dbfs, next_cut, speech_end
from voiceagent.speech.errors import RecogniserUnavailableError
from voiceagent.speech.recognition import (
    Recognition,
    Word,
    end_mark_probability,
    is_invented,
    joined,
    loop_length,
    moved,
    spoken_tokens,
    timed_words,
    without_loop,
)

SAMPLE_RATE_HZ = 16000

_FRAME = SAMPLE_RATE_HZ // 50
_FEATURE_MS = 10
_MAX_TOKENS = 224
_MAX_CONTEXT_TOKENS = 64


@dataclass(frozen=True, slots=True)
class RecogniserOptions:
    """How the recogniser works.

    Attributes:
        workers: recognitions that may run at once, one thread each: the pool's workers.
        languages: those a call may be in; detection chooses among them, the first wins ties.
        compute_type: CTranslate2's arithmetic; int8 is the fastest on a CPU without losing words.
        padding_ms: what the encoder's window holds after the speech, at least.
        min_window_ms: the encoder's shortest window.
        max_window_ms: the longest; longer audio is split at a pause. Whisper's own limit is 30 s.
        second_look_below: confidence under which the full window is tried as well; 0 for never.
        silence_dbfs: audio whose loudest moment is quieter than this is not looked at.
        tokens_per_s: most tokens a second of speech can be; bounds what a loop can cost.
    """

    workers: int = 1
    languages: tuple[str, ...] = ("en", "de")
    compute_type: str = "int8"
    padding_ms: int = 4000
    min_window_ms: int = 8000
    max_window_ms: int = 30000
    second_look_below: float = 0.3
    silence_dbfs: float = -55.0
    tokens_per_s: int = 12


OnWords = Callable[[str], None]
"""Told of words from the worker's thread; must not block."""


@dataclass(frozen=True, slots=True)
class _Decoded:
    text: str
    confidence: float
    no_speech: float
    words: tuple[Word, ...]
    end_mark: float


class Recogniser:
    """Whisper behind one blocking call.

    Args:
        model_path: directory of a CTranslate2 Whisper model with its tokenizer.
        options: see :class:`RecogniserOptions`.

    Raises:
        RecogniserUnavailableError: the model cannot be loaded, or knows none of the languages.
    """

    def __init__(self, model_path: Path, options: RecogniserOptions | None = None) -> None:
        self.options = options or RecogniserOptions()
        if not (model_path / "model.bin").is_file():
            raise RecogniserUnavailableError(
                f"No Whisper model in {model_path}.", "Fetch the models first."
            )
        try:
            self._whisper = WhisperModel(
                str(model_path),
                device="cpu",
                compute_type=self.options.compute_type,
                cpu_threads=1,
                num_workers=self.options.workers,
                local_files_only=True,
            )
        except (RuntimeError, ValueError, OSError) as error:
            raise RecogniserUnavailableError(
                f"The Whisper model in {model_path} cannot be loaded: {error}.",
                "Fetch the models again.",
            ) from error
        supported = set(self._whisper.supported_languages)
        self.languages = tuple(name for name in self.options.languages if name in supported)
        if not self.languages:
            raise RecogniserUnavailableError(
                f"The Whisper model in {model_path} knows none of {self.options.languages}.",
                "Use a multilingual model.",
            )
        self._tokenizers = {name: self._make_tokenizer(name) for name in self.languages}

    def transcribe(
        self,
        audio: Samples,
        language: str | None = None,
        hotwords: Sequence[str] = (),
        on_words: OnWords | None = None,
    ) -> Recognition:
        """Recognise one utterance.

        Args:
            audio: float32 in -1..1, 16 kHz, shape (samples,).
            language: one of ``languages``, or None to detect it among them.
            hotwords: names and terms likely to occur, such as the customer's name; they are put
                before the audio as if they had been said earlier.
            on_words: told of the words as soon as they are written, before it is known how sure
                they are; not for audio too long for one window.

        Raises:
            RecogniserUnavailableError: ``language`` is not one of ``languages``.
        """
        if language is not None and language not in self._tokenizers:
            raise RecogniserUnavailableError(
                f"The recogniser was not set up for the language {language!r}.",
                f"Choose one of {', '.join(self.languages)}.",
            )
        limit = self.options.max_window_ms * SAMPLE_RATE_HZ // 1000
        limit -= self.options.padding_ms * SAMPLE_RATE_HZ // 1000
        parts: list[Recognition] = []
        start = 0
        if audio.size > limit:
            on_words = None
        while start < audio.size or not parts:
            end = next_cut(audio, start, limit, SAMPLE_RATE_HZ)
            known = language or next((part.language for part in parts if part.text), None)
            part = self._transcribe_window(audio[start:end], known, hotwords, on_words)
            parts.append(moved(part, start * 1000 // SAMPLE_RATE_HZ))
            start = end
        return parts[0] if len(parts) == 1 else joined(parts)

    def warm_up(self) -> None:
        """Run once over noise, so that the first caller does not pay for the first run."""
        noise = np.random.default_rng(0).standard_normal(SAMPLE_RATE_HZ).astype(np.float32)
        self._transcribe_window(noise * np.float32(0.01), self.languages[0], ())

    def _transcribe_window(
        self,
        audio: Samples,
        language: str | None,
        hotwords: Sequence[str],
        on_words: OnWords | None = None,
    ) -> Recognition:
        levels = levels_dbfs(audio, _FRAME)
        loudest = float(levels.max()) if levels.size else level_dbfs(audio)
        if loudest < self.options.silence_dbfs:
            return Recognition("", language or self.languages[0], 0.0, 1.0, float(bool(language)))
        speech_end_s = speech_end(levels) * _FRAME / SAMPLE_RATE_HZ
        encoded, frames = self._encode(audio)
        probability = 1.0
        if language is None:
            language, probability = self._detect_language(encoded)
        tokenizer = self._tokenizers[language]
        decoded = self._decode(encoded, frames, tokenizer, hotwords, speech_end_s, on_words)
        if decoded.confidence < self.options.second_look_below and not self._is_invented(
            decoded, loudest
        ):
            encoded, frames = self._encode_full_window(audio)
            again = self._decode(encoded, frames, tokenizer, hotwords, speech_end_s)
            decoded = max(decoded, again, key=lambda each: each.confidence)
        if self._is_invented(decoded, loudest):
            return Recognition("", language, 0.0, decoded.no_speech, probability)
        return Recognition(
            text=decoded.text,
            language=language,
            confidence=decoded.confidence,
            no_speech=decoded.no_speech,
            language_probability=probability,
            words=decoded.words,
            end_mark=decoded.end_mark,
        )

    def _is_invented(self, decoded: _Decoded, loudest_dbfs: float) -> bool:
        return is_invented(
            decoded.text,
            no_speech=decoded.no_speech,
            confidence=decoded.confidence,
            speech_dbfs=loudest_dbfs,
        )

    def _encode(self, audio: Samples) -> tuple[Any, int]:
        window_ms = audio.size * 1000 // SAMPLE_RATE_HZ + self.options.padding_ms
        window_ms = min(max(window_ms, self.options.min_window_ms), self.options.max_window_ms)
        return self._encode_features(self._whisper.feature_extractor(audio), window_ms)

    def _encode_full_window(self, audio: Samples) -> tuple[Any, int]:
        """Silence up to 30 s, as Whisper was trained."""
        padded = np.zeros(self.options.max_window_ms * SAMPLE_RATE_HZ // 1000, np.float32)
        padded[: audio.size] = audio
        features = self._whisper.feature_extractor(padded, padding=0)
        return self._encode_features(features, self.options.max_window_ms)

    def _encode_features(self, features: NDArray[Any], window_ms: int) -> tuple[Any, int]:
        frames = window_ms // _FEATURE_MS
        # The encoder halves the frame rate, so it needs an even number of frames.
        frames -= frames % 2
        batch = np.zeros((1, features.shape[0], frames), np.float32)
        held = min(frames, features.shape[1])
        batch[0, :, :held] = features[:, :held]
        return self._whisper.model.encode(ctranslate2.StorageView.from_array(batch)), frames

    def _detect_language(self, encoded: Any) -> tuple[str, float]:
        if len(self.languages) == 1:
            return self.languages[0], 1.0
        scored = {name[2:-2]: p for name, p in self._whisper.model.detect_language(encoded)[0]}
        allowed = {name: scored.get(name, 0.0) for name in self.languages}
        best = max(allowed, key=allowed.__getitem__)
        total = sum(allowed.values())
        return best, allowed[best] / total if total else 0.0

    def _decode(
        self,
        encoded: Any,
        frames: int,
        tokenizer: Tokenizer,
        hotwords: Sequence[str],
        speech_end_s: float,
        on_words: OnWords | None = None,
    ) -> _Decoded:
        prompt = [*self._context(tokenizer, hotwords), *tokenizer.sot_sequence]
        tokens, no_speech = self._generate(encoded, tokenizer, prompt, speech_end_s)
        if loop_length(tokens):
            # Once more, without what may have led it astray and forbidden to repeat itself.
            tokens, no_speech = self._generate(
                encoded, tokenizer, list(tokenizer.sot_sequence), speech_end_s, forbid_loops=True
            )
        text = tokenizer.decode(tokens).strip()
        if on_words is not None and text:
            on_words(text)
        aligned = self._align(encoded, frames, tokenizer, tokens)
        end_mark = end_mark_probability(aligned)
        words, confidence = timed_words(aligned)
        return _Decoded(text, confidence, no_speech, words, end_mark)

    def _generate(
        self,
        encoded: Any,
        tokenizer: Tokenizer,
        prompt: list[int],
        speech_end_s: float,
        *,
        forbid_loops: bool = False,
    ) -> tuple[list[int], float]:
        new_tokens = min(_MAX_TOKENS, 12 + math.ceil(speech_end_s * self.options.tokens_per_s))
        result = self._whisper.model.generate(
            encoded,
            [prompt],
            # Greedy: wider beams cost in proportion, and on short windows they repeat phrases.
            beam_size=1,
            # CTranslate2 allows half of this for new tokens, and all of it with the prompt.
            max_length=max(2 * new_tokens, len(prompt) + new_tokens),
            no_repeat_ngram_size=4 if forbid_loops else 0,
            return_no_speech_prob=True,
            suppress_tokens=list(get_suppressed_tokens(tokenizer, [-1])),
            max_initial_timestamp_index=50,
        )[0]
        tokens = spoken_tokens(
            result.sequences_ids[0],
            timestamp_begin=tokenizer.timestamp_begin,
            end_of_text=tokenizer.eot,
            speech_end_s=speech_end_s,
        )
        if forbid_loops:
            tokens = without_loop(tokens)
        return tokens, float(result.no_speech_prob)

    def _context(self, tokenizer: Tokenizer, hotwords: Sequence[str]) -> list[int]:
        terms = [term.strip() for term in hotwords if term.strip()]
        if not terms:
            return []
        tokens = tokenizer.encode(" " + ", ".join(terms) + ".")
        return [tokenizer.sot_prev, *tokens[:_MAX_CONTEXT_TOKENS]]

    def _align(
        self, encoded: Any, frames: int, tokenizer: Tokenizer, tokens: list[int]
    ) -> list[dict[str, Any]]:
        """The words and marks with their times and probabilities, as faster-whisper has them."""
        if not tokens:
            return []
        found: list[dict[str, Any]] = self._whisper.find_alignment(
            tokenizer, [tokens], encoded, frames
        )[0]
        return found

    def _make_tokenizer(self, language: str) -> Tokenizer:
        return Tokenizer(
            self._whisper.hf_tokenizer,
            self._whisper.model.is_multilingual,
            task="transcribe",
            language=language,
        )
