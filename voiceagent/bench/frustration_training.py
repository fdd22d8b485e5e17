"""Trains the frustration score's weights, and says how well it does on sources it never saw.

    python -m voiceagent.bench.frustration_training --public FOLDER --out weights.npz

What enters: the project's own dialogues and, if given, public data laid out as PROVENANCE.md says.
What leaves: a weights file, and a table: each source scored by a model trained on all others. With
no public data the text scores of the shipped weights are kept and the rest is trained again. The
``check only`` sources are never trained on: their licences do not allow it, or are not given.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from voiceagent.bench import training_sources as sources
from voiceagent.bench.separation import auc, auc_within_length, mean_of
from voiceagent.bench.training_examples import (
    Array,
    Examples,
    RememberedVectors,
    examples,
    varied,
)
from voiceagent.bench.training_fit import calibrated, fit, fit_text_scores, folds, log_odds
from voiceagent.domain.errors import VoiceAgentError
from voiceagent.supervisor.frustration.model import FrustrationModel, TextScores, shipped_model

SEED = 20
CHECKED_DIALOGUES = 250
"""Of each check-only set of dialogues; the rest would only cost time."""
CHECKED_TEXTS = 1500
"""Likewise of single texts."""
_DIALOGUES = Path(__file__).parent / "dialogues" / "training"


@dataclass(frozen=True, slots=True)
class Figures:
    """How well one source was scored, and whether the model had seen the like."""

    source: str
    turns: int
    frustrated: int
    plain: float | None
    within: float | None
    by_length: float | None
    note: str


def figures(data: Examples, scores: Array, note: str) -> list[Figures]:
    """One line for each source and language in the data."""
    found = []
    for source in sorted(set(data.sources)):
        inside = data.sources == source
        labels, lengths = data.frustrated[inside], data.lengths[inside]
        found.append(
            Figures(
                source=str(source),
                turns=int(inside.sum()),
                frustrated=int(labels.sum()),
                plain=auc(scores[inside], labels),
                within=auc_within_length(scores[inside], labels, lengths),
                by_length=auc(lengths, labels),
                note=note,
            )
        )
    return found


def table(rows: Sequence[Figures]) -> str:
    """The figures as text, one line a source, and their mean."""
    head = f"{'source':<22}{'turns':>7}{'frustr.':>9}{'AUC':>8}{'within':>8}{'length':>8}  note"
    lines = [
        f"{r.source:<22}{r.turns:>7}{r.frustrated:>9}{_shown(r.plain)}{_shown(r.within)}"
        f"{_shown(r.by_length)}  {r.note}"
        for r in rows
    ]
    for note in dict.fromkeys(r.note for r in rows):
        of = [r for r in rows if r.note == note]
        plain, within = mean_of([r.plain for r in of]), mean_of([r.within for r in of])
        lines.append(f"{'mean':<38}{_shown(plain)}{_shown(within)}{'':>8}  {note}")
    return "\n".join([head, *lines])


def _shown(area: float | None) -> str:
    return f"{'-':>8}" if area is None else f"{area:>8.3f}"


class Training:
    """The project's examples, as they are and varied, and the models made of them."""

    def __init__(
        self,
        dialogues: Sequence[sources.LabelledDialogue],
        vectors: RememberedVectors,
        scores: TextScores,
    ) -> None:
        self._vectors = vectors
        self._scores = scores
        self._plain = examples(dialogues, vectors, scores)
        self._varied = examples(varied(dialogues, SEED), vectors, scores)

    def model(self) -> FrustrationModel:
        """Trained on everything, calibrated on log odds of dialogues left out in turn."""
        plain = folds(self._plain.dialogues, SEED)
        vary = folds(self._varied.dialogues, SEED)
        raw = np.zeros(len(plain))
        for fold in range(int(plain.max()) + 1):
            left_out = fit(self._varied.where(vary != fold), self._scores)
            raw[plain == fold] = log_odds(left_out, self._plain.where(plain == fold))
        return calibrated(fit(self._varied, self._scores), raw, self._plain.frustrated)

    def without_each_source(self) -> list[Figures]:
        """Each writer's dialogues scored by a model trained on the other writers'."""
        plain, vary = _writers(self._plain.sources), _writers(self._varied.sources)
        raw = np.zeros(len(plain))
        for writer in sorted(set(plain)):
            left_out = fit(self._varied.where(vary != writer), self._scores)
            raw[plain == writer] = log_odds(left_out, self._plain.where(plain == writer))
        return figures(self._plain, raw, "left out")

    def check(
        self, dialogues: Sequence[sources.LabelledDialogue], model: FrustrationModel, note: str
    ) -> list[Figures]:
        """Dialogues the model was not trained on."""
        if not dialogues:
            return []
        data = examples(dialogues, self._vectors, self._scores)
        return figures(data, log_odds(model, data), note)


def _writers(names: NDArray[np.str_]) -> NDArray[np.str_]:
    return np.array([name.split("/")[0] for name in names])


def text_scores(public: Path | None, vectors: RememberedVectors) -> TextScores:
    """Learnt from public data where there is any; else those of the shipped weights."""
    if public is None:
        return shipped_model().text_scores
    texts = {
        "goemotions": sources.goemotions_texts(public),
        "xed": sources.xed_texts(public),
        "brighter": sources.brighter_texts(public),
    }
    return fit_text_scores(texts, vectors)


def check_only(public: Path) -> list[sources.LabelledDialogue]:
    """The public dialogues and texts that are scored and never trained on."""
    rng = np.random.default_rng(SEED)
    sets = [
        sources.as_dialogues(sources.airline_texts(public), "negative"),
        sources.as_dialogues(sources.dissatisfaction_texts(public), "negative"),
    ]
    rated = sources.satisfaction_dialogues(public)
    sets += [[d for d in rated if d.source == name] for name in sorted({d.source for d in rated})]
    found = []
    for entries in sets:
        most = CHECKED_DIALOGUES if any(len(d.turns) > 1 for d in entries) else CHECKED_TEXTS
        chosen = rng.permutation(len(entries))[:most]
        found += [entries[i] for i in sorted(chosen)]
    return found


def main(arguments: Sequence[str] | None = None) -> int:
    """The command; returns its exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--dialogues", type=Path, default=_DIALOGUES, help="the project's own")
    parser.add_argument("--public", type=Path, help="folder with public data (PROVENANCE.md)")
    parser.add_argument("--held-out", type=Path, help="dialogues to score, never trained on")
    parser.add_argument("--cache", type=Path, help="file to keep vectors in between runs (.npz)")
    parser.add_argument("--out", type=Path, required=True, help="weights file to write (.npz)")
    options = parser.parse_args(arguments)
    try:
        vectors = RememberedVectors(options.cache)
        scores = text_scores(options.public, vectors)
        training = Training(sources.project_dialogues(options.dialogues), vectors, scores)
        model = training.model()
        model.save(options.out)
        rows = training.without_each_source()
        if options.public is not None:
            rows += training.check(check_only(options.public), model, "check only")
        if options.held_out is not None:
            unseen = sources.project_dialogues(options.held_out)
            rows += training.check(unseen, model, "held out")
    except VoiceAgentError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    sys.stdout.write(table(rows) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
