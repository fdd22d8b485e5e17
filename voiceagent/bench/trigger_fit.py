"""Fits the explicit classifier: which rows to fit to, and the two views' weights.

In: sentences and dialogue turns with their kinds. Out: a model whose probabilities are not set yet.
Both views are fitted by themselves with scikit-learn and then added up in fixed shares. Everything
random is seeded, so the same data give the same weights on the same machine.
"""

from __future__ import annotations

import random
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, replace
from types import ModuleType

import numpy as np
from numpy.typing import NDArray

from voiceagent.bench.trigger_examples import KINDS, NEUTRAL, CallerTurn, Example, as_heard
from voiceagent.domain.errors import InputError
from voiceagent.supervisor.explicit_classifier.model import Matrix, TriggerModel, hashed
from voiceagent.supervisor.explicit_classifier.pieces import pieces
from voiceagent.supervisor.frustration.embedding import SentenceEncoder

SEED = 20261122
NETWORKS = 3
"""Trained from different beginnings and averaged, which makes one wide network."""

UNITS = 64
DECAY = 1e-2
ROUNDS = 15
"""Times that the network sees every row; more fit the sentences by heart."""

EMBEDDING_SCALE = 6.0
"""A unit vector's entries are small beside a network's first weights."""

BUCKETS = 1 << 16
INVERSE_REGULARISATION = 20.0
TRIGGER_COUNTS = 2.0
"""How often a trigger counts for the grams, since there are fewer of them than of other turns."""

NETWORK_SHARE, GRAM_SHARE = 0.6, 0.8
"""What the views count for, which makes their values about as large."""

DIALOGUES_COUNT = 2
"""How often a dialogue's turn is a row: real talk is what false alarms are counted in."""

_ENCODED_AT_ONCE = 64
_MOST_STEPS = 200


@dataclass(frozen=True, slots=True)
class Row:
    """A text to fit to and its kind; empty for none."""

    text: str
    kind: str


class KeptEncoder:
    """An encoder that remembers: cross-validation asks for the same texts many times."""

    def __init__(self, encoder: SentenceEncoder) -> None:
        self._encoder = encoder
        self._known: dict[str, NDArray[np.float32]] = {}

    def encode(self, texts: Sequence[str]) -> Matrix:
        """See ``SentenceEncoder``."""
        new = sorted({t for t in texts if t not in self._known}, key=lambda t: (len(t), t))
        for start in range(0, len(new), _ENCODED_AT_ONCE):
            some = new[start : start + _ENCODED_AT_ONCE]
            self._known.update(zip(some, self._encoder.encode(some), strict=True))
        return np.array([self._known[text] for text in texts], dtype=np.float32)


def rows(examples: Sequence[Example], turns: Sequence[CallerTurn]) -> list[Row]:
    """What to fit to: each sentence as written and as heard, and the dialogues' turns.

    What is of no kind is of none in its pieces either. A turn that needs a person for another
    reason is left out: nobody said what it is of.
    """
    found = []
    for example in examples:
        kind = "" if example.kind == NEUTRAL else example.kind
        # By the sentence, so that a row is the same whatever else is fitted to.
        chance = random.Random(f"{SEED} {example.text}")
        found.append(Row(example.text, kind))
        found.append(Row(as_heard(example.text, example.language, chance), kind))
        if not kind:
            found += [Row(piece, "") for piece in pieces(example.text)[1:]]
    for turn in [*turns] * DIALOGUES_COUNT:
        if turn.kind:
            found.append(Row(turn.text, turn.kind))
        elif not turn.escalate:
            found += [Row(piece, "") for piece in pieces(turn.text)]
    return found


def fit(train: Sequence[Row], encoder: SentenceEncoder) -> TriggerModel:
    """Weights from these rows; the logistic function behind them is still the identity's."""
    texts = [row.text for row in train]
    is_kind = np.array([[row.kind == kind for kind in KINDS] for row in train])
    hidden, thresholds, out, constant = _networks(encoder.encode(texts), is_kind)
    gram_weights, gram_constant = _grams(texts, is_kind)
    return TriggerModel(
        KINDS,
        hidden,
        thresholds,
        out * NETWORK_SHARE,
        gram_weights * GRAM_SHARE,
        constant * NETWORK_SHARE + gram_constant * GRAM_SHARE,
        np.array([[1.0] * len(KINDS), [0.0] * len(KINDS)], dtype=np.float32),
    )


def with_scale(model: TriggerModel, scale: Matrix) -> TriggerModel:
    """The model with its probabilities set."""
    return replace(model, scale=scale.astype(np.float32))


def _networks(
    embeddings: Matrix, is_kind: NDArray[np.bool_]
) -> tuple[Matrix, Matrix, Matrix, Matrix]:
    """Weights and offsets of one hidden layer and of the sum over it."""
    network = learning("neural_network").MLPClassifier
    hidden, thresholds, out, constants = [], [], [], []
    for number in range(NETWORKS):
        fitted = network(
            (UNITS,),
            alpha=DECAY,
            batch_size=128,
            learning_rate_init=2e-3,
            max_iter=ROUNDS,
            random_state=SEED + number,
        )
        with warnings.catch_warnings():
            # It is stopped early on purpose.
            warnings.simplefilter("ignore")
            fitted.fit(embeddings * EMBEDDING_SCALE, is_kind.astype(np.int64))
        hidden.append(fitted.coefs_[0] * EMBEDDING_SCALE)
        thresholds.append(fitted.intercepts_[0])
        out.append(fitted.coefs_[1] / NETWORKS)
        constants.append(fitted.intercepts_[1])
    return (
        np.hstack(hidden).astype(np.float32),
        np.concatenate(thresholds).astype(np.float32),
        np.vstack(out).astype(np.float32),
        np.mean(constants, axis=0).astype(np.float32),
    )


def _grams(texts: Sequence[str], is_kind: NDArray[np.bool_]) -> tuple[Matrix, Matrix]:
    """Weights of the buckets and the constant, one logistic regression a kind."""
    from scipy import sparse  # type: ignore[import-untyped]

    held = [hashed(text, BUCKETS) for text in texts]
    ends = np.cumsum([0, *map(len, held)])
    values = np.concatenate([np.full(len(some), 1 / np.sqrt(max(1, len(some)))) for some in held])
    matrix = sparse.csr_matrix((values, np.concatenate(held), ends), shape=(len(texts), BUCKETS))
    weights, constants = [], []
    for column in range(is_kind.shape[1]):
        fitted = learning("linear_model").LogisticRegression(
            C=INVERSE_REGULARISATION,
            max_iter=_MOST_STEPS,
            tol=1e-3,
            class_weight={False: 1.0, True: TRIGGER_COUNTS},
        )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            fitted.fit(matrix, is_kind[:, column])
        weights.append(fitted.coef_[0])
        constants.append(fitted.intercept_[0])
    return np.array(weights, dtype=np.float32).T, np.array(constants, dtype=np.float32)


def learning(part: str) -> ModuleType:
    """A part of scikit-learn.

    Raises:
        InputError: it is not installed.
    """
    try:
        import importlib

        return importlib.import_module(f"sklearn.{part}")
    except ImportError as error:
        raise InputError(
            "Training needs scikit-learn.", "Install it: pip install 'voiceagent[train]'"
        ) from error
