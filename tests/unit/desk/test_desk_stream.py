"""The stream of one page: what is sent, what is not, and when it ends."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn
from sse_starlette.event import ServerSentEvent

from tests.unit.desk.office import DEADLINE_S, Office, Person, open_office, until
from voiceagent.desk.desk_routes import desk_router
from voiceagent.desk.desk_stream import desk_events
from voiceagent.domain.errors import StoreError
from voiceagent.handoff.roster import Availability

pytestmark = pytest.mark.unit

OFTEN_S = 0.05
NEVER_S = 3600.0


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Office]:
    async with open_office(tmp_path) as opened:
        yield opened


class Page:
    """Reads a stream event by event."""

    def __init__(self, person: Person, ping_s: float = NEVER_S) -> None:
        self.may: bool | StoreError = True
        self.asked = 0
        self.events = desk_events(person.seat, self._still_may, ping_s)

    async def _still_may(self) -> bool:
        self.asked += 1
        if isinstance(self.may, StoreError):
            raise self.may
        return self.may

    async def next(self) -> ServerSentEvent:
        async with asyncio.timeout(DEADLINE_S):
            return await anext(self.events)

    async def told(self) -> tuple[str, dict[str, Any]]:
        """The next event that is no ping."""
        while True:
            event = await self.next()
            if event.event is not None:
                return event.event, json.loads(str(event.data))

    async def end(self) -> None:
        """Read to the end."""
        async with asyncio.timeout(DEADLINE_S):
            async for _ in self.events:
                pass


async def test_first_everything_then_every_change(office: Office) -> None:
    dana = await office.person("dana")
    page = Page(dana)
    name, state = await page.told()
    assert name == "snapshot"
    assert set(state) == {"availability", "offer", "call", "wrap_up", "queue"}
    assert state["availability"] == "available"
    dana.deeds.choose(Availability.PAUSED)
    name, state = await page.told()
    assert (name, state["availability"]) == ("state", "paused")
    office.call().hand_over(only=dana.id)
    name, state = await page.told()
    while not state["offer"]:
        name, state = await page.told()
    assert state["offer"]["customer_name"] == "James Whitfield"
    assert state["offer"]["why"][0]["kind"] == "anger"
    assert "notice" not in state
    await page.events.aclose()


async def test_whoever_reads_slowly_sees_the_latest_only(office: Office) -> None:
    dana = await office.person("dana")
    page = Page(dana)
    await page.told()
    for _ in range(500):
        dana.deeds.choose(Availability.PAUSED)
        dana.deeds.choose(Availability.AVAILABLE)
    dana.deeds.choose(Availability.OFFLINE)
    _, state = await page.told()
    assert state["availability"] == "offline"
    dana.deeds.choose(Availability.PAUSED)
    _, state = await page.told()
    assert state["availability"] == "paused"
    await page.events.aclose()


async def test_news_without_a_change_is_not_sent(office: Office) -> None:
    dana = await office.person("dana")
    page = Page(dana, OFTEN_S)
    await page.told()
    dana.seat.news.tell()
    assert (await page.next()).event is None
    dana.seat.news.tell()
    assert (await page.next()).event is None
    await page.events.aclose()


async def test_a_notice_is_in_one_event_of_each_page(office: Office) -> None:
    dana = await office.person("dana")
    pages = [Page(dana, OFTEN_S), Page(dana, OFTEN_S)]
    for page in pages:
        await page.told()
    call = office.call()
    call.hand_over()
    await dana.is_("offered")
    await dana.deeds.decline(dana.offer_id)
    await call.over()
    for page in pages:
        seen = []
        while not seen or "notice" not in seen[-1]:
            seen.append((await page.told())[1])
        assert seen[-1]["notice"]["code"] == "declined"
        assert seen[-1]["offer"] is None
        dana.deeds.choose(Availability.PAUSED)
        _, after = await page.told()
        assert "notice" not in after
        dana.deeds.choose(Availability.AVAILABLE)
    for page in pages:
        await page.events.aclose()


async def test_a_page_that_opens_later_is_told_what_no_page_was(office: Office) -> None:
    dana = await office.person("dana")
    dana._windows.__exit__(None, None, None)
    call = office.call()
    call.hand_over()
    await dana.is_("offered")
    await dana.deeds.decline(dana.offer_id)
    await call.over()
    page = Page(dana)
    name, state = await page.told()
    assert name == "snapshot"
    assert "notice" not in state
    name, state = await page.told()
    assert (name, state["notice"]["code"]) == ("state", "declined")
    await page.events.aclose()
    again = Page(dana, OFTEN_S)
    await again.told()
    assert (await again.next()).event is None
    await again.events.aclose()


@pytest.mark.parametrize("busy", [True, False])
async def test_it_ends_with_the_session_and_nothing_rings_any_more(
    office: Office, busy: bool
) -> None:
    dana = await office.person("dana")
    dana._windows.__exit__(None, None, None)
    page = Page(dana, OFTEN_S)
    await page.told()
    ping = await page.next()
    assert ping.comment == "ping"
    assert page.asked == 1
    page.may = False

    async def chatter() -> None:
        while True:
            dana.deeds.choose(Availability.PAUSED)
            await asyncio.sleep(0.005)
            dana.deeds.choose(Availability.AVAILABLE)
            await asyncio.sleep(0.005)

    chattering = asyncio.create_task(chatter()) if busy else None
    await page.end()
    if chattering is not None:
        chattering.cancel()
        await asyncio.wait({chattering})
    else:
        assert dana.on_roster is Availability.OFFLINE
    assert dana.seat.windows.count == 0


async def test_another_open_page_keeps_somebody_signed_in(office: Office) -> None:
    dana = await office.person("dana")
    page = Page(dana, OFTEN_S)
    page.may = False
    await page.end()
    assert dana.on_roster is Availability.AVAILABLE


async def test_it_ends_when_nobody_can_say_whether_they_may(office: Office) -> None:
    dana = await office.person("dana")
    page = Page(dana, OFTEN_S)
    page.may = StoreError("The disk is gone.")
    await page.end()


async def test_over_http_until_signed_out(office: Office) -> None:
    office.desk.add_user("dana")
    app = office.desk.app
    app.include_router(desk_router(office.seats, ping_s=0.2))
    config = uvicorn.Config(app, host="127.0.0.1", port=0, lifespan="off", log_level="warning")
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve())
    await until(lambda: server.started)
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        async with httpx.AsyncClient(
            base_url=f"http://127.0.0.1:{port}", timeout=DEADLINE_S
        ) as web:
            assert (await web.get("/api/desk/events")).status_code == 401
            answer = await web.post(
                "/api/session", json={"user": "dana", "password": "four words and more"}
            )
            csrf = {"X-CSRF-Token": answer.json()["csrf"]}
            async with web.stream("GET", "/api/desk/events") as stream:
                assert stream.headers["content-type"].startswith("text/event-stream")
                lines = stream.aiter_lines()
                assert await anext(lines) == "event: snapshot"
                snapshot = json.loads((await anext(lines)).removeprefix("data: "))
                assert snapshot["availability"] == "offline"
                body = {"availability": "paused"}
                answer = await web.put("/api/desk/availability", json=body, headers=csrf)
                assert answer.json()["availability"] == "paused"
                while (line := await anext(lines)) != "event: state":
                    assert line in {"", ": ping"}
                assert json.loads((await anext(lines)).removeprefix("data: ")) == answer.json()
                seat = office.seats.seat_of(office.principal("dana"))
                assert seat.windows.count == 1
                await web.delete("/api/session", headers=csrf)
                assert [line async for line in lines if line not in {"", ": ping"}] == []
            await until(lambda: seat.windows.count == 0)
    finally:
        server.should_exit = True
        await serving
