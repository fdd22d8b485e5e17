from __future__ import annotations

import sys
from pathlib import Path

import pytest

# For ``wheelhouse``, whichever import mode pytest runs in.
sys.path.insert(0, str(Path(__file__).parent))

import wheelhouse

from voiceagent.weights import catalogue, verification


@pytest.fixture
def tiny_catalogue(monkeypatch: pytest.MonkeyPatch) -> None:
    """The code under test sees the tiny weights, the bigger of whose files gets a stamp."""
    monkeypatch.setattr(catalogue, "CATALOGUE", wheelhouse.CATALOGUE)
    monkeypatch.setattr(verification, "STAMP_FROM_BYTES", len(wheelhouse.MODEL))


@pytest.fixture
def index(tmp_path: Path) -> wheelhouse.Index:
    return wheelhouse.Index(wheelhouse.make_wheelhouse(tmp_path / "index"))


@pytest.fixture
def weights_dir(tmp_path: Path) -> Path:
    return tmp_path / "weights"
