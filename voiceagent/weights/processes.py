"""Run one child process to its end, with a deadline and somebody watching what it writes.

In: a command. Out: its exit status and the tail of what it printed. Downloads are done by other
programs (pip, the model hub's client); none of them may hang this one, outlive it when it is
interrupted, or fill memory with its output.
"""

from __future__ import annotations

import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

TICK_S = 0.25
TERMINATE_GRACE_S = 5.0
OUTPUT_TAIL_BYTES = 16 * 1024


@dataclass(frozen=True, slots=True)
class Finished:
    """How a child process ended.

    Attributes:
        status: its exit status; negative for a signal.
        output: the last part of what it wrote to standard output and standard error.
        timed_out: it was stopped because the deadline passed.
    """

    status: int
    output: str
    timed_out: bool


def run(command: Sequence[str], *, deadline_s: float, on_tick: Callable[[], None]) -> Finished:
    """Run ``command``, calling ``on_tick`` a few times a second until it ends.

    The child gets a session of its own, so that the whole family can be stopped, and no input.

    Raises:
        FileNotFoundError: there is no such program.
    """
    give_up_at = time.monotonic() + deadline_s
    with tempfile.TemporaryFile() as output:
        child = subprocess.Popen(  # noqa: S603 - the command comes from this package, no shell
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        timed_out = False
        try:
            while child.poll() is None:
                if time.monotonic() >= give_up_at:
                    timed_out = True
                    break
                try:
                    child.wait(TICK_S)
                except subprocess.TimeoutExpired:
                    on_tick()
        finally:
            _stop(child)
        length = output.seek(0, os.SEEK_END)
        output.seek(max(0, length - OUTPUT_TAIL_BYTES))
        text = output.read().decode("utf-8", errors="replace")
    return Finished(status=child.returncode, output=text, timed_out=timed_out)


def largest_file_bytes(folder: Path) -> int:
    """Size of the biggest file below ``folder``: of one download, the file that is growing.

    Not the sum: at the end of a download most programs copy the file once more.
    """
    largest = 0
    for path in folder.rglob("*"):
        try:
            if path.is_file():
                largest = max(largest, path.stat().st_size)
        except OSError:  # removed or renamed by the other program while we look
            continue
    return largest


def _stop(child: subprocess.Popen[bytes]) -> None:
    """Stop the child and everything it started; does nothing to one that has ended."""
    if child.poll() is not None:
        return
    for number in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(child.pid, number)
            child.wait(TERMINATE_GRACE_S)
        except ProcessLookupError:
            break
        except subprocess.TimeoutExpired:
            continue
        break
    child.wait()
