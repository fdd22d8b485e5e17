"""Calls, logs, callbacks and blocked numbers in a real database."""

from __future__ import annotations

import errno
import sqlite3
import threading
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from sqlalchemy import text

from voiceagent.domain.call import CallEvent, CallOutcome, CallState
from voiceagent.domain.callback import CallbackRequest, CallbackState
from voiceagent.domain.errors import DiskFullError, StoreError
from voiceagent.domain.events import CallEnded, CallMoved, DoNotCallEntered, KeyPressed
from voiceagent.domain.handoff import HandoffOutcome
from voiceagent.domain.handoff_events import HandoffEnded
from voiceagent.store import (
    BlockedNumber,
    CallNotFoundError,
    DuplicateCallError,
    LogEntry,
    NaiveDatetimeError,
    NewCall,
    Store,
    StoreBusyError,
    StoreOptions,
    UnknownEventKindError,
    WorkerLiveness,
    open_store,
    this_worker,
)
from voiceagent.store.store import translated_errors

pytestmark = pytest.mark.unit

MakeCall = Callable[[str], NewCall]
MakeEntry = Callable[..., LogEntry]

NAIVE = datetime(2026, 11, 22, 9, 0)


def key(at_ms: int) -> KeyPressed:
    return KeyPressed(at_ms=at_ms, key="1")


def request(callback_id: str, due_at: datetime, **fields: object) -> CallbackRequest:
    values = {"account_id": "A-1", "phone": "+15550100", "reason": "billing", **fields}
    return CallbackRequest(id=callback_id, due_at=due_at, **values)  # type: ignore[arg-type]


def test_a_call_reads_back(store: Store, new_call: MakeCall, now: datetime) -> None:
    store.begin_call(new_call("c-1"))
    call = store.call("c-1")
    assert (call.id, call.account_id, call.phone) == ("c-1", "A-1", "+15550100")
    assert (call.playbook, call.language, call.leg) == ("billing", "en", "recorded")
    assert call.started_at == now
    assert call.started_at.tzinfo is UTC
    assert call.state is CallState.CONNECTING
    assert (call.ended_at, call.outcome, call.handoff_outcome, call.released_at) == (None,) * 4
    assert call.worker == this_worker()
    assert store.events("c-1") == ()
    assert store.last_seq("c-1") == 0


def test_an_identifier_can_begin_only_one_call(store: Store, new_call: MakeCall) -> None:
    store.begin_call(new_call("c-1"))
    with pytest.raises(DuplicateCallError, match="c-1"):
        store.begin_call(new_call("c-1"))
    assert len(store.latest_calls()) == 1


def test_an_unknown_call_is_not_found(store: Store) -> None:
    with pytest.raises(CallNotFoundError, match="nobody"):
        store.call("nobody")
    assert store.events("nobody") == ()


def test_a_log_reads_back_in_order_and_in_parts(
    store: Store, new_call: MakeCall, entry: MakeEntry
) -> None:
    store.begin_call(new_call("c-1"))
    store.begin_call(new_call("c-2"))
    entries = [entry("c-1", seq, key(seq * 10)) for seq in (1, 2, 3)]
    store.append_events([entries[0], entry("c-2", 1, key(0)), entries[1]])
    store.append_events([entries[2]])
    store.append_events([])
    assert store.events("c-1") == tuple(each.logged for each in entries)
    assert [each.seq for each in store.events("c-1", after_seq=1)] == [2, 3]
    assert [each.seq for each in store.events("c-1", after_seq=1, limit=1)] == [2]
    assert store.last_seq("c-1") == 3


def test_events_are_written_all_or_none(
    store: Store, new_call: MakeCall, entry: MakeEntry, now: datetime
) -> None:
    store.begin_call(new_call("c-1"))
    store.append_events([entry("c-1", 1, key(1))])
    blocking = DoNotCallEntered(at_ms=2, phone="+15550199", turn=1)
    for bad in (entry("c-1", 1, key(9)), entry("not begun", 1, key(9))):
        with pytest.raises(StoreError, match="not written"):
            store.append_events([entry("c-1", 2, blocking), bad])
    assert store.last_seq("c-1") == 1
    assert store.blocked_number("+15550199") is None


def test_the_row_of_a_call_follows_its_log(
    store: Store, new_call: MakeCall, entry: MakeEntry, now: datetime
) -> None:
    store.begin_call(new_call("c-1"))
    moved = CallMoved(
        at_ms=0,
        source=CallState.CONNECTING,
        event=CallEvent.ANSWERED,
        target=CallState.ANSWERING,
    )
    store.append_events([entry("c-1", 1, moved)])
    assert store.call("c-1").state is CallState.ANSWERING
    handed = HandoffEnded(at_ms=5, handoff_id="h-1", outcome=HandoffOutcome.BRIDGED)
    ended = CallEnded(at_ms=9, outcome=CallOutcome.HANDED_OVER, reason="")
    store.append_events([entry("c-1", 2, handed), entry("c-1", 3, ended)])
    call = store.call("c-1")
    assert call.state is CallState.ENDED
    assert call.outcome is CallOutcome.HANDED_OVER
    assert call.handoff_outcome is HandoffOutcome.BRIDGED
    assert call.ended_at == now


def test_calls_are_listed_newest_first_and_unfinished_ones_apart(
    store: Store, entry: MakeEntry, now: datetime
) -> None:
    for number in range(3):
        started = now + timedelta(minutes=number)
        store.begin_call(NewCall(f"c-{number}", "A", "", "p", "en", "recorded", started))
    ended = CallEnded(at_ms=9, outcome=CallOutcome.RESOLVED, reason="")
    store.append_events([entry("c-1", 1, ended)])
    assert [call.id for call in store.latest_calls()] == ["c-2", "c-1", "c-0"]
    assert [call.id for call in store.latest_calls(limit=1)] == ["c-2"]
    assert [call.id for call in store.unfinished_calls()] == ["c-0", "c-2"]


def test_a_released_call_is_nobodys(store: Store, new_call: MakeCall, now: datetime) -> None:
    store.begin_call(new_call("c-1"))
    assert store.call_worker("c-1") is WorkerLiveness.ALIVE
    store.release_call("c-1", now)
    store.release_call("c-1", now + timedelta(hours=1))
    assert store.call("c-1").released_at == now
    assert store.call_worker("c-1") is WorkerLiveness.GONE


def test_moments_without_a_zone_are_rejected_everywhere(
    store: Store, new_call: MakeCall, now: datetime
) -> None:
    naive_call = NewCall("c-1", "A", "", "p", "en", "recorded", NAIVE)
    for attempt in (
        lambda: store.begin_call(naive_call),
        lambda: store.release_call("c-1", NAIVE),
        lambda: store.book_callback(request("cb", now), NAIVE),
        lambda: store.due_callbacks(NAIVE),
        lambda: store.block_number(BlockedNumber("+1", NAIVE)),
    ):
        with pytest.raises(NaiveDatetimeError):
            attempt()
    assert store.latest_calls() == ()


def test_moments_of_any_zone_come_back_as_utc(store: Store, now: datetime) -> None:
    tokyo = timezone(timedelta(hours=9))
    due = datetime(2026, 12, 1, 18, 30, 15, 123456, tzinfo=tokyo)
    store.book_callback(request("cb", due), now)
    stored = store.callback("cb")
    assert stored
    assert stored.request.due_at == due
    assert stored.request.due_at.tzinfo is UTC


def test_booking_a_callback_twice_is_harmless(store: Store, now: datetime) -> None:
    first = request("cb-1", now, priority=2, from_call="c-1")
    assert store.book_callback(first, now) is True
    assert store.book_callback(first, now) is False
    changed = request("cb-1", now + timedelta(days=1), reason="other")
    assert store.book_callback(changed, now) is False
    stored = store.callback("cb-1")
    assert stored
    assert stored.request == first
    assert stored.state is CallbackState.WAITING
    assert stored.booked_at == now
    assert store.callback("cb-2") is None
    assert len(store.waiting_callbacks()) == 1


def test_a_waiting_callback_can_be_moved(store: Store, now: datetime) -> None:
    store.book_callback(request("cb-1", now, priority=2), now)
    later = now + timedelta(days=1)
    assert store.move_callback("cb-1", later) is True
    stored = store.callback("cb-1")
    assert stored
    assert stored.request.due_at == later
    assert stored.request.priority == 2
    assert store.move_callback("unknown", later) is False


def test_due_callbacks_come_by_urgency_and_without_blocked_numbers(
    store: Store, now: datetime
) -> None:
    minute = timedelta(minutes=1)
    store.book_callback(request("later", now + minute, priority=9), now)
    store.book_callback(request("old", now - 2 * minute), now)
    store.book_callback(request("young", now - minute), now)
    store.book_callback(request("urgent", now, priority=5), now)
    store.book_callback(request("blocked", now, phone="+15550111", priority=7), now)
    store.block_number(BlockedNumber("+1 555-0111", now))
    assert [each.request.id for each in store.due_callbacks(now)] == ["urgent", "old", "young"]
    assert [each.request.id for each in store.due_callbacks(now, limit=1)] == ["urgent"]
    assert [each.request.id for each in store.waiting_callbacks(2)] == ["later", "blocked"]


def test_a_number_is_blocked_with_the_event_that_says_so(
    store: Store, new_call: MakeCall, entry: MakeEntry, now: datetime
) -> None:
    store.begin_call(new_call("c-1"))
    event = DoNotCallEntered(at_ms=700, phone="+1 (555) 0100", turn=4)
    store.append_events([entry("c-1", 1, event)])
    expected = BlockedNumber("+15550100", now, "c-1", 4)
    assert store.blocked_number("+15550100") == expected
    assert store.blocked_number("+1 555 01 00") == expected
    assert store.blocked_number("+15550101") is None


def test_an_event_without_a_number_blocks_nothing(
    store: Store, new_call: MakeCall, entry: MakeEntry
) -> None:
    store.begin_call(new_call("c-1"))
    store.append_events([entry("c-1", 1, DoNotCallEntered(at_ms=1, phone="", turn=4))])
    assert store.last_seq("c-1") == 1
    assert store.blocked_number("") is None


def test_the_first_entry_of_a_blocked_number_stays(store: Store, now: datetime) -> None:
    assert store.block_number(BlockedNumber("+15550100", now)) is True
    later = BlockedNumber("+1-555-0100", now + timedelta(days=1), "c-9", 1)
    assert store.block_number(later) is False
    assert store.blocked_number("+15550100") == BlockedNumber("+15550100", now)
    with pytest.raises(ValueError, match="digits"):
        store.block_number(BlockedNumber("anonymous", now))


def test_an_event_of_an_unknown_kind_is_named(
    store: Store, database: Path, new_call: MakeCall, entry: MakeEntry
) -> None:
    store.begin_call(new_call("c-1"))
    store.append_events([entry("c-1", 1, key(1))])
    with closing(sqlite3.connect(database)) as connection:
        connection.execute("UPDATE call_event SET kind = 'caller_sneezed'")
        connection.commit()
    with pytest.raises(UnknownEventKindError, match="caller_sneezed"):
        store.events("c-1")


def test_a_full_disk_is_told_and_what_was_committed_stays(
    database: Path, new_call: MakeCall, entry: MakeEntry
) -> None:
    # One connection, so that the limit holds for whichever the store uses.
    with open_store(database, StoreOptions(pool_size=1)) as store:
        store.begin_call(new_call("c-1"))
        with store.engine.connect() as connection:
            used = connection.execute(text("PRAGMA page_count")).scalar_one()
            connection.execute(text(f"PRAGMA max_page_count = {used + 4}"))
        written = 0

        def fill() -> None:
            nonlocal written
            while written < 100_000:
                store.append_events([entry("c-1", written + 1, key(written))])
                written += 1

        with pytest.raises(DiskFullError) as caught:
            fill()
        assert caught.value.code == "store.disk_full"
        assert written > 0
        assert store.last_seq("c-1") == written
        with store.engine.connect() as connection:
            connection.execute(text(f"PRAGMA max_page_count = {used + 100}"))
        store.append_events([entry("c-1", written + 1, key(written))])
        assert store.last_seq("c-1") == written + 1


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_the_systems_word_for_a_full_disk_counts_too(number: int) -> None:
    with pytest.raises(DiskFullError), translated_errors():
        raise OSError(number, "no room")


def test_other_errors_of_the_system_are_store_errors() -> None:
    with pytest.raises(StoreError) as caught, translated_errors():
        raise OSError(errno.EROFS, "read-only")
    assert not isinstance(caught.value, DiskFullError)
    assert "permissions" in caught.value.remedy


def test_a_number_too_large_for_the_database_is_a_store_error(
    store: Store, new_call: MakeCall, entry: MakeEntry
) -> None:
    store.begin_call(new_call("c-1"))
    with pytest.raises(StoreError):
        store.append_events([entry("c-1", 1, key(2**70))])
    assert store.last_seq("c-1") == 0


def test_a_lock_held_by_another_process_for_too_long_is_told(
    database: Path, new_call: MakeCall
) -> None:
    with (
        open_store(database, StoreOptions(busy_timeout_ms=50)) as store,
        closing(sqlite3.connect(database, isolation_level=None)) as other,
    ):
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreBusyError):
            store.begin_call(new_call("c-1"))
        assert store.latest_calls() == (), "readers do not wait"
        other.execute("ROLLBACK")
        store.begin_call(new_call("c-1"))


def test_errors_do_not_quote_what_was_to_be_stored(store: Store, now: datetime) -> None:
    store.engine.dispose()
    with store.engine.connect() as connection:
        connection.execute(text("DROP TABLE callback"))
        connection.commit()
    with pytest.raises(StoreError) as caught:
        store.book_callback(request("cb", now, reason="a secret of the caller"), now)
    error: BaseException | None = caught.value
    while error is not None:
        assert "secret" not in str(error)
        error = error.__cause__ or error.__context__


def test_threads_may_write_at_once(store: Store, new_call: MakeCall, entry: MakeEntry) -> None:
    failures: list[BaseException] = []

    def write(call_id: str) -> None:
        try:
            store.begin_call(new_call(call_id))
            for seq in range(1, 31):
                store.append_events([entry(call_id, seq, key(seq))])
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=write, args=(f"c-{number}",)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=120)
    assert failures == []
    assert [store.last_seq(f"c-{number}") for number in range(8)] == [30] * 8
