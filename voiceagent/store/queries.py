"""Every statement the store runs, each with a name and what it is for.

Builders only: values go in, a SQLAlchemy statement comes out, nothing is executed here. The few
things SQLite and Postgres do differently are in ``dialects.py``.
"""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import Executable, Insert, Select, Update, func, insert, select, update

from voiceagent.domain.callback import CallbackRequest, CallbackState
from voiceagent.store.dialects import insert_once
from voiceagent.store.records import BlockedNumber, LogEntry, NewCall
from voiceagent.store.tables import call, call_event, callback, do_not_call
from voiceagent.store.worker import Worker


def begin_call(new: NewCall, worker: Worker, state: str) -> Insert:
    """Enter a call before it is placed; its identifier must be new."""
    return insert(call).values(
        id=new.id,
        account_id=new.account_id,
        phone=new.phone,
        playbook=new.playbook,
        language=new.language,
        leg=new.leg,
        started_at=new.started_at,
        state=state,
        worker_host=worker.host,
        worker_boot_id=worker.boot_id,
        worker_pid=worker.pid,
        worker_started_ticks=worker.started_ticks,
    )


def update_call(call_id: str, changes: dict[str, Any]) -> Update:
    """Bring a call's row up to date with its log."""
    return update(call).where(call.c.id == call_id).values(changes)


def release_call(call_id: str, at: datetime) -> Update:
    """Note that the call's process has let go of it in good order; the first time counts."""
    return (
        update(call)
        .where(call.c.id == call_id, call.c.released_at.is_(None))
        .values(released_at=at)
    )


def one_call(call_id: str) -> Select[Any]:
    """The row of one call."""
    return select(call).where(call.c.id == call_id)


def latest_calls(limit: int) -> Select[Any]:
    """The calls that started last, newest first."""
    return select(call).order_by(call.c.started_at.desc(), call.c.id).limit(limit)


def unfinished_calls() -> Select[Any]:
    """Calls without an outcome, oldest first: still running, or cut off."""
    return select(call).where(call.c.outcome.is_(None)).order_by(call.c.started_at, call.c.id)


def append_events() -> Insert:
    """Write events at the end of logs; run with ``event_row`` of each."""
    return insert(call_event)


def event_row(entry: LogEntry) -> dict[str, Any]:
    """The values of one row of ``call_event``."""
    return {
        "call_id": entry.logged.call_id,
        "seq": entry.logged.seq,
        "at_ms": entry.logged.event.at_ms,
        "kind": entry.encoded.kind,
        "recorded_at": entry.logged.recorded_at,
        "payload": entry.encoded.payload,
    }


def events_of(call_id: str, after_seq: int, limit: int | None) -> Select[Any]:
    """The log of one call in order, from behind ``after_seq`` on."""
    return (
        select(call_event.c.seq, call_event.c.kind, call_event.c.recorded_at, call_event.c.payload)
        .where(call_event.c.call_id == call_id, call_event.c.seq > after_seq)
        .order_by(call_event.c.seq)
        .limit(limit)
    )


def last_seq(call_id: str) -> Select[tuple[int | None]]:
    """The number of the last event of a log; NULL if it is empty."""
    return select(func.max(call_event.c.seq)).where(call_event.c.call_id == call_id)


def book_callback(request: CallbackRequest, booked_at: datetime, dialect: str) -> Executable:
    """Enter a promised callback; the same identifier a second time changes and returns nothing."""
    values = asdict(request) | {"state": CallbackState.WAITING.value, "booked_at": booked_at}
    return insert_once(callback, dialect, values)


def move_callback(callback_id: str, due_at: datetime) -> Update:
    """Another due time for a callback that still waits; one under way or over is left alone."""
    return (
        update(callback)
        .where(callback.c.id == callback_id, callback.c.state == CallbackState.WAITING.value)
        .values(due_at=due_at)
    )


def one_callback(callback_id: str) -> Select[Any]:
    """The row of one callback."""
    return select(callback).where(callback.c.id == callback_id)


def waiting_callbacks(limit: int) -> Select[Any]:
    """Callbacks that wait, the most urgent first: by priority, then by due time."""
    return (
        select(callback)
        .where(callback.c.state == CallbackState.WAITING.value)
        .order_by(callback.c.priority.desc(), callback.c.due_at, callback.c.id)
        .limit(limit)
    )


def due_callbacks(now: datetime, limit: int) -> Select[Any]:
    """Callbacks that wait and are due at ``now``, the most urgent first; blocked numbers left out.

    Dialling checks the block again in its own transaction; leaving them out here saves the try.
    """
    blocked = select(do_not_call.c.phone)
    return waiting_callbacks(limit).where(
        callback.c.due_at <= now, callback.c.phone.not_in(blocked)
    )


def block_number(blocked: BlockedNumber, dialect: str) -> Executable:
    """Enter a number that is never to be dialled; an earlier entry stays, returning nothing."""
    return insert_once(do_not_call, dialect, asdict(blocked))


def one_blocked_number(phone: str) -> Select[Any]:
    """The entry of one number in the do-not-call list."""
    return select(do_not_call).where(do_not_call.c.phone == phone)
