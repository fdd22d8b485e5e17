"""``voiceagent desk-user`` in a process of its own: what it prints, and how it ends."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.command


def run(data: Path, *arguments: str, typed: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "voiceagent", "desk-user", *arguments],
        env={**os.environ, "VOICEAGENT_DATA_DIR": str(data)},
        input=typed,
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )


def test_a_user_is_added_once(tmp_path: Path) -> None:
    add = ("add", "dana", "--role", "agent", "--password-stdin")
    done = run(tmp_path, *add, typed="four words and more\n")
    assert (done.returncode, done.stderr) == (0, "")
    assert "dana may sign in as agent" in done.stdout
    again = run(tmp_path, *add, typed="four words and more\n")
    assert again.returncode == 65
    assert "There is a user 'dana' already." in again.stderr
    assert "Traceback" not in again.stderr
    assert "dana" in run(tmp_path, "list").stdout


def test_a_short_password_says_what_it_needs(tmp_path: Path) -> None:
    add = ("add", "dana", "--role", "agent", "--password-stdin")
    done = run(tmp_path, *add, typed="secret\n")
    assert done.returncode == 65
    assert "12 to 256 characters" in done.stderr
    assert "secret" not in done.stdout + done.stderr
    assert "Traceback" not in done.stderr
