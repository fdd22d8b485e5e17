"""``/api/customer``: the page of somebody who is called back in the browser.

Nobody signs in here: a call's token, handed out when it is placed, proves whose call it is.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from sse_starlette.sse import EventSourceResponse

from voiceagent.desk.address_limit import AddressLimit
from voiceagent.desk.customer_call import OngoingCall
from voiceagent.desk.customer_calls import CustomerCalls
from voiceagent.desk.customer_errors import (
    CustomerCallOverError,
    CustomerPageClosedError,
    TooManyCallsError,
)
from voiceagent.desk.customer_models import (
    CustomerAccount,
    CustomerAccounts,
    CustomerProof,
    KeyBody,
    PlaceCallBody,
    PlacedCall,
)
from voiceagent.desk.desk_models import CallId
from voiceagent.desk.desk_stream import SEND_DEADLINE_S
from voiceagent.desk.error_answers import problems
from voiceagent.desk.media_tokens import MediaPurpose
from voiceagent.desk.security import require_own_page, security_of

_LARGEST_BODY = 128 * 1024

Token = Annotated[str, Query(max_length=1024, description="As the call's placing gave it.")]
Accounts = Callable[[], Awaitable[Sequence[CustomerAccount]]]
"""Tells who may be chosen; nobody, unless the company is the sample company."""


def customer_router(calls: CustomerCalls, accounts: Accounts) -> APIRouter:
    """The routes of the customer's page, which refuse everything where it is not allowed."""
    options = calls.options
    limit = AddressLimit(options.per_address, options.window_s)

    async def page_is_open() -> None:
        if not options.allowed:
            raise CustomerPageClosedError

    def proven(request: Request, call_id: str, token: str) -> OngoingCall | None:
        """The call, None if it is long over.

        Raises:
            MediaTokenWrongError, MediaTokenExpiredError: it is not this customer's.
        """
        security_of(request).media_tokens.check(token, MediaPurpose.CUSTOMER, call_id, "")
        return calls.get(call_id)

    router = APIRouter(
        prefix="/api/customer",
        tags=["customer"],
        max_body_size=_LARGEST_BODY,
        dependencies=[Depends(page_is_open)],
        responses=problems(404),
    )

    @router.get("/accounts", summary="Whom to be")
    async def read_accounts() -> CustomerAccounts:
        """Invented customers of the sample company; none where it has real ones."""
        return CustomerAccounts(accounts=list(await accounts()))

    @router.post(
        "/calls",
        summary="Be called back",
        dependencies=[Depends(require_own_page)],
        responses=problems(400, 403, 422, 429, 503),
    )
    async def place_call(body: PlaceCallBody, request: Request) -> PlacedCall:
        """The AI calls this browser, which answers by connecting.

        Refused with `all_lines_busy` and `too_many_calls`.
        """
        wait_s = limit.take(request.client.host if request.client else "")
        if wait_s:
            raise TooManyCallsError(wait_s)
        call, answer = await calls.call(body.account_id, body.sdp)
        tokens = security_of(request).media_tokens
        token = tokens.sign(MediaPurpose.CUSTOMER, call.call_id, "", options.token_s)
        return PlacedCall(call_id=call.call_id, sdp=answer, token=token)

    @router.get(
        "/calls/{call_id}/events",
        summary="The call as it goes on",
        response_class=EventSourceResponse,
        responses=problems(403),
    )
    async def follow_call(call_id: CallId, token: Token, request: Request) -> EventSourceResponse:
        """Server-sent events: `state` and `turn`, all of them from the beginning."""
        call = proven(request, call_id, token)
        if call is None:
            raise CustomerCallOverError
        return EventSourceResponse(call.follow(), ping=0, send_timeout=SEND_DEADLINE_S)

    @router.post(
        "/calls/{call_id}/keys",
        summary="Press a key",
        status_code=204,
        responses=problems(403, 422),
    )
    async def press_key(call_id: CallId, body: KeyBody, request: Request) -> None:
        """Nothing happens before the call is answered and after it has ended."""
        call = proven(request, call_id, body.token)
        if call is None:
            raise CustomerCallOverError
        call.leg.press(body.key)

    @router.post(
        "/calls/{call_id}/hang-up",
        summary="Hang up",
        status_code=204,
        responses=problems(403, 422),
    )
    async def hang_up(call_id: CallId, body: CustomerProof, request: Request) -> None:
        """Harmless when repeated, and for a call that is over; a page that closes sends it too."""
        call = proven(request, call_id, body.token)
        if call is not None:
            call.leg.far_end_hung_up()

    return router
