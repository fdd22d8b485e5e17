"""The files of a call: whole under their names, or absent."""

import errno
import json
from collections import namedtuple
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from voiceagent.calls import outputs
from voiceagent.calls.outputs import prepare_folder, read_latency, write_outputs
from voiceagent.domain.call import CallEvent, CallOutcome, CallState
from voiceagent.domain.errors import DiskFullError, InputError, StoreError
from voiceagent.domain.events import CallEnded, CallMoved, CallPlaced, LoggedEvent
from voiceagent.domain.handoff_events import PacketWritten
from voiceagent.domain.packet import Packet

pytestmark = pytest.mark.unit


def log(*, packet: bool = False) -> tuple[LoggedEvent, ...]:
    events: list[Any] = [
        CallPlaced(at_ms=0, account_id="C-1", playbook="p", language="en", reason="r", leg="l"),
        CallMoved(
            at_ms=0,
            source=CallState.CONNECTING,
            event=CallEvent.ANSWERED,
            target=CallState.ANSWERING,
        ),
    ]
    if packet:
        events.append(PacketWritten(at_ms=10, packet=Packet(version=1, call_id="c")))
    events.append(CallEnded(at_ms=900, outcome=CallOutcome.RESOLVED, reason="completed"))
    now = datetime(2026, 11, 22, tzinfo=UTC)
    return tuple(LoggedEvent("c", i + 1, now, event) for i, event in enumerate(events))


def test_every_file_is_there_and_the_packet_only_after_a_handoff(tmp_path: Path) -> None:
    write_outputs(tmp_path, log(), None)
    names = {path.name for path in tmp_path.iterdir()}
    assert names == {"events.jsonl", "transcript.json", "summary.json"}
    summary = json.loads((tmp_path / "summary.json").read_text())
    assert summary["outcome"] == "resolved"
    assert summary["handoff"]["outcome"] is None
    assert summary["latency"]["p50"] is None
    lines = (tmp_path / "events.jsonl").read_text().splitlines()
    assert [json.loads(line)["seq"] for line in lines] == [1, 2, 3]
    write_outputs(tmp_path, log(packet=True), None)
    assert json.loads((tmp_path / "packet.json").read_text())["call_id"] == "c"
    assert read_latency(tmp_path).turns == ()


def test_a_full_disk_leaves_no_summary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_fd: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(outputs.os, "fsync", full)
    with pytest.raises(DiskFullError, match="Free some space"):
        write_outputs(tmp_path, log(), None)
    assert not (tmp_path / "summary.json").exists()
    assert not (tmp_path / "events.jsonl").exists()


def test_a_folder_with_a_call_is_not_written_over(tmp_path: Path) -> None:
    prepare_folder(tmp_path / "new" / "folder")
    write_outputs(tmp_path, log(), None)
    with pytest.raises(InputError, match="already holds a call"):
        prepare_folder(tmp_path)


def test_a_file_is_no_folder(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(InputError, match="is a file"):
        prepare_folder(tmp_path / "file")
    with pytest.raises(StoreError, match="cannot be written"):
        prepare_folder(tmp_path / "file" / "below")


def test_too_little_space_is_said_before_the_call(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(outputs.shutil, "disk_usage", lambda _path: usage(100, 99, 1))
    with pytest.raises(DiskFullError, match="are free"):
        prepare_folder(tmp_path)
