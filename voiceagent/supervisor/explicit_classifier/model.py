"""The weights of the explicit classifier and the arithmetic on them.

In: pieces of text with their sentence embeddings. Out: for each piece how strongly it speaks for
each kind of trigger. Two views are added up, because each covers the other's gaps: a small network
on the embedding knows meanings whatever the words and the language, and a linear model on hashed
words, pairs of words and runs of letters (Weinberger et al. 2009, "Feature Hashing for Large Scale
Multitask Learning") knows the telling wordings, also misspelt or inflected. Pure numpy, so that a
call needs no machine learning library.
"""

from __future__ import annotations

import itertools
import re
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from voiceagent.domain.errors import InputError

Matrix = NDArray[np.float32]

WEIGHTS_PATH = Path(__file__).with_name("weights.npz")
WHOLE_SHARE = 0.3
"""Of a turn's value: what the whole of it says. The rest is its strongest piece, which alone would
take a half sentence cut from a harmless story for more than it is."""

LETTERS = (3, 4, 5)
"""Lengths of the runs of letters, which reach across the gaps between words."""

_WORD = re.compile(r"[^\W_]+(?:'[^\W_]+)?")


def grams(text: str) -> Iterator[str]:
    """What a text holds: words (``w me``), neighbours (``b get me``) and runs of letters."""
    words = _WORD.findall(text.lower().replace("’", "'").replace("ß", "ss"))
    for word in words:
        yield f"w {word}"
    for one, other in itertools.pairwise(["^", *words, "$"]):
        yield f"b {one} {other}"
    joined = f" {' '.join(words)} "
    for letters in LETTERS:
        for start in range(len(joined) - letters + 1):
            yield joined[start : start + letters]


def hashed(text: str, buckets: int) -> NDArray[np.int64]:
    """The buckets, 0..buckets-1, that the text's grams fall into, each once, rising."""
    held = {zlib.crc32(gram.encode()) % buckets for gram in set(grams(text))}
    return np.array(sorted(held), dtype=np.int64)


@dataclass(frozen=True, slots=True, eq=False)
class TriggerModel:
    """Weights and what they stand for.

    Attributes:
        kinds: ``TriggerKind`` values, in the order of the columns.
        hidden: from embedding to the network's units, shape (dimensions, units).
        thresholds: added to the units before their negative part is cut off, shape (units,).
        out: from units to kinds, shape (units, kinds).
        gram_weights: of each bucket of hashed grams, shape (buckets, kinds).
        constant: added at the end, shape (kinds,).
        scale: slope and offset of the logistic function of each kind, shape (2, kinds).
    """

    kinds: tuple[str, ...]
    hidden: Matrix
    thresholds: Matrix
    out: Matrix
    gram_weights: Matrix
    constant: Matrix
    scale: Matrix

    def decide(self, texts: Sequence[str], embeddings: Matrix) -> Matrix:
        """How strongly each text speaks for each kind, shape (texts, kinds); 0 is undecided."""
        units = np.maximum(0.0, embeddings @ self.hidden + self.thresholds)
        decided = units @ self.out + self.constant
        for row, text in enumerate(texts):
            held = hashed(text, len(self.gram_weights))
            if len(held):
                decided[row] += self.gram_weights[held].sum(axis=0) / np.sqrt(len(held))
        return np.asarray(decided, dtype=np.float32)

    def of_turn(self, decided: Matrix) -> Matrix:
        """What the rows of :meth:`decide` for one turn come to, shape (kinds,).

        Args:
            decided: the whole turn's row first, then its pieces', if it has more than one.
        """
        return np.asarray(WHOLE_SHARE * decided[0] + (1.0 - WHOLE_SHARE) * decided.max(axis=0))

    def probabilities(self, decided: Matrix) -> Matrix:
        """Probabilities, 0..1, of what :meth:`decide` gave."""
        return np.asarray(1.0 / (1.0 + np.exp(-(self.scale[0] * decided + self.scale[1]))))

    def save(self, path: Path) -> None:
        """Write the weights, at half precision."""
        np.savez_compressed(
            path,
            kinds=np.array(self.kinds),
            hidden=self.hidden.astype(np.float16),
            thresholds=self.thresholds.astype(np.float16),
            out=self.out.astype(np.float16),
            gram_weights=self.gram_weights.astype(np.float16),
            constant=self.constant.astype(np.float32),
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
                held["hidden"].astype(np.float32),
                held["thresholds"].astype(np.float32),
                held["out"].astype(np.float32),
                held["gram_weights"].astype(np.float32),
                held["constant"].astype(np.float32),
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
