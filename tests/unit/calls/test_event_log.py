"""The log of a running call: durable first, in order, told to everyone, decent when it breaks."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rich.console import Console
from sqlalchemy import text

from voiceagent.calls.event_log import (
    EventLog,
    EventLogClosedError,
    EventLogOptions,
    EventLogTimeoutError,
)
from voiceagent.calls.report import render_report
from voiceagent.domain.call import CallOutcome
from voiceagent.domain.errors import DiskFullError, StoreError
from voiceagent.domain.events import (
    CallEnded,
    DoNotCallEntered,
    KeyPressed,
    LoggedEvent,
    ToolCalled,
)
from voiceagent.store import (
    LogEntry,
    NewCall,
    Store,
    StoreOptions,
    UnstorableEventError,
    WorkerLiveness,
    open_store,
)

pytestmark = pytest.mark.unit

ROOT = Path(__file__).parents[3]
NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)


def clock() -> datetime:
    return NOW


def key(at_ms: int) -> KeyPressed:
    return KeyPressed(at_ms=at_ms, key="1")


def begin(store: Store, call_id: str = "c-1") -> None:
    store.begin_call(NewCall(call_id, "A-1", "+15550100", "billing", "en", "recorded", NOW))


class SlowStore:
    """A real store whose writes wait until they are let through, as on a disk that hangs."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.gate = threading.Event()
        self.writing = threading.Event()
        self.groups: list[int] = []

    def append_events(self, entries: list[LogEntry]) -> None:
        self.writing.set()
        assert self.gate.wait(timeout=120)
        self.groups.append(len(entries))
        self._store.append_events(entries)

    def release_call(self, call_id: str, at: datetime) -> None:
        self._store.release_call(call_id, at)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with open_store(tmp_path / "calls.db") as opened:
        begin(opened)
        yield opened


@pytest.fixture
def slow(store: Store) -> Iterator[SlowStore]:
    held = SlowStore(store)
    yield held
    held.gate.set()


@asynccontextmanager
async def logging_to(
    store: Store | SlowStore, options: EventLogOptions | None = None, call_id: str = "c-1"
) -> AsyncIterator[EventLog]:
    log = EventLog(store, call_id, clock, options)  # type: ignore[arg-type]
    try:
        yield log
    finally:
        if isinstance(store, SlowStore):
            store.gate.set()
        await log.close()


async def until(condition: Callable[[], bool]) -> None:
    """Let the loop run until something holds; generous, and only ever late when it fails."""
    async with asyncio.timeout(60):
        while not condition():  # noqa: ASYNC110 - conditions on threads and on lists alike
            await asyncio.sleep(0.005)


async def test_an_event_is_in_the_database_when_append_returns(store: Store) -> None:
    async with logging_to(store) as log:
        for number in range(1, 4):
            logged = await log.append(key(number))
            assert logged == LoggedEvent("c-1", number, NOW, key(number))
            assert store.events("c-1")[-1] == logged
        assert log.events() == store.events("c-1")


async def test_nobody_is_told_of_an_event_that_is_not_durable_yet(slow: SlowStore) -> None:
    told: list[int] = []

    async def tell(logged: LoggedEvent) -> None:
        told.append(logged.seq)

    async with logging_to(slow) as log:
        log.subscribe(lambda logged: told.append(logged.seq), critical=True)
        log.subscribe(tell)
        append = asyncio.create_task(log.append(key(1)))
        await until(slow.writing.is_set)
        for _ in range(20):
            await asyncio.sleep(0)
        assert told == []
        assert log.events() == ()
        assert not append.done()
        slow.gate.set()
        await append
        await until(lambda: told == [1, 1])


async def test_events_that_wait_together_are_committed_together(
    slow: SlowStore, store: Store
) -> None:
    async with logging_to(slow, EventLogOptions(group_limit=4)) as log:
        appends = [asyncio.create_task(log.append(key(1)))]
        await until(slow.writing.is_set)
        appends += [asyncio.create_task(log.append(key(n))) for n in range(2, 12)]
        await asyncio.sleep(0)
        slow.gate.set()
        logged = await asyncio.gather(*appends)
    assert [each.seq for each in logged] == list(range(1, 12))
    assert slow.groups == [1, 4, 4, 2]
    assert [each.seq for each in store.events("c-1")] == list(range(1, 12))


async def test_appends_wait_for_room_and_keep_their_order(slow: SlowStore, store: Store) -> None:
    async with logging_to(slow, EventLogOptions(waiting_limit=2)) as log:
        appends = [asyncio.create_task(log.append(key(n))) for n in range(1, 20)]
        await until(slow.writing.is_set)
        slow.gate.set()
        await asyncio.gather(*appends)
    assert max(slow.groups) <= 2
    assert [each.event.at_ms for each in store.events("c-1")] == list(range(1, 20))


@settings(
    deadline=None,
    max_examples=15,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    bursts=st.lists(st.lists(st.integers(0, 3), max_size=8), min_size=1, max_size=6),
    waiting_limit=st.integers(1, 8),
    group_limit=st.integers(1, 8),
)
def test_concurrent_appends_are_gapless_and_everyone_sees_one_order(
    store: Store, bursts: list[list[int]], waiting_limit: int, group_limit: int
) -> None:
    """Several tasks append at once, each yielding a random number of times between events."""
    call_id = str(uuid4())
    critical: list[LoggedEvent] = []
    queued: list[LoggedEvent] = []

    async def tell(logged: LoggedEvent) -> None:
        await asyncio.sleep(0)
        queued.append(logged)

    async def one(task: int, pauses: list[int], log: EventLog) -> None:
        for number, pause in enumerate(pauses):
            for _ in range(pause):
                await asyncio.sleep(0)
            logged = await log.append(key(1000 * task + number))
            assert critical[-1].seq >= logged.seq

    async def run() -> None:
        options = EventLogOptions(waiting_limit=waiting_limit, group_limit=group_limit)
        async with logging_to(store, options, call_id) as log:
            log.subscribe(critical.append, critical=True)
            log.subscribe(tell)
            await asyncio.gather(*(one(n, pauses, log) for n, pauses in enumerate(bursts)))

    begin(store, call_id)
    asyncio.run(run())
    stored = list(store.events(call_id))
    assert [each.seq for each in stored] == list(range(1, sum(map(len, bursts)) + 1))
    assert stored == critical == queued
    for task, pauses in enumerate(bursts):
        own = [e.event.at_ms for e in stored if e.event.at_ms // 1000 == task]
        assert own == [1000 * task + number for number in range(len(pauses))]


async def test_logs_of_different_calls_are_written_at_once(store: Store) -> None:
    async def write(call_id: str) -> None:
        async with logging_to(store, call_id=call_id) as log:
            for number in range(40):
                await log.append(key(number))

    calls = [f"call-{number}" for number in range(4)]
    for call_id in calls:
        begin(store, call_id)
    await asyncio.gather(*(write(call_id) for call_id in calls))
    for call_id in calls:
        assert [each.seq for each in store.events(call_id)] == list(range(1, 41))


async def test_an_append_whose_task_is_cancelled_is_written_and_told(
    slow: SlowStore, store: Store
) -> None:
    told: list[int] = []
    async with logging_to(slow) as log:
        log.subscribe(lambda logged: told.append(logged.seq), critical=True)
        append = asyncio.create_task(log.append(key(1)))
        await until(slow.writing.is_set)
        append.cancel()
        with pytest.raises(asyncio.CancelledError):
            await append
        slow.gate.set()
        assert (await log.append(key(2))).seq == 2
    assert told == [1, 2]
    assert store.last_seq("c-1") == 2


async def test_a_critical_subscriber_may_start_a_task_that_appends(store: Store) -> None:
    tasks: list[asyncio.Task[LoggedEvent]] = []

    async with logging_to(store) as log:

        def react(logged: LoggedEvent) -> None:
            if logged.event.at_ms < 3:
                tasks.append(asyncio.create_task(log.append(key(logged.event.at_ms + 1))))

        log.subscribe(react, critical=True)
        await log.append(key(1))
        await until(lambda: len(log.events()) == 3)
        await asyncio.gather(*tasks)
    assert [each.event.at_ms for each in store.events("c-1")] == [1, 2, 3]


async def test_a_subscriber_that_raises_harms_nobody(
    store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    told: list[int] = []

    def broken(_logged: LoggedEvent) -> None:
        raise RuntimeError("my account number is 4711")

    async def broken_too(_logged: LoggedEvent) -> None:
        raise RuntimeError("my account number is 4711")

    async with logging_to(store) as log:
        subscriptions = [log.subscribe(broken, critical=True), log.subscribe(broken_too)]
        log.subscribe(lambda logged: told.append(logged.seq), critical=True)
        await log.append(key(1))
        await log.append(key(2))
        await until(lambda: subscriptions[1].failures == 2)
    assert told == [1, 2]
    assert [each.failures for each in subscriptions] == [2, 2]
    assert "RuntimeError" in caplog.text
    assert "4711" not in caplog.text


async def test_a_slow_subscriber_holds_up_nobody_and_is_told_what_it_missed(store: Store) -> None:
    seen: list[int | tuple[int, int]] = []
    go = asyncio.Event()

    async def slow_reader(logged: LoggedEvent) -> None:
        await go.wait()
        seen.append(logged.seq)

    async def lagged(first_seq: int, last_seq: int) -> None:
        seen.append((first_seq, last_seq))
        missed = store.events("c-1", first_seq - 1, last_seq - first_seq + 1)
        assert [each.seq for each in missed] == list(range(first_seq, last_seq + 1))

    async with logging_to(store, EventLogOptions(subscriber_limit=3)) as log:
        log.subscribe(slow_reader, on_lag=lagged)
        await log.append(key(1))
        await asyncio.sleep(0)  # the reader takes the first event and waits with it
        for number in range(2, 10):
            await log.append(key(number))
        go.set()
        await until(lambda: len(seen) == 5)
        await log.append(key(10))
    assert seen == [1, 2, 3, 4, (5, 9), 10]


async def test_a_cancelled_subscription_is_told_nothing_more(store: Store) -> None:
    told: list[int] = []

    async def tell(logged: LoggedEvent) -> None:
        told.append(logged.seq)

    async with logging_to(store) as log:
        subscriptions = [
            log.subscribe(tell),
            log.subscribe(lambda logged: told.append(logged.seq), critical=True),
        ]
        await log.append(key(1))
        await until(lambda: told == [1, 1])
        for subscription in subscriptions:
            subscription.cancel()
        await log.append(key(2))
    assert told == [1, 1]


async def test_a_coroutine_function_is_no_critical_subscriber(store: Store) -> None:
    async def tell(_logged: LoggedEvent) -> None: ...

    async with logging_to(store) as log:
        with pytest.raises(TypeError, match="plain function"):
            log.subscribe(tell, critical=True)  # type: ignore[call-overload]


async def test_closing_writes_what_waits_tells_it_and_releases_the_call(
    slow: SlowStore, store: Store
) -> None:
    told: list[int] = []

    async def tell(logged: LoggedEvent) -> None:
        await asyncio.sleep(0)
        told.append(logged.seq)

    log = EventLog(slow, "c-1", clock)  # type: ignore[arg-type]
    log.subscribe(tell)
    appends = [asyncio.create_task(log.append(key(n))) for n in range(1, 6)]
    await until(slow.writing.is_set)
    closing = asyncio.create_task(log.close())
    slow.gate.set()
    await closing
    await asyncio.gather(*appends)
    assert told == [1, 2, 3, 4, 5]
    assert store.last_seq("c-1") == 5
    assert store.call("c-1").released_at == NOW
    assert store.call_worker("c-1") is WorkerLiveness.GONE
    await log.close()
    with pytest.raises(EventLogClosedError):
        await log.append(key(6))


async def test_a_subscriber_that_never_finishes_does_not_keep_the_log_open(store: Store) -> None:
    cancelled = asyncio.Event()

    async def stuck(_logged: LoggedEvent) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.set()

    log = EventLog(store, "c-1", clock, EventLogOptions(close_timeout_s=0.2))
    log.subscribe(stuck)
    await log.append(key(1))
    await asyncio.sleep(0)
    async with asyncio.timeout(60):
        await log.close()
    assert cancelled.is_set()


async def test_a_log_nothing_was_written_to_can_be_closed(store: Store) -> None:
    log = EventLog(store, "c-1", clock)
    await log.close()
    assert store.call("c-1").released_at == NOW


async def test_nothing_follows_the_end_of_the_call(store: Store) -> None:
    async with logging_to(store) as log:
        ended = CallEnded(at_ms=5, outcome=CallOutcome.RESOLVED, reason="")
        await log.append(ended)
        with pytest.raises(EventLogClosedError):
            await log.append(key(6))
        assert log.broken is None
    assert store.last_seq("c-1") == 1


async def test_an_event_that_cannot_be_stored_leaves_the_log_whole(store: Store) -> None:
    async with logging_to(store) as log:
        await log.append(key(1))
        with pytest.raises(UnstorableEventError):
            await log.append(ToolCalled(at_ms=1, tool="t", arguments={"a": float("nan")}))
        assert (await log.append(key(2))).seq == 2
        assert log.broken is None


async def test_a_call_that_has_not_begun_breaks_the_log(store: Store) -> None:
    async with logging_to(store, call_id="nobody") as log:
        with pytest.raises(StoreError, match="not begun"):
            await log.append(key(1))


async def test_a_full_disk_breaks_the_log_for_good_and_keeps_what_was_acknowledged(
    tmp_path: Path,
) -> None:
    acknowledged: list[int] = []
    told: list[int] = []
    with open_store(tmp_path / "full.db", StoreOptions(pool_size=1)) as store:
        begin(store)
        with store.engine.connect() as connection:
            used = connection.execute(text("PRAGMA page_count")).scalar_one()
            connection.execute(text(f"PRAGMA max_page_count = {used + 4}"))

        async def append(log: EventLog, at_ms: int) -> None:
            acknowledged.append((await log.append(key(at_ms))).seq)

        async with logging_to(store) as log:
            log.subscribe(lambda logged: told.append(logged.seq), critical=True)
            results: list[BaseException | None] = []
            while log.broken is None:
                burst = (append(log, at_ms) for at_ms in range(20))
                results += await asyncio.gather(*burst, return_exceptions=True)
            failures = [result for result in results if result is not None]
            assert failures
            assert all(isinstance(failure, DiskFullError) for failure in failures)
            assert isinstance(log.broken, DiskFullError)
            with store.engine.connect() as connection:
                connection.execute(text(f"PRAGMA max_page_count = {used + 1000}"))
            with pytest.raises(DiskFullError):
                await log.append(key(1))
        stored = [each.seq for each in store.events("c-1")]
        assert sorted(acknowledged) == stored == told == list(range(1, len(stored) + 1))


async def test_a_disk_that_hangs_breaks_the_log_at_the_deadline(
    slow: SlowStore, store: Store
) -> None:
    options = EventLogOptions(waiting_limit=2, append_timeout_s=0.3)
    async with logging_to(slow, options) as log:
        appends = [log.append(key(n)) for n in range(1, 6)]
        results = await asyncio.gather(*appends, return_exceptions=True)
        assert [type(result) for result in results] == [EventLogTimeoutError] * 5
        assert isinstance(log.broken, EventLogTimeoutError)
        with pytest.raises(EventLogTimeoutError):
            await log.append(key(6))
    # What the writer held in its hands may still arrive; nothing behind it does.
    assert [each.seq for each in store.events("c-1")] in ([1], [1, 2])


async def test_who_waits_for_room_learns_at_once_that_the_log_broke(store: Store) -> None:
    """Not only at their own deadline, which is an hour away here."""
    options = EventLogOptions(waiting_limit=1, append_timeout_s=3600)
    async with logging_to(store, options, call_id="nobody") as log, asyncio.timeout(60):
        appends = [log.append(key(n)) for n in range(1, 8)]
        results = await asyncio.gather(*appends, return_exceptions=True)
    assert all(isinstance(each, StoreError) for each in results)
    assert not any(isinstance(each, EventLogTimeoutError) for each in results)
    assert log.events() == ()


async def test_nothing_is_written_behind_an_event_that_failed(store: Store) -> None:
    """A fault that passes by itself must not leave a gap in the log."""

    class FailsOnce(SlowStore):
        failed = False

        def append_events(self, entries: list[LogEntry]) -> None:
            self.writing.set()
            assert self.gate.wait(timeout=120)
            if not self.failed:
                self.failed = True
                raise StoreError("The database was away for a moment.")
            self._store.append_events(entries)

    away = FailsOnce(store)
    async with logging_to(away, EventLogOptions(group_limit=1)) as log:
        appends = [asyncio.create_task(log.append(key(n))) for n in range(1, 6)]
        await until(away.writing.is_set)
        away.gate.set()
        results = await asyncio.gather(*appends, return_exceptions=True)
    assert [str(each) for each in results] == ["The database was away for a moment."] * 5
    assert store.events("c-1") == ()


async def test_a_fault_of_the_writer_breaks_the_log_too(store: Store) -> None:
    class Faulty(SlowStore):
        def append_events(self, entries: list[LogEntry]) -> None:
            raise ZeroDivisionError

    async with logging_to(Faulty(store)) as log:
        with pytest.raises(StoreError, match="ZeroDivisionError"):
            await log.append(key(1))


async def test_a_number_is_blocked_by_the_time_append_returns(store: Store) -> None:
    async with logging_to(store) as log:
        await log.append(DoNotCallEntered(at_ms=1, phone="+15550100", turn=2))
        blocked = store.blocked_number("+15550100")
    assert blocked
    assert (blocked.source_call, blocked.source_turn) == ("c-1", 2)


KILLED = """
import asyncio, sys
from datetime import UTC, datetime
from voiceagent.calls.event_log import EventLog
from voiceagent.domain.events import (KeyPressed)
from voiceagent.store import NewCall, open_store

def clock():
    return datetime.now(UTC)

async def main(path, call_id):
    store = open_store(path)
    store.begin_call(NewCall(call_id, "A-1", "+15550100", "billing", "en", "recorded", clock()))
    log = EventLog(store, call_id, clock)

    async def forever(task):
        number = 0
        while True:
            number += 1
            logged = await log.append(KeyPressed(at_ms=10 * number, key=str(task)))
            print(logged.seq, flush=True)

    await asyncio.gather(*(forever(task) for task in range(3)))

asyncio.run(main(*sys.argv[1:]))
"""


def test_kill_9_loses_nothing_that_was_acknowledged(tmp_path: Path) -> None:
    """Two processes write two calls into one database; both are killed at a random moment."""
    path = tmp_path / "calls.db"
    open_store(path).close()
    for round_number in range(2):
        calls = [f"killed-{round_number}-{number}" for number in range(2)]
        processes = [
            subprocess.Popen(
                [sys.executable, "-c", KILLED, str(path), call_id],
                cwd=ROOT,
                stdout=subprocess.PIPE,
                text=True,
            )
            for call_id in calls
        ]
        printed: list[list[int]] = []
        for process in processes:  # until both are in full swing
            assert process.stdout
            printed.append([int(process.stdout.readline()) for _ in range(5)])
        with open_store(path) as store:
            assert [store.call_worker(call_id) for call_id in calls] == [WorkerLiveness.ALIVE] * 2
        time.sleep(random.uniform(0, 0.2))
        for process in processes:
            os.kill(process.pid, signal.SIGKILL)
        for process, seqs in zip(processes, printed, strict=True):
            rest, _ = process.communicate(timeout=60)
            # The last line may have been cut off in the middle by the kill.
            seqs += [int(line) for line in rest.splitlines(keepends=True) if line.endswith("\n")]
        with open_store(path) as store:
            for call_id, seqs in zip(calls, printed, strict=True):
                events = store.events(call_id)
                assert [each.seq for each in events] == list(range(1, len(events) + 1))
                assert set(seqs) <= {each.seq for each in events}
                assert store.call_worker(call_id) is WorkerLiveness.GONE
                console = Console(file=StringIO(), width=100)
                render_report(events, console, store.call_worker(call_id))
                shown = console.file.getvalue()  # type: ignore[attr-defined]
                assert "the process ended without finishing the call" in shown
                assert "cut off at 00:" in shown
            assert {call.id for call in store.unfinished_calls()} >= set(calls)
