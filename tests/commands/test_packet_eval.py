"""``voiceagent packet eval`` as a user runs it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.commands.test_bad_input import refused, run

pytestmark = pytest.mark.command

HELD_OUT = Path(__file__).parents[2] / "voiceagent/bench/dialogues/held_out/packets.jsonl"
DIALOGUE = {
    "id": "x",
    "turns": [{"speaker": "customer", "text": "My parcel is lost."}],
    "summaries": ["Customer lost a parcel."],
}


def test_the_projects_own_dialogues(tmp_path: Path) -> None:
    out = tmp_path / "packets.jsonl"
    done = run("packet", "eval", str(HELD_OUT), "--out", str(out), data=tmp_path)
    assert done.returncode == 0, done.stderr
    for words in ("coverage of the facts", "unsupported claims", "ROUGE-L", "words of prose"):
        assert words in done.stdout
    told = [json.loads(line) for line in out.read_text("utf-8").splitlines()]
    assert len(told) == 25
    for line in told:
        assert line["summary"]
        assert line["unsupported"] == []
        assert line["packet"]["written_by"] == "events"
        assert 0 < line["rouge_l"]["mean"] <= line["rouge_l"]["best"] <= 1
        assert set(line["coverage"]) == {"facts", "facts_in_prose", "values"}


def test_a_line_that_is_no_dialogue(tmp_path: Path) -> None:
    file = tmp_path / "d.jsonl"
    file.write_text(json.dumps(DIALOGUE) + "\n{broken\n", "utf-8")
    out = tmp_path / "out.jsonl"
    refused(
        run("packet", "eval", str(file), "--out", str(out), data=tmp_path),
        "d.jsonl, line 2",
        "JSON",
    )
    assert not out.exists()


def test_no_such_file_model_or_folder(tmp_path: Path) -> None:
    file = tmp_path / "d.jsonl"
    refused(run("packet", "eval", str(file), data=tmp_path), "d.jsonl", "cannot be read")
    file.write_text(json.dumps(DIALOGUE) + "\n", "utf-8")
    refused(run("packet", "eval", str(file), "--llm", "cloud", data=tmp_path), "cloud")
    unreachable = "http://127.0.0.1:9/v1"
    refused(
        run("packet", "eval", str(file), "--llm", unreachable, data=tmp_path), "cannot be reached"
    )
    out = str(tmp_path / "nowhere" / "out.jsonl")
    refused(run("packet", "eval", str(file), "--out", out, data=tmp_path), "cannot be written")
