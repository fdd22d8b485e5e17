"""What may end a wait of the hold, and steps that end with it.

What enters: the caller leaving, their wishes, the longest hold, a broken log; and the steps of a
handoff. What leaves: a step's result, or :class:`Interrupted` with the most pressing reason that
the handoff's state allows. A step that is interrupted is cancelled and has ended before anybody
acts on the reason.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from enum import Enum
from typing import TypeVar

from voiceagent.domain.handoff import HandoffEvent, HandoffState
from voiceagent.domain.transitions import Machine
from voiceagent.handoff.caller_side import CallerSide
from voiceagent.handoff.deadlines import attempt, stopped

Result = TypeVar("Result")


class Why(Enum):
    """What ends a wait, with the event it is."""

    BROKEN = None
    """An event could not be committed."""
    GONE = HandoffEvent.CALLER_HUNG_UP
    CANCELLED = HandoffEvent.CALLER_CANCELLED
    CALLBACK = HandoffEvent.CALLER_CHOSE_CALLBACK
    TOO_LONG = HandoffEvent.NOBODY_FREE


class Interrupted(Exception):  # noqa: N818 - it unwinds the steps of a hold; nothing is wrong
    """Something ended the wait at hand."""

    def __init__(self, why: Why) -> None:
        super().__init__(why.name)
        self.why = why


class Interruptions:
    """The interruptions of one handoff; one step at a time.

    Args:
        is_broken: whether events can no longer be committed.
        step_deadline_s: for :meth:`attempt`, unless it is told another.
    """

    def __init__(
        self,
        caller: CallerSide,
        machine: Machine[HandoffState, HandoffEvent],
        is_broken: Callable[[], bool],
        step_deadline_s: float,
    ) -> None:
        self._caller = caller
        self._machine = machine
        self._is_broken = is_broken
        self._step_deadline_s = step_deadline_s
        self._wished: set[Why] = set()
        self._something = asyncio.Event()
        self._overdue: asyncio.TimerHandle | None = None

    async def watch_caller(self) -> None:
        """Notice the caller leaving; run it beside the handoff."""
        await self._caller.gone.wait()
        self.look_up()

    def look_up(self) -> None:
        """Something happened that may end the wait at hand."""
        self._something.set()

    def wish(self, why: Why) -> None:
        """The caller, or the clock, wants the wait to end."""
        self._wished.add(why)
        self.look_up()

    def heeded(self, why: Why) -> None:
        """A wish is being fulfilled."""
        self._wished.discard(why)

    def start_clock(self, longest_s: float) -> None:
        """The hold is over after so long."""
        self.stop_clock()
        loop = asyncio.get_running_loop()
        self._overdue = loop.call_later(longest_s, self.wish, Why.TOO_LONG)

    def stop_clock(self) -> None:
        """The hold may last."""
        if self._overdue is not None:
            self._overdue.cancel()
            self._overdue = None

    def forget(self) -> None:
        """The wait has ended well: what was wished of it is past."""
        self.stop_clock()
        self._wished.clear()

    def check(self) -> None:
        """Go on only if nothing ends the wait.

        Raises:
            Interrupted: something does.
        """
        if (why := self._why()) is not None:
            raise Interrupted(why)

    async def do(self, step: Awaitable[Result]) -> Result:
        """Do a step, but drop it the moment something ends the wait.

        Raises:
            Interrupted: something did; it counts even if the step has just succeeded.
        """
        doing: asyncio.Future[Result] = asyncio.ensure_future(step)
        doing.add_done_callback(lambda _: self.look_up())
        try:
            while True:
                self.check()
                if doing.done():
                    return doing.result()
                self._something.clear()
                await self._something.wait()
        finally:
            await stopped(doing)

    async def attempt(
        self, what: str, step: Callable[[], Awaitable[object]], deadline_s: float | None = None
    ) -> bool:
        """Do a step that can neither break nor freeze the handoff: whether it succeeded.

        Raises:
            Interrupted: something ended the wait meanwhile.
        """
        return await self.do(attempt(what, step, deadline_s or self._step_deadline_s))

    def _why(self) -> Why | None:
        """The most pressing reason to end the wait that the handoff's state allows."""
        if self._is_broken():
            return Why.BROKEN
        # The leg knows first: a caller who hung up while a step ended must not be bridged.
        gone = self._caller.gone.is_set() or not self._caller.leg.is_up
        due = [Why.GONE] if gone else []
        due += [w for w in (Why.CANCELLED, Why.CALLBACK, Why.TOO_LONG) if w in self._wished]
        return next((why for why in due if why.value and self._machine.allows(why.value)), None)
