"""The weights of the explicit classifier and the arithmetic on them.

In: pieces of text with their sentence embeddings. Out: for each piece how strongly it speaks for
each kind of trigger. A linear model on three views of a piece: the embedding itself, its nearness
to chosen training sentences (a Gaussian kernel on landmarks: Williams and Seeger 2001, "Using the
Nyström Method to Speed Up Kernel Machines"), and which words and pairs of words it holds. Pure
numpy, so that a call needs no machine learning library.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from voiceagent.domain.errors import InputError

Matrix = NDArray[np.float32]

WEIGHTS_PATH = Path(__file__).with_name("weights.npz")
STEM_LETTERS = 5
"""Longer words also count by their first letters, so that inflected forms count as one."""

_WORD = re.compile(r"[^\W_]+(?:'[^\W_]+)?")


def terms(text: str) -> set[str]:
    """The words of a piece, their stems (``kündi*``) and pairs of neighbours (``my lawyer``)."""
    words = _WORD.findall(text.lower().replace("’", "'"))
    stems = {word[:STEM_LETTERS] + "*" for word in words if len(word) > STEM_LETTERS}
    edges = ["^", *words, "$"]
    pairs = {f"{one} {other}" for one, other in itertools.pairwise(edges)}
    return {*words, *stems, *pairs}


@dataclass(frozen=True, slots=True, eq=False)
class TriggerModel:
    """Weights and what they stand for.

    Attributes:
        kinds: ``TriggerKind`` values, in the order of the columns.
        landmarks: embeddings of the sentences nearness is measured to, shape (n, dimensions).
        width: of the Gaussian kernel: exp(-width * squared distance).
        vocabulary: the terms that count, to their column.
        term_weights: how rare each term is, shape (terms,).
        weights: shape (1 + dimensions + n + terms, kinds); the first row is the constant.
        scale: slope and offset of the logistic function of each kind, shape (2, kinds).
    """

    kinds: tuple[str, ...]
    landmarks: Matrix
    width: float
    vocabulary: dict[str, int]
    term_weights: Matrix
    weights: Matrix
    scale: Matrix

    def features(self, texts: Sequence[str], embeddings: Matrix) -> Matrix:
        """One row a text: constant, embedding, nearness to the landmarks, words."""
        squared = np.maximum(0.0, 2.0 - 2.0 * embeddings @ self.landmarks.T)
        near = np.exp(-self.width * squared)
        words = np.zeros((len(texts), len(self.vocabulary)), dtype=np.float32)
        for row, text in enumerate(texts):
            held = [self.vocabulary[term] for term in terms(text) if term in self.vocabulary]
            if held:
                values = self.term_weights[held]
                words[row, held] = values / np.linalg.norm(values)
        constant = np.ones((len(texts), 1), dtype=np.float32)
        return np.hstack([constant, embeddings, near, words]).astype(np.float32)

    def decide(self, texts: Sequence[str], embeddings: Matrix) -> Matrix:
        """How strongly each text speaks for each kind: about 1 for, about -1 against."""
        return np.asarray(self.features(texts, embeddings) @ self.weights, dtype=np.float32)

    def probabilities(self, decided: Matrix) -> Matrix:
        """Probabilities, 0..1, of what :meth:`decide` gave."""
        return np.asarray(1.0 / (1.0 + np.exp(-(self.scale[0] * decided + self.scale[1]))))

    def save(self, path: Path) -> None:
        """Write the weights, at half precision."""
        np.savez_compressed(
            path,
            kinds=np.array(self.kinds),
            landmarks=self.landmarks.astype(np.float16),
            width=np.float32(self.width),
            vocabulary=np.array(sorted(self.vocabulary, key=self.vocabulary.__getitem__)),
            term_weights=self.term_weights.astype(np.float16),
            weights=self.weights.astype(np.float16),
            scale=self.scale.astype(np.float32),
        )


def load_model(path: Path) -> TriggerModel:
    """The weights in a file that :meth:`TriggerModel.save` wrote.

    Raises:
        InputError: the file is missing or is none.
    """
    try:
        with np.load(path, allow_pickle=False) as held:
            return TriggerModel(
                tuple(str(kind) for kind in held["kinds"]),
                held["landmarks"].astype(np.float32),
                float(held["width"]),
                {str(term): column for column, term in enumerate(held["vocabulary"])},
                held["term_weights"].astype(np.float32),
                held["weights"].astype(np.float32),
                held["scale"].astype(np.float32),
            )
    except (OSError, ValueError, KeyError) as error:
        raise InputError(
            f"The explicit classifier's weights '{path.name}' cannot be read.",
            "Install the package again, or train them: python -m voiceagent.bench.trigger_training",
        ) from error


@cache
def shipped_model() -> TriggerModel:
    """The weights that come with the package, read once."""
    return load_model(WEIGHTS_PATH)
