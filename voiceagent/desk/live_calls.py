"""The calls in progress in this process, for everybody who follows them.

What enters: each call as it begins (``add``), and every event once it is committed (``on_event``).
What leaves: a view of each call, its events from any number on, and news that something changed.
Readers pull: they are told that there is something newer and read it themselves, so that nobody
who is slow holds up a call or has anything pile up.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from voiceagent.calls.controls import CallControls
from voiceagent.desk.call_view import CallView, LiveCallInfo
from voiceagent.desk.feed import Feed
from voiceagent.domain.errors import StoreError
from voiceagent.domain.events import LoggedEvent
from voiceagent.handoff.roster import Roster

logger = logging.getLogger(__name__)

OnChange = Callable[[str], None]
"""Told the id of a call about which something is new; must not block."""

ReadLog = Callable[[str, int], Sequence[LoggedEvent]]
"""A call's events from behind a number on, as ``Store.events``; blocks."""


@dataclass(frozen=True, slots=True)
class LiveCallsOptions:
    """Bounds.

    Attributes:
        linger_s: an ended call is kept so long, for those who still read its last events.
    """

    linger_s: float = 30.0


class FollowedCall:
    """One call in progress.

    Attributes:
        controls: what may be done with it.
        view: what it is now.
        feed: news of each of its events, and of its end.
    """

    def __init__(self, controls: CallControls, view: CallView) -> None:
        self.controls = controls
        self.view = view
        self.feed = Feed()
        self._events: list[LoggedEvent] = []
        self._let_go = False

    @property
    def over(self) -> bool:
        """Whether nothing more will come."""
        return self.view.ended or self._let_go

    @property
    def last_seq(self) -> int:
        """The number of the latest event; 0 before the first."""
        return len(self._events)

    def events(self, after_seq: int = 0) -> list[LoggedEvent]:
        """Its events from behind this number on, in order."""
        return self._events[after_seq:]

    def event_after(self, seq: int) -> LoggedEvent | None:
        """The next event behind this number; None if there is none yet."""
        return self._events[seq] if seq < len(self._events) else None

    def take(self, logged: LoggedEvent) -> bool:
        """Keep the next event; whether anything that is shown may have changed."""
        # Numbers count from 1 without gaps, so an event's place in the list is its number.
        if logged.seq != len(self._events) + 1:
            return False
        self._events.append(logged)
        changed = self.view.observe(logged)
        self.feed.publish()
        return changed

    def let_go(self) -> None:
        """The process has let go of the call, whether or not its log has an end."""
        self._let_go = True
        self.feed.publish()


class LiveCalls:
    """All calls in progress here; used from their event loop.

    Args:
        roster: names of humans; ``changes`` does not tell of changes in it.
        clock: the time, aware.
        read_log: where events are read that were lost on the way here, e.g. ``Store.events``.

    Attributes:
        changes: news whenever the board may show something else.
        ended: counts the calls that ended.
    """

    def __init__(
        self,
        roster: Roster,
        clock: Callable[[], datetime],
        read_log: ReadLog,
        options: LiveCallsOptions | None = None,
    ) -> None:
        self.roster = roster
        self.changes = Feed()
        self.ended = 0
        self._clock = clock
        self._read_log = read_log
        self._options = options or LiveCallsOptions()
        self._calls: dict[str, FollowedCall] = {}
        self._dropping: dict[str, asyncio.TimerHandle] = {}
        self._observers: list[OnChange] = []

    def add(self, controls: CallControls, info: LiveCallInfo) -> FollowedCall:
        """Follow a call from before its first event on.

        Raises:
            ValueError: it is followed already.
        """
        if info.call_id in self._calls:
            raise ValueError("a call is followed once")
        view = CallView(info, self._clock(), self.roster.name_of)
        call = self._calls[info.call_id] = FollowedCall(controls, view)
        self._tell(info.call_id)
        return call

    async def on_event(self, logged: LoggedEvent) -> None:
        """Take a committed event (``app.OnEvent``); one of a call that is not followed is nothing.

        Events of one call come one after the other, as from one subscription of its log.
        """
        call = self._calls.get(logged.call_id)
        if call is None:
            return
        changed = False
        if logged.seq > call.last_seq + 1:
            changed = await self._catch_up(call, logged)
        changed = call.take(logged) or changed
        if call.view.ended and logged.call_id not in self._dropping:
            self.ended += 1
            self._drop_soon(logged.call_id)
        if changed:
            self._tell(logged.call_id)

    def let_go(self, call_id: str) -> None:
        """This process is done with the call; harmless when repeated.

        To be called for every call that was added: a log that broke has no end to see.
        """
        call = self._calls.get(call_id)
        if call is not None:
            call.let_go()
            self._tell(call_id)
            self._drop_soon(call_id)

    def get(self, call_id: str) -> FollowedCall | None:
        """A call in progress, or one that ended just now; None if it is neither."""
        return self._calls.get(call_id)

    def in_progress(self) -> tuple[CallView, ...]:
        """The calls that are not over, in the order in which they began."""
        return tuple(call.view for call in self._calls.values() if not call.over)

    def call_of(self, human_id: str) -> str | None:
        """The call about which this human is rung, or which they have; None for none."""
        views = self.in_progress()
        return next((v.info.call_id for v in views if v.concerns(human_id)), None)

    def observe(self, on_change: OnChange) -> Callable[[], None]:
        """Have ``on_change`` called, in line, for every change of a call; ends by what it returns.

        One that raises is noted, and called again for the next change.
        """
        self._observers.append(on_change)

        def stop() -> None:
            if on_change in self._observers:
                self._observers.remove(on_change)

        return stop

    def close(self) -> None:
        """Forget everything, as when the service ends; streams of calls end."""
        for handle in self._dropping.values():
            handle.cancel()
        self._dropping.clear()
        for call in self._calls.values():
            call.let_go()
        self._calls.clear()
        self.changes.publish()

    async def _catch_up(self, call: FollowedCall, logged: LoggedEvent) -> bool:
        """Read what was lost on the way: a subscriber that lags is not told everything."""
        try:
            lost = await asyncio.to_thread(self._read_log, logged.call_id, call.last_seq)
        except StoreError as error:
            # The next event tries again.
            logger.warning("events of a call cannot be read again: %s", error.code)
            return False
        taken = [call.take(each) for each in lost if each.seq < logged.seq]
        return any(taken)

    def _tell(self, call_id: str) -> None:
        self.changes.publish()
        for on_change in tuple(self._observers):
            try:
                on_change(call_id)
            except Exception as error:  # Whoever looks on must not keep the others from it.
                logger.warning("an observer of live calls broke: %s", type(error).__name__)

    def _drop_soon(self, call_id: str) -> None:
        if call_id not in self._dropping:
            loop = asyncio.get_running_loop()
            delay_s = self._options.linger_s
            self._dropping[call_id] = loop.call_later(delay_s, self._drop, call_id)

    def _drop(self, call_id: str) -> None:
        self._dropping.pop(call_id, None)
        self._calls.pop(call_id, None)
