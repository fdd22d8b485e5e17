"""The recording is whole under its name, or it is not under its name."""

import errno
import wave
from pathlib import Path

import numpy as np
import pytest

from voiceagent.calls.recorder import StereoRecorder
from voiceagent.domain.errors import DiskFullError, StoreError

pytestmark = pytest.mark.unit

LEFT = (np.ones(160) * 100).astype(np.int16).tobytes()
RIGHT = (np.ones(160) * -200).astype(np.int16).tobytes()


def test_caller_left_agent_right(tmp_path: Path) -> None:
    recorder = StereoRecorder(tmp_path / "call.wav", 8000)
    for _ in range(100):
        recorder.tap(LEFT, RIGHT)
    path = recorder.finish()
    with wave.open(str(path), "rb") as file:
        assert (file.getnchannels(), file.getframerate(), file.getnframes()) == (2, 8000, 16_000)
        both = np.frombuffer(file.readframes(16_000), np.int16).reshape(-1, 2)
    assert set(both[:, 0]) == {100}
    assert set(both[:, 1]) == {-200}
    assert not list(tmp_path.glob("*.partial"))


def test_before_it_is_finished_it_has_another_name(tmp_path: Path) -> None:
    recorder = StereoRecorder(tmp_path / "call.wav", 8000)
    recorder.tap(LEFT, RIGHT)
    assert not (tmp_path / "call.wav").exists()
    recorder.abandon()
    assert not (tmp_path / "call.wav").exists()
    assert (tmp_path / "call.wav.partial").exists()


def test_a_full_disk_is_said_and_leaves_no_whole_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recorder = StereoRecorder(tmp_path / "call.wav", 8000)

    def full(_data: bytes) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(recorder._wave, "writeframesraw", full)
    recorder.tap(LEFT, RIGHT)
    with pytest.raises(DiskFullError, match="Free some space"):
        recorder.finish()
    assert not (tmp_path / "call.wav").exists()


def test_a_folder_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="Choose another"):
        StereoRecorder(tmp_path / "missing" / "call.wav", 8000)
