"""Labelled dialogues are read strictly, and a mistake is told by its line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from voiceagent.bench.labelled_dialogues import load_labelled_dialogues
from voiceagent.domain.errors import InputError

pytestmark = pytest.mark.unit

GOOD = {
    "id": 7,
    "lang": "de",
    "source": "ours",
    "turns": [
        {"speaker": "agent", "text": "Guten Tag."},
        {"speaker": "customer", "text": "Schon wieder!", "frustrated": True, "note": "x"},
        {"speaker": "customer", "text": "Gut.", "frustrated": False, "escalate": False},
    ],
}


def written(folder: Path, *lines: object) -> Path:
    path = folder / "dialogues.jsonl"
    path.write_text(
        "\n".join(line if isinstance(line, str) else json.dumps(line) for line in lines),
        encoding="utf-8",
    )
    return path


def test_a_dialogue_with_its_labels_and_somebody_elses_notes(tmp_path: Path) -> None:
    [dialogue] = load_labelled_dialogues(written(tmp_path, GOOD, "", "  "))
    assert (dialogue.id, dialogue.lang) == ("7", "de")
    assert [turn.labelled for turn in dialogue.turns] == [False, True, True]
    assert [turn.calm for turn in dialogue.turns] == [False, False, True]


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("{not json", ":2:"),
        ("[]", ":2:"),
        ({**GOOD, "lang": "fr"}, ":2: lang"),
        ({**GOOD, "turns": []}, ":2: turns"),
        ({"id": "1", "lang": "en"}, ":2: turns"),
        ({**GOOD, "turns": [{"speaker": "boss", "text": "x"}]}, ":2: turns.0.speaker"),
        ({**GOOD, "turns": [{"speaker": "agent"}]}, ":2: turns.0.text"),
        (
            {**GOOD, "turns": [{"speaker": "customer", "text": "x", "frustrated": "maybe"}]},
            ":2: turns.0.frustrated",
        ),
    ],
)
def test_a_mistake_is_told_by_line_and_field(tmp_path: Path, line: object, complaint: str) -> None:
    with pytest.raises(InputError) as caught:
        load_labelled_dialogues(written(tmp_path, GOOD, line))
    assert complaint in str(caught.value)


def test_an_empty_or_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no dialogue"):
        load_labelled_dialogues(written(tmp_path, ""))
    with pytest.raises(InputError, match="cannot be read"):
        load_labelled_dialogues(tmp_path / "nothing.jsonl")
    (tmp_path / "binary.jsonl").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InputError, match="cannot be read"):
        load_labelled_dialogues(tmp_path / "binary.jsonl")
