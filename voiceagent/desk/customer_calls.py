"""Calls to customers at a browser: placed, owned until they are over, then forgotten.

In: a browser's offer and whom to be; a port that places a call and sees it through. Out: our answer
and the call, to follow, key into and hang up. So many at once, and no more.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from voiceagent.desk.customer_call import OngoingCall
from voiceagent.desk.customer_errors import AllLinesBusyError, CallNotPlacedError
from voiceagent.domain.call import CallOutcome
from voiceagent.domain.errors import VoiceAgentError
from voiceagent.domain.events import LoggedEvent
from voiceagent.legs.webrtc import WebRtcLeg
from voiceagent.legs.webrtc_media import MediaPeer

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class CustomerOptions:
    """Calls from the customer's page.

    Attributes:
        allowed: whether there is such a page.
        most_calls: so many at once; each needs its share of the machine.
        start_s: a call that is not started within so many seconds is given up. The page waits 15.
        linger_s: so long one that is over can still be asked about, as by a page that reconnects.
        per_address: so many may be started from one address within ``window_s`` seconds.
        token_s: a call's token is good for so long: longer than any call.
    """

    allowed: bool = True
    most_calls: int = 2
    start_s: float = 12.0
    linger_s: float = 60.0
    per_address: int = 30
    window_s: int = 600
    token_s: float = 7200.0


@dataclass(frozen=True, slots=True)
class CustomerCall:
    """A call to be placed.

    Attributes:
        account_id: whom the records know the callee as.
        leg: the callee's browser.
        started: to be told the call's id before the leg is connected, and before any event.
        on_event: to be told every event once it is committed.
    """

    account_id: str
    leg: WebRtcLeg
    started: Callable[[str], None]
    on_event: Callable[[LoggedEvent], Awaitable[None]]


Place = Callable[[CustomerCall], Awaitable[Any]]
"""Places a call and returns when it is over."""


class _Placing:
    """One call's task, and what it has come to."""

    def __init__(self, call: OngoingCall) -> None:
        self.call = call
        self.started: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.failure: Exception | None = None
        self.task: asyncio.Task[None] | None = None


class CustomerCalls:
    """All calls from the page; used from one event loop.

    Args:
        place: places a call.
        make_media: makes an unused connection for each.
        name_of: a human's name, by id.
    """

    def __init__(
        self,
        place: Place,
        make_media: Callable[[], MediaPeer],
        name_of: Callable[[str], str],
        options: CustomerOptions,
    ) -> None:
        self.options = options
        self._place = place
        self._make_media = make_media
        self._name_of = name_of
        self._under_way: set[_Placing] = set()
        self._calls: dict[str, OngoingCall] = {}
        self._forgetting: set[asyncio.TimerHandle] = set()

    async def call(self, account_id: str, sdp: str) -> tuple[OngoingCall, str]:
        """Place a call to this browser; returns it, started, and the answer to the offer.

        Raises:
            AllLinesBusyError: as many as are allowed are under way.
            OfferError: the offer cannot be used.
            CallNotPlacedError: it was not started in time, or for no reason we know.
            VoiceAgentError: why else it was not, e.g. ``AccountNotFoundError``.
        """
        if len(self._under_way) >= self.options.most_calls:
            raise AllLinesBusyError
        media = self._make_media()
        placing = _Placing(OngoingCall(WebRtcLeg(media), self._name_of))
        self._under_way.add(placing)
        try:
            answer = await media.answer(sdp)
            placing.task = asyncio.create_task(
                self._see_through(placing, account_id), name="customer-call"
            )
            await self._start_of(placing)
        except BaseException:
            await self._give_up(placing)
            raise
        return placing.call, answer

    def get(self, call_id: str) -> OngoingCall | None:
        """A call by its id, for some seconds also one that is over."""
        return self._calls.get(call_id)

    async def close(self) -> None:
        """End all calls."""
        await asyncio.gather(*(self._give_up(each) for each in tuple(self._under_way)))
        for handle in self._forgetting:
            handle.cancel()

    async def _see_through(self, placing: _Placing, account_id: str) -> None:
        call = placing.call

        def started(call_id: str) -> None:
            call.call_id = call_id
            self._calls[call_id] = call
            if not placing.started.done():
                placing.started.set_result(None)

        try:
            await self._place(CustomerCall(account_id, call.leg, started, call.on_event))
        except (
            Exception
        ) as error:  # Whatever broke one call, the page is told and the line is freed.
            placing.failure = error
            logger.warning("a customer's call failed: %s", type(error).__name__)
        finally:
            # A call that came to its end has told its outcome.
            call.end(CallOutcome.FAILED)
            self._under_way.discard(placing)
            if call.call_id:
                self._forget_later(call.call_id)
            await call.leg.hang_up()

    async def _start_of(self, placing: _Placing) -> None:
        assert placing.task is not None
        await asyncio.wait(
            {placing.started, placing.task},
            timeout=self.options.start_s,
            return_when=asyncio.FIRST_COMPLETED,
        )
        if placing.started.done():
            return
        if isinstance(placing.failure, VoiceAgentError):
            raise placing.failure
        raise CallNotPlacedError from placing.failure

    async def _give_up(self, placing: _Placing) -> None:
        if placing.task is not None:
            placing.task.cancel()
            await asyncio.wait({placing.task})
        self._under_way.discard(placing)
        await placing.call.leg.hang_up()

    def _forget_later(self, call_id: str) -> None:
        def forget() -> None:
            self._calls.pop(call_id, None)
            self._forgetting.discard(handle)

        handle = asyncio.get_running_loop().call_later(self.options.linger_s, forget)
        self._forgetting.add(handle)
