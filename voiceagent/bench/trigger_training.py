"""Trains the explicit classifier and says how well it does on what it has not seen.

    python -m voiceagent.bench.trigger_training [--check]

In: the project's sentences and training dialogues. Out: the package's ``weights.npz``, and figures
from cross-validation in which each sitting of writing and a fifth of the dialogues are held out in
turn. Ridge regression has a closed form, so the same data give the same weights.
"""

from __future__ import annotations

import argparse
import random
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from voiceagent.bench.trigger_examples import (
    KINDS,
    NEUTRAL,
    CallerTurn,
    Example,
    as_heard,
    batches,
    caller_turns,
    written_sentences,
)
from voiceagent.supervisor.explicit_classifier.model import (
    WEIGHTS_PATH,
    Matrix,
    TriggerModel,
    terms,
)
from voiceagent.supervisor.explicit_classifier.pieces import pieces
from voiceagent.supervisor.frustration.embedding import SentenceEncoder, UniversalSentenceEncoder

BENCH = Path(__file__).parent
SEED = 20261122
WIDTH = 2.0
LANDMARKS = (800, 500)
"""Triggers and other sentences that nearness is measured to."""

TERMS = 2200
"""Words, stems and pairs that count: the most frequent ones."""

PENALTY = 1.0
TRIGGER_COUNTS = 2.0
"""How often a trigger counts, since there are fewer of them than of other turns."""

_ENCODED_AT_ONCE = 64


@dataclass(frozen=True, slots=True)
class Row:
    """A text to fit to and the kinds it is of."""

    text: str
    kinds: frozenset[str]


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

    A turn that needs a person for another reason is left out: nobody said what it is of.
    """
    chance, found = random.Random(SEED), []
    for example in examples:
        kinds = frozenset({example.kind} - {NEUTRAL})
        found.append(Row(example.text, kinds))
        found.append(Row(as_heard(example.text, example.language, chance), kinds))
    for turn in turns:
        if turn.kind:
            found.append(Row(turn.text, frozenset({turn.kind})))
        elif not turn.escalate:
            found += [Row(piece, frozenset()) for piece in pieces(turn.text)]
    return found


def fit(train: Sequence[Row], encoder: SentenceEncoder) -> TriggerModel:
    """Weights by ridge regression on targets of +1 and -1; probabilities are not set yet."""
    chance = random.Random(SEED)
    texts = [row.text for row in train]
    embeddings = encoder.encode(texts)
    landmarks: list[int] = []
    for trigger, wanted in zip((True, False), LANDMARKS, strict=True):
        suited = [n for n, row in enumerate(train) if bool(row.kinds) is trigger]
        landmarks += sorted(chance.sample(suited, min(wanted, len(suited))))
    held_in = Counter(term for text in sorted(set(texts)) for term in terms(text))
    frequent = sorted(held_in, key=lambda term: (-held_in[term], term))
    vocabulary = sorted(frequent[:TERMS])
    rarity = np.log(len(texts) / np.array([held_in[term] for term in vocabulary]))
    columns = 1 + embeddings.shape[1] + len(landmarks) + len(vocabulary)
    model = TriggerModel(
        KINDS,
        embeddings[landmarks],
        WIDTH,
        {term: column for column, term in enumerate(vocabulary)},
        rarity.astype(np.float32),
        np.zeros((columns, len(KINDS)), dtype=np.float32),
        np.array([[4.0] * len(KINDS), [0.0] * len(KINDS)], dtype=np.float32),
    )
    targets = np.array([[1.0 if k in row.kinds else -1.0 for k in KINDS] for row in train])
    counts = np.array([TRIGGER_COUNTS if row.kinds else 1.0 for row in train])
    root = np.sqrt(counts)[:, None].astype(np.float32)
    x = model.features(texts, embeddings) * root
    gram = (x.T @ x).astype(np.float64)
    gram[np.diag_indices_from(gram)] += PENALTY
    gram[0, 0] -= PENALTY
    weights = np.linalg.solve(gram, (x.T @ (targets * root)).astype(np.float64))
    return _with(model, weights.astype(np.float32), model.scale)


def _with(model: TriggerModel, weights: Matrix, scale: Matrix) -> TriggerModel:
    return TriggerModel(
        model.kinds, model.landmarks, model.width, model.vocabulary, model.term_weights,
        weights, scale,
    )  # fmt: skip


def decided(model: TriggerModel, texts: Sequence[str], encoder: SentenceEncoder) -> Matrix:
    """For each turn the value of its strongest piece, shape (turns, kinds)."""
    cut = [pieces(text) for text in texts]
    flat = [piece for some in cut for piece in some]
    values = model.decide(flat, encoder.encode(flat))
    found, at = np.full((len(texts), len(KINDS)), -1.0, dtype=np.float32), 0
    for turn, some in enumerate(cut):
        if some:
            found[turn] = values[at : at + len(some)].max(axis=0)
        at += len(some)
    return found


@dataclass(frozen=True, slots=True)
class HeldOut:
    """Values of texts that the model giving them had not seen, and what the texts are."""

    examples: tuple[Example, ...]
    on_examples: Matrix
    turns: tuple[CallerTurn, ...]
    on_turns: Matrix


def held_out(
    examples: Sequence[Example], turns: Sequence[CallerTurn], encoder: SentenceEncoder
) -> HeldOut:
    """Cross-validation by sitting and, at the same time, by dialogue."""
    sittings = batches(examples)
    names = sorted({turn.dialogue for turn in turns})
    random.Random(SEED).shuffle(names)
    fold = {name: number % len(sittings) for number, name in enumerate(names)}
    seen_examples: list[Example] = []
    seen_turns: list[CallerTurn] = []
    values: list[list[Matrix]] = [[], []]
    for number, sitting in enumerate(sittings):
        kept = [e for e in examples if e.batch != sitting]
        model = fit(rows(kept, [t for t in turns if fold[t.dialogue] != number]), encoder)
        some = [e for e in examples if e.batch == sitting]
        others = [t for t in turns if fold[t.dialogue] == number]
        seen_examples += some
        seen_turns += others
        values[0].append(decided(model, [e.text for e in some], encoder))
        values[1].append(decided(model, [t.text for t in others], encoder))
    return HeldOut(
        tuple(seen_examples), np.concatenate(values[0]),
        tuple(seen_turns), np.concatenate(values[1]),
    )  # fmt: skip


def scale_of(held: HeldOut) -> Matrix:
    """Slope and offset of a logistic function for each kind, fitted to held-out values (Platt).

    Triggers and other texts weigh the same in all, so 0.5 is where both are as likely.
    """
    scale = np.zeros((2, len(KINDS)))
    values = np.concatenate([held.on_examples, held.on_turns]).astype(np.float64)
    kinds = [e.kind for e in held.examples] + [t.kind for t in held.turns]
    for column, kind in enumerate(KINDS):
        is_kind = np.array([k == kind for k in kinds])
        weight = np.where(is_kind, 0.5 / is_kind.sum(), 0.5 / (~is_kind).sum())
        x = np.stack([values[:, column], np.ones(len(values))], axis=1)
        w = np.array([4.0, 0.0])
        for _ in range(50):
            p = 1 / (1 + np.exp(-x @ w))
            gradient = x.T @ (weight * (p - is_kind)) + 1e-4 * w
            curvature = (x * (weight * p * (1 - p))[:, None]).T @ x + 1e-4 * np.eye(2)
            w -= np.linalg.solve(curvature, gradient)
        scale[:, column] = w
    return scale.astype(np.float32)


def figures(held: HeldOut, scale: Matrix, at: float) -> str:
    """Recall by kind and language, and false alarms, where a probability of ``at`` counts."""

    def fires(values: Matrix) -> NDArray[np.bool_]:
        return np.asarray((1 / (1 + np.exp(-(scale[0] * values + scale[1]))) >= at).any(axis=1))

    on_examples, on_turns = fires(held.on_examples), fires(held.on_turns)
    lines = [f"probability from {at:.2f}:"]
    for kind in (*KINDS, NEUTRAL):
        for language in ("en", "de"):
            those = [e.kind == kind and e.language == language for e in held.examples]
            share = on_examples[np.array(those)].mean()
            lines.append(f"  sentences, {kind} {language}: {share:.1%} of {sum(those)}")
    for name, turns in (
        ("calm turns", [t.calm for t in held.turns]),
        ("frustrated turns without need", [t.frustrated and not t.escalate for t in held.turns]),
        ("turns of the four kinds", [bool(t.kind) for t in held.turns]),
    ):
        lines.append(f"  dialogues, {name}: {on_turns[np.array(turns)].mean():.1%} of {sum(turns)}")
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> None:
    """The command; ``--check`` prints the figures and writes nothing."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write no weights")
    parser.add_argument("--out", type=Path, default=WEIGHTS_PATH)
    options = parser.parse_args(arguments)
    examples = written_sentences(BENCH / "sentences")
    turns = caller_turns(BENCH / "dialogues" / "training")
    encoder = KeptEncoder(UniversalSentenceEncoder())
    held = held_out(examples, turns, encoder)
    scale = scale_of(held)
    for at in (0.5, 0.7, 0.8, 0.9, 0.95, 0.98):
        sys.stdout.write(figures(held, scale, at) + "\n")
    if not options.check:
        model = fit(rows(examples, turns), encoder)
        _with(model, model.weights, scale).save(options.out)
        sys.stdout.write(f"written: {options.out.name}\n")


if __name__ == "__main__":
    main()
