"""Labelled texts and dialogues to train and to check the frustration score with.

What enters: the folder of the project's own dialogues and, if there is one, a folder with public
data as its authors publish it (which files, and under which licence, is in the package's
PROVENANCE.md). What leaves: dialogues with a label at customer turns, and single texts with named
labels. Nothing here fetches anything, and no third-party text is part of the project.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from voiceagent.domain.errors import InputError
from voiceagent.domain.transcript import Speaker, Turn

_SATISFACTION_BELOW = 2.6
"""Mean rating of 5 below which a turn counts as dissatisfied (3 is neutral)."""
_USS_SETS = ("MWOZ", "SGD", "CCPE", "ReDial")
_XED_EMOTIONS = (
    "neutral",
    "anger",
    "anticipation",
    "disgust",
    "fear",
    "joy",
    "sadness",
    "surprise",
    "trust",
)
_EMOWOZ_NEGATIVE = frozenset({2, 4})
"""Dissatisfied and abusive in EmoWOZ's numbering."""
_BRIGHTER_EMOTIONS = ("anger", "disgust", "fear", "joy", "sadness", "surprise")


@dataclass(frozen=True, slots=True)
class LabelledDialogue:
    """A dialogue; ``labels[i]`` is whether turn i is frustrated, None where nobody said."""

    source: str
    language: str
    id: str
    turns: tuple[Turn, ...]
    labels: tuple[bool | None, ...]


@dataclass(frozen=True, slots=True)
class LabelledText:
    """One text and which emotions it was given; an emotion not in ``labels`` was not asked."""

    source: str
    language: str
    text: str
    labels: Mapping[str, bool]


def dialogue(
    source: str,
    language: str,
    name: str,
    said: list[tuple[Speaker, str, bool | None]],
) -> LabelledDialogue:
    """A dialogue from who said what; times are made up, since written chats have none."""
    turns = tuple(
        Turn(number, speaker, text, number * 1000, number * 1000 + 900, language=language)
        for number, (speaker, text, _) in enumerate(said, start=1)
    )
    return LabelledDialogue(source, language, name, turns, tuple(label for _, _, label in said))


def project_dialogues(folder: Path) -> list[LabelledDialogue]:
    """The dialogues written for the project: a file, or every ``*.jsonl`` of a folder by name.

    Raises:
        InputError: the folder holds none, or a line is not of the format.
    """
    files = [folder] if folder.is_file() else sorted(folder.glob("*.jsonl"))
    if not files:
        raise InputError(f"No dialogues (*.jsonl) in {folder}.", "Name the folder that holds them.")
    return [d for file in files for d in _project_file(file)]


def _project_file(file: Path) -> Iterator[LabelledDialogue]:
    for number, line in enumerate(file.read_text("utf-8").splitlines(), start=1):
        if not line.strip():
            continue
        try:
            entry = json.loads(line)
            said = [
                (
                    Speaker.CALLER if turn["speaker"] == "customer" else Speaker.AGENT,
                    str(turn["text"]),
                    bool(turn["frustrated"]) if "frustrated" in turn else None,
                )
                for turn in entry["turns"]
            ]
            yield dialogue(f"project-{file.stem}", str(entry["lang"]), str(entry["id"]), said)
        except (ValueError, KeyError, TypeError) as error:
            raise InputError(f"{file.name}, line {number}: not a labelled dialogue.") from error


def satisfaction_dialogues(folder: Path) -> list[LabelledDialogue]:
    """User Satisfaction Simulation (Sun et al. 2021): rated turns of four English dialogue sets."""
    found = []
    for name in _USS_SETS:
        file = folder / "uss" / f"{name}.txt"
        if not file.exists():
            continue
        blocks = file.read_text("utf-8").split("\n\n")
        for number, block in enumerate(blocks):
            said: list[tuple[Speaker, str, bool | None]] = []
            for line in block.strip().splitlines():
                fields = line.split("\t")
                if len(fields) < 4 or fields[1].strip() == "OVERALL":
                    continue
                if fields[0] == "SYSTEM":
                    said.append((Speaker.AGENT, fields[1], None))
                    continue
                rated = [float(r) for r in fields[3].split(",") if r.strip()]
                low = sum(rated) / len(rated) < _SATISFACTION_BELOW if rated else None
                said.append((Speaker.CALLER, fields[1], low))
            if said:
                found.append(dialogue(f"uss-{name.lower()}", "en", f"{name}-{number}", said))
    return found


def goemotions_texts(folder: Path) -> list[LabelledText]:
    """GoEmotions (Demszky et al. 2020): Reddit comments, 27 emotions and neutral, English."""
    names_file = folder / "goemotions" / "labels.txt"
    if not names_file.exists():
        return []
    names = names_file.read_text("utf-8").split()
    found = []
    for split in ("train", "dev", "test"):
        for line in (folder / "goemotions" / f"{split}.tsv").read_text("utf-8").splitlines():
            text, numbers, _ = line.split("\t")
            given = {int(n) for n in numbers.split(",")}
            labels = {name: i in given for i, name in enumerate(names)}
            found.append(LabelledText("goemotions", "en", text.replace("[NAME]", "he"), labels))
    return found


def xed_texts(folder: Path) -> list[LabelledText]:
    """XED (Öhman et al. 2020): film subtitles, eight emotions, English and projected German."""
    found = []
    for file, language in (
        ("en-annotated.tsv", "en"),
        ("neu_en.txt", "en"),
        ("de-projections.tsv", "de"),
    ):
        path = folder / "xed" / file
        if not path.exists():
            continue
        for line in path.read_text("utf-8").splitlines():
            fields = line.split("\t")
            if len(fields) != 2:
                continue
            if file == "neu_en.txt":
                text, given = fields[1], {0}
            else:
                text, given = fields[0], {int(n) for n in fields[1].split(",") if n.strip()}
            labels = {name: i in given for i, name in enumerate(_XED_EMOTIONS) if i}
            clean = text.replace("[PERSON]", "he").replace(" .", ".").replace(" ?", "?")
            found.append(LabelledText(f"xed-{language}", language, clean, labels))
    return found


def brighter_texts(folder: Path) -> list[LabelledText]:
    """BRIGHTER (Muhammad et al. 2025): German and English texts with six emotions."""
    found = []
    for file in sorted((folder / "brighter").glob("*/*.csv")):
        language = {"deu": "de", "eng": "en"}.get(file.stem)
        if language is None:
            continue
        with file.open(encoding="utf-8", newline="") as lines:
            for row in csv.DictReader(lines):
                labels = {e: row[e] in {"1", "1.0"} for e in _BRIGHTER_EMOTIONS if row.get(e)}
                if labels:
                    source = f"brighter-{language}"
                    found.append(LabelledText(source, language, row["text"], labels))
    return found


def airline_texts(folder: Path) -> list[LabelledText]:
    """Tweets to US airlines (Crowdflower 2015): negative or not, English."""
    file = folder / "airline" / "Tweets.csv"
    if not file.exists():
        return []
    with file.open(encoding="utf-8", errors="replace", newline="") as lines:
        return [
            LabelledText(
                "airline",
                "en",
                " ".join(w for w in row["text"].split() if not w.startswith(("@", "http"))),
                {"negative": row["airline_sentiment"] == "negative"},
            )
            for row in csv.DictReader(lines)
        ]


def dissatisfaction_texts(folder: Path) -> list[LabelledText]:
    """A sample of EmoWOZ (Feng et al. 2022): turns, dissatisfied or abusive against the rest."""
    file = folder / "emowoz" / "subset_2k_processed.json"
    if not file.exists():
        return []
    return [
        LabelledText(
            "emowoz", "en", row["text"], {"negative": row["emotion_id"] in _EMOWOZ_NEGATIVE}
        )
        for row in json.loads(file.read_text("utf-8"))
    ]


def as_dialogues(texts: list[LabelledText], label: str) -> list[LabelledDialogue]:
    """Single texts as dialogues of one turn of the caller."""
    return [
        dialogue(t.source, t.language, str(i), [(Speaker.CALLER, t.text, t.labels[label])])
        for i, t in enumerate(texts)
    ]
