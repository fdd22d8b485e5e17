"""Everybody who listens in on calls, and when that ends.

In: a call's leg and a browser's offer. Out: our answer, and a line that ends with the call, when
the listener leaves, and when they may no longer listen. Whoever listens is heard by nobody.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import Callable
from dataclasses import dataclass

from voiceagent.desk.refusals import ListenerNotFoundError, TooManyListenersError
from voiceagent.desk.streams import MayFollow
from voiceagent.domain.errors import StoreError
from voiceagent.legs.leg import Leg
from voiceagent.legs.listen_line import ListenLine
from voiceagent.legs.webrtc_media import MediaPeer

logger = logging.getLogger(__name__)

_CLOSE_DEADLINE_S = 10.0


@dataclass(frozen=True, slots=True)
class ListenerOptions:
    """Bounds.

    Attributes:
        at_most: so many listeners at a time; each costs an encoder.
        check_s: whether a listener still may is asked so often.
    """

    at_most: int = 32
    check_s: float = 10.0


@dataclass(frozen=True, slots=True)
class _Listener:
    call_id: str
    user_id: str
    line: ListenLine


class Listeners:
    """All who listen in; used from one event loop, and closed with it.

    Args:
        make_media: makes an unused connection that takes no microphone, for each listener one.
        options: bounds.
    """

    def __init__(
        self, make_media: Callable[[], MediaPeer], options: ListenerOptions | None = None
    ) -> None:
        self._make_media = make_media
        self._options = options or ListenerOptions()
        self._listeners: dict[str, _Listener] = {}
        self._watching: set[asyncio.Task[None]] = set()
        self._opening = 0

    async def open(
        self, call_id: str, leg: Leg, user_id: str, sdp: str, may_listen: MayFollow
    ) -> tuple[str, str]:
        """Let somebody listen.

        Args:
            call_id: which call it is.
            leg: the caller's, answered.
            user_id: who listens.
            sdp: their browser's offer.
            may_listen: asked now and then from here on.

        Returns:
            The identifier of this listening, and our answer's SDP.

        Raises:
            OfferError: the offer cannot be used.
            TooManyListenersError: as many listen as may.
        """
        if len(self._listeners) + self._opening >= self._options.at_most:
            raise TooManyListenersError
        self._opening += 1
        try:
            line = ListenLine(leg, self._make_media())
            try:
                answer = await line.open(sdp)
            except BaseException:
                await line.close()
                raise
        finally:
            self._opening -= 1
        listen_id = secrets.token_urlsafe(12)
        self._listeners[listen_id] = _Listener(call_id, user_id, line)
        task = asyncio.create_task(self._watch(listen_id, may_listen), name="listener")
        self._watching.add(task)
        task.add_done_callback(self._watching.discard)
        return listen_id, answer

    async def end(self, listen_id: str, call_id: str, user_id: str) -> None:
        """Stop listening; harmless if it is over, as when the browser closed its side first.

        Raises:
            ListenerNotFoundError: under this identifier somebody else listens, or to another call.
        """
        listener = self._listeners.get(listen_id)
        if listener is None:
            return
        if (listener.call_id, listener.user_id) != (call_id, user_id):
            raise ListenerNotFoundError
        del self._listeners[listen_id]
        await listener.line.close()

    def count(self, call_id: str) -> int:
        """How many listen to this call."""
        return sum(each.call_id == call_id for each in self._listeners.values())

    async def close(self) -> None:
        """Nobody listens any more."""
        tasks = tuple(self._watching)
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks, timeout=_CLOSE_DEADLINE_S)

    async def _watch(self, listen_id: str, may_listen: MayFollow) -> None:
        """Until the line is over or the listener may no longer."""
        line = self._listeners[listen_id].line
        over = asyncio.create_task(line.wait_over(), name="listener-over")
        try:
            while not over.done():
                await asyncio.wait({over}, timeout=self._options.check_s)
                if not over.done() and not await _allowed(may_listen):
                    break
        finally:
            over.cancel()
            self._listeners.pop(listen_id, None)
            await line.close()


async def _allowed(may_listen: MayFollow) -> bool:
    try:
        return await may_listen()
    except StoreError as error:
        logger.warning("a listener's right could not be checked: %s", error.code)
        return False
