"""WebRTC over the loopback interface alone, and nothing of a test left running."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import aioice.ice
import pytest

from tests.unit.legs.browsers import Browsers


@pytest.fixture
def loopback(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(aioice.ice, "get_host_addresses", lambda **_: ["127.0.0.1"])


@pytest.fixture
async def browsers(loopback: None) -> AsyncIterator[Browsers]:
    """Opens browsers and connections; fails if one of them leaves a task behind."""
    before = asyncio.all_tasks()
    opened = Browsers()
    try:
        yield opened
    finally:
        await opened.close()
    async with asyncio.timeout(10):
        while left := asyncio.all_tasks() - before - {asyncio.current_task()}:
            # aiortc's own may need a turn of the loop to end; one of ours never ends.
            await asyncio.sleep(0.01)
            names = [task.get_name() for task in left]
            assert not [n for n in names if not n.startswith("Task-")], names
