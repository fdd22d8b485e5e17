from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

from voiceagent.domain.errors import WeightsError
from voiceagent.weights.catalogue import HubFile
from voiceagent.weights.hub import HubClient

pytestmark = pytest.mark.unit

FILE = HubFile("someone/tiny", "sub/voice.onnx", "abc")


def client_that(folder: Path, script: str, deadline_s: float = 60.0) -> HubClient:
    path = folder / "fake-client"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return HubClient((str(path),), deadline_s=deadline_s)


def test_file_lies_where_the_repository_has_it(tmp_path: Path) -> None:
    client = client_that(tmp_path, 'mkdir -p "$4/sub"; echo "$1 $2 $3" > "$4/$2"')
    path = client(FILE, tmp_path / "parts", lambda _: None)
    assert path == tmp_path / "parts" / "sub" / "voice.onnx"
    assert path.read_text() == "someone/tiny sub/voice.onnx abc\n"


def test_failure_is_told_in_the_clients_last_line(tmp_path: Path) -> None:
    client = client_that(tmp_path, "echo warning; echo 'EntryNotFoundError: 404' >&2; exit 1")
    with pytest.raises(WeightsError, match=r"sub/voice\.onnx of someone/tiny.*EntryNotFound.*404"):
        client(FILE, tmp_path, lambda _: None)


def test_hanging_client_is_stopped(tmp_path: Path) -> None:
    client = client_that(tmp_path, "exec sleep 1000", deadline_s=0.5)
    with pytest.raises(WeightsError, match="did not arrive"):
        client(FILE, tmp_path, lambda _: None)


def test_missing_client_library_is_an_error_with_its_remedy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(WeightsError, match="not installed") as caught:
        HubClient()(FILE, tmp_path, lambda _: None)
    assert "pip install" in caught.value.remedy


def test_real_client_without_a_network_fails_in_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setenv("HF_HOME", str(tmp_path / "home"))
    with pytest.raises(WeightsError, match=r"could not be fetched from the model hub") as caught:
        HubClient()(FILE, tmp_path, lambda _: None)
    assert "Traceback" not in str(caught.value)
    assert "\n" not in str(caught.value)
