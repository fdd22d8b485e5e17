"""What Alembic runs for every migration command.

The connection comes in from ``opening.py`` with its transaction and lock already held, so that
creating or changing the tables happens whole or not at all, also on SQLite.
"""

from __future__ import annotations

from alembic import context

from voiceagent.store.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    transactional_ddl=True,
    # SQLite cannot alter most things in place; later migrations copy the table instead.
    render_as_batch=True,
)
context.run_migrations()
