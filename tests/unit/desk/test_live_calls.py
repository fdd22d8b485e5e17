"""Calls in progress: followed from their first event to a little after their last."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.unit.desk.house import DEADLINE_S, House, opened_house, tail
from tests.unit.legs.browsers import until
from voiceagent.desk.call_view import LiveCallInfo
from voiceagent.desk.feed import Feed
from voiceagent.desk.live_calls import LiveCalls
from voiceagent.domain.errors import StoreError
from voiceagent.domain.events import KeyPressed, LoggedEvent
from voiceagent.store.desk_records import Role

pytestmark = pytest.mark.unit


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with opened_house(tmp_path, linger_s=0.05) as house:
        yield house


async def test_news_wakes_everybody_and_is_not_queued() -> None:
    feed = Feed()
    waiting = [asyncio.create_task(feed.newer_than(feed.version)) for _ in range(3)]
    await asyncio.sleep(0)
    for _ in range(1000):
        feed.publish()
    async with asyncio.timeout(DEADLINE_S):
        assert await asyncio.gather(*waiting) == [1000] * 3
        assert await feed.newer_than(5) == 1000
    again = asyncio.create_task(feed.newer_than(1000))
    await asyncio.sleep(0.01)
    assert not again.done()
    feed.publish()
    async with asyncio.timeout(DEADLINE_S):
        assert await again == 1001


async def test_a_call_is_followed_event_by_event(house: House) -> None:
    call = house.call()
    told: list[str] = []
    stop = house.live_calls.observe(told.append)
    await call.opens()
    assert call.followed.events() == list(call.log.events())
    assert tail(call.followed.events(3)) == [4, 5]
    after = call.followed.event_after(4)
    assert after is not None
    assert after.seq == 5
    assert call.followed.event_after(5) is None
    assert told == ["c-1"] * 5
    stop()
    await call.report(KeyPressed(at_ms=1, key="1"))
    assert len(told) == 5


async def test_an_ended_call_is_dropped_a_little_later(house: House) -> None:
    call = house.call()
    await call.opens()
    followed = call.followed
    await call.ends()
    assert followed.over
    assert house.live_calls.in_progress() == ()
    assert house.live_calls.ended == 1
    await until(lambda: house.live_calls.get("c-1") is None)


async def test_a_call_without_an_end_is_let_go(house: House) -> None:
    call = house.call()
    await call.opens()
    followed, before = call.followed, house.live_calls.changes.version
    house.live_calls.let_go("c-1")
    house.live_calls.let_go("c-1")
    house.live_calls.let_go("unknown")
    assert followed.over
    assert house.live_calls.in_progress() == ()
    assert house.live_calls.changes.version > before
    await until(lambda: house.live_calls.get("c-1") is None)


async def test_events_that_were_lost_on_the_way_are_read_again(house: House) -> None:
    call = house.call(live=False)
    await call.opens()
    events = call.log.events()
    live = LiveCalls(house.roster, house.clock, house.store.events)
    info = LiveCallInfo("c-1", "C-1002", "", "en", "recorded")
    followed = live.add(call.controls, info)
    for logged in (events[0], events[3], events[2], events[4]):
        await live.on_event(logged)
    assert followed.events() == list(events)
    assert followed.view.state == "talking"
    live.close()


async def test_where_they_cannot_be_read_the_next_event_tries_again(house: House) -> None:
    call = house.call(live=False)
    await call.opens()
    events = call.log.events()
    broken = True

    def read(call_id: str, after_seq: int) -> tuple[LoggedEvent, ...]:
        if broken:
            raise StoreError("It is locked.")
        return house.store.events(call_id, after_seq)

    live = LiveCalls(house.roster, house.clock, read)
    info = LiveCallInfo("c-1", "C-1002", "", "en", "recorded")
    followed = live.add(call.controls, info)
    await live.on_event(events[1])
    assert followed.events() == []
    broken = False
    await live.on_event(events[4])
    assert followed.events() == list(events)
    live.close()


async def test_an_observer_that_breaks_keeps_nobody_from_the_news(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    told: list[str] = []

    def broken(_call_id: str) -> None:
        raise ValueError("James said so")

    house.live_calls.observe(broken)
    house.live_calls.observe(told.append)
    call = house.call()
    await call.places()
    assert told == ["c-1"] * 3
    assert "ValueError" in caplog.text
    assert "James" not in caplog.text


async def test_a_call_is_followed_once_and_others_are_nothing(house: House) -> None:
    call = house.call()
    with pytest.raises(ValueError, match="once"):
        house.live_calls.add(call.controls, call.followed.view.info)
    stranger = house.call("c-2", live=False)
    stranger.log.subscribe(house.live_calls.on_event)
    await stranger.opens()
    await stranger.close()
    assert [view.info.call_id for view in house.live_calls.in_progress()] == ["c-1"]


async def test_whose_call_it_is(house: House) -> None:
    house.join(house.add_user("dana", [Role.AGENT]))
    call = house.call()
    await call.opens()
    await call.holds()
    assert house.live_calls.call_of("u-dana") is None
    await call.bridges("u-dana")
    assert house.live_calls.call_of("u-dana") == "c-1"
    await call.ends()
    assert house.live_calls.call_of("u-dana") is None
