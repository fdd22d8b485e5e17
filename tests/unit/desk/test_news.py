"""That something is new reaches whoever waits, and nobody twice."""

from __future__ import annotations

import asyncio

import pytest

from voiceagent.desk.news import News

pytestmark = pytest.mark.unit


async def test_every_reader_learns_of_it() -> None:
    news = News()
    with news.read() as one, news.read() as other:
        assert not one.is_set()
        news.tell()
        news.tell()
        assert one.is_set()
        assert other.is_set()
        one.clear()
        assert other.is_set()
    news.tell()
    assert not one.is_set()


async def test_waiting_until_it_holds() -> None:
    news, seen = News(), []
    waiting = asyncio.create_task(news.until(lambda: len(seen) == 2, 10))
    for number in range(2):
        await asyncio.sleep(0)
        assert not waiting.done()
        seen.append(number)
        news.tell()
    assert await waiting
    assert await news.until(lambda: True, 10)
    assert not await news.until(lambda: False, 0.01)
