"""Streams begin whole, skip for the slow, and end when whoever reads may no longer."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import BaseModel
from sse_starlette import ServerSentEvent

from tests.unit.desk.house import (
    DEADLINE_S,
    PASSWORD,
    House,
    Server,
    opened_house,
    server_events,
)
from tests.unit.desk.scene import Browser
from tests.unit.legs.browsers import until
from voiceagent.calls import readings
from voiceagent.desk.feed import Feed
from voiceagent.desk.streams import EventStream, StreamOptions, state_events
from voiceagent.domain.errors import StoreError
from voiceagent.domain.events import InterimHeard, KeyPressed
from voiceagent.store.desk_records import Role

pytestmark = pytest.mark.unit

OPTIONS = StreamOptions(ping_s=0.02, settle_s=0.0)


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with opened_house(tmp_path) as house:
        yield house


class State(BaseModel):
    number: int


class Source:
    """A state that changes, and how often it was read."""

    def __init__(self) -> None:
        self.feed = Feed()
        self.number = 0
        self.read = 0
        self.may = True
        self.asked = 0

    def change(self) -> None:
        self.number += 1
        self.feed.publish()

    async def state(self) -> State:
        self.read += 1
        return State(number=self.number)

    async def may_follow(self) -> bool:
        self.asked += 1
        return self.may

    def events(self, options: StreamOptions = OPTIONS) -> AsyncIterator[ServerSentEvent]:
        return state_events(self.feed, self.state, self.may_follow, options)


async def following(events: AsyncIterator[ServerSentEvent]) -> tuple[str | None, Any]:
    async with asyncio.timeout(DEADLINE_S):
        event = await anext(events)
    return event.event, json.loads(event.data)


async def test_a_slow_reader_skips_to_the_newest_state() -> None:
    source = Source()
    events = source.events()
    assert await following(events) == ("snapshot", {"number": 0})
    for _ in range(10_000):
        source.change()
    assert await following(events) == ("state", {"number": 10_000})
    source.change()
    assert await following(events) == ("state", {"number": 10_001})
    assert source.read == 3


async def test_what_changed_while_the_snapshot_was_read_is_not_lost() -> None:
    source = Source()
    first = source.state

    async def state() -> State:
        told = await first()
        if source.read == 1:
            source.change()
        return told

    source.state = state  # type: ignore[method-assign]
    events = source.events()
    assert await following(events) == ("snapshot", {"number": 0})
    assert await following(events) == ("state", {"number": 1})


async def test_news_that_change_nothing_are_not_sent() -> None:
    source = Source()
    events = source.events()
    await following(events)
    source.feed.publish()
    waiting = asyncio.create_task(following(events))
    await until(lambda: source.read == 2)
    source.change()
    assert await waiting == ("state", {"number": 1})


async def test_it_ends_when_the_reader_may_no_longer_even_if_news_never_stop() -> None:
    source = Source()
    events = source.events()
    await following(events)
    source.may = False
    async with asyncio.timeout(DEADLINE_S):
        source.change()
        async for _ in events:
            source.change()
            await asyncio.sleep(0.005)
    assert source.asked == 1


async def test_a_right_that_cannot_be_checked_is_none() -> None:
    source = Source()

    async def may_follow() -> bool:
        raise StoreError("It is locked.")

    events = state_events(source.feed, source.state, may_follow, OPTIONS)
    await following(events)
    with pytest.raises(StopAsyncIteration):
        async with asyncio.timeout(DEADLINE_S):
            await anext(events)


async def test_a_reader_that_takes_nothing_is_let_go() -> None:
    source = Source()
    cleaned = asyncio.Event()

    async def events() -> AsyncIterator[ServerSentEvent]:
        try:
            async for event in source.events():
                yield event
        finally:
            cleaned.set()

    async def receive() -> dict[str, Any]:
        await asyncio.Event().wait()
        raise AssertionError

    async def send(message: Any) -> None:
        if message["type"] == "http.response.body":
            await asyncio.Event().wait()

    stream = EventStream(events(), StreamOptions(ping_s=5, send_timeout_s=0.05))
    async with asyncio.timeout(DEADLINE_S):
        await stream({"type": "http", "method": "GET"}, receive, send)
        await cleaned.wait()


# Over a real socket.


@contextlib.asynccontextmanager
async def board(house: House, url: str) -> AsyncIterator[Browser]:
    if house.desk_store.user("u-supervisor") is None:
        house.add_user("supervisor", [Role.SUPERVISOR])
    async with Browser(base_url=url, timeout=DEADLINE_S) as browser:
        assert (await browser.sign_in("supervisor", PASSWORD)).status_code == 200
        yield browser


async def next_event(events: AsyncIterator[tuple[str, str]]) -> tuple[str, Any]:
    async with asyncio.timeout(DEADLINE_S):
        name, data = await anext(events)
    return name, json.loads(data)


async def until_so(events: AsyncIterator[tuple[str, str]], what: Any) -> Any:
    """The first event whose data is so."""
    while True:
        _, data = await next_event(events)
        if what(data):
            return data


async def test_the_board_as_it_changes(house: House) -> None:
    async with (
        Server(house.app).running() as server,
        board(house, server.url) as browser,
        browser.stream("GET", "/api/board/events") as answer,
    ):
        assert answer.headers["content-type"].startswith("text/event-stream")
        assert answer.headers["cache-control"] == "no-store"
        events = server_events(answer)
        name, state = await next_event(events)
        assert (name, state["calls"], state["counts"]["live"]) == ("snapshot", [], 0)
        call = house.call()
        await call.opens()
        state = await until_so(events, lambda s: s["calls"] and s["calls"][0]["answered_at"])
        assert state["calls"][0]["call_id"] == "c-1"
        # The roster alone.
        dana = house.add_user("dana", [Role.AGENT])
        human = house.join(dana)
        state = await until_so(events, lambda s: s["humans"])
        assert state["humans"][0]["engaged"] is False
        house.roster.engage(human)
        state = await until_so(events, lambda s: s["humans"][0]["engaged"])
        await call.ends()
        state = await until_so(events, lambda s: not s["calls"])
        assert state["counts"]["ended_today"] == 1


@pytest.mark.parametrize("how", ["signed out", "disabled", "hours later"])
@pytest.mark.parametrize("path", ["/api/board/events", "/api/calls/c-1/stream"])
async def test_a_stream_ends_with_the_session(house: House, how: str, path: str) -> None:
    call = house.call()
    await call.opens()
    async with (
        Server(house.app).running() as server,
        board(house, server.url) as browser,
        browser.stream("GET", path) as answer,
    ):
        events = server_events(answer)
        assert (await next_event(events))[0] == "snapshot"
        if how == "signed out":
            assert (await browser.delete("/api/session")).status_code == 204
        elif how == "disabled":
            house.desk_store.set_disabled("u-supervisor", True)
        else:
            house.clock.advance(13 * 3600)
        async with asyncio.timeout(DEADLINE_S):
            assert [name async for name, _ in events if name != "state"] == []
        assert (await browser.get(path)).status_code == 401


async def test_a_call_from_the_middle_to_its_end(house: House) -> None:
    call = house.call()
    await call.opens()
    await call.talks()
    async with (
        Server(house.app).running() as server,
        board(house, server.url) as browser,
        browser.stream("GET", "/api/calls/c-1/stream") as answer,
    ):
        events = server_events(answer)
        name, snapshot = await next_event(events)
        assert name == "snapshot"
        seen = [event["seq"] for event in snapshot["events"]]
        assert seen == list(range(1, len(call.log.events()) + 1))
        assert snapshot["call"]["state"] == "talking"
        assert snapshot["call"]["ended_at"] is None
        assert snapshot["packet"] is None
        await call.holds()
        await call.ends()
        rest = [(name, json.loads(data)) async for name, data in events]
    assert [name for name, _ in rest] == ["event"] * (len(rest) - 1) + ["end"]
    assert rest[-1][1] == {"outcome": "resolved"}
    told = snapshot["events"] + [data for _, data in rest[:-1]]
    assert [event["seq"] for event in told] == list(range(1, len(call.log.events()) + 1))
    assert "packet_written" in [event["kind"] for event in told]


async def test_a_slow_reader_of_a_call_misses_nothing_and_nothing_waits_for_it(
    house: House,
) -> None:
    call = house.call()
    await call.opens()
    async with (
        Server(house.app).running() as server,
        board(house, server.url) as browser,
        browser.stream("GET", "/api/calls/c-1/stream") as answer,
    ):
        # Far more than the sockets between us hold; nothing is read meanwhile.
        text = "x" * 200_000
        for number in range(150):
            await call.report(InterimHeard(at_ms=number, text=text))
        assert call.followed.last_seq == len(call.log.events())
        assert server.unsent_bytes() < 1_000_000
        await call.ends()
        told = [(name, json.loads(data)) async for name, data in server_events(answer)]
    kinds = [name for name, _ in told]
    assert kinds == ["snapshot"] + ["event"] * (len(told) - 2) + ["end"]
    seqs = [e["seq"] for e in told[0][1]["events"]] + [data["seq"] for _, data in told[1:-1]]
    assert seqs == list(range(1, len(call.log.events()) + 1))


async def test_whoever_leaves_leaves_nothing_behind(house: House) -> None:
    call = house.call()
    await call.opens()
    before = asyncio.all_tasks()
    async with Server(house.app).running() as server, board(house, server.url) as browser:
        paths = ["/api/board/events", "/api/calls/c-1/stream"] * 3
        started = len(asyncio.all_tasks())
        async with asyncio.TaskGroup() as group:
            for path in paths:
                group.create_task(_glance(browser, path))
        # One task of the library looks for the server's end; it stays.
        await until(lambda: len(asyncio.all_tasks()) <= started + 1)
    assert asyncio.all_tasks() >= before


async def _glance(browser: Browser, path: str) -> None:
    async with browser.stream("GET", path) as answer:
        assert (await next_event(server_events(answer)))[0] == "snapshot"


async def test_an_agent_follows_their_own_call_for_as_long_as_it_is_theirs(house: House) -> None:
    call = house.call()
    await call.opens()
    house.add_user("dana", [Role.AGENT])
    async with (
        Server(house.app).running() as server,
        Browser(base_url=server.url, timeout=DEADLINE_S) as browser,
    ):
        await browser.sign_in("dana", PASSWORD)
        refused = await browser.get("/api/calls/c-1/stream")
        assert (refused.status_code, refused.json()["code"]) == (403, "not_allowed")
        house.lines.theirs.add(("u-dana", "c-1"))
        async with browser.stream("GET", "/api/calls/c-1/stream") as answer:
            events = server_events(answer)
            assert (await next_event(events))[0] == "snapshot"
            await call.report(KeyPressed(at_ms=1, key="5"))
            name, event = await next_event(events)
            assert (name, event["kind"], event["key"]) == ("event", "key_pressed", "5")
            house.lines.theirs.clear()
            async with asyncio.timeout(DEADLINE_S):
                assert [each async for each in events] == []


@pytest.mark.parametrize("over", ["ended", "cut off", "let go"])
async def test_a_call_that_is_over_has_its_snapshot_and_its_end(house: House, over: str) -> None:
    call = house.call(live=over == "let go")
    await call.opens()
    if over == "ended":
        await call.ends()
    elif over == "cut off":
        await call.close()
    else:
        house.live_calls.let_go("c-1")
    async with house.signed_in("supervisor") as browser:
        answer = await browser.get("/api/calls/c-1/stream")
    told = await _all(answer)
    assert [name for name, _ in told] == ["snapshot", "end"]
    assert len(told[0][1]["events"]) == len(call.log.events())
    assert told[1][1] == {"outcome": "resolved" if over == "ended" else None}
    assert house.deeds() == [("u-supervisor", "call_read", "c-1")]


async def test_a_call_nobody_knows_has_no_stream(house: House) -> None:
    async with house.signed_in("supervisor") as browser:
        answer = await browser.get("/api/calls/nothing/stream")
    assert (answer.status_code, answer.json()["code"]) == (404, "store.call_not_found")


async def _all(answer: httpx.Response) -> list[tuple[str, Any]]:
    return [(name, json.loads(data)) async for name, data in server_events(answer)]


async def test_what_callers_say_is_in_no_log(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    call = await house.ended_call()
    with caplog.at_level(logging.DEBUG):
        async with house.signed_in("supervisor") as browser:
            answer = await browser.get("/api/calls/c-1/stream")
    said = readings.transcript(call.log.events())[0].text
    assert said in answer.text
    assert said not in caplog.text
