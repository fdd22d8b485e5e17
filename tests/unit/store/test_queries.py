"""Every statement suits Postgres as well as SQLite."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest
from sqlalchemy import Dialect
from sqlalchemy.dialects.postgresql.base import PGDialect
from sqlalchemy.dialects.sqlite.base import SQLiteDialect
from sqlalchemy.schema import CreateTable

from voiceagent.domain.callback import CallbackRequest
from voiceagent.store import BlockedNumber, NewCall, queries, this_worker
from voiceagent.store.tables import metadata

pytestmark = pytest.mark.unit

DIALECTS: dict[str, Dialect] = {
    "postgresql": PGDialect(),  # type: ignore[no-untyped-call]
    "sqlite": SQLiteDialect(),
}


@pytest.mark.parametrize("name", DIALECTS)
def test_every_statement_compiles(name: str, now: datetime) -> None:
    call = NewCall("c", "a", "+1", "p", "en", "recorded", now)
    statements: list[Any] = [
        queries.begin_call(call, this_worker(), "connecting"),
        queries.update_call("c", {"state": "ended"}),
        queries.release_call("c", now),
        queries.one_call("c"),
        queries.latest_calls(5),
        queries.unfinished_calls(),
        queries.append_events(),
        queries.events_of("c", 0, None),
        queries.last_seq("c"),
        queries.book_callback(CallbackRequest("cb", "a", "+1", now, "r"), now, name),
        queries.move_callback("cb", now),
        queries.one_callback("cb"),
        queries.waiting_callbacks(5),
        queries.due_callbacks(now, 5),
        queries.block_number(BlockedNumber("+1", now), name),
        queries.one_blocked_number("+1"),
    ]
    written = [str(statement.compile(dialect=DIALECTS[name])) for statement in statements]
    assert sum("ON CONFLICT DO NOTHING RETURNING" in each for each in written) == 2
    builders = [
        each
        for each, value in vars(queries).items()
        if callable(value)
        and getattr(value, "__module__", "") == queries.__name__
        and each != "event_row"
    ]
    assert len(statements) == len(builders), "a statement without this test"


@pytest.mark.parametrize("name", DIALECTS)
def test_every_table_can_be_made(name: str) -> None:
    for table in metadata.sorted_tables:
        assert "PRIMARY KEY" in str(CreateTable(table).compile(dialect=DIALECTS[name]))


def test_every_statement_says_what_it_is_for() -> None:
    for value in vars(queries).values():
        if getattr(value, "__module__", "") == queries.__name__:
            assert value.__doc__
