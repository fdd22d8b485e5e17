"""What the application refuses before anything is loaded or dialled."""

from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from voiceagent.app import Application, require_callable
from voiceagent.domain.account import AccountRecord, Customer, Invoice, InvoiceStatus, Money, Plan
from voiceagent.domain.errors import NumberBlockedError, PlaybookError
from voiceagent.legs.far_end import RecordedPerson
from voiceagent.legs.recorded import RecordedLeg
from voiceagent.settings import load_settings
from voiceagent.store.opening import open_store
from voiceagent.store.records import BlockedNumber
from voiceagent.wiring import terms_to_expect

pytestmark = pytest.mark.unit


class Telephone(RecordedLeg):
    """A leg that would make a telephone ring."""

    kind = "sip"


async def test_a_blocked_number_is_not_dialled(tmp_path: Path) -> None:
    with open_store(tmp_path / "calls.db") as store:
        person = RecordedPerson((), 320, 1000)
        await require_callable(store, "+15550100", Telephone(person))
        store.block_number(BlockedNumber("+15550100", datetime.now(UTC)))
        with pytest.raises(NumberBlockedError, match="may not be called"):
            await require_callable(store, "+1 555 0100", Telephone(person))
        await require_callable(store, "+15550100", RecordedLeg(person))


async def test_a_broken_policy_is_found_before_models_are_loaded(tmp_path: Path) -> None:
    (tmp_path / "supervisor.yaml").write_text("at_once: nonsense", encoding="utf-8")
    settings = load_settings(data_dir=tmp_path, prompts_dir=tmp_path)
    with pytest.raises(PlaybookError, match=r"supervisor\.yaml"):
        async with Application(settings):
            pass


def test_the_ear_expects_the_caller_s_name_and_newest_invoices() -> None:
    customer = Customer(
        "C-1", "Ada Byron", "+15550100", "en", "America/New_York", "1 Mill", "Ada", "1"
    )
    price = Money(100, "USD")
    invoices = tuple(
        Invoice(f"INV-{month}", "", price, date(2026, month, 1), InvoiceStatus.PAID)
        for month in (3, 9, 5, 1)
    )
    record = AccountRecord(customer, Plan("Home", price), invoices)
    assert terms_to_expect(record) == ("Ada Byron", "INV-9", "INV-5", "INV-3")
