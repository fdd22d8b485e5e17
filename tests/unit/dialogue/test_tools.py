"""The tools against the real sample records: what they tell, change, refuse and report."""

import asyncio
import inspect
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from pipecat.flows import NO_RESPONSE, TRANSITION_IN_YAML
from pipecat.flows.types import FlowsDirectFunctionWrapper

from voiceagent.accounts.sample import SampleAccounts
from voiceagent.dialogue.tools import NEEDS_IDENTITY, AccountTools, AccountToolsOptions
from voiceagent.domain.account import AccountRecord
from voiceagent.domain.callback import CallbackRequest
from voiceagent.domain.errors import AccountsUnavailableError, StoreError
from voiceagent.domain.events import (
    AccountLoaded,
    AnyEvent,
    CallbackBooked,
    DoNotCallEntered,
    IdentityChecked,
    ToolCalled,
    ToolReturned,
)

pytestmark = pytest.mark.unit

# A Tuesday morning in Chicago.
NOW = datetime(2026, 12, 1, 16, 0, tzinfo=UTC)
POSTAL_CODES = {"C-1002": "60614", "C-1003": "30309", "C-1004": "77002", "C-1006": "50667"}
MANAGER: Any = None  # the tools take the flow manager as pipecat wants it, and leave it alone


@dataclass
class Book:
    """Keeps what was promised, as the store does: one entry per id."""

    booked: dict[str, CallbackRequest] = field(default_factory=dict)
    forbidden: list[tuple[str, str]] = field(default_factory=list)
    broken: bool = False

    async def book(self, request: CallbackRequest) -> None:
        if self.broken:
            raise StoreError("The disk is gone.")
        self.booked[request.id] = request

    async def forbid(self, phone: str, source: str) -> None:
        self.forbidden.append((phone, source))


@dataclass
class Log:
    events: list[AnyEvent] = field(default_factory=list)

    async def __call__(self, make: Callable[[int], AnyEvent]) -> None:
        self.events.append(make(1500))

    def of(self, kind: type) -> list[Any]:
        return [e for e in self.events if isinstance(e, kind)]


@dataclass
class Call:
    tools: AccountTools
    book: Book
    log: Log
    accounts: SampleAccounts

    async def verify(self, account_id: str) -> None:
        result, _ = await self.tools.confirm_identity(MANAGER, POSTAL_CODES[account_id])
        assert result["status"] == "verified"


Dial = Callable[..., Call]


@pytest.fixture
async def dial(tmp_path: Path) -> AsyncIterator[Dial]:
    accounts = await SampleAccounts.open(
        tmp_path / "larkfield.sqlite3", deadline_s=60, clock=lambda: NOW
    )

    def make(account_id: str = "C-1002", **changes: Any) -> Call:
        options = AccountToolsOptions(
            call_id="call-1",
            phone="+13125550102",
            time_zone="America/Chicago",
            reason="asked about a charge on the October invoice",
            turn=lambda: 7,
            deadline_s=60,
        )
        book, log = Book(), Log()
        tools = AccountTools(
            account_id,
            changes.pop("accounts", accounts),
            book,
            lambda: NOW,
            changes.pop("report", log),
            replace(options, **changes),
        )
        return Call(tools, book, log, accounts)

    yield make
    await accounts.close()


def _tool_names() -> list[str]:
    return [
        name
        for name, method in inspect.getmembers(AccountTools, inspect.iscoroutinefunction)
        if not name.startswith("_")
    ]


async def test_every_tool_is_a_valid_flow_function_that_says_when_to_use_it(dial: Dial) -> None:
    names = _tool_names()
    assert len(names) == 10
    for name in names:
        wrapper = FlowsDirectFunctionWrapper(getattr(dial().tools, name))
        assert wrapper.name == name
        assert "Use " in wrapper.description
        assert "\n" not in wrapper.description
        for argument in wrapper.properties.values():
            assert argument["type"] == "string"
            assert argument["description"]
        assert wrapper.required == list(wrapper.properties)


async def test_confirm_identity(dial: Dial) -> None:
    call = dial()
    result, then = await call.tools.confirm_identity(MANAGER, "six oh six one four")
    assert result == {"ok": True, "status": "verified"}
    assert then is TRANSITION_IN_YAML
    assert call.tools.identity_verified
    assert [type(e) for e in call.log.events] == [ToolCalled, IdentityChecked, ToolReturned]
    assert call.log.of(IdentityChecked)[0].method == "postal_code"
    # A verified caller stays verified, whatever is said afterwards.
    again, _ = await call.tools.confirm_identity(MANAGER, "11111")
    assert again["status"] == "verified"


async def test_three_wrong_codes_ask_for_a_person_and_the_right_one_comes_too_late(
    dial: Dial,
) -> None:
    call = dial()
    outcomes = []
    for code in ("60615", "what do you mean", "60616", "10001", "60614"):
        result, _ = await call.tools.confirm_identity(MANAGER, code)
        outcomes.append(result["status"])
    assert outcomes == ["wrong", "unclear", "wrong", "failed", "failed"]
    assert not call.tools.identity_verified
    assert [e.verified for e in call.log.of(IdentityChecked)] == [False] * 3
    assert "person" in result["tell"]


@pytest.mark.parametrize("tool", sorted(NEEDS_IDENTITY))
async def test_nothing_of_the_account_is_told_or_changed_before_identity(
    dial: Dial, tool: str
) -> None:
    call = dial()
    arguments = {
        "correct_address": {"street": "a", "city": "b", "postal_code": "c"},
        "open_case": {"subject": "x"},
    }.get(tool, {})
    before = await call.accounts.load("C-1002")
    result, _ = await getattr(call.tools, tool)(MANAGER, **arguments)
    assert result["ok"] is False
    assert result["status"] == "identity_not_verified"
    assert await call.accounts.load("C-1002") == before
    assert call.log.of(ToolReturned)[0].ok is False
    assert not call.log.of(AccountLoaded)


async def test_the_double_charge_is_told_with_its_surplus(dial: Dial) -> None:
    call = dial()
    await call.verify("C-1002")
    result, _ = await call.tools.look_up_payments(MANAGER)
    assert result["count"] == 2
    assert [p["received"] for p in result["payments"]] == ["October 5", "October 6"]
    assert [p["received_date"] for p in result["payments"]] == ["2026-10-05", "2026-10-06"]
    assert result["notes"] == [
        "INV-3107 (October) was paid 2 times. $64.50 more was paid than was billed."
    ]
    invoices, _ = await call.tools.look_up_invoices(MANAGER)
    assert invoices["invoices"] == [
        {
            "number": "INV-3107",
            "month": "October",
            "amount": "$64.50",
            "due": "October 15",
            "due_date": "2026-10-15",
            "status": "paid",
        }
    ]


async def test_the_invoice_above_the_plan(dial: Dial) -> None:
    call = dial("C-1003", time_zone="America/New_York")
    await call.verify("C-1003")
    result, _ = await call.tools.look_up_plan(MANAGER)
    assert result["monthly_price"] == "$59.00"
    assert result["notes"] == ["INV-3302 is $30.00 more than the monthly price of the plan."]
    payments, _ = await call.tools.look_up_payments(MANAGER)
    assert payments["status"] == "none"
    assert payments["count"] == 0


async def test_earlier_promises_come_with_the_invoices(dial: Dial) -> None:
    call = dial("C-1004")
    await call.verify("C-1004")
    result, _ = await call.tools.look_up_invoices(MANAGER)
    assert [c["on"] for c in result["earlier_contacts"]] == [
        "September 14",
        "October 20",
        "November 18",
    ]
    assert "$20.00" in result["earlier_contacts"][0]["promised"]


async def test_german_results(dial: Dial) -> None:
    call = dial("C-1006", language="de", time_zone="Europe/Berlin", phone="+492214710106")
    result, _ = await call.tools.confirm_identity(MANAGER, "fünf null sechs sechs sieben")
    assert result["status"] == "verified"
    found, _ = await call.tools.look_up_invoices(MANAGER)
    assert found["invoices"][0]["amount"] == "39,90 Euro"
    assert found["invoices"][0]["due"] == "12. Dezember"
    booked, _ = await call.tools.schedule_callback(MANAGER, "morgen um zehn")
    assert booked["when"] == "Mittwoch, 2. Dezember um 10 Uhr"


async def test_correct_address_changes_the_record_and_reports_it(dial: Dial) -> None:
    call = dial()
    await call.verify("C-1002")
    result, _ = await call.tools.correct_address(
        MANAGER, "500 West Oak Street", "Chicago", "six oh six one oh"
    )
    assert result == {
        "ok": True,
        "status": "changed",
        "address": "500 West Oak Street, Chicago 60610",
    }
    stored = await call.accounts.load("C-1002")
    assert (stored.customer.street, stored.customer.postal_code) == ("500 West Oak Street", "60610")
    assert call.log.of(AccountLoaded)[-1].record == stored
    returned = call.log.of(ToolReturned)[-1]
    assert returned.changed
    assert returned.ok


async def test_half_an_address_changes_nothing(dial: Dial) -> None:
    call = dial()
    await call.verify("C-1002")
    before = await call.accounts.load("C-1002")
    result, _ = await call.tools.correct_address(MANAGER, "500 West Oak Street", " ", "60610")
    assert result["status"] == "incomplete"
    assert not call.log.of(ToolReturned)[-1].changed
    assert await call.accounts.load("C-1002") == before


async def test_open_case(dial: Dial) -> None:
    call = dial()
    await call.verify("C-1002")
    result, _ = await call.tools.open_case(MANAGER, "October was charged twice")
    stored = await call.accounts.load("C-1002")
    assert [c.id for c in stored.cases] == [result["case"]]
    assert stored.cases[0].subject == "October was charged twice"
    assert call.log.of(AccountLoaded)[-1].record == stored


async def test_schedule_callback_in_the_callees_zone_without_identity(dial: Dial) -> None:
    call = dial()
    result, _ = await call.tools.schedule_callback(MANAGER, "tomorrow at ten")
    assert result["when"] == "Wednesday, December 2 at 10 AM"
    (request,) = call.book.booked.values()
    assert request.due_at == datetime(2026, 12, 2, 16, 0, tzinfo=UTC)
    assert request.from_call == "call-1"
    assert request.phone == "+13125550102"
    (event,) = call.log.of(CallbackBooked)
    assert (event.due_at, event.callback_id) == (request.due_at, request.id)
    assert call.log.of(ToolReturned)[-1].changed


async def test_a_second_wish_moves_the_callback_instead_of_adding_one(dial: Dial) -> None:
    call = dial()
    await call.tools.schedule_callback(MANAGER, "tomorrow at ten")
    await call.tools.schedule_callback(MANAGER, "no, tomorrow at four")
    (request,) = call.book.booked.values()
    assert request.due_at == datetime(2026, 12, 2, 22, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("when", "status"),
    [
        ("tomorrow", "unclear"),
        ("sometime", "unclear"),
        ("yesterday at noon", "unclear"),
        ("tomorrow at 7 am", "outside_hours"),
        ("tomorrow at nine pm", "outside_hours"),
        ("March 3rd at noon", "too_far"),
        ("in 90 days at noon", "too_far"),
    ],
)
async def test_callbacks_that_are_not_booked(dial: Dial, when: str, status: str) -> None:
    call = dial()
    result, _ = await call.tools.schedule_callback(MANAGER, when)
    assert (result["ok"], result["status"]) == (False, status)
    assert result["tell"]
    assert not call.book.booked
    assert not call.log.of(CallbackBooked)


@pytest.mark.parametrize(
    ("when", "booked"),
    [("tomorrow at 8 am", True), ("tomorrow at 8:59 pm", True), ("tomorrow at 7:59 am", False)],
)
async def test_the_calling_window_is_the_callees(dial: Dial, when: str, booked: bool) -> None:
    call = dial()
    result, _ = await call.tools.schedule_callback(MANAGER, when)
    assert result["ok"] is booked


async def test_do_not_call_works_while_the_records_are_down(dial: Dial) -> None:
    call = dial(accounts=RecordsDown())
    result, _ = await call.tools.do_not_call(MANAGER)
    assert result["status"] == "blocked"
    assert call.book.forbidden == [("+13125550102", "call call-1 turn 7")]
    (event,) = call.log.of(DoNotCallEntered)
    assert (event.phone, event.turn) == ("+13125550102", 7)


async def test_transfer_is_only_a_wish(dial: Dial) -> None:
    call = dial()
    result, then = await call.tools.transfer_to_person(MANAGER, "wants a supervisor")
    assert result == {"ok": True, "status": "requested"}
    assert then is NO_RESPONSE
    assert call.log.of(ToolCalled)[0].arguments == {"reason": "wants a supervisor"}


async def test_end_call(dial: Dial) -> None:
    call = dial()
    result, then = await call.tools.end_call(MANAGER)
    assert result["status"] == "requested"
    assert then is TRANSITION_IN_YAML


class RecordsDown:
    """Records that fail in the way asked for."""

    def __init__(self, error: Exception | None = None, hang: bool = False) -> None:
        self._error = error or AccountsUnavailableError("The records are down.")
        self._hang = hang

    async def check_postal_code(self, account_id: str, given: str) -> bool:
        return True

    async def load(self, account_id: str) -> AccountRecord:
        if self._hang:
            await asyncio.Event().wait()
        raise self._error


@pytest.mark.parametrize(
    ("records", "deadline_s"),
    [
        (RecordsDown(), 60),
        (RecordsDown(ValueError("a bug")), 60),
        (RecordsDown(hang=True), 0.05),
    ],
)
async def test_failures_are_results_not_exceptions(
    dial: Dial, records: RecordsDown, deadline_s: float
) -> None:
    call = dial(accounts=records, deadline_s=deadline_s)
    await call.verify("C-1002")
    result, then = await call.tools.look_up_invoices(MANAGER)
    assert (result["ok"], result["status"]) == (False, "unavailable")
    assert then is TRANSITION_IN_YAML
    assert call.log.of(ToolReturned)[-1].ok is False


async def test_a_book_that_fails_promises_nothing(dial: Dial) -> None:
    call = dial()
    call.book.broken = True
    result, _ = await call.tools.schedule_callback(MANAGER, "tomorrow at ten")
    assert result["status"] == "unavailable"
    assert not call.log.of(CallbackBooked)


async def test_nothing_is_done_that_cannot_be_recorded(dial: Dial) -> None:
    async def full(make: Callable[[int], AnyEvent]) -> None:
        raise StoreError("No space left.")

    call = dial(report=full)
    result, _ = await call.tools.do_not_call(MANAGER)
    assert result["ok"] is False
    assert not call.book.forbidden


async def test_a_person_asked_for_while_the_log_fails_still_gets_an_answer(dial: Dial) -> None:
    async def full(make: Callable[[int], AnyEvent]) -> None:
        raise StoreError("No space left.")

    _, then = await dial(report=full).tools.transfer_to_person(MANAGER, "any")
    assert then is TRANSITION_IN_YAML
