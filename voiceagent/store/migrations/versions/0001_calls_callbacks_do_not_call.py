"""The first tables: calls, their events, promised callbacks, blocked numbers.

Written out rather than taken from ``store.tables``: a migration must do the same forever, whatever
the tables become later.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the four tables."""
    op.create_table(
        "call",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("account_id", sa.String(64), nullable=False),
        sa.Column("phone", sa.String(32), nullable=False),
        sa.Column("playbook", sa.String(64), nullable=False),
        sa.Column("language", sa.String(16), nullable=False),
        sa.Column("leg", sa.String(32), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True)),
        sa.Column("state", sa.String(32), nullable=False),
        sa.Column("outcome", sa.String(32)),
        sa.Column("handoff_outcome", sa.String(32)),
        sa.Column("worker_host", sa.String(255), nullable=False),
        sa.Column("worker_boot_id", sa.String(64), nullable=False),
        sa.Column("worker_pid", sa.BigInteger(), nullable=False),
        sa.Column("worker_started_ticks", sa.BigInteger(), nullable=False),
        sa.Column("released_at", sa.DateTime(timezone=True)),
        sa.PrimaryKeyConstraint("id", name="pk_call"),
    )
    op.create_index("ix_call_started_at", "call", ["started_at"])
    op.create_index("ix_call_account_id", "call", ["account_id"])
    op.create_table(
        "call_event",
        sa.Column("call_id", sa.String(64), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(64), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("payload", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("call_id", "seq", name="pk_call_event"),
        sa.ForeignKeyConstraint(["call_id"], ["call.id"], name="fk_call_event_call_id_call"),
    )
    op.create_table(
        "callback",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("account_id", sa.String(64), nullable=False),
        sa.Column("phone", sa.String(32), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("from_call", sa.String(64), nullable=False),
        sa.Column("state", sa.String(32), nullable=False),
        sa.Column("booked_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_callback"),
    )
    op.create_index("ix_callback_state_due_at", "callback", ["state", "due_at"])
    op.create_table(
        "do_not_call",
        sa.Column("phone", sa.String(32), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("source_call", sa.String(64)),
        sa.Column("source_turn", sa.Integer()),
        sa.PrimaryKeyConstraint("phone", name="pk_do_not_call"),
    )


def downgrade() -> None:
    """Drop the four tables and everything in them."""
    op.drop_table("do_not_call")
    op.drop_table("callback")
    op.drop_table("call_event")
    op.drop_table("call")
