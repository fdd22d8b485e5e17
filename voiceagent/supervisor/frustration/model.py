"""The trained weights: scores of a text alone, and the score of a turn within its dialogue.

In: the vectors of ``embedding`` and the rows of ``features``. Out: a probability. Both parts are
linear, so every column's weight can be read, and numpy is all they need. The weights lie beside
this module in ``weights.npz``; ``python -m voiceagent.bench.frustration_training`` makes them.
"""

from __future__ import annotations

import io
from dataclasses import dataclass, fields
from functools import cache
from importlib import resources
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from voiceagent.domain.errors import VoiceAgentError
from voiceagent.supervisor.frustration.embedding import DIMENSIONS
from voiceagent.supervisor.frustration.features import feature_names

Array = NDArray[np.float64]

CLIPPED_AT = 4.0
"""Standard deviations beyond which a column counts no further: odd input must not run away."""

EMBEDDING_SCALE = 6.0
"""What an embedding is multiplied with, to give its 512 parts a variance near that of a column."""

_WEIGHTS = "weights.npz"


class FrustrationWeightsError(VoiceAgentError):
    """The weights of the frustration score are not those this code computes features for."""

    code = "frustration.weights"
    exit_code = 65


@dataclass(frozen=True, slots=True)
class TextScores:
    """Linear scores of a text's vector, in standard deviations of the texts they come from.

    Attributes:
        names: what each says, for instance ``goemotions_annoyance``.
        weights: shape (DIMENSIONS, len(names)).
        bias: shape (len(names),).
    """

    names: tuple[str, ...]
    weights: Array
    bias: Array

    def of(self, vectors: NDArray[np.float32]) -> Array:
        """Shape (len(vectors), len(names))."""
        return np.asarray(vectors.astype(np.float64) @ self.weights + self.bias)


@dataclass(frozen=True, slots=True)
class FrustrationModel:
    """The whole model.

    Attributes:
        text_scores: the scores of a text alone, which are columns of the features.
        mean: of every feature where the model was trained.
        scale: standard deviation of every feature there.
        feature_weights: of the standardised features.
        embedding_weights: of the turn's own vector times ``EMBEDDING_SCALE``.
        bias: log odds where everything else is at its mean.
    """

    text_scores: TextScores
    mean: Array
    scale: Array
    feature_weights: Array
    embedding_weights: Array
    bias: float

    def log_odds(self, features: Array, embedding: NDArray[np.float32]) -> float:
        """Log odds that the turn with these features and this vector is frustrated."""
        columns = np.clip((features - self.mean) / self.scale, -CLIPPED_AT, CLIPPED_AT)
        own = embedding.astype(np.float64) * EMBEDDING_SCALE
        return float(columns @ self.feature_weights + own @ self.embedding_weights + self.bias)

    def probability(self, features: Array, embedding: NDArray[np.float32]) -> float:
        """Probability, 0..1, that the turn with these features and this vector is frustrated."""
        return float(1.0 / (1.0 + np.exp(-self.log_odds(features, embedding))))

    def save(self, file: Path) -> None:
        """Write the weights, in single precision; the same weights give the same bytes."""
        np.savez(
            file,
            names=np.array(self.text_scores.names),
            columns=np.array(feature_names(self.text_scores.names)),
            score_weights=self.text_scores.weights.astype(np.float32),
            score_bias=self.text_scores.bias.astype(np.float32),
            bias=np.array(self.bias, dtype=np.float32),
            **{name: getattr(self, name).astype(np.float32) for name in _arrays()},
        )


def _arrays() -> tuple[str, ...]:
    return tuple(f.name for f in fields(FrustrationModel) if f.type == "Array")


def load_model(data: bytes) -> FrustrationModel:
    """The model from the bytes of a weights file.

    Raises:
        FrustrationWeightsError: the file's columns are not those of this code.
    """
    with np.load(io.BytesIO(data), allow_pickle=False) as stored:
        held = {name: stored[name] for name in stored.files}
    names = tuple(str(name) for name in held["names"])
    scores = TextScores(
        names, held["score_weights"].astype(np.float64), held["score_bias"].astype(np.float64)
    )
    expected = feature_names(names)
    if tuple(map(str, held["columns"])) != expected or scores.weights.shape[0] != DIMENSIONS:
        raise FrustrationWeightsError(
            "The weights of the frustration score were made for other features.",
            "Train them again: python -m voiceagent.bench.frustration_training --help",
        )
    arrays = {name: held[name].astype(np.float64) for name in _arrays()}
    return FrustrationModel(text_scores=scores, bias=float(held["bias"]), **arrays)


@cache
def shipped_model() -> FrustrationModel:
    """The weights in the package, loaded once."""
    return load_model(resources.files(__package__).joinpath(_WEIGHTS).read_bytes())
