"""One text, read: its vector, its telling words and what the text scores make of it.

In: a text. Out: everything the features need of it, computed once and kept while it is among the
latest few hundred. It exists so that a growing dialogue costs one new embedding a turn.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from voiceagent.supervisor.frustration.cues import clipped, cues, sentences, word_count
from voiceagent.supervisor.frustration.embedding import SentenceEncoder
from voiceagent.supervisor.frustration.features import Reading
from voiceagent.supervisor.frustration.model import TextScores

SENTENCES_READ = 6
"""Sentences of one turn that are scored on their own; of more, the last ones."""


@dataclass(frozen=True, slots=True)
class ReadText:
    """What is known of a text, whoever said it."""

    words: int
    embedding: NDArray[np.float32]
    cues: NDArray[np.float64]
    scores: NDArray[np.float64]
    peaks: NDArray[np.float64]

    def said_by(self, *, caller: bool) -> Reading:
        """The text as a turn."""
        return Reading(caller, self.words, self.embedding, self.cues, self.scores, self.peaks)


def texts_to_embed(text: str) -> list[str]:
    """The text and, if it has several, its sentences: what is embedded to read it."""
    plain = clipped(text)
    parts = sentences(plain, SENTENCES_READ)
    return [plain, *parts] if len(parts) > 1 else [plain]


def read(text: str, vectors: NDArray[np.float32], scores: TextScores) -> ReadText:
    """Put a text together with the vectors of ``texts_to_embed(text)``."""
    scored = scores.of(vectors)
    return ReadText(
        words=word_count(clipped(text)),
        embedding=vectors[0],
        cues=cues(text),
        scores=scored[0],
        peaks=scored.max(axis=0),
    )


class TextReader:
    """Reads texts and remembers the latest ones; safe to share between threads."""

    def __init__(self, encoder: SentenceEncoder, scores: TextScores, remembered: int) -> None:
        if remembered < 1:
            raise ValueError("at least one text must be remembered")
        self._encoder = encoder
        self._scores = scores
        self._remembered = remembered
        self._known: OrderedDict[str, ReadText] = OrderedDict()
        self._lock = threading.Lock()

    def read(self, text: str) -> ReadText:
        """The reading of a text, the same whether it is remembered or made anew.

        A text and its sentences are embedded in one call of their own: vectors differ in their
        last digits with what else is in the call.
        """
        with self._lock:
            known = self._known.get(text)
            if known is not None:
                self._known.move_to_end(text)
                return known
        made = read(text, self._encoder.encode(texts_to_embed(text)), self._scores)
        with self._lock:
            self._known[text] = made
            self._known.move_to_end(text)
            while len(self._known) > self._remembered:
                self._known.popitem(last=False)
        return made

    def __len__(self) -> int:
        """How many texts are remembered now."""
        with self._lock:
            return len(self._known)
