"""The files a call leaves in its folder, each whole or absent.

What enters: the call's log, its recording. What leaves: ``events.jsonl``, ``transcript.json``,
``packet.json`` (after a handoff) and ``summary.json``, beside ``call.wav``. Every file is written
under another name, made durable, and then renamed, the summary last: who finds a summary finds
everything it speaks of. Keys are described in ``docs/outputs.md``.
"""

from __future__ import annotations

import errno
import json
import os
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from voiceagent.calls import readings
from voiceagent.calls.latency import Answered, LatencyLedger, measure
from voiceagent.calls.readings import Log
from voiceagent.domain.call import CallState
from voiceagent.domain.errors import DiskFullError, InputError, StoreError
from voiceagent.store.codec import event_json

RECORDING = "call.wav"
NAMES = (RECORDING, "events.jsonl", "transcript.json", "packet.json", "summary.json")

# A call of half an hour at 8 kHz stereo; with less the call would likely end without a recording.
_WANTED_BYTES = 64_000_000


def prepare_folder(folder: Path) -> None:
    """Make the folder ready for a call: there, writable, with room, without an older call.

    Raises:
        InputError: it is a file, or holds another call's files.
        DiskFullError: too little space is left.
        StoreError: it cannot be made or written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        held = [name for name in NAMES if (folder / name).exists()]
        if held:
            raise InputError(
                f"'{folder}' already holds a call ({', '.join(held)}).",
                "Choose another --out, or move those files away.",
            )
        if shutil.disk_usage(folder).free < _WANTED_BYTES:
            raise DiskFullError(
                f"Less than {_WANTED_BYTES // 1_000_000} MB are free for '{folder}'.",
                "Free some space or choose another --out.",
            )
        probe = folder / ".writable"
        probe.write_bytes(b"")
        probe.unlink()
    except FileExistsError as error:
        raise InputError(f"'{folder}' is a file.", "Name a folder with --out.") from error
    except OSError as error:
        raise _storage_error(error, folder) from error


def write_outputs(folder: Path, events: Log, recording: Path | None) -> LatencyLedger:
    """Write everything a finished call leaves. Blocks; use a thread.

    Raises:
        DiskFullError, StoreError: a file could not be written whole; it is absent then.
    """
    ledger = (
        measure(recording, _talking(events))
        if recording is not None and recording.exists()
        else LatencyLedger(())
    )
    _write(folder / "events.jsonl", (_line(event_json(logged)) for logged in events))
    _write_json(folder / "transcript.json", readings.transcript_json(events))
    packet = readings.packet(events)
    if packet is not None:
        _write_json(folder / "packet.json", readings.packet_json(packet))
    _write_json(folder / "summary.json", readings.summary_json(events, ledger.as_json()))
    return ledger


def read_summary(folder: Path) -> dict[str, Any]:
    """``summary.json`` of a finished call."""
    summary: dict[str, Any] = json.loads((folder / "summary.json").read_text("utf-8"))
    return summary


def read_latency(folder: Path) -> LatencyLedger:
    """The latency ledger as ``summary.json`` of a finished call has it."""
    turns = read_summary(folder)["latency"].get("turns", [])
    return LatencyLedger(
        tuple(Answered(turn["caller_end_ms"], turn["agent_start_ms"]) for turn in turns)
    )


def _talking(events: Log) -> list[tuple[int, int]]:
    """The stretches in which the agent was the one to answer."""
    return [
        (stay.from_ms, stay.until_ms if stay.until_ms is not None else readings.last_ms(events))
        for stay in readings.call_path(events)
        if stay.state in {CallState.ANSWERING, CallState.DISCLOSED, CallState.TALKING}
    ]


def _line(value: dict[str, Any]) -> str:
    return json.dumps(value, ensure_ascii=False) + "\n"


def _write_json(path: Path, value: dict[str, Any]) -> None:
    _write(path, (json.dumps(value, ensure_ascii=False, indent=2) + "\n",))


def _write(path: Path, parts: Iterable[str]) -> None:
    partial = path.with_name(path.name + ".partial")
    try:
        with partial.open("w", encoding="utf-8") as file:
            file.writelines(parts)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
    except OSError as error:
        raise _storage_error(error, path) from error


def _storage_error(error: OSError, path: Path) -> StoreError:
    if error.errno in {errno.ENOSPC, errno.EDQUOT}:
        return DiskFullError(
            f"No space left to write '{path}'.", "Free some space or choose another --out."
        )
    return StoreError(f"'{path}' cannot be written ({error.strerror}).", "Choose another --out.")
