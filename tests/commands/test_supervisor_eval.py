"""``voiceagent supervisor eval`` as a user runs it: figures, lines per turn, and bad input."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

pytestmark = pytest.mark.command

DIALOGUES: list[dict[str, Any]] = [
    {
        "id": "calm",
        "lang": "en",
        "turns": [
            {"speaker": "agent", "text": "Hello, how can I help?"},
            {
                "speaker": "customer",
                "text": "Hi, when is my invoice due?",
                "frustrated": False,
                "escalate": False,
            },
            {"speaker": "agent", "text": "On the fifth of December."},
            {"speaker": "customer", "text": "Great, thank you.", "frustrated": False},
        ],
    },
    {
        "id": "person",
        "lang": "de",
        "turns": [
            {"speaker": "customer", "text": "Guten Tag."},
            {"speaker": "agent", "text": "Wie kann ich helfen?"},
            {
                "speaker": "customer",
                "text": "Ich möchte bitte mit einem Menschen sprechen.",
                "frustrated": False,
                "escalate": True,
            },
        ],
    },
    {
        "id": "angry",
        "lang": "en",
        "turns": [
            {
                "speaker": "customer",
                "text": "This is the third time I am calling and still nobody has fixed it.",
                "frustrated": True,
                "escalate": False,
                "audio": "angry.wav",
            }
        ],
    },
]


def run(*arguments: str, data: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "voiceagent", "supervisor", "eval", *arguments],
        env={**os.environ, "VOICEAGENT_DATA_DIR": str(data), "COLUMNS": "120"},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )


@pytest.fixture
def dialogues(tmp_path: Path) -> Path:
    path = tmp_path / "dialogues.jsonl"
    path.write_text("\n".join(json.dumps(d) for d in DIALOGUES), encoding="utf-8")
    buzz = 0.2 * np.sin(2 * np.pi * 200 * np.arange(16000) / 8000)
    soundfile.write(str(tmp_path / "angry.wav"), buzz, 8000)
    return path


def test_figures_and_a_line_per_labelled_turn(dialogues: Path, tmp_path: Path) -> None:
    out = tmp_path / "turns.jsonl"
    done = run(str(dialogues), "--out", str(out), "--json", data=tmp_path)
    assert done.returncode == 0, done.stderr
    figures = {f["language"]: f for f in json.loads(done.stdout)["figures"]}
    assert figures["de"]["hand_over"]["recall"] == 1.0
    assert figures["en"]["false_escalations_per_100_calm_turns"] == 0.0
    assert figures["all"]["turns"] == 4
    lines = [json.loads(line) for line in out.read_text("utf-8").splitlines()]
    assert [(line["id"], line["turn"]) for line in lines] == [
        ("calm", 1),
        ("calm", 3),
        ("person", 2),
        ("angry", 0),
    ]
    assert all(set(line) == {"id", "turn", "frustration", "action", "triggers"} for line in lines)
    by_id = {line["id"]: line for line in lines}
    assert by_id["person"]["action"] == "hand_over"
    assert "asked_for_person" in by_id["person"]["triggers"]
    assert 0 <= by_id["calm"]["frustration"] < by_id["angry"]["frustration"] <= 1


def test_the_table_names_every_figure(dialogues: Path, tmp_path: Path) -> None:
    done = run(str(dialogues), data=tmp_path)
    assert done.returncode == 0, done.stderr
    for words in ("precision", "recall", "per 100 calm turns", "turns to detect", "AUC", "length"):
        assert words in done.stdout


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (lambda path: path.write_text("{oops\n"), "dialogues.jsonl:1"),
        (lambda path: path.write_text(json.dumps({**DIALOGUES[0], "lang": "xx"})), "lang"),
        (lambda path: path.unlink(), "cannot be read"),
        (lambda path: (path.parent / "angry.wav").unlink(), "angry.wav"),
    ],
)
def test_bad_input_is_one_sentence(
    dialogues: Path, tmp_path: Path, change: Any, complaint: str
) -> None:
    change(dialogues)
    done = run(str(dialogues), data=tmp_path)
    assert done.returncode != 0
    assert complaint in done.stderr
    assert "Traceback" not in done.stderr


def test_an_unknown_language_model_and_an_unwritable_out(dialogues: Path, tmp_path: Path) -> None:
    done = run(str(dialogues), "--llm", "gpt", data=tmp_path)
    assert done.returncode != 0
    assert "--llm local" in done.stderr
    done = run(str(dialogues), "--out", str(tmp_path / "no" / "where.jsonl"), data=tmp_path)
    assert done.returncode != 0
    assert "--out" in done.stderr
