"""Sentences and dialogue turns to train and check the explicit classifier with.

In: the sentences written for the project (``sentences/*.yaml``, one file a sitting, each written
in a mind of its own) and the project's training dialogues. Out: texts with their kind, and spoken
variants as a recogniser might write them.
"""

from __future__ import annotations

import json
import random
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import yaml

from voiceagent.domain.errors import InputError

KINDS = ("asked_for_person", "legal", "leaving", "vulnerable")
NEUTRAL = "neutral"
_WHY = {"person": "asked_for_person", **{kind: kind for kind in KINDS[1:]}}
_MISHEARD = (
    ("lawyer", "loyer"), ("there", "their"), ("speak", "speech"), ("person", "persons"),
    ("your", "you"), ("anwalt", "an walt"), ("einen", "ein"), ("einem", "einen"),
    ("möchte", "möcht"), ("ich habe", "ich hab"), ("nicht", "nich"), ("wechsle", "wechsel"),
    ("human", "humans"), ("i'd", "id"), ("cancel", "council"), ("mitarbeiter", "mit arbeiter"),
)  # fmt: skip
_OPENINGS = {
    "en": ("well", "yeah", "okay so", "look", "i mean", "hello", "no", "and", "but"),
    "de": ("also", "ja", "na ja", "hören sie", "hallo", "nein", "und", "aber"),
}


@dataclass(frozen=True, slots=True)
class Example:
    """A text, its kind or ``neutral``, and the batch it is held out with."""

    text: str
    kind: str
    language: str
    batch: str


@dataclass(frozen=True, slots=True)
class CallerTurn:
    """A customer's turn of a labelled dialogue; ``kind`` is empty where nothing was called for."""

    dialogue: str
    language: str
    text: str
    kind: str
    escalate: bool
    frustrated: bool

    @property
    def calm(self) -> bool:
        """Neither frustrated nor one that needs a person: acting on it is a false alarm."""
        return not (self.escalate or self.frustrated)


def written_sentences(folder: Path) -> list[Example]:
    """Every sentence of the folder's ``*.yaml``.

    Raises:
        InputError: the folder holds none, or a file names an unknown kind.
    """
    found = []
    for file in sorted(folder.glob("*.yaml")):
        for language, kinds in yaml.safe_load(file.read_text("utf-8")).items():
            for kind, block in kinds.items():
                if kind not in (*KINDS, NEUTRAL):
                    raise InputError(f"{file.name}: '{kind}' is no kind of sentence.")
                lines = (line.strip() for line in block.splitlines())
                found += [Example(line, kind, language, file.stem) for line in lines if line]
    if not found:
        raise InputError(f"No sentences (*.yaml) in {folder}.")
    return found


def caller_turns(folder: Path) -> list[CallerTurn]:
    """The customers' turns of every dialogue in the folder's ``*.jsonl``.

    Raises:
        InputError: the folder holds none, or a line is not of the format.
    """
    found = []
    for file in sorted(folder.glob("*.jsonl")):
        for line in filter(str.strip, file.read_text("utf-8").splitlines()):
            try:
                entry = json.loads(line)
                for turn in entry["turns"]:
                    if turn["speaker"] == "customer":
                        why = _WHY.get(turn.get("why") or "", "")
                        escalate, frustrated = turn.get("escalate"), turn.get("frustrated")
                        found.append(
                            CallerTurn(
                                entry["id"],
                                entry["lang"],
                                turn["text"],
                                why if escalate else "",
                                bool(escalate),
                                bool(frustrated),
                            )
                        )
            except (ValueError, KeyError, TypeError) as error:
                raise InputError(f"{file.name}: not labelled dialogues.") from error
    if not found:
        raise InputError(f"No dialogues (*.jsonl) in {folder}.")
    return found


def as_heard(text: str, language: str, chance: random.Random) -> str:
    """The text as a recogniser might write it: no marks, a word lost, misheard or put before."""
    said = " ".join(re.sub(r"[^\w\s']", " ", text.lower()).split())
    for word, heard in _MISHEARD:
        if chance.random() < 0.25:
            said = re.sub(rf"\b{word}\b", heard, said, count=1)
    words = said.split()
    if len(words) > 4 and chance.random() < 0.4:
        words.pop(chance.randrange(len(words)))
    if chance.random() < 0.35:
        words.insert(0, chance.choice(_OPENINGS[language]))
    return " ".join(words)


def batches(examples: Iterable[Example]) -> tuple[str, ...]:
    """The names of the batches, sorted."""
    return tuple(sorted({example.batch for example in examples}))
