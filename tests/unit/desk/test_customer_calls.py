"""Calls to customers at a browser: placed, bounded, followed, ended; over HTTP."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from typing import Any

import httpx
import pytest
from sse_starlette.event import ServerSentEvent

from tests.unit.desk.office import DEADLINE_S, SilentMedia, until
from tests.unit.desk.scene import HERE, Desk
from voiceagent.desk.customer_call import OngoingCall
from voiceagent.desk.customer_calls import CustomerCall, CustomerCalls, CustomerOptions
from voiceagent.desk.customer_models import CustomerAccount
from voiceagent.desk.customer_routes import customer_router
from voiceagent.desk.media_tokens import MediaPurpose
from voiceagent.domain.call import CallEvent, CallOutcome, CallState
from voiceagent.domain.errors import AccountNotFoundError
from voiceagent.domain.event import Event
from voiceagent.domain.events import CallEnded, CallMoved, LoggedEvent, TurnTaken
from voiceagent.domain.handoff import HandoffEvent, HandoffState
from voiceagent.domain.handoff_events import HandoffMoved
from voiceagent.domain.transcript import Speaker, Turn
from voiceagent.legs.webrtc import WebRtcLeg
from voiceagent.legs.webrtc_connection import OfferError

pytestmark = pytest.mark.unit

NAMES = {"u-dana": "Dana"}
OFFER = {"account_id": "C-1002", "sdp": "offer", "type": "offer"}


def moved(target: str) -> CallMoved:
    return CallMoved(
        at_ms=0,
        source=CallState.TALKING,
        event=CallEvent.HOLD_STARTED,
        target=CallState(target),
    )


def said(number: int, speaker: str, text: str) -> TurnTaken:
    return TurnTaken(at_ms=0, turn=Turn(number, Speaker(speaker), text, 0, 1))


BRIDGED = HandoffMoved(
    at_ms=0,
    handoff_id="h",
    source=HandoffState.BRIDGING,
    event=HandoffEvent.BRIDGE,
    target=HandoffState.BRIDGED,
    human="u-dana",
)
ENDED = CallEnded(at_ms=0, outcome=CallOutcome.HANDED_OVER, reason="")


class Placing:
    """Places calls: each is started at once, and goes on until the test ends it."""

    def __init__(self) -> None:
        self.placed: list[CustomerCall] = []
        self.over: list[asyncio.Event] = []
        self.failure: Exception | None = None
        self.hangs = False
        self.cancelled = 0

    async def __call__(self, call: CustomerCall) -> None:
        number = len(self.placed)
        self.placed.append(call)
        self.over.append(asyncio.Event())
        try:
            if self.hangs:
                await asyncio.Event().wait()
            if self.failure is not None:
                raise self.failure
            call.started(f"call-{number}")
            await self.over[number].wait()
        except asyncio.CancelledError:
            self.cancelled += 1
            raise

    async def tells(self, number: int, *events: Event) -> None:
        for seq, event in enumerate(events, start=1):
            logged = LoggedEvent(f"call-{number}", seq, None, event)  # type: ignore[arg-type]
            await self.placed[number].on_event(logged)


class Page:
    """The customer's page on a server of its own."""

    def __init__(self, desk: Desk, options: CustomerOptions) -> None:
        self.desk = desk
        self.placing = Placing()
        self.media: list[SilentMedia] = []
        self.calls = CustomerCalls(self.placing, self._media, NAMES.__getitem__, options)
        desk.app.include_router(customer_router(self.calls, self._accounts))
        self.web = desk.browser()

    def _media(self) -> SilentMedia:
        self.media.append(SilentMedia(()))
        return self.media[-1]

    async def _accounts(self) -> Sequence[CustomerAccount]:
        return [CustomerAccount(id="C-1002", name="James", reason="A charge", language="en")]

    async def place(self, **changes: str) -> httpx.Response:
        return await self.web.post("/api/customer/calls", json=OFFER | changes)

    async def placed(self) -> tuple[str, str]:
        """A call's path and token."""
        body = (await self.place()).json()
        return f"/api/customer/calls/{body['call_id']}", body["token"]


@pytest.fixture
async def page(desk: Desk) -> AsyncIterator[Page]:
    made = Page(desk, CustomerOptions())
    yield made
    await made.calls.close()


def refusal(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


async def read(events: AsyncIterator[ServerSentEvent], amount: int) -> list[tuple[str, Any]]:
    told: list[tuple[str, Any]] = []
    async with asyncio.timeout(DEADLINE_S):
        while len(told) < amount:
            event = await anext(events)
            if event.event is not None:
                told.append((event.event, json.loads(str(event.data))))
    return told


# Placing.


async def test_whom_to_be(page: Page) -> None:
    answer = await page.web.get("/api/customer/accounts")
    assert answer.json() == {
        "accounts": [{"id": "C-1002", "name": "James", "reason": "A charge", "language": "en"}]
    }


async def test_a_call_is_placed_and_hung_up(page: Page) -> None:
    answer = await page.place()
    body = answer.json()
    assert set(body) == {"call_id", "sdp", "type", "token"}
    assert (body["call_id"], body["sdp"], body["type"]) == ("call-0", "answer to offer", "answer")
    call = page.placing.placed[0]
    assert (call.account_id, call.leg._line) == ("C-1002", page.media[0])
    path = "/api/customer/calls/call-0/hang-up"
    # As a beacon of a closing page: no session, no CSRF token.
    for _ in range(2):
        answer = await page.web.post(path, json={"token": body["token"]})
        assert (answer.status_code, answer.content) == (204, b"")
    assert not call.leg.is_up
    page.placing.over[0].set()
    await until(lambda: page.media[0].state.value == "closed")
    # Also long after it.
    answer = await page.web.post(path, json={"token": body["token"]})
    assert answer.status_code == 204


async def test_keys_reach_the_line(page: Page, monkeypatch: pytest.MonkeyPatch) -> None:
    path, token = await page.placed()
    pressed: list[str] = []
    monkeypatch.setattr(page.placing.placed[0].leg, "press", pressed.append)
    for key in "1#*":
        answer = await page.web.post(f"{path}/keys", json={"token": token, "key": key})
        assert answer.status_code == 204
    for key in ("", "12", "A", "١"):
        answer = await page.web.post(f"{path}/keys", json={"token": token, "key": key})
        assert refusal(answer) == (422, "invalid_request")
    assert pressed == ["1", "#", "*"]


async def test_all_lines_are_busy_until_one_is_free(page: Page) -> None:
    for _ in range(page.calls.options.most_calls):
        assert (await page.place()).status_code == 200
    assert refusal(await page.place()) == (503, "all_lines_busy")
    assert len(page.placing.placed) == page.calls.options.most_calls
    page.placing.over[0].set()
    await until(lambda: page.media[0].state.value == "closed")
    assert (await page.place()).status_code == 200


async def test_a_call_that_is_refused_frees_its_line(page: Page) -> None:
    page.placing.failure = AccountNotFoundError("No such account.", "Check it.")
    for _ in range(2 * page.calls.options.most_calls):
        assert refusal(await page.place()) == (404, "input.account")
    page.placing.failure = RuntimeError("my name is James")
    for _ in range(2 * page.calls.options.most_calls):
        assert refusal(await page.place()) == (503, "call_not_placed")
    assert {media.state.value for media in page.media} == {"closed"}


async def test_a_call_that_never_starts_is_given_up(desk: Desk) -> None:
    page = Page(desk, CustomerOptions(start_s=0.1, most_calls=1))
    page.placing.hangs = True
    assert refusal(await page.place()) == (503, "call_not_placed")
    assert page.placing.cancelled == 1
    assert page.media[0].state.value == "closed"
    page.placing.hangs = False
    assert (await page.place()).status_code == 200
    await page.calls.close()


async def test_a_broken_offer_costs_nothing(page: Page, monkeypatch: pytest.MonkeyPatch) -> None:
    async def refuse(_self: SilentMedia, _sdp: str) -> str:
        raise OfferError("The offer cannot be used.", "Send another.")

    with monkeypatch.context() as broken:
        broken.setattr(SilentMedia, "answer", refuse)
        for _ in range(2 * page.calls.options.most_calls):
            assert refusal(await page.place()) == (400, "input.webrtc_offer")
    assert page.placing.placed == []
    assert (await page.place()).status_code == 200


async def test_closing_ends_all_calls(page: Page) -> None:
    await page.placed()
    await page.placed()
    await page.calls.close()
    assert page.placing.cancelled == 2
    assert {media.state.value for media in page.media} == {"closed"}


# Who may.


async def test_a_page_that_is_not_allowed_is_closed(desk: Desk) -> None:
    page = Page(desk, CustomerOptions(allowed=False))
    closed = (404, "customer_page_closed")
    assert refusal(await page.web.get("/api/customer/accounts")) == closed
    assert refusal(await page.place()) == closed
    token = desk.security.media_tokens.sign(MediaPurpose.CUSTOMER, "call-0", "")
    path = "/api/customer/calls/call-0"
    assert refusal(await page.web.post(f"{path}/hang-up", json={"token": token})) == closed
    answer = await page.web.get(f"{path}/events", params={"token": token})
    assert refusal(answer) == closed
    assert page.placing.placed == []


async def test_pages_of_elsewhere_place_no_calls(page: Page) -> None:
    headers = {"Origin": "http://elsewhere.test"}
    answer = await page.web.post("/api/customer/calls", json=OFFER, headers=headers)
    assert refusal(answer) == (403, "foreign_request")
    answer = await page.web.post("/api/customer/calls", json=OFFER, headers={"Origin": HERE})
    assert answer.status_code == 200


async def test_a_token_is_for_one_call(page: Page) -> None:
    path, _ = await page.placed()
    _, other = await page.placed()
    tokens = page.desk.security.media_tokens
    recording = tokens.sign(MediaPurpose.RECORDING, "call-0", "")
    somebodys = tokens.sign(MediaPurpose.CUSTOMER, "call-0", "u-dana")
    for token in (other, recording, somebodys, "", "nonsense"):
        answers = [
            await page.web.post(f"{path}/keys", json={"token": token, "key": "1"}),
            await page.web.post(f"{path}/hang-up", json={"token": token}),
            await page.web.get(f"{path}/events", params={"token": token}),
        ]
        assert [refusal(answer) for answer in answers] == [(403, "media_token_wrong")] * 3
    assert page.placing.placed[0].leg._gone is None


async def test_a_token_lasts_as_long_as_any_call(page: Page) -> None:
    path, token = await page.placed()
    page.desk.clock.advance(page.calls.options.token_s - 1)
    answer = await page.web.post(f"{path}/keys", json={"token": token, "key": "1"})
    assert answer.status_code == 204
    page.desk.clock.advance(2)
    answer = await page.web.post(f"{path}/keys", json={"token": token, "key": "1"})
    assert refusal(answer) == (403, "media_token_expired")


async def test_so_many_calls_from_one_address(desk: Desk) -> None:
    page = Page(desk, CustomerOptions(per_address=2, most_calls=9))
    assert (await page.place()).status_code == 200
    assert (await page.place()).status_code == 200
    answer = await page.place()
    assert refusal(answer) == (429, "too_many_calls")
    assert 500 <= int(answer.headers["Retry-After"]) <= 600
    async with desk.browser(address="192.0.2.9") as elsewhere:
        answer = await elsewhere.post("/api/customer/calls", json=OFFER)
        assert answer.status_code == 200
    await page.calls.close()


async def test_a_call_that_is_long_over(desk: Desk) -> None:
    page = Page(desk, CustomerOptions(linger_s=0.0))
    path, token = await page.placed()
    page.placing.over[0].set()
    await until(lambda: page.calls.get("call-0") is None)
    answer = await page.web.get(f"{path}/events", params={"token": token})
    assert refusal(answer) == (404, "call_over")
    answer = await page.web.post(f"{path}/keys", json={"token": token, "key": "1"})
    assert refusal(answer) == (404, "call_over")
    await page.calls.close()


# Following.


async def test_the_whole_call_as_its_customer_sees_it(page: Page) -> None:
    await page.placed()
    call = page.calls.get("call-0")
    assert call is not None
    events = call.follow()
    assert await read(events, 1) == [
        ("state", {"state": "connecting", "person": "", "outcome": None})
    ]
    story: list[tuple[Event, tuple[str, dict[str, Any]]]] = [
        (moved("answering"), ("state", {"state": "talking", "person": "", "outcome": None})),
        (
            said(1, "agent", "Hello."),
            ("turn", {"speaker": "agent", "text": "Hello.", "number": 1}),
        ),
        (moved("holding"), ("state", {"state": "holding", "person": "", "outcome": None})),
    ]
    for event, told in story:
        await page.placing.tells(0, event)
        assert await read(events, 1) == [told]
    await page.placing.tells(0, BRIDGED, moved("bridged"))
    assert await read(events, 1) == [
        ("state", {"state": "with_person", "person": "Dana", "outcome": None})
    ]
    await page.placing.tells(0, said(2, "human", "Dana here."), moved("ended"), ENDED)
    assert await read(events, 2) == [
        ("turn", {"speaker": "human", "text": "Dana here.", "number": 2}),
        ("state", {"state": "ended", "person": "", "outcome": "handed_over"}),
    ]
    with pytest.raises(StopAsyncIteration):
        await anext(events)


async def test_a_page_that_comes_later_is_told_everything(page: Page) -> None:
    path, token = await page.placed()
    await page.placing.tells(0, moved("talking"), said(1, "agent", "Hello."), moved("holding"))
    call = page.calls.get("call-0")
    assert call is not None
    events = call.follow()
    assert [name for name, _ in await read(events, 2)] == ["state", "turn"]
    await events.aclose()
    await page.placing.tells(0, ENDED)
    page.placing.over[0].set()
    answer = await page.web.get(f"{path}/events", params={"token": token})
    assert answer.headers["content-type"].startswith("text/event-stream")
    names = [line for line in answer.text.splitlines() if line.startswith("event: ")]
    assert names == ["event: turn", "event: state"]
    assert '"outcome":"handed_over"' in answer.text


async def test_a_call_that_breaks_ends_as_failed(page: Page) -> None:
    await page.placed()
    call = page.calls.get("call-0")
    assert call is not None
    page.placing.over[0].set()
    await until(lambda: call.is_over)
    assert call.state.outcome is CallOutcome.FAILED


async def test_pings_while_nothing_happens() -> None:
    call = OngoingCall(WebRtcLeg(SilentMedia(())), NAMES.__getitem__)
    events = call.follow(0.05)
    await read(events, 1)
    assert (await anext(events)).comment == "ping"
    assert (await anext(events)).comment == "ping"
    call.end(CallOutcome.RESOLVED)
    call.end(CallOutcome.FAILED)
    assert (await read(events, 1))[0][1]["outcome"] == "resolved"
