"""The tables of the desk: who may sign in, with what, what they did, what they noted of calls.

Same metadata as ``tables.py``. Nothing here can be used to sign in: passwords are Argon2 hashes,
tokens of sessions and machines are kept as SHA-256 hashes only (each token has 256 random bits,
so a fast hash is enough).
"""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from voiceagent.store.tables import UtcDateTime, metadata

desk_user = Table(
    "desk_user",
    metadata,
    Column("id", String(64), primary_key=True),
    # What is typed at sign-in, folded; the display name is what colleagues and callers hear.
    Column("name", String(64), nullable=False),
    Column("display_name", Text, nullable=False),
    Column("roles", JSON, nullable=False),
    Column("languages", JSON, nullable=False),
    Column("skills", JSON, nullable=False),
    Column("password_hash", Text, nullable=False),
    Column("disabled", Boolean, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    UniqueConstraint("name"),
)
"""People who may sign in; never deleted, so that what they did keeps its name."""

desk_session = Table(
    "desk_session",
    metadata,
    Column("token_hash", String(64), primary_key=True),
    Column("user_id", String(64), ForeignKey("desk_user.id"), nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("last_seen_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False),
    Index("ix_desk_session_user_id", "user_id"),
)
"""Sessions of browsers; the CSRF token is derived from the session's own, so it needs no column."""

api_token = Table(
    "api_token",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("token_hash", String(64), nullable=False),
    Column("name", String(64), nullable=False),
    Column("roles", JSON, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False),
    Column("revoked_at", UtcDateTime),
    UniqueConstraint("token_hash"),
)
"""Tokens of machines; the name says which, the identifier is what one revokes by."""

audit_event = Table(
    "audit_event",
    metadata,
    # SQLite counts by itself only in a column declared INTEGER.
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    Column("at", UtcDateTime, nullable=False),
    Column("who", String(64), nullable=False),
    Column("what", String(64), nullable=False),
    Column("subject", String(128), nullable=False),
    Column("detail", JSON, nullable=False),
    Index("ix_audit_event_at", "at"),
)
"""Who did what; triggers of the database refuse to change or delete a row."""

desk_secret = Table(
    "desk_secret",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("value", LargeBinary, nullable=False),
)
"""Keys that all desks on this database sign with, each made at its first use."""

verdict_mark = Table(
    "verdict_mark",
    metadata,
    Column("call_id", String(64), nullable=False),
    Column("seq", Integer, nullable=False),
    Column("user_id", String(64), nullable=False),
    Column("is_right", Boolean, nullable=False),
    Column("note", Text, nullable=False),
    Column("at", UtcDateTime, nullable=False),
    PrimaryKeyConstraint("call_id", "seq", "user_id"),
    ForeignKeyConstraint(["call_id", "seq"], ["call_event.call_id", "call_event.seq"]),
)
"""What people think of the supervisor's verdicts: one mark per verdict and person."""

call_wrap_up = Table(
    "call_wrap_up",
    metadata,
    Column("call_id", String(64), ForeignKey("call.id"), nullable=False),
    Column("user_id", String(64), nullable=False),
    Column("disposition", String(32), nullable=False),
    Column("note", Text, nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("callback_due_at", UtcDateTime),
    PrimaryKeyConstraint("call_id", "user_id"),
)
"""What a call came to, in the words of each human who held it."""

call_note = Table(
    "call_note",
    metadata,
    Column("call_id", String(64), ForeignKey("call.id"), nullable=False),
    Column("user_id", String(64), nullable=False),
    Column("text", Text, nullable=False),
    Column("updated_at", UtcDateTime, nullable=False),
    PrimaryKeyConstraint("call_id", "user_id"),
)
"""Notes typed during a call, saved while they are typed."""
