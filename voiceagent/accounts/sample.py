"""Larkfield Broadband: a small company whose records live in one SQLite file.

In comes the path of the database; out comes an ``AccountService`` that a first call, a demo and
the tests can work with before the company's own records are connected. The customers are invented
and written down in ``larkfield.yaml`` beside this module; the file is read once, when the database
does not exist yet. Changes made in calls stay.

SQLite is used synchronously in a worker thread: a call never waits for a disk on its event loop,
and never longer than the deadline.
"""

from __future__ import annotations

import asyncio
import logging
import os
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from importlib import resources
from pathlib import Path
from typing import Any, TypeVar

import sqlalchemy as sa
import yaml
from pydantic import TypeAdapter

from voiceagent.accounts import sample_tables as tables
from voiceagent.accounts.protocol import plain_postal_code
from voiceagent.domain.account import AccountRecord, CaseNote
from voiceagent.domain.errors import AccountNotFoundError, AccountsUnavailableError

_log = logging.getLogger(__name__)
_Result = TypeVar("_Result")

COMPANY = "Larkfield Broadband"
DATABASE_NAME = "larkfield.sqlite3"


def sample_records() -> tuple[AccountRecord, ...]:
    """The invented customers as the shipped data file has them, before any call changed one."""
    text = resources.files("voiceagent.accounts").joinpath("larkfield.yaml").read_text("utf-8")
    return TypeAdapter(tuple[AccountRecord, ...]).validate_python(
        [_spelled_out(entry) for entry in yaml.safe_load(text)["customers"]]
    )


def _spelled_out(entry: dict[str, Any]) -> dict[str, Any]:
    """One customer of the data file in the shape of ``AccountRecord``.

    The file writes amounts as ``"64.50"`` and the currency once per customer.
    """
    currency = entry["currency"]

    def with_money(row: dict[str, Any], key: str) -> dict[str, Any]:
        units, _, cents = str(row[key]).partition(".")
        return {**row, key: {"minor": int(units) * 100 + int(cents or "0"), "currency": currency}}

    customer = {
        key: entry[key]
        for key in (
            "id name phone language time_zone street city postal_code".split()  # noqa: SIM905
        )
    }
    return {
        "customer": customer,
        "plan": with_money(entry["plan"], "monthly_price"),
        "invoices": [with_money(row, "amount") for row in entry.get("invoices", ())],
        "payments": [with_money(row, "amount") for row in entry.get("payments", ())],
        "cases": entry.get("cases", ()),
        "callback_reason": entry["callback_reason"],
    }


class SampleAccounts:
    """Larkfield Broadband's records; an ``AccountService``. Make one with ``open``."""

    def __init__(
        self,
        engine: sa.Engine,
        deadline_s: float = 5.0,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._engine = engine
        self._deadline_s = deadline_s
        self._clock = clock

    @classmethod
    async def open(
        cls,
        path: Path,
        deadline_s: float = 5.0,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> SampleAccounts:
        """Open the database at ``path``; create and fill it first if there is none.

        Raises:
            AccountsUnavailableError: the file cannot be created, or is no such database.
        """
        try:
            engine = await asyncio.wait_for(asyncio.to_thread(_open, path), deadline_s)
        except (OSError, sa.exc.SQLAlchemyError) as error:
            raise AccountsUnavailableError(
                f"The sample records at {path} cannot be opened.",
                "Check that the data directory is writable, or delete the file to start afresh.",
            ) from error
        return cls(engine, deadline_s, clock)

    async def close(self) -> None:
        """Close the database's connections."""
        await asyncio.to_thread(self._engine.dispose)

    async def load(self, account_id: str) -> AccountRecord:
        """See ``AccountService.load``."""
        return await self._within_deadline(lambda: self._load(account_id))

    async def find_by_phone(self, phone: str) -> AccountRecord | None:
        """See ``AccountService.find_by_phone``."""

        def find() -> AccountRecord | None:
            wanted = sa.select(tables.customers.c.id).where(tables.customers.c.phone == phone)
            with self._engine.connect() as connection:
                account_id = connection.scalar(wanted)
            return None if account_id is None else self._load(account_id)

        return await self._within_deadline(find)

    async def check_postal_code(self, account_id: str, given: str) -> bool:
        """See ``AccountService.check_postal_code``."""
        record = await self.load(account_id)
        return plain_postal_code(record.customer.postal_code) == plain_postal_code(given)

    async def correct_address(
        self, account_id: str, street: str, city: str, postal_code: str
    ) -> AccountRecord:
        """See ``AccountService.correct_address``."""

        def correct() -> AccountRecord:
            change = (
                sa.update(tables.customers)
                .where(tables.customers.c.id == account_id)
                .values(street=street, city=city, postal_code=postal_code)
            )
            with self._engine.begin() as connection:
                connection.execute(change)
            return self._load(account_id)

        return await self._within_deadline(correct)

    async def open_case(self, account_id: str, subject: str) -> CaseNote:
        """See ``AccountService.open_case``."""

        def write() -> CaseNote:
            self._load(account_id)
            note = CaseNote(
                id=f"CASE-{uuid.uuid4().int % 10**6:06d}",
                opened=self._clock().date(),
                subject=subject,
            )
            with self._engine.begin() as connection:
                connection.execute(
                    sa.insert(tables.cases).values(tables.case_row(account_id, note))
                )
            return note

        return await self._within_deadline(write)

    def _load(self, account_id: str) -> AccountRecord:
        with self._engine.connect() as connection:
            record = tables.read(connection, account_id)
        if record is None:
            raise AccountNotFoundError(
                f"There is no account '{account_id}' in the records.", "Check the account number."
            )
        return record

    async def _within_deadline(self, work: Callable[[], _Result]) -> _Result:
        try:
            return await asyncio.wait_for(asyncio.to_thread(work), self._deadline_s)
        except TimeoutError as error:
            raise AccountsUnavailableError(
                f"The sample records did not answer within {self._deadline_s:g} s."
            ) from error
        except sa.exc.SQLAlchemyError as error:
            _log.warning("The sample records failed", extra={"error": type(error).__name__})
            raise AccountsUnavailableError("The sample records cannot be read.") from error


def _open(path: Path) -> sa.Engine:
    if not path.exists():
        _create(path)
    engine = _engine(path)
    with engine.connect() as connection:
        connection.execute(sa.select(tables.customers.c.id).limit(1))
    return engine


def _engine(path: Path) -> sa.Engine:
    return sa.create_engine(f"sqlite:///{path}", connect_args={"timeout": 3.0})


def _create(path: Path) -> None:
    """Fill a database beside ``path`` and put it there whole.

    Linking fails if another process was faster, whose database is then as good as ours; a crash
    half way leaves no database that looks complete.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{uuid.uuid4().hex}")
    engine = _engine(draft)
    try:
        tables.metadata.create_all(engine)
        with engine.begin() as connection:
            for record in sample_records():
                tables.write(connection, record)
        engine.dispose()
        try:
            os.link(draft, path)
        except FileExistsError:
            _log.info("The sample records were created by another process meanwhile")
    finally:
        engine.dispose()
        draft.unlink(missing_ok=True)
