"""Fitting the two linear parts of the frustration score.

What enters: labelled texts and examples. What leaves: text scores (ridge regression on vectors,
one for each emotion) and a model (logistic regression on features and the turn's vector).

Length is kept out by design: the regression also gets one indicator for each group of similar
length, so that the other weights have to explain what differs *within* turns of similar length,
and those indicators are thrown away afterwards. Strong regularisation is what makes the score
carry over to sources it was not trained on; see PROVENANCE.md for the figures.
"""

from __future__ import annotations

from collections.abc import Sequence
from types import ModuleType

import numpy as np
from numpy.typing import NDArray

from voiceagent.bench.separation import length_groups
from voiceagent.bench.training_examples import Array, Examples, RememberedVectors
from voiceagent.bench.training_sources import LabelledText
from voiceagent.domain.errors import InputError
from voiceagent.supervisor.frustration.cues import clipped
from voiceagent.supervisor.frustration.embedding import DIMENSIONS
from voiceagent.supervisor.frustration.model import (
    CLIPPED_AT,
    EMBEDDING_SCALE,
    FrustrationModel,
    TextScores,
)

RIDGE = 30.0
INVERSE_REGULARISATION = 0.0005
EMBEDDING_SHARE = 0.75
"""Scale of the vector in the regression next to the features: less means less weight on it."""
LENGTH_GROUPS = 8
SCALE_FLOOR = 0.05
"""Added to every standard deviation, so that a column nearly always 0 is not blown up."""
FOLDS = 5
_MOST_STEPS = 1000

SCORED = {
    "goemotions": (
        "anger", "annoyance", "disappointment", "disapproval", "confusion", "gratitude",
        "approval", "curiosity", "neutral", "disgust", "sadness", "joy",
    ),
    "xed": ("anger", "disgust", "sadness", "joy", "trust", "surprise"),
    "brighter": ("anger", "disgust", "sadness", "joy"),
}  # fmt: skip
"""The emotions a text is scored for, by the data the scores are learnt from."""


def fit_text_scores(texts: dict[str, list[LabelledText]], vectors: RememberedVectors) -> TextScores:
    """One linear score for each emotion in ``SCORED``, each of unit variance on its own data."""
    names, weights, bias = [], [], []
    for source, emotions in SCORED.items():
        found = texts[source]
        if not found:
            raise InputError(
                f"The public data lacks {source}.", "PROVENANCE.md names the files it needs."
            )
        rows = vectors.of([clipped(t.text) for t in found]).astype(np.float64)
        mean = rows.mean(axis=0)
        centred = rows - mean
        gram = centred.T @ centred + RIDGE * np.eye(DIMENSIONS)
        for emotion in emotions:
            given = np.array([float(t.labels.get(emotion, False)) for t in found])
            solved = np.linalg.solve(gram, centred.T @ (given - given.mean()))
            solved /= (centred @ solved).std()
            names.append(f"{source}_{emotion}")
            weights.append(solved)
            bias.append(-float(mean @ solved))
    return TextScores(tuple(names), np.array(weights).T, np.array(bias))


def fit(data: Examples, scores: TextScores) -> FrustrationModel:
    """A model from all of these examples; its bias is still uncalibrated."""
    mean = data.features.mean(axis=0)
    scale = data.features.std(axis=0) + SCALE_FLOOR
    columns = np.clip((data.features - mean) / scale, -CLIPPED_AT, CLIPPED_AT)
    own = data.vectors.astype(np.float64) * EMBEDDING_SCALE * EMBEDDING_SHARE
    groups = np.eye(LENGTH_GROUPS)[length_groups(data.lengths, LENGTH_GROUPS)]
    learnt = _logistic_regression(
        np.hstack([columns, own, groups]), data.frustrated, INVERSE_REGULARISATION
    )[0]
    width = columns.shape[1]
    return FrustrationModel(
        text_scores=scores,
        mean=mean,
        scale=scale,
        feature_weights=learnt[:width],
        embedding_weights=learnt[width : width + DIMENSIONS] * EMBEDDING_SHARE,
        bias=0.0,
    )


def log_odds(model: FrustrationModel, data: Examples) -> Array:
    """The model's log odds for every example."""
    pairs = zip(data.features, data.vectors, strict=True)
    return np.array([model.log_odds(row, vector) for row, vector in pairs])


def calibrated(model: FrustrationModel, raw: Array, frustrated: Array) -> FrustrationModel:
    """The model with its log odds stretched and moved so that they fit unseen labels (Platt 1999).

    Args:
        model: fitted on everything.
        raw: log odds of examples from models that were not trained on them.
        frustrated: their labels.
    """
    weights, bias = _logistic_regression(raw[:, None], frustrated, 1e6)
    stretch = float(weights[0])
    return FrustrationModel(
        text_scores=model.text_scores,
        mean=model.mean,
        scale=model.scale,
        feature_weights=model.feature_weights * stretch,
        embedding_weights=model.embedding_weights * stretch,
        bias=model.bias * stretch + bias,
    )


def folds(names: Sequence[str] | NDArray[np.str_], seed: int) -> NDArray[np.int64]:
    """The fold, 0..FOLDS-1, of every name; the same name is always in one."""
    distinct = sorted(set(names))
    order = np.random.default_rng(seed).permutation(len(distinct))
    fold = {name: int(order[i]) % FOLDS for i, name in enumerate(distinct)}
    return np.array([fold[name] for name in names], dtype=np.int64)


def _logistic_regression(rows: Array, labels: Array, inverse: float) -> tuple[Array, float]:
    fitted = _linear_models().LogisticRegression(C=inverse, max_iter=_MOST_STEPS)
    fitted.fit(rows, labels)
    return np.asarray(fitted.coef_[0], dtype=np.float64), float(fitted.intercept_[0])


def _linear_models() -> ModuleType:
    try:
        from sklearn import linear_model
    except ImportError as error:
        raise InputError(
            "Training needs scikit-learn.", "Install it: pip install 'voiceagent[train]'"
        ) from error
    return linear_model  # type: ignore[no-any-return]
