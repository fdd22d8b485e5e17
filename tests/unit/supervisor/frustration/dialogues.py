"""Short dialogues and an encoder without weights, for the tests beside this file."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from voiceagent.domain.transcript import Speaker, Turn
from voiceagent.supervisor.frustration.embedding import DIMENSIONS


def turns(*said: str) -> list[Turn]:
    """Turns from lines: ``agent: ...`` and ``human: ...``, or the caller's words as they are."""
    found = []
    for number, line in enumerate(said, start=1):
        name, _, text = line.partition(": ")
        if name in {"agent", "human"}:
            speaker = Speaker(name)
        else:
            speaker, text = Speaker.CALLER, line
        found.append(Turn(number, speaker, text, number * 1000, number * 1000 + 500))
    return found


class CountingEncoder:
    """Vectors that depend on the text alone, and a note of every text asked for."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self._lock = threading.Lock()

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """One unit vector a text."""
        with self._lock:
            self.asked.extend(texts)
        return np.array([_vector(text) for text in texts], dtype=np.float32)


def _vector(text: str) -> NDArray[np.float64]:
    seed = int.from_bytes(hashlib.sha256(text.encode()).digest()[:4])
    drawn = np.random.default_rng(seed).normal(size=DIMENSIONS)
    return drawn / np.linalg.norm(drawn)
