"""A company's own records behind a small REST API.

In come a base URL, a bearer token and the account asked for; out come the plain records of
``voiceagent.domain.account``, checked before a word of them is spoken. A company puts this API
before its customer relationship system; it is five requests, JSON in and out:

``GET /accounts/{id}``
    The record (below); 404 if there is no such account.
``GET /accounts?phone={E.164}``
    ``{"accounts": [record, ...]}``: none or one.
``POST /accounts/{id}/postal-code-checks`` with ``{"given": "60614"}``
    ``{"matches": true}``. The code itself need not leave the company.
``PUT /accounts/{id}/address`` with ``{"street": ..., "city": ..., "postal_code": ...}``
    The record with the change in it.
``POST /accounts/{id}/cases`` with ``{"subject": ...}``
    The new case. An ``Idempotency-Key`` header names the request.

A record has the fields of ``AccountRecord``, amounts in minor units, dates as ISO 8601::

    {"customer": {"id": "C-1002", "name": "James Whitfield", "phone": "+13125550102",
                  "language": "en", "time_zone": "America/Chicago",
                  "street": "2140 North Lincoln Avenue", "city": "Chicago",
                  "postal_code": "60614"},
     "plan": {"name": "Fiber 300", "monthly_price": {"minor": 6450, "currency": "USD"}},
     "invoices": [{"id": "INV-3107", "period": "2026-10",
                   "amount": {"minor": 6450, "currency": "USD"},
                   "due": "2026-10-15", "status": "paid"}],
     "payments": [{"id": "PAY-5201", "invoice_id": "INV-3107",
                   "amount": {"minor": 6450, "currency": "USD"},
                   "received": "2026-10-05", "method": "card"}],
     "cases": [{"id": "CASE-7001", "opened": "2026-09-14", "subject": "...",
                "promise": "", "settled": false}],
     "callback_reason": "asked about a charge on the October invoice"}

Requests that only read are tried once more when the connection fails; a change never is.
"""

from __future__ import annotations

import asyncio
import logging
import uuid
from typing import Any, TypeVar
from urllib.parse import quote

import httpx
from pydantic import BaseModel, TypeAdapter, ValidationError

from voiceagent.domain.account import AccountRecord, CaseNote
from voiceagent.domain.errors import AccountNotFoundError, AccountsUnavailableError

_log = logging.getLogger(__name__)
_Answer = TypeVar("_Answer")

_FAILED_BEFORE_SENDING = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)


class _Found(BaseModel):
    accounts: list[AccountRecord]


class _Check(BaseModel):
    matches: bool


_RECORD = TypeAdapter(AccountRecord)
_CASE = TypeAdapter(CaseNote)
_FOUND = TypeAdapter(_Found)
_CHECK = TypeAdapter(_Check)


class HttpAccounts:
    """The company's records over HTTP; an ``AccountService``.

    Args:
        base_url: where the paths above begin, e.g. ``https://crm.example.com/voice/v1``.
        token: sent as ``Authorization: Bearer``; never logged.
        deadline_s: for one whole request, connecting and reading included.
        transport: what carries the requests; None for the network.
    """

    def __init__(
        self,
        base_url: str,
        token: str,
        deadline_s: float = 5.0,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._deadline_s = deadline_s
        self._client = httpx.AsyncClient(
            base_url=base_url,
            headers={"Authorization": f"Bearer {token}", "Accept": "application/json"},
            timeout=deadline_s,
            transport=transport,
        )

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    async def load(self, account_id: str) -> AccountRecord:
        """See ``AccountService.load``."""
        return await self._ask(_RECORD, "GET", _path(account_id))

    async def find_by_phone(self, phone: str) -> AccountRecord | None:
        """See ``AccountService.find_by_phone``."""
        found = await self._ask(_FOUND, "GET", "accounts", params={"phone": phone})
        return found.accounts[0] if len(found.accounts) == 1 else None

    async def check_postal_code(self, account_id: str, given: str) -> bool:
        """See ``AccountService.check_postal_code``."""
        path = _path(account_id, "postal-code-checks")
        return (await self._ask(_CHECK, "POST", path, json={"given": given})).matches

    async def correct_address(
        self, account_id: str, street: str, city: str, postal_code: str
    ) -> AccountRecord:
        """See ``AccountService.correct_address``."""
        address = {"street": street, "city": city, "postal_code": postal_code}
        return await self._ask(_RECORD, "PUT", _path(account_id, "address"), json=address)

    async def open_case(self, account_id: str, subject: str) -> CaseNote:
        """See ``AccountService.open_case``."""
        return await self._ask(
            _CASE,
            "POST",
            _path(account_id, "cases"),
            json={"subject": subject},
            headers={"Idempotency-Key": uuid.uuid4().hex},
        )

    async def _ask(
        self, shape: TypeAdapter[_Answer], method: str, path: str, **request: Any
    ) -> _Answer:
        response = await self._send(method, path, **request)
        if response.status_code == httpx.codes.NOT_FOUND:
            raise AccountNotFoundError(
                "The company's records have no such account.", "Check the account number."
            )
        if not response.is_success:
            _log.warning("The records answered %d", response.status_code)
            raise AccountsUnavailableError(
                f"The company's records answered {response.status_code}.", _remedy(response)
            )
        try:
            return shape.validate_json(response.content)
        except ValidationError as error:
            fields = sorted({".".join(map(str, e["loc"])) or "body" for e in error.errors()})
            raise AccountsUnavailableError(
                f"The company's records answered {method} in a shape that is not documented: "
                f"{', '.join(fields)}.",
                "Compare the API's answer with the description in voiceagent.accounts.http.",
            ) from None

    async def _send(self, method: str, path: str, **request: Any) -> httpx.Response:
        try:
            async with asyncio.timeout(self._deadline_s):
                try:
                    return await self._client.request(method, path, **request)
                except _FAILED_BEFORE_SENDING:
                    if method != "GET":
                        raise
                    return await self._client.request(method, path, **request)
        except (httpx.TimeoutException, TimeoutError) as error:
            raise AccountsUnavailableError(
                f"The company's records did not answer within {self._deadline_s:g} s."
            ) from error
        except httpx.HTTPError as error:
            raise AccountsUnavailableError(
                f"The company's records cannot be reached ({type(error).__name__}).",
                "Check the address of the records and the network.",
            ) from error


def _path(account_id: str, *below: str) -> str:
    return "/".join(("accounts", quote(account_id, safe=""), *below))


def _remedy(response: httpx.Response) -> str:
    if response.status_code in {httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN}:
        return "Check the token."
    return ""
