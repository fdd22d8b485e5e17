"""What must survive the process: calls, their event logs, promised callbacks, blocked numbers.

``open_store`` gives a ``Store``, and ``DeskStore`` is the desk's part of it; ``codec`` turns events
into JSON and back; ``worker`` tells whether the process behind an unfinished call still lives.
SQLite by default, Postgres with the same code.
"""

from __future__ import annotations

from voiceagent.store.desk_store import DeskStore
from voiceagent.store.errors import (
    CallNotFoundError,
    DuplicateCallError,
    EmptyLogError,
    NaiveDatetimeError,
    StoreBusyError,
    StoreVersionError,
    UnknownEventKindError,
    UnreadableEventError,
    UnstorableEventError,
)
from voiceagent.store.opening import StoreOptions, open_store
from voiceagent.store.records import BlockedNumber, LogEntry, NewCall, StoredCall, StoredCallback
from voiceagent.store.store import Store
from voiceagent.store.worker import Worker, WorkerLiveness, liveness, this_worker

__all__ = [
    "BlockedNumber",
    "CallNotFoundError",
    "DeskStore",
    "DuplicateCallError",
    "EmptyLogError",
    "LogEntry",
    "NaiveDatetimeError",
    "NewCall",
    "Store",
    "StoreBusyError",
    "StoreOptions",
    "StoreVersionError",
    "StoredCall",
    "StoredCallback",
    "UnknownEventKindError",
    "UnreadableEventError",
    "UnstorableEventError",
    "Worker",
    "WorkerLiveness",
    "liveness",
    "open_store",
    "this_worker",
]
