"""Opening: new, old, foreign, damaged and unreachable databases."""

from __future__ import annotations

import sqlite3
import stat
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import text

from voiceagent.domain.errors import StoreError
from voiceagent.store import NewCall, Store, StoreOptions, StoreVersionError, open_store
from voiceagent.store.opening import migrations_folder
from voiceagent.store.tables import metadata

pytestmark = pytest.mark.unit

ROOT = Path(__file__).parents[3]


def pragma(store: Store, name: str) -> object:
    with store.engine.connect() as connection:
        return connection.execute(text(f"PRAGMA {name}")).scalar_one()


def test_the_migrations_make_the_tables_the_code_uses(store: Store) -> None:
    with store.engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []


def test_connections_are_set_up_for_durability(database: Path) -> None:
    with open_store(database, StoreOptions(busy_timeout_ms=1234)) as store:
        assert pragma(store, "journal_mode") == "wal"
        assert pragma(store, "busy_timeout") == 1234
        assert pragma(store, "foreign_keys") == 1
        assert pragma(store, "synchronous") == 1  # NORMAL


def test_a_new_file_is_readable_by_its_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "missing" / "folder" / "calls.db"
    with open_store(path) as store:
        store.latest_calls()
        for each in path.parent.iterdir():
            assert stat.S_IMODE(each.stat().st_mode) == 0o600, each.name


def test_a_path_a_text_and_a_url_open_the_same_database(
    database: Path, new_call: Callable[[str], NewCall]
) -> None:
    for location in (database, str(database), f"sqlite:///{database}"):
        with open_store(location) as store:
            known = {call.id for call in store.latest_calls()}
            store.begin_call(new_call(f"c-{len(known)}"))
    with open_store(database) as store:
        assert {call.id for call in store.latest_calls()} == {"c-0", "c-1", "c-2"}


def test_a_path_with_signs_that_mean_something_in_a_url(tmp_path: Path) -> None:
    path = tmp_path / "50% of #1?.db"
    open_store(path).close()
    assert path.stat().st_size > 0


@pytest.mark.parametrize("location", ["sqlite://", "sqlite:///:memory:", ":memory:", ""])
def test_a_database_in_memory_is_no_store(location: str) -> None:
    with pytest.raises(StoreError, match="memory"):
        open_store(location)


@pytest.mark.parametrize("location", ["://", "nosuchdatabase://host/name"])
def test_an_unusable_url_says_so(location: str) -> None:
    with pytest.raises(StoreError) as caught:
        open_store(location)
    assert caught.value.remedy


def test_a_file_that_is_no_database_is_left_alone(database: Path) -> None:
    content = b"Dear diary, " * 1000
    database.write_bytes(content)
    with pytest.raises(StoreError, match="SQLITE_NOTADB"):
        open_store(database)
    assert database.read_bytes() == content


def test_a_folder_is_no_database(tmp_path: Path) -> None:
    with pytest.raises(StoreError):
        open_store(tmp_path)


def test_a_database_of_a_newer_version_is_left_alone(database: Path) -> None:
    open_store(database).close()
    with closing(sqlite3.connect(database)) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
        connection.commit()
    with pytest.raises(StoreVersionError) as caught:
        open_store(database)
    assert caught.value.code == "store.version"
    assert "newer" in caught.value.remedy
    with closing(sqlite3.connect(database)) as connection:
        assert connection.execute("SELECT version_num FROM alembic_version").fetchall() == [
            ("9999",)
        ]


def test_a_migration_that_fails_leaves_nothing_behind(database: Path) -> None:
    """A table that is in the way stops the migration half-way; all of it is undone."""
    with closing(sqlite3.connect(database)) as connection:
        connection.execute("CREATE TABLE callback (id TEXT)")
        connection.commit()
    with pytest.raises(StoreError):
        open_store(database)
    with closing(sqlite3.connect(database)) as connection:
        tables = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
        assert tables.fetchall() == [("callback",)]


def test_many_processes_may_open_a_new_database_at_once(database: Path) -> None:
    program = (
        "import sys; from voiceagent.store import open_store;"
        "sys.stdin.readline();"
        f"open_store({str(database)!r}).close()"
    )
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", program],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(4)
    ]
    for process in processes:
        assert process.stdin
        process.stdin.write("go\n")
        process.stdin.flush()
    results = [process.communicate(timeout=120) for process in processes]
    errors = [stderr for _stdout, stderr in results]
    assert [process.returncode for process in processes] == [0, 0, 0, 0], errors
    with open_store(database) as store:
        assert store.latest_calls() == ()


def test_the_migrations_are_inside_the_package() -> None:
    names = {path.name for path in migrations_folder().rglob("*") if path.is_file()}
    assert {"env.py", "script.py.mako", "0001_calls_callbacks_do_not_call.py"} <= names


def test_a_closed_store_says_so(database: Path) -> None:
    store = open_store(database)
    store.close()
    store.close()
    with pytest.raises(StoreError, match="closed"):
        store.latest_calls()


def test_threads_of_one_process_may_open_new_databases_at_once(tmp_path: Path) -> None:
    def opened(number: int) -> int:
        with open_store(tmp_path / f"{number}.db") as store:
            return len(store.latest_calls())

    with ThreadPoolExecutor(6) as pool:
        assert list(pool.map(opened, range(12))) == [0] * 12
