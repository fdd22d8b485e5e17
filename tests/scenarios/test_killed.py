"""kill -9 in mid-call: every committed event is there, and the report says what happened."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.scenarios.billing_rules import billing_rules
from tests.scripted_llm import ScriptedLlm
from voiceagent.settings import load_settings
from voiceagent.store.opening import open_store

pytestmark = pytest.mark.scenario

DEADLINE_S = 180.0


def run(*arguments: str, data: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "voiceagent", *arguments],
        env={**os.environ, "VOICEAGENT_DATA_DIR": str(data), "COLUMNS": "200"},
        capture_output=True,
        text=True,
        timeout=DEADLINE_S,
        check=False,
    )


@pytest.mark.parametrize(
    ("caller_id", "moment", "happened"),
    [
        ("satisfied", "disclosure heard", "DisclosurePlayed"),
        # While a human's phone rings and the caller hears music.
        ("cancels-hold", "handoff: ringing", "PacketWritten"),
    ],
)
def test_a_killed_call_is_told_from_its_log(
    tmp_path: Path, caller_id: str, moment: str, happened: str
) -> None:
    data, out = tmp_path / "data", tmp_path / "out"
    caller = load_settings().fixtures_dir / "callers" / f"{caller_id}.yaml"
    with (
        ScriptedLlm(billing_rules()) as model,
        subprocess.Popen(
            [
                *(sys.executable, "-m", "voiceagent", "call", "--caller", str(caller)),
                *("--llm-url", model.url, "--llm-model", model.model, "--out", str(out)),
            ],
            env={**os.environ, "VOICEAGENT_DATA_DIR": str(data), "COLUMNS": "200"},
            stdout=subprocess.PIPE,
            text=True,
        ) as process,
    ):
        assert process.stdout is not None
        told: list[str] = []
        give_up = time.monotonic() + DEADLINE_S
        # Printed lines are committed events: wait for the one at whose moment to kill.
        for line in process.stdout:
            told.append(line)
            if moment in line or time.monotonic() > give_up:
                break
        os.kill(process.pid, signal.SIGKILL)
        process.wait(30)
    assert any(moment in line for line in told)

    with open_store(load_settings(data_dir=data).store_url) as store:
        call_id = store.latest_calls(1)[0].id
        events = store.events(call_id)
    kinds = [logged.event.__class__.__name__ for logged in events]
    assert happened in kinds
    assert not {"CallEnded", "HandoffEnded"} & set(kinds)

    report = run("report", call_id, data=data)
    assert report.returncode == 0, report.stderr
    assert re.search(r"cut off at 00:\d\d\.\d", report.stdout)
    assert "disclosure heard to its end" in report.stdout
    if happened == "PacketWritten":
        # Whoever calls back after the crash finds why a human was wanted.
        assert "none: it was not finished" in report.stdout
        assert "asked for person" in report.stdout

    # Nothing half-written is taken for whole.
    assert not (out / "call.wav").exists()
    assert not (out / "summary.json").exists()
