"""The desk: people, sessions, tokens, audit, notes of calls; and the customer's name of a call.

The name of calls that were made before is taken from their logs.
"""

from __future__ import annotations

import unicodedata

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_REFUSE_SQLITE = """
CREATE TRIGGER audit_event_no_{deed} BEFORE {deed} ON audit_event
BEGIN SELECT RAISE(ABORT, 'the audit is append-only'); END
"""
_REFUSE_POSTGRES = (
    """
CREATE FUNCTION audit_event_append_only() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION 'the audit is append-only'; END $$
""",
    """
CREATE TRIGGER audit_event_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_event
FOR EACH STATEMENT EXECUTE FUNCTION audit_event_append_only()
""",
)


def upgrade() -> None:
    """Create the desk's tables; add the customer's name to calls and fill it in."""
    for name in ("customer_name", "customer_name_folded"):
        op.add_column("call", sa.Column(name, sa.Text(), nullable=False, server_default=""))
    _name_earlier_calls()
    _create_people()
    _create_audit()
    _create_notes()


def _name_earlier_calls() -> None:
    event = sa.table(
        "call_event",
        sa.column("call_id", sa.String),
        sa.column("seq", sa.Integer),
        sa.column("kind", sa.String),
        sa.column("payload", sa.JSON),
    )
    call = sa.table(
        "call",
        sa.column("id", sa.String),
        sa.column("customer_name", sa.Text),
        sa.column("customer_name_folded", sa.Text),
    )
    connection = op.get_bind()
    loaded = connection.execute(
        sa.select(event.c.call_id, event.c.payload)
        .where(event.c.kind == "account_loaded")
        .order_by(event.c.call_id, event.c.seq)
    )
    names: dict[str, str] = {}
    for call_id, payload in loaded:
        try:
            name = payload["record"]["customer"]["name"]
        except (KeyError, TypeError):
            continue  # A damaged log is no reason not to open the database.
        if isinstance(name, str):
            names[call_id] = name
    for call_id, name in names.items():
        connection.execute(
            call.update()
            .where(call.c.id == call_id)
            .values(customer_name=name, customer_name_folded=_folded(name))
        )


def _folded(text: str) -> str:
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())


def _create_people() -> None:
    op.create_table(
        "desk_user",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("display_name", sa.Text(), nullable=False),
        sa.Column("roles", sa.JSON(), nullable=False),
        sa.Column("languages", sa.JSON(), nullable=False),
        sa.Column("skills", sa.JSON(), nullable=False),
        sa.Column("password_hash", sa.Text(), nullable=False),
        sa.Column("disabled", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_desk_user"),
        sa.UniqueConstraint("name", name="uq_desk_user_name"),
    )
    op.create_table(
        "desk_session",
        sa.Column("token_hash", sa.String(64), nullable=False),
        sa.Column("user_id", sa.String(64), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("token_hash", name="pk_desk_session"),
        sa.ForeignKeyConstraint(
            ["user_id"], ["desk_user.id"], name="fk_desk_session_user_id_desk_user"
        ),
    )
    op.create_index("ix_desk_session_user_id", "desk_session", ["user_id"])
    op.create_table(
        "api_token",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("token_hash", sa.String(64), nullable=False),
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("roles", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True)),
        sa.PrimaryKeyConstraint("id", name="pk_api_token"),
        sa.UniqueConstraint("token_hash", name="uq_api_token_token_hash"),
    )
    op.create_table(
        "desk_secret",
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("value", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_desk_secret"),
    )


def _create_audit() -> None:
    op.create_table(
        "audit_event",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("who", sa.String(64), nullable=False),
        sa.Column("what", sa.String(64), nullable=False),
        sa.Column("subject", sa.String(128), nullable=False),
        sa.Column("detail", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_audit_event"),
    )
    op.create_index("ix_audit_event_at", "audit_event", ["at"])
    if op.get_bind().dialect.name == "postgresql":
        statements: tuple[str, ...] = _REFUSE_POSTGRES
    else:
        statements = tuple(_REFUSE_SQLITE.format(deed=deed) for deed in ("UPDATE", "DELETE"))
    for statement in statements:
        op.execute(sa.text(statement))


def _create_notes() -> None:
    op.create_table(
        "verdict_mark",
        sa.Column("call_id", sa.String(64), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.String(64), nullable=False),
        sa.Column("is_right", sa.Boolean(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("call_id", "seq", "user_id", name="pk_verdict_mark"),
        sa.ForeignKeyConstraint(
            ["call_id", "seq"],
            ["call_event.call_id", "call_event.seq"],
            name="fk_verdict_mark_call_id_seq_call_event",
        ),
    )
    op.create_table(
        "call_wrap_up",
        sa.Column("call_id", sa.String(64), nullable=False),
        sa.Column("user_id", sa.String(64), nullable=False),
        sa.Column("disposition", sa.String(32), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("callback_due_at", sa.DateTime(timezone=True)),
        sa.PrimaryKeyConstraint("call_id", "user_id", name="pk_call_wrap_up"),
        sa.ForeignKeyConstraint(["call_id"], ["call.id"], name="fk_call_wrap_up_call_id_call"),
    )
    op.create_table(
        "call_note",
        sa.Column("call_id", sa.String(64), nullable=False),
        sa.Column("user_id", sa.String(64), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("call_id", "user_id", name="pk_call_note"),
        sa.ForeignKeyConstraint(["call_id"], ["call.id"], name="fk_call_note_call_id_call"),
    )


def downgrade() -> None:
    """Drop the desk's tables and everything in them, and the names of calls."""
    for table in (
        "call_note",
        "call_wrap_up",
        "verdict_mark",
        "audit_event",
        "desk_secret",
        "api_token",
        "desk_session",
        "desk_user",
    ):
        op.drop_table(table)
    if op.get_bind().dialect.name == "postgresql":
        op.execute(sa.text("DROP FUNCTION audit_event_append_only()"))
    op.drop_column("call", "customer_name_folded")
    op.drop_column("call", "customer_name")
