"""The command line on bad input: one sentence, an exit code, no traceback, nothing left behind."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile

from tests.scripted_llm import ScriptedLlm

pytestmark = pytest.mark.command


def run(
    *arguments: str,
    data: Path,
    environment: dict[str, str] | None = None,
    timeout_s: float = 180,
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "voiceagent", *arguments],
        env={**os.environ, "VOICEAGENT_DATA_DIR": str(data), **(environment or {})},
        capture_output=True,
        text=True,
        timeout=timeout_s,
        check=False,
    )


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    path = tmp_path / "caller.wav"
    soundfile.write(str(path), 0.2 * np.sin(np.arange(8000) * 0.3), 8000)
    return path


def refused(done: subprocess.CompletedProcess[str], *words: str) -> None:
    assert done.returncode != 0
    assert "Traceback" not in done.stderr + done.stdout
    for word in words:
        assert word in done.stderr


def test_help_names_every_command(tmp_path: Path) -> None:
    done = run("--help", data=tmp_path)
    assert done.returncode == 0
    for command in ("demo", "call", "report", "models", "bench"):
        assert command in done.stdout


def test_a_missing_file(tmp_path: Path) -> None:
    out = tmp_path / "out"
    done = run("call", "--caller", "nothing.wav", "--out", str(out), data=tmp_path)
    refused(done, "nothing.wav", "Name a WAV or FLAC file")
    assert not out.exists()


def test_a_file_that_is_no_audio(tmp_path: Path) -> None:
    path = tmp_path / "words.wav"
    path.write_text("these are words", encoding="utf-8")
    refused(run("call", "--caller", str(path), data=tmp_path), "words.wav", "cannot be read")


def test_a_recording_without_an_account(tmp_path: Path, recording: Path) -> None:
    company = {"VOICEAGENT_ACCOUNTS_URL": "http://127.0.0.1:9/crm"}
    done = run("call", "--caller", str(recording), data=tmp_path, environment=company)
    refused(done, "--account")


def test_calls_are_listed(tmp_path: Path) -> None:
    done = run("report", data=tmp_path)
    assert done.returncode == 0
    assert "No call was placed yet" in done.stdout


def test_an_unreachable_model(tmp_path: Path, recording: Path) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    out = tmp_path / "out"
    done = run(
        *("call", "--caller", str(recording), "--account", "C-1001", "--out", str(out)),
        *("--llm-url", f"http://127.0.0.1:{port}/v1", "--llm-model", "m"),
        data=tmp_path,
    )
    refused(done, "cannot be reached", "--llm-url")
    assert not out.exists()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--account", "C-9999"), ("C-9999",)),
        (("--account", "C-1001", "--playbook", "nonsense"), ("nonsense", "billing_callback")),
        (("--account", "C-1001", "--language", "fr"), ("fr",)),
        (("--account", "C-1001", "--human", "nobody.yaml"), ("nobody.yaml",)),
        (("--account", "C-1001", "--loss", "7"), ("loss",)),
        (("--account", "C-1001", "--sample-rate", "11025"), ("8000 or 16000",)),
    ],
)
def test_what_is_unknown_or_impossible(
    tmp_path: Path, recording: Path, arguments: tuple[str, ...], words: tuple[str, ...]
) -> None:
    out = tmp_path / "out"
    with ScriptedLlm() as model:
        done = run(
            *("call", "--caller", str(recording), *arguments, "--out", str(out)),
            *("--llm-url", model.url, "--llm-model", model.model),
            data=tmp_path / "data",
        )
    refused(done, *words)
    assert not out.exists() or not list(out.iterdir())


def test_weights_with_a_wrong_hash(tmp_path: Path, recording: Path) -> None:
    weights = tmp_path / "weights" / "whisper-base"
    weights.mkdir(parents=True)
    for name in ("model.bin", "config.json", "tokenizer.json", "vocabulary.txt"):
        (weights / name).write_bytes(b"not the file")
    with ScriptedLlm() as model:
        done = run(
            *("call", "--caller", str(recording), "--account", "C-1001"),
            *("--llm-url", model.url, "--llm-model", model.model),
            data=tmp_path / "data",
            environment={"VOICEAGENT_WEIGHTS_DIR": str(tmp_path / "weights")},
        )
    refused(done, "whisper-base")
    assert "config.json" in done.stderr or "model.bin" in done.stderr


def test_missing_weights_say_how_to_get_them(tmp_path: Path, recording: Path) -> None:
    with ScriptedLlm() as model:
        done = run(
            *("call", "--caller", str(recording), "--account", "C-1001"),
            *("--llm-url", model.url, "--llm-model", model.model),
            data=tmp_path / "data",
            environment={"VOICEAGENT_WEIGHTS_DIR": str(tmp_path / "empty")},
        )
    refused(done, "voiceagent models fetch")


def test_a_setting_that_does_not_fit(tmp_path: Path) -> None:
    done = run("report", "last", data=tmp_path, environment={"VOICEAGENT_RING_TIMEOUT_S": "soon"})
    refused(done, "ring_timeout_s")


def test_a_report_without_calls(tmp_path: Path) -> None:
    refused(run("report", "last", data=tmp_path), "No call was placed yet")
    refused(run("report", "20260101-000000-aa", data=tmp_path), "20260101-000000-aa")


def test_an_unknown_demo(tmp_path: Path) -> None:
    refused(run("demo", "--caller", "nobody", data=tmp_path), "double-charge")
