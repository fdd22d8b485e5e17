"""Trains the explicit classifier and says how well it does on what it has not seen.

    python -m voiceagent.bench.trigger_training [--check]

In: the project's sentences and training dialogues. Out: the package's ``weights.npz``, and figures
from two cross-validations. In one, a fifth of the sentences and of the dialogues is held out in
turn: it sets the probabilities. In the other, everything one author wrote is held out: it says what
to expect of callers who put things in ways of their own.
"""

from __future__ import annotations

import argparse
import random
import sys
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
    caller_turns,
    written_sentences,
)
from voiceagent.bench.trigger_fit import SEED, KeptEncoder, fit, learning, rows, with_scale
from voiceagent.supervisor.explicit_classifier.model import WEIGHTS_PATH, Matrix, TriggerModel
from voiceagent.supervisor.explicit_classifier.pieces import pieces
from voiceagent.supervisor.frustration.embedding import SentenceEncoder, UniversalSentenceEncoder

BENCH = Path(__file__).parent
FOLDS = 5
FIRST_AUTHOR = ("sitting1", "sitting2", "sitting3", "sitting4", "sitting5")
"""These are by one author; every later sitting is by an author of its own."""

TRIGGER_SHARE = 0.1
"""What a probability takes for granted: so often is a turn of a given kind. Far more than in calls,
so that the cuts do not all lie close to 0; near misses are as many in the data."""

FALSE_ALARMS_EACH = (1, 2, 3, 5, 8)
"""Cuts are shown at which a kind acts on so many of the calm turns."""


def decided(model: TriggerModel, texts: Sequence[str], encoder: SentenceEncoder) -> Matrix:
    """For each turn what it comes to, shape (turns, kinds)."""
    cut = [pieces(text) for text in texts]
    flat = [piece for some in cut for piece in some]
    values = model.decide(flat, encoder.encode(flat))
    found, at = np.full((len(texts), len(KINDS)), -10.0, dtype=np.float32), 0
    for turn, some in enumerate(cut):
        if some:
            found[turn] = model.of_turn(values[at : at + len(some)])
        at += len(some)
    return found


@dataclass(frozen=True, slots=True)
class HeldOut:
    """Values of texts that the model giving them had not seen, and what the texts are."""

    examples: tuple[Example, ...]
    on_examples: Matrix
    turns: tuple[CallerTurn, ...]
    on_turns: Matrix


def author(example: Example) -> str:
    """Who wrote it."""
    return "first" if example.batch in FIRST_AUTHOR else example.batch


def held_out(
    examples: Sequence[Example],
    turns: Sequence[CallerTurn],
    encoder: SentenceEncoder,
    by_author: bool,
) -> HeldOut:
    """Cross-validation by author or by sentence and, at the same time, by dialogue."""
    authors = sorted({author(example) for example in examples})
    count = len(authors) if by_author else FOLDS
    chance = random.Random(SEED)
    of_example = [
        authors.index(author(example)) if by_author else chance.randrange(FOLDS)
        for example in examples
    ]
    names = sorted({turn.dialogue for turn in turns})
    chance.shuffle(names)
    of_dialogue = {name: number % count for number, name in enumerate(names)}
    seen_examples: list[Example] = []
    seen_turns: list[CallerTurn] = []
    values: list[list[Matrix]] = [[], []]
    for number in range(count):
        some = [e for e, fold in zip(examples, of_example, strict=True) if fold == number]
        kept = [e for e, fold in zip(examples, of_example, strict=True) if fold != number]
        others = [t for t in turns if of_dialogue[t.dialogue] == number]
        model = fit(rows(kept, [t for t in turns if of_dialogue[t.dialogue] != number]), encoder)
        seen_examples += some
        seen_turns += others
        values[0].append(decided(model, [e.text for e in some], encoder))
        values[1].append(decided(model, [t.text for t in others], encoder))
    return HeldOut(
        tuple(seen_examples), np.concatenate(values[0]),
        tuple(seen_turns), np.concatenate(values[1]),
    )  # fmt: skip


def scale_of(held: HeldOut) -> Matrix:
    """Slope and offset of a logistic function for each kind, fitted to held-out values (Platt)."""
    scale = np.zeros((2, len(KINDS)))
    values = np.concatenate([held.on_examples, held.on_turns]).astype(np.float64)
    kinds = [e.kind for e in held.examples] + [t.kind for t in held.turns]
    told = np.array([True] * len(held.examples) + [bool(t.kind) or t.calm for t in held.turns])
    for column, kind in enumerate(KINDS):
        is_kind = np.array([k == kind for k in kinds])
        others = told & ~is_kind
        weight = np.where(is_kind, TRIGGER_SHARE / is_kind.sum(), 0.0)
        weight = np.where(others, (1 - TRIGGER_SHARE) / others.sum(), weight)
        fitted = learning("linear_model").LogisticRegression(C=1e6, max_iter=1000)
        fitted.fit(values[:, [column]], is_kind, sample_weight=weight * len(values))
        scale[:, column] = fitted.coef_[0, 0], fitted.intercept_[0]
    return scale.astype(np.float32)


def probabilities(values: Matrix, scale: Matrix) -> NDArray[np.float64]:
    """What the logistic functions make of these values."""
    return np.asarray(1 / (1 + np.exp(-(scale[0] * values.astype(np.float64) + scale[1]))))


def cuts(held: HeldOut, scale: Matrix, false_alarms: int) -> NDArray[np.float64]:
    """For each kind the lowest probability that acts on at most so many calm turns."""
    calm = probabilities(held.on_turns, scale)[np.array([t.calm for t in held.turns])]
    return np.asarray(np.sort(calm, axis=0)[::-1][false_alarms])


def figures(held: HeldOut, scale: Matrix, at: NDArray[np.float64]) -> str:
    """Recall by kind and language, and false alarms, where more than ``at`` counts."""
    on_examples: NDArray[np.bool_] = np.asarray(probabilities(held.on_examples, scale) > at)
    on_turns: NDArray[np.bool_] = np.asarray(probabilities(held.on_turns, scale) > at)
    lines = ["from " + ", ".join(f"{k} {p:.3f}" for k, p in zip(KINDS, at, strict=True))]
    for kind in (*KINDS, NEUTRAL):
        for language in ("en", "de"):
            those = np.array([e.kind == kind and e.language == language for e in held.examples])
            own = on_examples[:, [KINDS.index(kind)] if kind in KINDS else range(len(KINDS))]
            share = own[those].any(axis=1).mean() if those.any() else 0.0
            lines.append(f"  sentences, {kind} {language}: {share:.1%} of {those.sum()}")
    for name, turns in (
        ("calm turns", [t.calm for t in held.turns]),
        ("frustrated turns without need", [t.frustrated and not t.escalate for t in held.turns]),
        ("turns of the four kinds", [bool(t.kind) for t in held.turns]),
    ):
        share = on_turns[np.array(turns)].any(axis=1).mean() if any(turns) else 0.0
        lines.append(f"  dialogues, {name}: {share:.1%} of {sum(turns)}")
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
    held = held_out(examples, turns, encoder, by_author=False)
    scale = scale_of(held)
    if not options.check:
        with_scale(fit(rows(examples, turns), encoder), scale).save(options.out)
        sys.stdout.write(f"written: {options.out.name}\n")
    for name, seen in (
        ("a fifth held out", held),
        ("an author held out", held_out(examples, turns, encoder, by_author=True)),
    ):
        for false_alarms in FALSE_ALARMS_EACH:
            at = cuts(held, scale, false_alarms)
            sys.stdout.write(f"{name}, {figures(seen, scale, at)}\n")


if __name__ == "__main__":
    main()
