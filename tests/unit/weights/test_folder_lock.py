"""One process at a time in a weights folder."""

from __future__ import annotations

import fcntl
from pathlib import Path

import pytest

from voiceagent.domain.errors import WeightsError
from voiceagent.weights.folder_lock import LOCK_FILE, folder_lock

pytestmark = pytest.mark.unit


def test_held_within_the_block_and_free_after_it(tmp_path: Path) -> None:
    with (
        folder_lock(tmp_path, 0.0),
        pytest.raises(WeightsError, match="Another process"),
        folder_lock(tmp_path, 0.0),
    ):
        pytest.fail("the lock was given twice")
    with folder_lock(tmp_path, 0.0):
        pass


def test_free_after_a_failure_within_the_block(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="disk"), folder_lock(tmp_path, 0.0):
        raise OSError("disk")
    with (tmp_path / LOCK_FILE).open("a") as free:
        fcntl.flock(free, fcntl.LOCK_EX | fcntl.LOCK_NB)
