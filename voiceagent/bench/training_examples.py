"""Labelled dialogues as rows to train on, varied so that no shortcut pays.

What enters: labelled dialogues. What leaves: one example for each labelled turn of the caller,
with its features as the running scorer computes them. The variants exist because written chats
have capitals and commas that a recogniser does not give, because a call's first recorded turn is
not always its first turn, and because people cut one message into several.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from voiceagent.bench.training_sources import LabelledDialogue
from voiceagent.domain.transcript import Speaker
from voiceagent.supervisor.frustration.embedding import (
    DIMENSIONS,
    SentenceEncoder,
    UniversalSentenceEncoder,
)
from voiceagent.supervisor.frustration.features import Reading, features
from voiceagent.supervisor.frustration.model import TextScores
from voiceagent.supervisor.frustration.reading import read, texts_to_embed
from voiceagent.supervisor.frustration.scorer import TURNS_READ

Array = NDArray[np.float64]

_NOT_SPOKEN = re.compile(r"[^\w\s'#]+")
_AT_ONCE = 256


class RememberedVectors:
    """Vectors of texts, kept in memory and, if a file is named, on disk between runs."""

    def __init__(self, file: Path | None = None, encoder: SentenceEncoder | None = None) -> None:
        self._file = file
        self._encoder = encoder or UniversalSentenceEncoder()
        self._row: dict[str, int] = {}
        self._vectors = np.zeros((0, DIMENSIONS), dtype=np.float32)
        if file is not None and file.exists():
            with np.load(file, allow_pickle=False) as stored:
                self._vectors = stored["vectors"]
                texts = bytes(stored["texts"]).decode("utf-8").split("\0")
            self._row = {text: row for row, text in enumerate(texts)}

    def of(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """One unit vector a text, shape (len(texts), DIMENSIONS)."""
        new = sorted({t for t in texts if t not in self._row}, key=lambda t: (len(t), t))
        if new:
            made = [
                self._encoder.encode(new[i : i + _AT_ONCE]) for i in range(0, len(new), _AT_ONCE)
            ]
            for text in new:
                self._row[text] = len(self._row)
            self._vectors = np.concatenate([self._vectors, *made])
            if self._file is not None:
                packed = "\0".join(self._row).encode("utf-8")
                np.savez(
                    self._file, vectors=self._vectors, texts=np.frombuffer(packed, dtype=np.uint8)
                )
        return np.asarray(self._vectors[[self._row[t] for t in texts]], dtype=np.float32)


@dataclass(frozen=True, slots=True)
class Examples:
    """Labelled turns of callers; every array has one row for each.

    Attributes:
        features: see ``features.feature_names``.
        vectors: of the turn's own text.
        frustrated: 0 or 1.
        lengths: characters of the turn.
        sources: where it comes from, with its language: ``project-en1/en``.
        dialogues: which dialogue it belongs to.
    """

    features: Array
    vectors: NDArray[np.float32]
    frustrated: Array
    lengths: Array
    sources: NDArray[np.str_]
    dialogues: NDArray[np.str_]

    def where(self, chosen: NDArray[np.bool_]) -> Examples:
        """The chosen rows."""
        return Examples(
            self.features[chosen],
            self.vectors[chosen],
            self.frustrated[chosen],
            self.lengths[chosen],
            self.sources[chosen],
            self.dialogues[chosen],
        )


def examples(
    dialogues: Sequence[LabelledDialogue], vectors: RememberedVectors, scores: TextScores
) -> Examples:
    """One example for each labelled turn, in order."""
    texts = list(dict.fromkeys(t.text for d in dialogues for t in d.turns if t.text.strip()))
    parts = [texts_to_embed(text) for text in texts]
    flat = vectors.of([part for group in parts for part in group])
    starts = np.cumsum([0, *map(len, parts)])
    known = {
        text: read(text, flat[start : start + len(group)], scores)
        for text, group, start in zip(texts, parts, starts, strict=False)
    }
    rows, own, labels, lengths, sources, names = [], [], [], [], [], []
    for entry in dialogues:
        said: list[Reading] = []
        for turn, label in zip(entry.turns, entry.labels, strict=True):
            if not turn.text.strip():
                continue
            said.append(known[turn.text].said_by(caller=turn.speaker is Speaker.CALLER))
            if label is None or not said[-1].caller:
                continue
            rows.append(features(said[-TURNS_READ:]))
            own.append(said[-1].embedding)
            labels.append(float(label))
            lengths.append(float(len(turn.text)))
            sources.append(f"{entry.source}/{entry.language}")
            names.append(f"{entry.source}:{entry.id}")
    return Examples(
        np.array(rows),
        np.array(own),
        np.array(labels),
        np.array(lengths),
        np.array(sources),
        np.array(names),
    )


def as_recognised(entry: LabelledDialogue) -> LabelledDialogue:
    """The caller's words as a recogniser gives them: no capitals, hardly any marks."""
    turns = tuple(
        replace(t, text=" ".join(_NOT_SPOKEN.sub(" ", t.text.lower()).split()))
        if t.speaker is Speaker.CALLER
        else t
        for t in entry.turns
    )
    return replace(entry, turns=turns)


def started_late(entry: LabelledDialogue, rng: np.random.Generator) -> LabelledDialogue:
    """The dialogue from some turn in its first half on."""
    start = int(rng.integers(0, max(1, len(entry.turns) // 2)))
    return replace(entry, turns=entry.turns[start:], labels=entry.labels[start:])


def joined(entry: LabelledDialogue) -> LabelledDialogue:
    """Turns of one speaker in a row made one; it is frustrated if one of them is."""
    turns, labels = [entry.turns[0]], [entry.labels[0]]
    for turn, label in zip(entry.turns[1:], entry.labels[1:], strict=True):
        if turn.speaker is not turns[-1].speaker:
            turns.append(turn)
            labels.append(label)
            continue
        turns[-1] = replace(turns[-1], text=f"{turns[-1].text} {turn.text}", end_ms=turn.end_ms)
        labels[-1] = label if labels[-1] is None else bool(labels[-1] or label)
    return replace(entry, turns=tuple(turns), labels=tuple(labels))


def varied(dialogues: Sequence[LabelledDialogue], seed: int) -> list[LabelledDialogue]:
    """Each dialogue as it is, as recognised, and started late with its turns joined."""
    rng = np.random.default_rng(seed)
    return [
        variant
        for entry in dialogues
        for variant in (entry, as_recognised(entry), joined(started_late(entry, rng)))
    ]
