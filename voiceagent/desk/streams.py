"""Server-sent events: the newest state, or every event of a call, for as long as one may follow.

What enters: a feed that tells of news, and how to read what is new. What leaves: a snapshot, then
what changes. A reader that is slow is not written for: a state stream skips to the newest state, a
call's stream reads on in the call's own list. With every ping it is asked anew whether whoever
reads still may; a reader that takes nothing within the deadline is let go.

https://html.spec.whatwg.org/multipage/server-sent-events.html
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel
from sse_starlette import EventSourceResponse, ServerSentEvent
from sse_starlette.sse import SendTimeoutError
from starlette.types import Receive, Scope, Send

from voiceagent.desk.feed import Feed
from voiceagent.desk.live_calls import FollowedCall
from voiceagent.domain.errors import StoreError
from voiceagent.store.codec import event_json

logger = logging.getLogger(__name__)

# It logs every chunk it sends at the level below: what callers said, and their names.
logging.getLogger("sse_starlette").setLevel(logging.INFO)

MayFollow = Callable[[], Awaitable[bool]]
"""Whether whoever reads a stream still may."""


@dataclass(frozen=True, slots=True)
class StreamOptions:
    """How streams are kept alive, and ended.

    Attributes:
        ping_s: a comment is sent, and the reader's right is checked, so often.
        send_timeout_s: a reader that takes nothing for so long is let go.
        settle_s: after a state the next is sent this much later at the earliest.
    """

    ping_s: float = 10.0
    send_timeout_s: float = 30.0
    settle_s: float = 0.2


class EventStream(EventSourceResponse):
    """The answer that carries the events; it ends quietly where its reader is stuck."""

    def __init__(self, events: AsyncIterator[ServerSentEvent], options: StreamOptions) -> None:
        super().__init__(events, ping=options.ping_s, send_timeout=options.send_timeout_s)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See the ASGI specification."""
        try:
            await super().__call__(scope, receive, send)
        except SendTimeoutError:
            logger.info("a reader of an event stream was stuck")


class Follower:
    """Waits for news on behalf of one stream, and asks now and then whether it may go on.

    Args:
        feed: what is followed; what it told of before counts as seen.
        may_follow: asked every ``ping_s``.
        ping_s: seconds.
    """

    def __init__(self, feed: Feed, may_follow: MayFollow, ping_s: float) -> None:
        self._feed = feed
        self._may_follow = may_follow
        self._ping_s = ping_s
        self._seen = feed.version
        self._ask_at = self._now() + ping_s

    async def news(self) -> bool:
        """Wait for news; False if the stream has to end instead."""
        while await self.may_go_on():
            try:
                async with asyncio.timeout_at(self._ask_at):
                    self._seen = await self._feed.newer_than(self._seen)
            except TimeoutError:
                continue
            return True
        return False

    async def may_go_on(self) -> bool:
        """Whether the stream may, asked anew where that is due."""
        if self._now() < self._ask_at:
            return True
        self._ask_at = self._now() + self._ping_s
        try:
            return await self._may_follow()
        except StoreError as error:
            # Who cannot be checked is not let in; the page comes back by itself.
            logger.warning("a reader's right could not be checked: %s", error.code)
            return False

    @staticmethod
    def _now() -> float:
        return asyncio.get_running_loop().time()


async def state_events(
    feed: Feed,
    state: Callable[[], Awaitable[BaseModel]],
    may_follow: MayFollow,
    options: StreamOptions,
) -> AsyncIterator[ServerSentEvent]:
    """``snapshot``, then ``state`` with the whole newest state whenever it differs.

    Raises:
        StoreError: the state cannot be read.
    """
    follower = Follower(feed, may_follow, options.ping_s)
    told = (await state()).model_dump_json()
    yield ServerSentEvent(told, event="snapshot")
    while await follower.news():
        text = (await state()).model_dump_json()
        if text == told:
            continue
        told = text
        yield ServerSentEvent(told, event="state")
        # Several changes in a row, as at the end of a turn, are one.
        await asyncio.sleep(options.settle_s)


async def call_events(
    call: FollowedCall, snapshot: Snapshot, may_follow: MayFollow, options: StreamOptions
) -> AsyncIterator[ServerSentEvent]:
    """``snapshot``, then ``event`` for each event behind it, and ``end`` when nothing more comes.

    Args:
        call: which.
        snapshot: the first event's JSON, and the number of the last event it holds.
        may_follow: asked with every ping.
        options: of streams.
    """
    follower = Follower(call.feed, may_follow, options.ping_s)
    seq = snapshot.last_seq
    yield ServerSentEvent(snapshot.text, event="snapshot")
    while True:
        while (logged := call.event_after(seq)) is not None:
            if not await follower.may_go_on():
                return
            seq = logged.seq
            yield ServerSentEvent(event_text(event_json(logged)), event="event")
        if call.over:
            yield end_event(call.view.outcome)
            return
        if not await follower.news():
            return


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A call up to one of its events, as the JSON of a ``CallSnapshot``."""

    text: str
    last_seq: int


async def ended_call_events(
    snapshot: Snapshot, outcome: str | None
) -> AsyncIterator[ServerSentEvent]:
    """The stream of a call that does not run here (any more): ``snapshot``, then ``end``."""
    yield ServerSentEvent(snapshot.text, event="snapshot")
    yield end_event(outcome)


def end_event(outcome: str | None) -> ServerSentEvent:
    """The last event of a call's stream; ``outcome`` is None if the call has none."""
    return ServerSentEvent(event_text({"outcome": outcome}), event="end")


def event_text(value: dict[str, Any]) -> str:
    """JSON in one line."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
