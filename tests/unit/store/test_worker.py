"""Whether the process behind a call still lives."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from voiceagent.store.worker import Worker, WorkerLiveness, liveness, this_worker

pytestmark = pytest.mark.unit

ROOT = Path(__file__).parents[3]

PROGRAM = """
import dataclasses, json, sys
from voiceagent.store.worker import this_worker
print(json.dumps(dataclasses.asdict(this_worker())), flush=True)
sys.stdin.read()
"""


def test_this_process_is_alive() -> None:
    assert liveness(this_worker()) is WorkerLiveness.ALIVE


def test_a_process_is_alive_until_it_is_killed_even_before_it_is_reaped() -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        assert process.stdout
        worker = Worker(**json.loads(process.stdout.readline()))
        assert worker.pid == process.pid
        assert liveness(worker) is WorkerLiveness.ALIVE
        process.kill()
        process.wait(timeout=60)
    assert liveness(worker) is WorkerLiveness.GONE


def test_a_process_identifier_used_again_is_another_process() -> None:
    me = this_worker()
    assert liveness(replace(me, started_ticks=me.started_ticks - 1)) is WorkerLiveness.GONE


def test_a_restart_of_the_machine_ends_every_process() -> None:
    assert liveness(replace(this_worker(), boot_id="an earlier boot")) is WorkerLiveness.GONE


def test_another_machine_cannot_be_looked_into() -> None:
    elsewhere = replace(this_worker(), host="another-machine.invalid")
    assert liveness(elsewhere) is WorkerLiveness.UNKNOWN
