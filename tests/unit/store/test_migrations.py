"""Databases of earlier versions, with what was in them."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from sqlalchemy import create_engine, event

from voiceagent.store import open_store
from voiceagent.store.call_search import search_calls
from voiceagent.store.tables import metadata

pytestmark = pytest.mark.unit

CALL = (
    "INSERT INTO call (id, account_id, phone, playbook, language, leg, started_at, state,"
    " worker_host, worker_boot_id, worker_pid, worker_started_ticks)"
    " VALUES (?, 'A-1', '+1', 'billing', 'en', 'recorded', '2026-11-22 09:00:00', 'ended',"
    " 'h', 'b', 1, 1)"
)
EVENT = (
    "INSERT INTO call_event (call_id, seq, at_ms, kind, recorded_at, payload)"
    " VALUES (?, ?, 0, ?, '2026-11-22 09:00:00', ?)"
)


def migrate(database: Path, down_or_up: str, revision: str) -> None:
    """Run the migrations as ``open_store`` does, but to a revision of one's own."""
    config = Config()
    config.set_main_option("script_location", "voiceagent.store:migrations")
    engine = create_engine(f"sqlite:///{database}")

    @event.listens_for(engine, "connect")
    def _configure(connection: sqlite3.Connection, _entry: object) -> None:
        connection.execute("PRAGMA foreign_keys = ON")

    with engine.begin() as connection:
        config.attributes["connection"] = connection
        getattr(command, down_or_up)(config, revision)
    engine.dispose()


def named(name: object) -> str:
    return json.dumps({"at_ms": 0, "record": {"customer": {"id": "A-1", "name": name}}})


@pytest.fixture
def earlier(database: Path) -> Path:
    """A database of revision 0001 with five calls."""
    migrate(database, "upgrade", "0001")
    with closing(sqlite3.connect(database)) as connection:
        for number in range(1, 6):
            connection.execute(CALL, (f"c-{number}",))
        logs = [
            ("c-1", 1, "account_loaded", named("Dana Reyes")),
            ("c-1", 2, "account_loaded", named("Dana MEYER")),
            ("c-2", 1, "account_loaded", named("Jürgen Weiß")),
            ("c-3", 1, "key_pressed", '{"at_ms": 0, "key": "1"}'),
            ("c-4", 1, "account_loaded", '{"record": []}'),
            ("c-5", 1, "account_loaded", named(5)),
        ]
        connection.executemany(EVENT, logs)
        connection.commit()
    return database


def test_earlier_calls_get_the_name_their_log_tells_last(earlier: Path) -> None:
    with open_store(earlier) as store:
        names = {call.id: call.customer_name for call in store.latest_calls()}
        assert names == {"c-1": "Dana MEYER", "c-2": "Jürgen Weiß", "c-3": "", "c-4": "", "c-5": ""}
        assert [row.call.id for row in search_calls(store, "meyer")[0]] == ["c-1"]
        assert [row.call.id for row in search_calls(store, "WEISS")[0]] == ["c-2"]
        assert store.last_seq("c-1") == 2


def test_down_and_up_again_leaves_calls_as_they_were(earlier: Path) -> None:
    with open_store(earlier) as store:
        before = store.latest_calls()
    migrate(earlier, "downgrade", "0001")
    with closing(sqlite3.connect(earlier)) as connection:
        left = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
        tables = {name for (name,) in left}
    assert tables == {"alembic_version", "call", "call_event", "callback", "do_not_call"}
    with open_store(earlier) as store:
        assert store.latest_calls() == before
        with store.engine.connect() as connection_again:
            context = MigrationContext.configure(connection_again)
            assert compare_metadata(context, metadata) == []
