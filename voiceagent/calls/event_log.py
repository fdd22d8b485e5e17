"""The log of one call while it happens: durable first, then told to everyone.

Events go in through ``append``; they leave as ``LoggedEvent`` to subscribers, in order, and only
after the database has committed them. So nobody acts on something a crash could undo, and what
subscribers saw live is what the log says afterwards.

One writer thread per log does the writing, so the event loop never waits for a disk; events that
wait together are committed together. Subscribers are of two sorts:

- *critical* ones (supervisor, handoff coordinator) are plain functions called in-line on the event
  loop, in order, before ``append`` returns. They miss nothing and must not block.
- the others are coroutine functions, each run by a task of its own behind a bounded queue. One
  that cannot keep up never holds up the call: it loses events, is told which (``on_lag``), in their
  place in the order, and can read them from the store.

A failure to write breaks the log for good: every later ``append`` raises the same error, so that
the call can end itself decently. A broken log holds at least all that was acknowledged.
"""

from __future__ import annotations

import asyncio
import inspect
import logging
import queue
import threading
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, TypeVarTuple, overload

from voiceagent.calls.subscriptions import CriticalSubscription, QueuedSubscription, Subscription
from voiceagent.domain.errors import StoreError
from voiceagent.domain.events import AnyEvent, CallEnded, LoggedEvent
from voiceagent.store.codec import encode_event
from voiceagent.store.records import LogEntry
from voiceagent.store.store import Store
from voiceagent.store.tables import utc

_logger = logging.getLogger(__name__)

Arguments = TypeVarTuple("Arguments")

Clock = Callable[[], datetime]
"""Tells the time as an aware ``datetime``."""


class EventLogClosedError(StoreError):
    """An event came after the end of the call or after the log was closed."""

    code = "calls.event_log_closed"
    exit_code = 70


class EventLogTimeoutError(StoreError):
    """The disk did not take an event within the deadline."""

    code = "calls.event_log_timeout"


@dataclass(frozen=True, slots=True)
class EventLogOptions:
    """Bounds and deadlines of a log.

    Attributes:
        waiting_limit: events that may wait for the disk; further appends wait for room.
        group_limit: most events committed in one transaction.
        append_timeout_s: longest wait for one event to be durable; then the log is broken. Longer
            than the store's own wait for a lock, so that the more telling error wins.
        close_timeout_s: longest wait for the writer and the subscribers when closing.
        subscriber_limit: events that may wait for one subscriber before it loses some.
    """

    waiting_limit: int = 1024
    group_limit: int = 256
    append_timeout_s: float = 15.0
    close_timeout_s: float = 15.0
    subscriber_limit: int = 256


@dataclass(frozen=True, slots=True)
class _Waiting:
    """An event on its way to the disk, and who waits for it."""

    entry: LogEntry
    done: asyncio.Future[LoggedEvent]


class EventLog:
    """The log of one call; its call must have begun in the store (``Store.begin_call``).

    Use it from one event loop. Close it, or use it as an async context manager.
    """

    def __init__(
        self, store: Store, call_id: str, clock: Clock, options: EventLogOptions | None = None
    ) -> None:
        self._store = store
        self._call_id = call_id
        self._clock = clock
        self._options = options or EventLogOptions()
        self._room = asyncio.Semaphore(self._options.waiting_limit)
        # Bounded by _room; None tells the writer to stop.
        self._to_write: queue.SimpleQueue[_Waiting | None] = queue.SimpleQueue()
        self._waiting: set[asyncio.Future[LoggedEvent]] = set()
        self._last_seq = 0
        self._events: list[LoggedEvent] = []
        self._subscriptions: list[Subscription] = []
        self._broken: StoreError | None = None
        self._writer_failed = False
        self._ended = False
        self._closing = False
        self._writer: threading.Thread | None = None
        self._writer_stopped = asyncio.Event()

    @property
    def call_id(self) -> str:
        """The call this log tells of."""
        return self._call_id

    @property
    def broken(self) -> StoreError | None:
        """Why nothing can be written any more; None while all is well."""
        return self._broken

    def events(self) -> tuple[LoggedEvent, ...]:
        """Everything this log has committed so far, in order."""
        return tuple(self._events)

    async def append(self, event: AnyEvent) -> LoggedEvent:
        """Write an event at the end of the log; return once it is durable and has been told.

        Events are numbered in the order in which their ``append`` was called. If the awaiting task
        is cancelled, the event is still written and told.

        Raises:
            UnstorableEventError: the event cannot be stored as it is; the log is unharmed.
            EventLogClosedError: the call has ended or the log is closed.
            EventLogTimeoutError: the disk did not answer in time; the log is broken.
            StoreError: the event could not be written (``DiskFullError``: no space); the log is
                broken.
        """
        encoded = encode_event(event)
        self._require_writable()
        try:
            async with asyncio.timeout(self._options.append_timeout_s):
                await self._room.acquire()
                try:
                    # Others may have ended or broken the log while this one waited for room.
                    self._require_writable()
                except StoreError:
                    self._room.release()
                    raise
                logged = LoggedEvent(self._call_id, self._last_seq + 1, utc(self._clock()), event)
                done = self._enqueue(LogEntry(logged, encoded))
                return await done
        except TimeoutError:
            self._break(
                EventLogTimeoutError(
                    "The event log could not be written in time.",
                    "Check the disk and the database for what holds them up.",
                )
            )
            self._require_writable()
            raise

    @overload
    def subscribe(
        self, callback: Callable[[LoggedEvent], None], *, critical: Literal[True]
    ) -> Subscription: ...

    @overload
    def subscribe(
        self,
        callback: Callable[[LoggedEvent], Awaitable[None]],
        *,
        critical: Literal[False] = False,
        on_lag: Callable[[int, int], Awaitable[None]] | None = None,
    ) -> Subscription: ...

    def subscribe(
        self,
        callback: Callable[[LoggedEvent], Any],
        *,
        critical: bool = False,
        on_lag: Callable[[int, int], Awaitable[None]] | None = None,
    ) -> Subscription:
        """Have ``callback`` called for every event committed from now on (``events`` has the past).

        Not critical: a coroutine function, awaited by a task of its own. If too many events wait
        for it, some are lost to it and ``on_lag(first_seq, last_seq)`` is awaited in their place.
        Critical: a plain function, called on the event loop before ``append`` returns. It misses
        nothing and must not block; to act on an event by appending another, it starts a task.

        A callback that raises is logged and called again for the next event. ``cancel`` of the
        subscription ends it; ``close`` of the log ends all.
        """
        if critical and inspect.iscoroutinefunction(callback):
            raise TypeError("a critical subscriber must be a plain function")
        subscription: Subscription
        if critical:
            subscription = CriticalSubscription(callback)
        else:
            subscription = QueuedSubscription(callback, on_lag, self._options.subscriber_limit)
        self._subscriptions.append(subscription)
        return subscription

    async def close(self) -> None:
        """Write what waits, let subscribers finish, and release the call; harmless when repeated.

        Never raises for the store: a log that cannot be finished is broken, see ``broken``.
        """
        if not self._closing:
            self._closing = True
            self._start_writer()
            self._to_write.put(None)
        try:
            async with asyncio.timeout(self._options.close_timeout_s):
                await self._writer_stopped.wait()
        except TimeoutError:
            self._break(EventLogTimeoutError("The event log could not be finished in time."))
        finally:
            subscriptions, self._subscriptions = self._subscriptions, []
            # One that is not reached, because closing itself was cancelled, still ends.
            finishing = [each.finish(self._options.close_timeout_s) for each in subscriptions]
            try:
                await asyncio.gather(*finishing)
            finally:
                for each in subscriptions:
                    each.cancel()

    async def __aenter__(self) -> EventLog:
        return self

    async def __aexit__(self, *_error: object) -> None:
        await self.close()

    # On the event loop

    def _require_writable(self) -> None:
        if self._broken is not None:
            raise self._broken
        if self._closing or self._ended:
            raise EventLogClosedError(
                "An event came after the end of the call's log.",
                "Stop what reports events before ending the call.",
            )

    def _enqueue(self, entry: LogEntry) -> asyncio.Future[LoggedEvent]:
        done: asyncio.Future[LoggedEvent] = asyncio.get_running_loop().create_future()
        self._waiting.add(done)
        done.add_done_callback(self._waiting.discard)
        self._last_seq = entry.logged.seq
        self._ended = isinstance(entry.logged.event, CallEnded)
        self._start_writer()
        self._to_write.put(_Waiting(entry, done))
        return done

    def _start_writer(self) -> None:
        if self._writer is None:
            self._writer = threading.Thread(
                target=self._write_all,
                args=(asyncio.get_running_loop(),),
                name="event-log-writer",
                # What is committed is safe, so an abandoned log must not keep the process alive.
                daemon=True,
            )
            self._writer.start()

    def _committed(self, group: list[_Waiting]) -> None:
        """Tell everyone of events that are durable now; runs on the loop, in order."""
        for waiting in group:
            logged = waiting.entry.logged
            self._room.release()
            self._events.append(logged)
            for subscription in tuple(self._subscriptions):
                subscription.tell(logged)
            if not waiting.done.done():
                waiting.done.set_result(logged)
        self._subscriptions = [each for each in self._subscriptions if not each.cancelled]

    def _break(self, error: StoreError) -> None:
        """Nothing more can be written: everyone who waits learns why; the first reason stays."""
        if self._broken is None:
            self._broken = error
            _logger.error("event log broken", extra={"code": error.code})
        for done in tuple(self._waiting):
            if not done.done():
                done.set_exception(self._broken)
        # Wakes the first of those who wait for room; each wakes the next on its way out.
        self._room.release()

    # In the writer thread

    def _write_all(self, loop: asyncio.AbstractEventLoop) -> None:
        stopping = False
        while not stopping:
            group, stopping = self._next_group()
            # Behind an event that failed or came too late nothing may be written: it would leave
            # a gap, or follow something its appender believes lost.
            if group and not self._writer_failed and self._broken is None:
                self._write(group, loop)
        try:
            self._store.release_call(self._call_id, self._clock())
        except StoreError as error:
            _logger.warning("call not released in the store", extra={"code": error.code})
        finally:
            self._on_loop(loop, self._writer_stopped.set)

    def _next_group(self) -> tuple[list[_Waiting], bool]:
        """Wait for one event, take what else waits; the flag says that no more will come."""
        group: list[_Waiting] = []
        item = self._to_write.get()
        while item is not None:
            group.append(item)
            if len(group) >= self._options.group_limit or self._to_write.empty():
                return group, False
            item = self._to_write.get()
        return group, True

    def _write(self, group: list[_Waiting], loop: asyncio.AbstractEventLoop) -> None:
        failure: StoreError
        try:
            self._store.append_events([waiting.entry for waiting in group])
        except StoreError as error:
            failure = error
        except Exception as error:
            # A fault of ours: the log is as broken as by a full disk, and the call must learn it.
            failure = StoreError(f"The event log's writer failed ({type(error).__name__}).")
            failure.__cause__ = error
        else:
            self._on_loop(loop, self._committed, group)
            return
        self._writer_failed = True
        self._on_loop(loop, self._break, failure)

    @staticmethod
    def _on_loop(
        loop: asyncio.AbstractEventLoop, function: Callable[[*Arguments], object], *args: *Arguments
    ) -> None:
        try:
            loop.call_soon_threadsafe(function, *args)
        except RuntimeError:
            # The loop is closed, so nobody is left to tell; what was written stays written.
            _logger.warning("event log outlived its event loop")
