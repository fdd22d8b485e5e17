"""A real database in a folder of its own, and what the tests put into it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from voiceagent.domain.events import AnyEvent, LoggedEvent
from voiceagent.store import LogEntry, NewCall, Store, open_store
from voiceagent.store.codec import encode_event

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)


@pytest.fixture
def now() -> datetime:
    return NOW


@pytest.fixture
def database(tmp_path: Path) -> Path:
    return tmp_path / "calls.db"


@pytest.fixture
def store(database: Path) -> Iterator[Store]:
    with open_store(database) as opened:
        yield opened


@pytest.fixture
def new_call() -> Callable[[str], NewCall]:
    def make(call_id: str) -> NewCall:
        return NewCall(call_id, "A-1", "+15550100", "billing", "en", "recorded", NOW)

    return make


@pytest.fixture
def entry() -> Callable[..., LogEntry]:
    def make(call_id: str, seq: int, event: AnyEvent) -> LogEntry:
        return LogEntry(LoggedEvent(call_id, seq, NOW, event), encode_event(event))

    return make
