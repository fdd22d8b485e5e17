"""Which process runs a call, and whether that process still lives.

A process identifier alone is not enough: it is used again after the process ends, after a reboot
and on every other machine. The identity stored with a call therefore also holds the host, the
kernel's boot id and the moment the process started (clock ticks since boot, ``proc(5)``).
"""

from __future__ import annotations

import os
import platform
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
_START_TIME_FIELD = 22  # of /proc/<pid>/stat, counted from 1


class WorkerLiveness(StrEnum):
    """What can be said from here about the process that ran a call."""

    ALIVE = "alive"
    """It still runs."""
    GONE = "gone"
    """It ended, or the machine was restarted since."""
    UNKNOWN = "unknown"
    """It ran on another machine (or container), which cannot be looked into from here."""


@dataclass(frozen=True, slots=True)
class Worker:
    """One process on one machine. ``started_ticks`` is in clock ticks since boot."""

    host: str
    boot_id: str
    pid: int
    started_ticks: int


def this_worker() -> Worker:
    """The identity of the process that asks."""
    pid = os.getpid()
    return Worker(platform.node(), _boot_id(), pid, _started_ticks(pid) or 0)


def liveness(worker: Worker) -> WorkerLiveness:
    """Whether ``worker`` still runs, as far as this machine can tell."""
    if worker.host != platform.node():
        return WorkerLiveness.UNKNOWN
    if worker.boot_id != _boot_id():
        return WorkerLiveness.GONE
    same = _started_ticks(worker.pid) == worker.started_ticks
    return WorkerLiveness.ALIVE if same else WorkerLiveness.GONE


def _boot_id() -> str:
    try:
        return _BOOT_ID.read_text(encoding="ascii").strip()
    except OSError:
        return ""


def _started_ticks(pid: int) -> int | None:
    """When the process started; None if there is none, or only its remains (a zombie)."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    # The second field is the program's name in parentheses and may itself hold both.
    state, *fields = stat.rpartition(")")[2].split()
    return None if state in ("Z", "X") else int(fields[_START_TIME_FIELD - 4])
