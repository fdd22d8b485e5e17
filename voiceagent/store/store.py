"""The store: calls, their logs, promised callbacks and blocked numbers, kept durably.

Plain values go in and come out; what is returned has been committed. Every method blocks on the
disk, so call them from worker threads, never on the event loop (``calls.event_log`` does that for
logs). A ``Store`` may be used from any number of threads, and any number of processes may have
the same database open.
"""

from __future__ import annotations

import errno
import json
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Engine, RowMapping, Select
from sqlalchemy.exc import IntegrityError, SQLAlchemyError, StatementError

from voiceagent.domain.call import CallOutcome, CallState
from voiceagent.domain.callback import CallbackRequest, CallbackState
from voiceagent.domain.errors import DiskFullError, StoreError
from voiceagent.domain.events import LoggedEvent
from voiceagent.domain.handoff import HandoffOutcome
from voiceagent.store import dialects, projection, queries
from voiceagent.store.codec import decode_event
from voiceagent.store.errors import CallNotFoundError, DuplicateCallError, StoreBusyError
from voiceagent.store.records import (
    BlockedNumber,
    LogEntry,
    NewCall,
    StoredCall,
    StoredCallback,
    canonical_phone,
)
from voiceagent.store.tables import utc
from voiceagent.store.worker import Worker, WorkerLiveness, liveness, this_worker


def to_json_text(value: object) -> str:
    """JSON as it is stored: compact, and ASCII so that any text survives any database encoding."""
    return json.dumps(value, ensure_ascii=True, allow_nan=False, separators=(",", ":"))


@contextmanager
def translated_errors() -> Iterator[None]:
    """Turn what SQLAlchemy, the driver or the system raises into ``StoreError``.

    Raises:
        DiskFullError: no space is left.
        StoreBusyError: another process held the database for too long.
        StoreError: anything else that kept the work from being done durably.
    """
    try:
        yield
    except StoreError:
        raise
    except (SQLAlchemyError, OSError, OverflowError) as error:
        raise _translated(error) from error


def _translated(error: Exception) -> StoreError:
    cause = error.orig if isinstance(error, StatementError) and error.orig else error
    if isinstance(cause, StoreError):
        return cause
    if dialects.is_disk_full(cause):
        return DiskFullError(
            "No space is left for the database.",
            "Free space where the database is kept; everything committed so far is safe.",
        )
    if dialects.is_busy(cause):
        return StoreBusyError(
            "Another process kept the database locked for too long.",
            "Look for a hanging process or a long backup of the database.",
        )
    if isinstance(cause, OSError) and cause.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return StoreError("The database may not be written.", "Check the file's permissions.")
    # Drivers put constraint and file names in their messages; values are hidden by the engine.
    detail = getattr(cause, "sqlite_errorname", "") or getattr(cause, "sqlstate", "") or ""
    name = type(cause).__name__
    return StoreError(
        f"The database could not do what was asked ({name}{': ' if detail else ''}{detail}).",
        "Check that the database is reachable and undamaged.",
    )


class Store:
    """An open database. Make one with ``open_store``."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._writing_engine = engine.execution_options(**{dialects.WRITING: True})
        self._dialect = engine.dialect.name
        self._write_guard: AbstractContextManager[Any] = dialects.write_guard(engine)
        self._worker: Worker = this_worker()
        self._closed = threading.Event()

    @property
    def engine(self) -> Engine:
        """The SQLAlchemy engine, for maintenance and for tests of the store itself."""
        return self._engine

    def close(self) -> None:
        """Close all connections; harmless when repeated."""
        self._closed.set()
        self._engine.dispose()

    def __enter__(self) -> Store:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    # Calls and their logs

    def begin_call(self, new: NewCall) -> None:
        """Enter a call, run by this process, before it is placed and before its first event.

        Raises:
            DuplicateCallError: there is a call with this identifier already.
            NaiveDatetimeError: ``started_at`` has no time zone.
            StoreError: it could not be written.
        """
        statement = queries.begin_call(new, self._worker, CallState.CONNECTING.value)
        with self.writing() as connection:
            try:
                connection.execute(statement)
            except IntegrityError as error:
                raise DuplicateCallError(
                    f"A call with the identifier '{new.id}' has already begun.",
                    "Give every call an identifier of its own.",
                ) from error

    def append_events(self, entries: Sequence[LogEntry]) -> None:
        """Write events at the end of their logs, all or none, with what they change beside.

        Raises:
            StoreError: nothing was written; the call has not begun, or a number is taken, or the
                database failed.
        """
        if not entries:
            return
        changes: dict[str, dict[str, Any]] = {}
        for entry in entries:
            changes.setdefault(entry.logged.call_id, {}).update(
                projection.call_changes(entry.logged)
            )
        blocked = [projection.blocked_number(entry.logged) for entry in entries]
        with self.writing() as connection:
            try:
                connection.execute(
                    queries.append_events(), [queries.event_row(entry) for entry in entries]
                )
            except IntegrityError as error:
                raise StoreError(
                    "Events were not written: their call has not begun in this store, or their "
                    "sequence numbers are taken.",
                    "Begin the call first, and let one event log write it.",
                ) from error
            for call_id, values in changes.items():
                if values:
                    connection.execute(queries.update_call(call_id, values))
            for number in blocked:
                if number is not None:
                    connection.execute(queries.block_number(number, self._dialect))

    def release_call(self, call_id: str, at: datetime) -> None:
        """Note that this process has let go of the call, whether or not it was finished."""
        with self.writing() as connection:
            connection.execute(queries.release_call(call_id, utc(at)))

    def call(self, call_id: str) -> StoredCall:
        """One call.

        Raises:
            CallNotFoundError: there is none with this identifier.
        """
        found = self.read(queries.one_call(call_id))
        if not found:
            raise CallNotFoundError(
                f"There is no call '{call_id}' in this store.", "List the calls to see which exist."
            )
        return call_of(found[0])

    def call_worker(self, call_id: str) -> WorkerLiveness:
        """Whether the process that runs this call still does, as far as can be told from here.

        Raises:
            CallNotFoundError: there is no call with this identifier.
        """
        stored = self.call(call_id)
        return WorkerLiveness.GONE if stored.released_at else liveness(stored.worker)

    def latest_calls(self, limit: int = 50) -> tuple[StoredCall, ...]:
        """The calls that started last, newest first."""
        return tuple(call_of(row) for row in self.read(queries.latest_calls(limit)))

    def unfinished_calls(self) -> tuple[StoredCall, ...]:
        """Calls without an outcome, oldest first: ``worker.liveness`` tells if they still run."""
        return tuple(call_of(row) for row in self.read(queries.unfinished_calls()))

    def events(
        self, call_id: str, after_seq: int = 0, limit: int | None = None
    ) -> tuple[LoggedEvent, ...]:
        """The log of one call in order, from behind ``after_seq`` on; empty if there is none.

        Raises:
            UnknownEventKindError: an event is of a kind this version does not know.
            UnreadableEventError: an event is damaged.
        """
        rows = self.read(queries.events_of(call_id, after_seq, limit))
        return tuple(
            LoggedEvent(
                call_id, row["seq"], row["recorded_at"], decode_event(row["kind"], row["payload"])
            )
            for row in rows
        )

    def last_seq(self, call_id: str) -> int:
        """How many events the log of this call holds."""
        return self.read(queries.last_seq(call_id))[0]["max_1"] or 0

    # Callbacks

    def book_callback(self, request: CallbackRequest, now: datetime) -> bool:
        """Enter a promised callback; False if this identifier is in the book already.

        A second booking changes nothing, so a caller that is not sure may book again.
        """
        statement = queries.book_callback(request, utc(now), self._dialect)
        with self.writing() as connection:
            return connection.execute(statement).first() is not None

    def move_callback(self, callback_id: str, due_at: datetime) -> bool:
        """Give a callback that still waits another due time (aware); False if none waits."""
        statement = queries.move_callback(callback_id, utc(due_at))
        with self.writing() as connection:
            return connection.execute(statement).rowcount == 1

    def callback(self, callback_id: str) -> StoredCallback | None:
        """One callback, or None."""
        found = self.read(queries.one_callback(callback_id))
        return _callback_of(found[0]) if found else None

    def waiting_callbacks(self, limit: int = 100) -> tuple[StoredCallback, ...]:
        """Callbacks that wait, due or not, the most urgent first."""
        return tuple(_callback_of(row) for row in self.read(queries.waiting_callbacks(limit)))

    def due_callbacks(self, now: datetime, limit: int = 100) -> tuple[StoredCallback, ...]:
        """Callbacks due at ``now`` whose number is not blocked, the most urgent first."""
        rows = self.read(queries.due_callbacks(utc(now), limit))
        return tuple(_callback_of(row) for row in rows)

    # The do-not-call list

    def block_number(self, blocked: BlockedNumber) -> bool:
        """Enter a number in the do-not-call list; False if it was there (the first entry stays).

        Raises:
            ValueError: there is no digit in the number.
        """
        phone = canonical_phone(blocked.phone)
        if not phone:
            raise ValueError("a number to block needs digits")
        entry = BlockedNumber(phone, utc(blocked.since), blocked.source_call, blocked.source_turn)
        statement = queries.block_number(entry, self._dialect)
        with self.writing() as connection:
            return connection.execute(statement).first() is not None

    def blocked_number(self, phone: str) -> BlockedNumber | None:
        """The do-not-call entry of a number, or None if it may be dialled."""
        found = self.read(queries.one_blocked_number(canonical_phone(phone)))
        return BlockedNumber(**found[0]) if found else None

    # Transactions

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A transaction that writes, for the modules of this package; committed at its end.

        Raises:
            StoreError: it was not committed; nothing of it was written.
        """
        self._require_open()
        with translated_errors(), self._write_guard, self._writing_engine.begin() as connection:
            yield connection

    def read(self, statement: Select[Any]) -> Sequence[RowMapping]:
        """All rows of one query, for the modules of this package.

        Raises:
            StoreError: the database cannot be read.
        """
        self._require_open()
        with translated_errors(), self._engine.connect() as connection:
            return connection.execute(statement).mappings().all()

    def _require_open(self) -> None:
        if self._closed.is_set():
            raise StoreError("The store is closed.", "Open it again with open_store.")


def call_of(row: Mapping[Any, Any]) -> StoredCall:
    """The record of a row of ``call``."""
    return StoredCall(
        id=row["id"],
        account_id=row["account_id"],
        phone=row["phone"],
        playbook=row["playbook"],
        language=row["language"],
        leg=row["leg"],
        started_at=row["started_at"],
        ended_at=row["ended_at"],
        state=CallState(row["state"]),
        outcome=CallOutcome(row["outcome"]) if row["outcome"] else None,
        handoff_outcome=HandoffOutcome(row["handoff_outcome"]) if row["handoff_outcome"] else None,
        worker=Worker(
            row["worker_host"],
            row["worker_boot_id"],
            row["worker_pid"],
            row["worker_started_ticks"],
        ),
        released_at=row["released_at"],
        customer_name=row["customer_name"],
    )


def _callback_of(row: Mapping[Any, Any]) -> StoredCallback:
    request = CallbackRequest(
        id=row["id"],
        account_id=row["account_id"],
        phone=row["phone"],
        due_at=row["due_at"],
        reason=row["reason"],
        priority=row["priority"],
        from_call=row["from_call"],
    )
    return StoredCallback(request, CallbackState(row["state"]), row["booked_at"])
