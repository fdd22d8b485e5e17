"""A desk on a real database in a folder of its own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.desk.scene import Clock, Desk
from voiceagent.store import DeskStore, open_store


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store(tmp_path: Path) -> Iterator[DeskStore]:
    with open_store(tmp_path / "desk.db") as opened:
        yield DeskStore(opened)


@pytest.fixture
def desk(store: DeskStore, clock: Clock) -> Desk:
    return Desk(store, clock)
