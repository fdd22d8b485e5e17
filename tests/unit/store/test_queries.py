"""Every statement suits Postgres as well as SQLite."""

from __future__ import annotations

from datetime import datetime
from types import ModuleType
from typing import Any

import pytest
from sqlalchemy import Dialect
from sqlalchemy.dialects.postgresql.base import PGDialect
from sqlalchemy.dialects.sqlite.base import SQLiteDialect
from sqlalchemy.schema import CreateTable

from voiceagent.domain.callback import CallbackRequest
from voiceagent.store import BlockedNumber, NewCall, desk_queries, queries, this_worker
from voiceagent.store.call_search import count_calls, page_of_calls
from voiceagent.store.desk_records import (
    ApiToken,
    AuditEvent,
    CallNote,
    DeskSession,
    DeskUser,
    Disposition,
    VerdictMark,
    WrapUp,
)
from voiceagent.store.tables import metadata

pytestmark = pytest.mark.unit

DIALECTS: dict[str, Dialect] = {
    "postgresql": PGDialect(),  # type: ignore[no-untyped-call]
    "sqlite": SQLiteDialect(),
}


def builders_of(module: ModuleType) -> set[str]:
    return {
        each
        for each, value in vars(module).items()
        if getattr(value, "__module__", "") == module.__name__ and not each.startswith("_")
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
    assert len(statements) == len(builders_of(queries) - {"event_row"}), "one without this test"
    searching = [count_calls([]), page_of_calls([], 50, 0)]
    assert all("call" in str(each.compile(dialect=DIALECTS[name])) for each in searching)


@pytest.mark.parametrize("name", DIALECTS)
def test_every_statement_of_the_desk_compiles(name: str, now: datetime) -> None:
    user = DeskUser("u", "dana", "Dana", (), (), (), False, now)
    statements: list[Any] = [
        desk_queries.add_user(user, "hash"),
        desk_queries.user_with_id("u"),
        desk_queries.user_with_name("dana"),
        desk_queries.all_users(),
        desk_queries.set_password_hash("u", "hash"),
        desk_queries.replace_password_hash("u", "old", "new"),
        desk_queries.set_disabled("u", True),
        desk_queries.add_session(DeskSession("h", "u", now, now, now)),
        desk_queries.session_with_user("h"),
        desk_queries.touch_session("h", now),
        desk_queries.drop_session("h"),
        desk_queries.drop_sessions_of("u"),
        desk_queries.drop_old_sessions(now, now),
        desk_queries.add_token(ApiToken("t", "h", "crm", (), now, now)),
        desk_queries.token_with_hash("h"),
        desk_queries.all_tokens(),
        desk_queries.revoke_token("t", now),
        desk_queries.append_audit(AuditEvent(now, "u", "signed_in", "", {})),
        desk_queries.audit_before(5, 5),
        desk_queries.add_secret("k", b"v", name),
        desk_queries.secret_with_name("k"),
        desk_queries.kind_of_event("c", 1),
        desk_queries.put_mark(VerdictMark("c", 1, True, "", "u", now), name),
        desk_queries.drop_mark("c", 1, "u"),
        desk_queries.marks_of("c"),
        desk_queries.put_wrap_up(WrapUp("c", Disposition.OTHER, "", "u", now), name),
        desk_queries.wrap_ups_of("c"),
        desk_queries.put_note(CallNote("c", "u", "text", now), name),
        desk_queries.notes_of("c"),
    ]
    written = [str(statement.compile(dialect=DIALECTS[name])) for statement in statements]
    assert sum("ON CONFLICT" in each and "DO UPDATE SET" in each for each in written) == 3
    assert len(statements) == len(builders_of(desk_queries)), "one without this test"


@pytest.mark.parametrize("name", DIALECTS)
def test_every_table_can_be_made(name: str) -> None:
    for table in metadata.sorted_tables:
        assert "PRIMARY KEY" in str(CreateTable(table).compile(dialect=DIALECTS[name]))


@pytest.mark.parametrize("module", [queries, desk_queries])
def test_every_statement_says_what_it_is_for(module: ModuleType) -> None:
    for name in builders_of(module):
        assert getattr(module, name).__doc__, name
