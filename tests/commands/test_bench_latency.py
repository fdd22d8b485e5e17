"""``voiceagent bench latency`` as a user runs it, shortened to two turns; no time is asserted."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tests.commands.test_bad_input import refused, run

pytestmark = pytest.mark.command

CLIPS = Path(__file__).parents[2] / "audio_fixtures/real/bench"
# One of them has no pause, the other one gets its own below.
WORDS = {
    "check": ("allison-check-number-dial-again.flac", "Please check the number and dial again."),
    "transfer": ("allison-transfer.flac", "Please hold while I try that extension."),
}


@pytest.mark.timeout(900)
def test_both_systems_answer_and_the_figures_are_there(tmp_path: Path) -> None:
    audio = tmp_path / "audio"
    audio.mkdir()
    for name, (clip, text) in WORDS.items():
        shutil.copy(CLIPS / clip, audio / f"{name}.flac")
        (audio / f"{name}.txt").write_text(text, "utf-8")
    result, plot = tmp_path / "latency.json", tmp_path / "latency.svg"
    done = run(
        *("bench", "latency", "--audio", str(audio), "--turns", "2"),
        *("--json", str(result), "--plot", str(plot)),
        data=tmp_path,
        timeout_s=800,
    )
    assert done.returncode == 0, done.stderr
    told = json.loads(result.read_text("utf-8"))
    assert {"p50", "p95", "barge_in_p95", "cpu"} <= told["ratio"].keys()
    assert told["cut_ins"].keys() == {"ours", "stock", "trials"}
    for name in ("early", "missed", "wer"):
        assert told[name].keys() == {"ours", "stock"}
    for system in ("ours", "stock"):
        turns = told["turns"][system]
        assert [turn["kind"] for turn in turns] == ["clear", "barge_in", "clear"]
        said = " ".join(turn["recognised"] for turn in turns).lower()
        assert "extension" in said, "the system has heard the caller"
        figures = told["systems"][system]
        assert figures["answered"] >= 1, "the caller has heard the system"
        assert figures["lost"] == 0
        assert figures["cpu_s_per_min"] > 0
        assert figures["memory_mb"] > 100
        assert {"recognised", "committed", "llm_text", "audible"} <= figures["split_ms"].keys()
    assert "verdict" in told["systems"]["ours"]["split_ms"], "the supervisor judges each turn"
    assert ElementTree.parse(plot).getroot().tag.endswith("svg")
    for words in ("voice to voice p50", "barge-in until silence p95", "audible on the wire"):
        assert words in done.stdout


def test_bad_options(tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    refused(run("bench", "latency", "--audio", str(empty), data=tmp_path), "holds no recording")
    refused(run("bench", "latency", "--part", "both", data=tmp_path), "both", "tuning")
    refused(run("bench", "latency", "--rate", "11025", data=tmp_path), "11025")
    nowhere = str(tmp_path / "nowhere" / "x.json")
    refused(run("bench", "latency", "--json", nowhere, data=tmp_path), "nowhere")
    refused(run("bench", "calls", "--json", nowhere, data=tmp_path), "nowhere")
