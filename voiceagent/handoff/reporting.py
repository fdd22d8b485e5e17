"""The handoff's events on their way into the log, one after the other.

What enters: events to be made. What leaves: the same, committed in the order in which they were
reported, also when the step that reported one is cancelled meanwhile: what has happened is in the
log whether or not anybody still waits for it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from voiceagent.domain.errors import StoreError
from voiceagent.domain.events import AnyEvent, Reporter
from voiceagent.domain.handoff import HandoffEvent, HandoffOutcome, HandoffState
from voiceagent.domain.handoff_events import (
    BridgeHeld,
    HandoffEnded,
    HandoffMoved,
    HoldWished,
    HumanRung,
    SentBack,
    WhisperPlayed,
)
from voiceagent.domain.transitions import Machine
from voiceagent.handoff.caller_side import HeardOnHold, Whispered
from voiceagent.handoff.deadlines import stopped, within
from voiceagent.handoff.roster import Human

# Whoever ends a handoff from outside waits for it.
_SETTLING_S = 2.0


class Reports:
    """Reports of one handoff.

    Every method returns once its event is committed and raises ``StoreError`` if it could not be,
    or an earlier one could not.

    Args:
        report: commits an event.
        deadline_s: for one event.
        on_broken: called once, when an event could not be committed.
    """

    def __init__(
        self,
        handoff_id: str,
        report: Reporter,
        deadline_s: float,
        on_broken: Callable[[], None],
    ) -> None:
        self._id = handoff_id
        self._report = report
        self._deadline_s = deadline_s
        self._on_broken = on_broken
        self._turn = asyncio.Lock()
        self._pending: set[asyncio.Task[None]] = set()
        self.broken: StoreError | None = None
        """Why events can no longer be committed; None while they can."""

    @property
    def is_broken(self) -> bool:
        """Whether events can no longer be committed."""
        return self.broken is not None

    async def report(self, make: Callable[[int], AnyEvent]) -> None:
        """Report an event."""
        await asyncio.shield(self._begin(make))

    async def move(
        self, machine: Machine[HandoffState, HandoffEvent], event: HandoffEvent, *humans: Human
    ) -> None:
        """Let the state machine take an event, and report it.

        Raises:
            IllegalTransitionError: it cannot take it; nothing happened.
        """
        source, target = machine.state, machine.take(event)
        who = ",".join(human.id for human in humans)
        await self.report(
            lambda ms: HandoffMoved(
                at_ms=ms,
                handoff_id=self._id,
                source=source,
                event=event,
                target=target,
                human=who,
            )
        )

    async def wished(self, heard: HeardOnHold) -> None:
        """The caller on hold wants something."""
        wish, turn, key = heard.wish, heard.turn, heard.key
        await self.report(
            lambda ms: HoldWished(at_ms=ms, handoff_id=self._id, wish=wish, turn=turn, key=key)
        )

    async def rung(self, human: Human, result: str) -> None:
        """The ring of one human ended."""
        how = str(result)
        await self.report(
            lambda ms: HumanRung(at_ms=ms, handoff_id=self._id, human=human.id, result=how)
        )

    async def whispered(self, human: Human, told: Whispered) -> None:
        """A human was briefed by voice."""
        await self.report(
            lambda ms: WhisperPlayed(
                at_ms=ms, handoff_id=self._id, human=human.id, text=told.text, heard=told.heard
            )
        )

    async def sent_back(self, human: Human, instruction: str) -> None:
        """A human sent the caller back to the agent."""
        await self.report(
            lambda ms: SentBack(
                at_ms=ms, handoff_id=self._id, human=human.id, instruction=instruction
            )
        )

    def held(self, human: Human, *, on: bool) -> None:
        """A bridged human put the caller on hold, or came back; nobody waits for the log."""
        self._begin(lambda ms: BridgeHeld(at_ms=ms, handoff_id=self._id, human=human.id, on=on))

    async def ended(self, outcome: HandoffOutcome) -> None:
        """The handoff is over."""
        await self.report(lambda ms: HandoffEnded(at_ms=ms, handoff_id=self._id, outcome=outcome))

    async def settled(self) -> None:
        """Wait a moment until everything reported is committed, and leave no report waiting."""
        pending = tuple(self._pending)
        if pending:
            await asyncio.wait(pending, timeout=_SETTLING_S)
        for task in pending:
            await stopped(task)

    def _begin(self, make: Callable[[int], AnyEvent]) -> asyncio.Task[None]:
        task = asyncio.create_task(self._commit(make), name="handoff-report")
        self._pending.add(task)
        task.add_done_callback(self._over)
        return task

    async def _commit(self, make: Callable[[int], AnyEvent]) -> None:
        async with self._turn:
            if self.broken is not None:
                raise self.broken
            try:
                await within(self._report(make), self._deadline_s)
            except StoreError as error:
                self._break(error)
                raise
            except TimeoutError:
                late = StoreError("An event of the handoff was not committed in time.")
                self._break(late)
                raise late from None

    def _break(self, error: StoreError) -> None:
        self.broken = error
        self._on_broken()

    def _over(self, task: asyncio.Task[None]) -> None:
        self._pending.discard(task)
        if not task.cancelled():
            task.exception()
