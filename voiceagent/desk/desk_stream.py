"""The stream of one page of the desk: its whole state at once, then whenever it has changed.

In: a seat, and whether whoever reads may go on. Out: server-sent events
(https://html.spec.whatwg.org/multipage/server-sent-events.html). A reader who is slow gets the
latest state next, not every one. Every ping asks anew whether they may still read.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress

from sse_starlette.event import ServerSentEvent

from voiceagent.desk.desk_models import DeskState, Notice
from voiceagent.desk.seat import Seat
from voiceagent.domain.errors import StoreError

logger = logging.getLogger(__name__)

PING_S = 10.0
SEND_DEADLINE_S = 20.0
"""A page that takes nothing for so long is gone."""


async def desk_events(
    seat: Seat, still_may: Callable[[], Awaitable[bool]], ping_s: float = PING_S
) -> AsyncIterator[ServerSentEvent]:
    """``snapshot``, then ``state`` for every change, one for each notice; until they may no more.

    Args:
        still_may: asked before every ping; no also when the store cannot say.
        ping_s: between two pings, in seconds.
    """
    loop = asyncio.get_running_loop()
    with seat.windows.open() as window:
        news = window.news
        news.clear()
        sent = _json(seat.state())
        yield ServerSentEvent(sent, event="snapshot")
        if window.has_notice:
            news.set()
        ping_at = loop.time() + ping_s
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout_at(ping_at):
                    await news.wait()
            if news.is_set():
                news.clear()
                while notice := window.next_notice():
                    state = seat.state()
                    sent = _json(state)
                    yield ServerSentEvent(_json(state, notice), event="state")
                latest = _json(seat.state())
                if latest != sent:
                    sent = latest
                    yield ServerSentEvent(sent, event="state")
            if loop.time() >= ping_at:
                if not await _asked(still_may):
                    break
                yield ServerSentEvent(comment="ping")
                ping_at = loop.time() + ping_s
    if not seat.windows.count:
        seat.sign_out()


async def _asked(still_may: Callable[[], Awaitable[bool]]) -> bool:
    try:
        return await still_may()
    except StoreError as error:
        logger.warning("a desk's stream ends: who reads it is unknown: %s", error.code)
        return False


def _json(state: DeskState, notice: Notice | None = None) -> str:
    if notice is None:
        return state.model_dump_json(exclude={"notice"})
    return state.model_copy(update={"notice": notice}).model_dump_json()
