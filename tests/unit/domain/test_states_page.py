"""``docs/states.md`` and the handoff in the README are what the transition tables draw today."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.unit

ROOT = Path(__file__).parents[3]
DRAW = ROOT / "docs" / "draw_states.py"


def draw(*arguments: str, hash_seed: str = "0") -> subprocess.CompletedProcess[str]:
    """Run the drawing program as a writer of documentation would."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONHASHSEED": hash_seed}
    return subprocess.run(
        [sys.executable, str(DRAW), *arguments],
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.mark.parametrize("hash_seed", ["0", "1", "2"])
def test_the_page_is_up_to_date_whatever_the_hash_seed(hash_seed: str) -> None:
    result = draw("--check", hash_seed=hash_seed)
    assert result.returncode == 0, result.stderr


def test_a_page_that_is_out_of_date_is_noticed(tmp_path: Path) -> None:
    copy = tmp_path / "draw_states.py"
    copy.write_text(DRAW.read_text(encoding="utf-8"), encoding="utf-8")
    page = (DRAW.parent / "states.md").read_text(encoding="utf-8")
    (tmp_path / "states.md").write_text(page.replace("hung_up", "rang_off", 1), encoding="utf-8")
    result = subprocess.run(
        [sys.executable, str(copy), "--check"],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert result.returncode == 1
    assert "out of date" in result.stderr
