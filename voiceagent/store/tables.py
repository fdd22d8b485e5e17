"""The tables, as SQLAlchemy Core metadata that suits SQLite and Postgres alike.

``migrations/`` creates them; a test holds the two equal. The log (``call_event``) is the truth
about a call; the ``call`` row repeats what lists and searches need and is written in the same
transaction as the event it comes from, so the two never differ.
"""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import (
    JSON,
    BigInteger,
    Column,
    DateTime,
    Dialect,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    PrimaryKeyConstraint,
    String,
    Table,
    Text,
    TypeDecorator,
)

from voiceagent.store.errors import NaiveDatetimeError

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def utc(moment: datetime) -> datetime:
    """The same moment in UTC.

    Raises:
        NaiveDatetimeError: it carries no time zone.
    """
    if moment.tzinfo is None or moment.utcoffset() is None:
        raise NaiveDatetimeError(
            "A moment without a time zone cannot be stored.",
            "Pass time-zone aware datetimes, e.g. datetime.now(UTC).",
        )
    return moment.astimezone(UTC)


class UtcDateTime(TypeDecorator[datetime]):
    """A moment, stored and read back as aware UTC; naive ones are rejected."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Aware in, UTC to the driver (SQLite keeps no zone, so it is dropped there)."""
        if value is None:
            return None
        moment = utc(value)
        return moment.replace(tzinfo=None) if dialect.name == "sqlite" else moment

    def process_result_value(
        self,
        value: datetime | None,
        dialect: Dialect,  # noqa: ARG002 - the base class passes it
    ) -> datetime | None:
        """Whatever the driver returns, as aware UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


call = Table(
    "call",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("account_id", String(64), nullable=False),
    Column("phone", String(32), nullable=False),
    Column("playbook", String(64), nullable=False),
    Column("language", String(16), nullable=False),
    Column("leg", String(32), nullable=False),
    Column("started_at", UtcDateTime, nullable=False),
    Column("ended_at", UtcDateTime),
    Column("state", String(32), nullable=False),
    Column("outcome", String(32)),
    Column("handoff_outcome", String(32)),
    # Which process runs the call: tells "still running" from "cut off" (see worker.py).
    Column("worker_host", String(255), nullable=False),
    Column("worker_boot_id", String(64), nullable=False),
    Column("worker_pid", BigInteger, nullable=False),
    Column("worker_started_ticks", BigInteger, nullable=False),
    # When that process let go of the call in good order; empty after a crash.
    Column("released_at", UtcDateTime),
    # From the log's account_loaded: as it is shown, and as searches compare it.
    Column("customer_name", Text, nullable=False, server_default=""),
    Column("customer_name_folded", Text, nullable=False, server_default=""),
    Index("ix_call_started_at", "started_at"),
    Index("ix_call_account_id", "account_id"),
)
"""One row per call: who, how, when, where it stands, who runs it."""

call_event = Table(
    "call_event",
    metadata,
    Column("call_id", String(64), ForeignKey("call.id"), nullable=False),
    Column("seq", Integer, nullable=False),
    Column("at_ms", BigInteger, nullable=False),
    Column("kind", String(64), nullable=False),
    Column("recorded_at", UtcDateTime, nullable=False),
    Column("payload", JSON, nullable=False),
    PrimaryKeyConstraint("call_id", "seq"),
)
"""The logs: every event of every call, in order, never changed."""

callback = Table(
    "callback",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("account_id", String(64), nullable=False),
    Column("phone", String(32), nullable=False),
    Column("due_at", UtcDateTime, nullable=False),
    Column("reason", Text, nullable=False),
    Column("priority", Integer, nullable=False),
    # No foreign key: a callback may come from a backlog that was imported, or another store.
    Column("from_call", String(64), nullable=False),
    Column("state", String(32), nullable=False),
    Column("booked_at", UtcDateTime, nullable=False),
    Index("ix_callback_state_due_at", "state", "due_at"),
)
"""The book of promised callbacks."""

do_not_call = Table(
    "do_not_call",
    metadata,
    Column("phone", String(32), primary_key=True),
    Column("since", UtcDateTime, nullable=False),
    Column("source_call", String(64)),
    Column("source_turn", Integer),
)
"""Numbers never to be dialled, since when, and where that was said."""
