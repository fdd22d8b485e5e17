from __future__ import annotations

import signal
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from voiceagent.weights import processes

pytestmark = pytest.mark.unit

GENEROUS_S = 60.0


def is_alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


def wait_until_dead(pid: int) -> bool:
    give_up_at = time.monotonic() + GENEROUS_S
    while is_alive(pid) and time.monotonic() < give_up_at:
        time.sleep(0.02)
    return not is_alive(pid)


def test_status_and_both_outputs_are_returned() -> None:
    script = "import sys; print('out', flush=True); sys.stderr.write('err'); sys.exit(3)"
    finished = processes.run(
        (sys.executable, "-c", script), deadline_s=GENEROUS_S, on_tick=lambda: None
    )
    assert (finished.status, finished.output, finished.timed_out) == (3, "out\nerr", False)


def test_only_the_end_of_a_long_output_is_kept() -> None:
    script = "print('x' * 10_000_000); print('the end')"
    finished = processes.run(
        (sys.executable, "-c", script), deadline_s=GENEROUS_S, on_tick=lambda: None
    )
    assert len(finished.output) <= processes.OUTPUT_TAIL_BYTES
    assert finished.output.endswith("the end\n")


def deadline_passes_once_written(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the deadline pass when the child has got as far as writing ``path``."""

    def monotonic() -> float:
        return 2 * GENEROUS_S if path.exists() and path.read_text().endswith("\n") else 0.0

    monkeypatch.setattr(processes, "time", SimpleNamespace(monotonic=monotonic))


def test_deadline_stops_the_child_and_its_children(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pids = tmp_path / "pids"
    deadline_passes_once_written(pids, monkeypatch)
    finished = processes.run(
        ("sh", "-c", f"sleep 1000 & echo $$ $! > '{pids}'; wait"),
        deadline_s=GENEROUS_S,
        on_tick=lambda: None,
    )
    assert finished.timed_out
    assert finished.status == -signal.SIGTERM
    for pid in pids.read_text().split():
        assert wait_until_dead(int(pid))


def test_child_that_ignores_the_polite_signal_is_killed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ready = tmp_path / "ready"
    deadline_passes_once_written(ready, monkeypatch)
    monkeypatch.setattr(processes, "TERMINATE_GRACE_S", 0.2)
    finished = processes.run(
        ("sh", "-c", f"trap '' TERM; echo > '{ready}'; while :; do sleep 0.05; done"),
        deadline_s=GENEROUS_S,
        on_tick=lambda: None,
    )
    assert finished.timed_out
    assert finished.status == -signal.SIGKILL


def test_interruption_stops_the_child(tmp_path: Path) -> None:
    pid_file = tmp_path / "pid"

    def interrupt() -> None:
        if pid_file.exists() and pid_file.read_text().strip():
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        processes.run(
            ("sh", "-c", f"echo $$ > '{pid_file}'; exec sleep 1000"),
            deadline_s=GENEROUS_S,
            on_tick=interrupt,
        )
    assert wait_until_dead(int(pid_file.read_text()))


def test_largest_file_is_found_below_the_folder(tmp_path: Path) -> None:
    assert processes.largest_file_bytes(tmp_path) == 0
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "a" / "small").write_bytes(b"12")
    (tmp_path / "a" / "b" / "big").write_bytes(b"12345")
    (tmp_path / "dangling").symlink_to(tmp_path / "nowhere")
    assert processes.largest_file_bytes(tmp_path) == 5
