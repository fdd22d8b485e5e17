"""The REST client against a company's API played by httpx's own mock transport."""

import json
from collections.abc import AsyncIterator, Callable
from datetime import date
from typing import Any

import httpx
import pytest
from pydantic import TypeAdapter

from voiceagent.accounts.http import HttpAccounts
from voiceagent.accounts.protocol import AccountService
from voiceagent.accounts.sample import sample_records
from voiceagent.domain.account import AccountRecord, CaseNote
from voiceagent.domain.errors import AccountNotFoundError, AccountsUnavailableError

pytestmark = pytest.mark.unit

JAMES = next(r for r in sample_records() if r.customer.id == "C-1002")
AS_JSON = TypeAdapter(AccountRecord).dump_python(JAMES, mode="json")
Answer = Callable[[httpx.Request], httpx.Response]


class Company:
    """Remembers the requests; answers as told."""

    def __init__(self) -> None:
        self.requests: list[httpx.Request] = []
        self.answer: Answer = lambda _: httpx.Response(500)

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        return self.answer(request)

    def answers(self, status: int, body: Any = None) -> None:
        self.answer = lambda _: httpx.Response(status, json=body)


@pytest.fixture
def company() -> Company:
    return Company()


@pytest.fixture
async def accounts(company: Company) -> AsyncIterator[HttpAccounts]:
    client = HttpAccounts(
        "https://crm.example.com/v1", "s3cret", transport=httpx.MockTransport(company)
    )
    yield client
    await client.close()


async def test_load(company: Company, accounts: HttpAccounts) -> None:
    company.answers(200, AS_JSON)
    service: AccountService = accounts
    assert await service.load("C-1002") == JAMES
    (request,) = company.requests
    assert str(request.url) == "https://crm.example.com/v1/accounts/C-1002"
    assert request.headers["authorization"] == "Bearer s3cret"


async def test_an_account_number_cannot_leave_its_path(
    company: Company, accounts: HttpAccounts
) -> None:
    company.answers(404)
    with pytest.raises(AccountNotFoundError):
        await accounts.load("../admin?x=1")
    assert company.requests[0].url.raw_path == b"/v1/accounts/..%2Fadmin%3Fx%3D1"


async def test_find_by_phone(company: Company, accounts: HttpAccounts) -> None:
    company.answers(200, {"accounts": [AS_JSON]})
    assert await accounts.find_by_phone("+13125550102") == JAMES
    assert company.requests[0].url.params["phone"] == "+13125550102"
    company.answers(200, {"accounts": []})
    assert await accounts.find_by_phone("+13125550102") is None
    company.answers(200, {"accounts": [AS_JSON, AS_JSON]})
    assert await accounts.find_by_phone("+13125550102") is None


async def test_check_postal_code(company: Company, accounts: HttpAccounts) -> None:
    company.answers(200, {"matches": False})
    assert await accounts.check_postal_code("C-1002", "60615") is False
    assert json.loads(company.requests[0].content) == {"given": "60615"}


async def test_correct_address(company: Company, accounts: HttpAccounts) -> None:
    company.answers(200, AS_JSON)
    assert await accounts.correct_address("C-1002", "a", "b", "c") == JAMES
    assert company.requests[0].method == "PUT"
    sent = json.loads(company.requests[0].content)
    assert sent == {"street": "a", "city": "b", "postal_code": "c"}


async def test_open_case(company: Company, accounts: HttpAccounts) -> None:
    company.answers(201, {"id": "CASE-1", "opened": "2026-12-01", "subject": "Charged twice"})
    note = await accounts.open_case("C-1002", "Charged twice")
    assert note == CaseNote("CASE-1", date(2026, 12, 1), "Charged twice")
    assert company.requests[0].headers["idempotency-key"]


@pytest.mark.parametrize("status", [401, 429, 500, 503])
async def test_failures_are_outages(company: Company, accounts: HttpAccounts, status: int) -> None:
    company.answers(status)
    with pytest.raises(AccountsUnavailableError, match=str(status)) as caught:
        await accounts.load("C-1002")
    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({**AS_JSON, "plan": {"name": "Fiber 300"}}, "plan.monthly_price"),
        ({**AS_JSON, "invoices": [{**AS_JSON["invoices"][0], "due": "soon"}]}, "invoices.0.due"),
        ({**AS_JSON, "invoices": [{**AS_JSON["invoices"][0], "status": "lost"}]}, "status"),
        ([], "body"),
    ],
)
async def test_an_answer_of_another_shape(
    company: Company, accounts: HttpAccounts, body: Any, field: str
) -> None:
    company.answers(200, body)
    with pytest.raises(AccountsUnavailableError, match=field) as caught:
        await accounts.load("C-1002")
    assert "Whitfield" not in str(caught.value)


async def test_reading_is_tried_again_when_the_connection_fails(
    company: Company, accounts: HttpAccounts
) -> None:
    def refuse_once(request: httpx.Request) -> httpx.Response:
        if len(company.requests) == 1:
            raise httpx.ConnectError("refused", request=request)
        return httpx.Response(200, json=AS_JSON)

    company.answer = refuse_once
    assert await accounts.load("C-1002") == JAMES
    assert len(company.requests) == 2


async def test_a_change_is_never_sent_twice(company: Company, accounts: HttpAccounts) -> None:
    def refuse(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused", request=request)

    company.answer = refuse
    with pytest.raises(AccountsUnavailableError, match="cannot be reached"):
        await accounts.open_case("C-1002", "Charged twice")
    assert len(company.requests) == 1


async def test_a_timeout_is_an_outage(company: Company, accounts: HttpAccounts) -> None:
    def stall(request: httpx.Request) -> httpx.Response:
        raise httpx.ReadTimeout("slow", request=request)

    company.answer = stall
    with pytest.raises(AccountsUnavailableError, match="within 5 s"):
        await accounts.load("C-1002")
