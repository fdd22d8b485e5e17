"""The sample company: what its records hold, and that changes outlive the process."""

import asyncio
import os
import sqlite3
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import phonenumbers
import pytest

from voiceagent.accounts.protocol import AccountService
from voiceagent.accounts.sample import SampleAccounts, sample_records
from voiceagent.domain.account import InvoiceStatus, Money
from voiceagent.domain.errors import AccountNotFoundError, AccountsUnavailableError

pytestmark = pytest.mark.unit

NOW = datetime(2026, 12, 1, 15, 0, tzinfo=UTC)


@pytest.fixture
async def accounts(tmp_path: Path) -> AsyncIterator[SampleAccounts]:
    opened = await SampleAccounts.open(tmp_path / "data" / "larkfield.sqlite3", clock=lambda: NOW)
    yield opened
    await opened.close()


def test_every_customer_is_complete_and_unlike_the_others() -> None:
    records = sample_records()
    assert len(records) == 36
    assert len({r.customer.id for r in records}) == 36
    assert len({r.customer.phone for r in records}) == 36
    invoice_ids = [i.id for r in records for i in r.invoices]
    assert len(set(invoice_ids)) == len(invoice_ids)
    for record in records:
        assert record.callback_reason
        assert ZoneInfo(record.customer.time_zone)
        assert phonenumbers.is_possible_number(phonenumbers.parse(record.customer.phone))
        assert {p.invoice_id for p in record.payments} <= {i.id for i in record.invoices}
        german = record.customer.language == "de"
        assert record.plan.monthly_price.currency == ("EUR" if german else "USD")


def test_american_numbers_are_from_the_range_kept_for_fiction() -> None:
    for record in sample_records():
        if record.customer.phone.startswith("+1"):
            assert record.customer.phone[5:10] == "55501"


@pytest.mark.parametrize(
    ("account_id", "postal_code", "invoice_id", "amount", "due", "status"),
    [
        ("C-1001", "97214", "INV-2041", Money(4990, "USD"), date(2026, 12, 15), "open"),
        ("C-1003", "30309", "INV-3302", Money(8900, "USD"), date(2026, 12, 14), "open"),
        ("C-1006", "50667", "INV-4410", Money(3990, "EUR"), date(2026, 12, 12), "open"),
        ("C-1007", "02139", "INV-3555", Money(12000, "USD"), date(2026, 12, 8), "disputed"),
        ("C-1008", "98101", "INV-2077", Money(5400, "USD"), date(2026, 12, 10), "open"),
        ("C-1009", "94110", "INV-2090", Money(7225, "USD"), date(2026, 12, 20), "open"),
    ],
)
async def test_the_known_customers(
    accounts: SampleAccounts,
    account_id: str,
    postal_code: str,
    invoice_id: str,
    amount: Money,
    due: date,
    status: str,
) -> None:
    record = await accounts.load(account_id)
    assert record.customer.postal_code == postal_code
    invoice = record.invoice(invoice_id)
    assert invoice is not None
    assert (invoice.amount, invoice.due, invoice.status) == (amount, due, InvoiceStatus(status))


async def test_the_double_charge(accounts: SampleAccounts) -> None:
    record = await accounts.load("C-1002")
    paid = record.payments_for("INV-3107")
    assert [(p.amount.minor, p.received) for p in paid] == [
        (6450, date(2026, 10, 5)),
        (6450, date(2026, 10, 6)),
    ]


async def test_the_promise_never_kept(accounts: SampleAccounts) -> None:
    record = await accounts.load("C-1004")
    assert len(record.cases) == 3
    assert not any(case.settled for case in record.cases)
    assert "$20.00" in record.cases[0].promise


async def test_what_the_database_returns_is_what_the_file_says(accounts: SampleAccounts) -> None:
    for written in sample_records():
        read = await accounts.load(written.customer.id)
        assert read.customer == written.customer
        assert set(read.invoices) == set(written.invoices)
        assert set(read.payments) == set(written.payments)
        assert set(read.cases) == set(written.cases)


async def test_unknown_account(accounts: SampleAccounts) -> None:
    with pytest.raises(AccountNotFoundError, match="C-9999"):
        await accounts.load("C-9999")
    with pytest.raises(AccountNotFoundError):
        await accounts.open_case("C-9999", "anything")
    with pytest.raises(AccountNotFoundError):
        await accounts.correct_address("C-9999", "a", "b", "c")


async def test_find_by_phone(accounts: SampleAccounts) -> None:
    found = await accounts.find_by_phone("+13125550102")
    assert found is not None
    assert found.customer.id == "C-1002"
    assert await accounts.find_by_phone("+12025550199") is None


async def test_postal_code_check_ignores_how_it_is_written(accounts: SampleAccounts) -> None:
    service: AccountService = accounts
    assert await service.check_postal_code("C-1007", "02 139")
    assert not await service.check_postal_code("C-1007", "2139")
    assert not await service.check_postal_code("C-1007", "")


async def test_changes_survive_reopening(tmp_path: Path) -> None:
    path = tmp_path / "larkfield.sqlite3"
    first = await SampleAccounts.open(path, clock=lambda: NOW)
    changed = await first.correct_address("C-1011", "12 Bay State Road", "Boston", "02216")
    note = await first.open_case("C-1011", "Invoice went to the old address")
    await first.close()
    assert changed.customer.street == "12 Bay State Road"
    assert note.opened == NOW.date()

    again = await SampleAccounts.open(path)
    record = await again.load("C-1011")
    await again.close()
    assert record.customer.postal_code == "02216"
    assert record.cases == (note,)


async def test_opening_at_the_same_time_creates_one_database(tmp_path: Path) -> None:
    path = tmp_path / "larkfield.sqlite3"
    opened = await asyncio.gather(*(SampleAccounts.open(path, deadline_s=60) for _ in range(4)))
    assert os.listdir(tmp_path) == [path.name]  # noqa: PTH208
    for accounts in opened:
        assert (await accounts.load("C-1001")).customer.name == "Maria Alvarez"
        await accounts.close()


async def test_a_file_that_is_no_database(tmp_path: Path) -> None:
    path = tmp_path / "larkfield.sqlite3"
    path.write_text("not a database at all", encoding="utf-8")
    with pytest.raises(AccountsUnavailableError, match="cannot be opened"):
        await SampleAccounts.open(path)


async def test_a_locked_database_is_an_outage_not_a_hang(tmp_path: Path) -> None:
    path = tmp_path / "larkfield.sqlite3"
    await (await SampleAccounts.open(path, deadline_s=60)).close()
    accounts = await SampleAccounts.open(path, deadline_s=0.2)
    blocker = sqlite3.connect(path)
    blocker.execute("BEGIN EXCLUSIVE")
    try:
        with pytest.raises(AccountsUnavailableError, match=r"within 0\.2 s"):
            await accounts.correct_address("C-1001", "x", "y", "z")
    finally:
        blocker.rollback()
        blocker.close()
        await accounts.close()
