"""Everything that differs between SQLite and Postgres, in this one place.

An engine goes in and leaves with its connections set up. SQLite: write-ahead log (readers never
wait for the writer, and what is committed survives ``kill -9``), foreign keys, a wait for locks
held elsewhere, and explicit ``BEGIN IMMEDIATE`` so that a writing transaction takes the lock at
once instead of failing half-way when a second writer got there first (https://sqlite.org/wal.html,
https://sqlite.org/lang_transaction.html).
"""

from __future__ import annotations

import errno
import sqlite3
import threading
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from sqlalchemy import Connection, Engine, Executable, Table, event, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.pool import ConnectionPoolEntry

WRITING = "voiceagent_writing"
"""Execution option that marks the engine whose transactions write."""

_MIGRATION_LOCK = 0x766F6963  # "voic": any constant will do, if all processes agree on it


def prepare(engine: Engine, busy_timeout_ms: int) -> None:
    """Set up every connection the engine will open."""
    if engine.dialect.name == "sqlite":
        _prepare_sqlite(engine, busy_timeout_ms)
    else:
        _prepare_postgres(engine, busy_timeout_ms)


def _prepare_sqlite(engine: Engine, busy_timeout_ms: int) -> None:
    @event.listens_for(engine, "connect")
    def _configure(connection: DBAPIConnection, _entry: ConnectionPoolEntry) -> None:
        # The driver's own idea of when to begin a transaction is turned off: _begin says when.
        connection.isolation_level = None
        cursor = connection.cursor()
        try:
            cursor.execute(f"PRAGMA busy_timeout = {busy_timeout_ms:d}")
            cursor.execute("PRAGMA journal_mode = WAL")
            cursor.execute("PRAGMA synchronous = NORMAL")
            cursor.execute("PRAGMA foreign_keys = ON")
        finally:
            cursor.close()

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        writing = connection.get_execution_options().get(WRITING, False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")


def _prepare_postgres(engine: Engine, busy_timeout_ms: int) -> None:
    @event.listens_for(engine, "connect")
    def _configure(connection: DBAPIConnection, _entry: ConnectionPoolEntry) -> None:
        cursor = connection.cursor()
        try:
            cursor.execute(f"SET lock_timeout = {busy_timeout_ms:d}")
        finally:
            cursor.close()
        connection.commit()


def write_guard(engine: Engine) -> AbstractContextManager[Any]:
    """What threads of one process hold while they write.

    SQLite has one writer at a time, and its own wait for the lock sleeps up to 100 ms between
    tries; threads that queue on a lock of the process take turns without sleeping.
    """
    return threading.Lock() if engine.dialect.name == "sqlite" else nullcontext()


def lock_for_migration(connection: Connection) -> None:
    """Keep other processes from migrating at the same moment, until the transaction ends."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _MIGRATION_LOCK})
    # SQLite: BEGIN IMMEDIATE already holds the only write lock.


def insert_once(table: Table, dialect: str, values: Mapping[str, Any]) -> Executable:
    """An insert that leaves a row with the same primary key as it is.

    It returns the primary key if the row is new and nothing otherwise (a count of rows is not
    told alike by all drivers).
    """
    key = list(table.primary_key.columns)
    if dialect == "postgresql":
        return postgresql.insert(table).values(values).on_conflict_do_nothing().returning(*key)
    return sqlite.insert(table).values(values).on_conflict_do_nothing().returning(*key)


def upsert(table: Table, dialect: str, values: Mapping[str, Any]) -> Executable:
    """An insert that replaces a row with the same primary key."""
    key = table.primary_key
    names = set(key.columns.keys())
    changed = {name: value for name, value in values.items() if name not in names}
    if dialect == "postgresql":
        return postgresql.insert(table).values(values).on_conflict_do_update(key, set_=changed)
    return sqlite.insert(table).values(values).on_conflict_do_update(key, set_=changed)


def is_disk_full(error: BaseException) -> bool:
    """Whether a driver's error means that no space is left."""
    if isinstance(error, sqlite3.Error):
        return getattr(error, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_FULL
    if isinstance(error, OSError):
        return error.errno in (errno.ENOSPC, errno.EDQUOT)
    return getattr(error, "sqlstate", None) == "53100"


def is_busy(error: BaseException) -> bool:
    """Whether a driver's error means that another process held a lock for too long."""
    if isinstance(error, sqlite3.Error):
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        return code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
    return getattr(error, "sqlstate", None) == "55P03"
