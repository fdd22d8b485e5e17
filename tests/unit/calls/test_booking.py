"""The book of promises over a real store."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from voiceagent.calls.booking import StoreBook
from voiceagent.domain.callback import CallbackRequest
from voiceagent.store.opening import open_store

pytestmark = pytest.mark.unit

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


async def test_a_time_named_later_moves_the_promise(tmp_path: Path) -> None:
    with open_store(tmp_path / "book.db") as store:
        book = StoreBook(store, lambda: NOW)
        first = CallbackRequest("c:promised", "C-1", "+15550100", NOW + timedelta(days=1), "why")
        await book.book(first)
        moved = CallbackRequest("c:promised", "C-1", "+15550100", NOW + timedelta(days=2), "why")
        await book.book(moved)
        waiting = store.waiting_callbacks()
        assert [c.request.due_at for c in waiting] == [NOW + timedelta(days=2)]


@pytest.mark.parametrize(
    ("source", "call", "turn"),
    [("call 2026-1 turn 7", "2026-1", 7), ("call 2026-1", "2026-1", None), ("desk", None, None)],
)
async def test_a_forbidden_number_says_where_it_was_forbidden(
    tmp_path: Path, source: str, call: str | None, turn: int | None
) -> None:
    with open_store(tmp_path / "book.db") as store:
        await StoreBook(store, lambda: NOW).forbid("+1 555 0100", source)
        blocked = store.blocked_number("+15550100")
        assert blocked is not None
        assert (blocked.source_call, blocked.source_turn) == (call, turn)
