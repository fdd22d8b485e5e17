"""From a path or database URL to an open, migrated ``Store``.

The migrations travel inside the package and are run here, in one transaction under a lock, so
that any number of processes may open a new or an old database at the same moment.
"""

from __future__ import annotations

import importlib
import threading
from dataclasses import dataclass
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.util import CommandError
from sqlalchemy import URL, Engine, create_engine, make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError

from voiceagent.domain.errors import StoreError
from voiceagent.store import dialects
from voiceagent.store.errors import StoreVersionError
from voiceagent.store.store import Store, to_json_text, translated_errors


@dataclass(frozen=True, slots=True)
class StoreOptions:
    """How the database is used.

    Attributes:
        busy_timeout_ms: how long a write waits for another process's lock before it fails.
        pool_size: connections kept open; more than threads that write or read at once is waste.
        pool_timeout_s: how long a thread waits for a free connection before it fails.
    """

    busy_timeout_ms: int = 5000
    pool_size: int = 5
    pool_timeout_s: float = 10.0


_MIGRATING = threading.Lock()


def open_store(location: str | Path, options: StoreOptions | None = None) -> Store:
    """Open a database, create or migrate its tables, and return the store.

    Args:
        location: a file's path (SQLite; missing folders are made, the file is readable by its
            owner only), or a SQLAlchemy URL, e.g. ``postgresql+psycopg://host/name``.
        options: waits and pool.

    Raises:
        StoreVersionError: the database was made by a newer version of this package.
        DiskFullError: no space is left to create it.
        StoreError: the location is unusable, unreachable or holds something else.
    """
    options = options or StoreOptions()
    url = _url(location)
    with translated_errors():
        if url.get_backend_name() == "sqlite":
            _make_private_file(url)
        engine = _engine(url, options)
        try:
            _migrate(engine)
        except BaseException:
            engine.dispose()
            raise
    return Store(engine)


def _url(location: str | Path) -> URL:
    if isinstance(location, Path) or "://" not in location:
        return URL.create("sqlite+pysqlite", database=str(location))
    try:
        return make_url(location)
    except ArgumentError:
        raise StoreError(
            "The database URL cannot be understood.",
            "Give a file's path, or a URL such as postgresql+psycopg://host/name.",
        ) from None


def _make_private_file(url: URL) -> None:
    if url.database in (None, "", ":memory:") or str(url.database).startswith("file:"):
        raise StoreError(
            "A database in memory would not outlive the process.", "Give the path of a file."
        )
    path = Path(str(url.database))
    path.parent.mkdir(parents=True, exist_ok=True)
    # What people said is in there: created for the owner alone, and SQLite gives the files it
    # puts beside it (-wal, -shm) the same permissions.
    path.touch(mode=0o600, exist_ok=True)


def _engine(url: URL, options: StoreOptions) -> Engine:
    try:
        engine = create_engine(
            url,
            # Statement values may be personal data and must not get into error messages.
            hide_parameters=True,
            json_serializer=to_json_text,
            pool_size=options.pool_size,
            pool_timeout=options.pool_timeout_s,
            pool_pre_ping=url.get_backend_name() != "sqlite",
        )
    except (NoSuchModuleError, ModuleNotFoundError):
        raise StoreError(
            f"There is no driver for '{url.drivername}' databases.",
            "Install it, e.g. psycopg for Postgres.",
        ) from None
    dialects.prepare(engine, options.busy_timeout_ms)
    return engine


def _migrate(engine: Engine) -> None:
    config = Config()
    config.set_main_option("script_location", "voiceagent.store:migrations")
    with (
        # Alembic keeps the migration under way in a global of the process.
        _MIGRATING,
        engine.execution_options(**{dialects.WRITING: True}).begin() as connection,
    ):
        dialects.lock_for_migration(connection)
        config.attributes["connection"] = connection
        try:
            command.upgrade(config, "head")
        except CommandError:
            raise StoreVersionError(
                "The database is of a version that this version of voiceagent does not know.",
                "Install the newer version that made it, or use another database.",
            ) from None


def migrations_folder() -> Path:
    """Where the migration scripts are, for packagers and for tests."""
    package = importlib.import_module("voiceagent.store")
    return Path(str(package.__file__)).parent / "migrations"
