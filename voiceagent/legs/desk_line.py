"""A signed-in human's standing line, and the legs on which they are rung.

What enters: the offer of their browser, once, when they become available. What leaves: for every
call that rings them a leg. The connection is there before anybody rings, so that caller and human
hear each other within a few frames of accepting. While no accepted leg uses it, it sends silence,
and what its microphone hears is thrown away.

    browser opens   ring     accept           hang up    ring
    --- silence ---|-- silence --|-- the call --|-- silence --|--
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from enum import StrEnum

from voiceagent.domain.errors import (
    LegBusyError,
    LegDeclinedError,
    LegError,
    LegLostError,
    LegNoAnswerError,
    LegUnreachableError,
)
from voiceagent.legs.webrtc import BrowserLeg
from voiceagent.legs.webrtc_media import MediaPeer, MediaState

logger = logging.getLogger(__name__)

# A page that is loaded anew, or a network that is changed, is back within this time.
_REOPEN_S = 3.0


class RingState(StrEnum):
    """How far a ring has come."""

    NEW = "new"
    RINGING = "ringing"
    ACCEPTED = "accepted"
    """The human took the call; sound goes both ways."""
    OVER = "over"


class DeskLine:
    """One human's line; used from one event loop.

    Args:
        make_media: makes an unused connection, for each offer one.
        on_change: called whenever a ring begins, is answered or ends, and whenever the connection
            comes up or goes; must not block.
        sample_rate_hz: of the legs, and of the connections made.
        reopen_s: how long a ring waits for a connection that is gone.
    """

    def __init__(
        self,
        make_media: Callable[[], MediaPeer],
        on_change: Callable[[], None],
        sample_rate_hz: int = 24_000,
        reopen_s: float = _REOPEN_S,
    ) -> None:
        self._make_media = make_media
        self._on_change = on_change
        self.sample_rate_hz = sample_rate_hz
        self.reopen_s = reopen_s
        self._media: MediaPeer | None = None
        self._opening = asyncio.Lock()
        self._leg: DeskLeg | None = None

    @property
    def media(self) -> MediaPeer | None:
        """The connection in use; a new one after every :meth:`open`."""
        return self._media

    @property
    def is_up(self) -> bool:
        """Whether sound goes both ways now."""
        return self._media is not None and self._media.is_up

    @property
    def leg(self) -> DeskLeg | None:
        """The leg that rings or talks on this line."""
        return self._leg

    async def open(self, sdp: str) -> str:
        """Answer an offer of the human's browser; it replaces the connection there was.

        A call in progress on the old connection is lost with it; a ring goes on.

        Raises:
            OfferError: it cannot be used; the old connection stays.
        """
        async with self._opening:
            media = self._make_media()
            if media.sample_rate_hz != self.sample_rate_hz:
                raise ValueError("the line and its connection have different rates")
            answer = await media.answer(sdp)
            old, self._media = self._media, media
            media.on_change = self._changed
            if old is not None:
                old.on_change = None
                await old.close()
            self._changed()
            return answer

    async def close(self) -> None:
        """Close the connection; the line may be opened again."""
        async with self._opening:
            if self._media is not None:
                await self._media.close()

    def ring(self, call_id: str, offer_kind: str = "handoff") -> DeskLeg:
        """A leg on which the human is rung once it is connected.

        Args:
            call_id: of the call they are rung for.
            offer_kind: ``handoff`` or ``take_over``; for whoever shows the offer.

        Raises:
            LegBusyError: another leg rings or talks on this line.
        """
        self._refuse_if_busy()
        return DeskLeg(self, call_id, offer_kind)

    def _claim(self, leg: DeskLeg) -> None:
        self._refuse_if_busy()
        self._leg = leg
        leg.state = RingState.RINGING
        self._changed()

    def _release(self, leg: DeskLeg) -> None:
        if self._leg is leg:
            self._leg = None
            self._changed()

    def _refuse_if_busy(self) -> None:
        if self._leg is not None:
            raise LegBusyError("This human is being rung or talks already.")

    def _changed(self) -> None:
        if self._leg is not None:
            self._leg.nudge()
        try:
            self._on_change()
        except Exception as error:  # Whoever looks on must not keep a call from going on.
            logger.warning("an observer of a desk line broke: %s", type(error).__name__)


class DeskLeg(BrowserLeg):
    """A :class:`~voiceagent.legs.leg.Leg` to a human on their standing line, for one ring."""

    def __init__(self, line: DeskLine, call_id: str, offer_kind: str) -> None:
        super().__init__(line.sample_rate_hz)
        self.call_id = call_id
        self.offer_kind = offer_kind
        self.state = RingState.NEW
        self._desk = line
        self._accepted = False
        self._declined = False
        self._something = asyncio.Event()

    async def connect(self, ring_timeout_s: float) -> None:
        """Ring until the human accepts; see :meth:`voiceagent.legs.leg.Leg.connect`.

        Raises:
            LegBusyError: another leg uses the line.
            LegDeclinedError: the human declined.
            LegNoAnswerError: neither accepted nor declined in time, or we hung up meanwhile.
            LegUnreachableError: the human's browser is not connected.
            LegLostError: it was, and did not come back while it rang.
        """
        if self.state is not RingState.NEW:
            raise LegError("This leg has rung already.", "Make a leg for each ring.")
        self._desk._claim(self)
        try:
            media = await self._answered(ring_timeout_s)
        except BaseException:
            self._end(lost=False)
            raise
        self.state = RingState.ACCEPTED
        self._begin(media)
        self._desk._changed()

    def accept(self) -> bool:
        """The human takes the call; False if it no longer rings or was answered otherwise."""
        if self.state is not RingState.RINGING or self._accepted or self._declined:
            return False
        self._accepted = True
        self.nudge()
        return True

    def decline(self) -> bool:
        """The human does not take it; False if it no longer rings or was answered otherwise."""
        if self.state is not RingState.RINGING or self._accepted or self._declined:
            return False
        self._declined = True
        self.nudge()
        return True

    async def hang_up(self) -> None:
        """Withdraw the ring or end the call; the line stays open, and silent."""
        self._end(lost=False)
        await self._stop_watching()

    def nudge(self) -> None:
        """Something about the line or the ring is new."""
        self._something.set()

    async def _answered(self, ring_timeout_s: float) -> MediaPeer:
        loop = asyncio.get_running_loop()
        ring_until = loop.time() + ring_timeout_s
        gone_since: float | None = None
        was_up = False
        while True:
            self._something.clear()
            now = loop.time()
            if self._gone is not None:
                raise LegNoAnswerError("The ring was withdrawn.")
            if self._declined:
                raise LegDeclinedError("The human declined.")
            media = self._desk.media
            if media is None:
                raise _not_connected()
            if media.is_up:
                if self._accepted:
                    return media
                was_up, gone_since = True, None
            elif gone_since is None:
                gone_since = now
            if gone_since is not None and now >= gone_since + self._desk.reopen_s:
                if was_up:
                    raise LegLostError("The human's browser was lost while it rang.")
                raise _not_connected()
            if now >= ring_until and not self._accepted:
                raise LegNoAnswerError("Nobody answered within the ring timeout.")
            reopen_until = gone_since + self._desk.reopen_s if gone_since is not None else None
            until = [t for t in (reopen_until, None if self._accepted else ring_until) if t]
            try:
                async with asyncio.timeout_at(min(until)):
                    await self._something.wait()
            except TimeoutError:
                continue

    def _is_loss(self, over: MediaState) -> bool:
        """Always: who means to end the call says so on the page; a closed tab is an accident."""
        return over in {MediaState.LOST, MediaState.CLOSED}

    def _end(self, *, lost: bool) -> None:
        super()._end(lost=lost)
        self.state = RingState.OVER
        self.nudge()
        self._desk._release(self)


def _not_connected() -> LegUnreachableError:
    return LegUnreachableError(
        "The human's browser is not connected.", "Open the desk in a browser."
    )
