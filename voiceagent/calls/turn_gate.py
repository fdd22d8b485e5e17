"""The stage between the caller's turn and the language model: nothing is answered unjudged.

Enters: turns the aggregator takes for finished, and guesses at turns that may be. Leaves: the same,
once the call has logged them and the supervisor has judged them. A guess passes at once, because
its answer is held behind the model until the turn's end passes here; so it is the end of the turn
that waits for the verdict::

    a guess passes             the model writes, nothing is heard
    its turn ends, approved    the end passes: the answer is released
    its turn ends, outdated    the guess is withdrawn, the turn is answered anew
    its turn ends, refused     the guess is withdrawn, nobody answers
    the caller speaks again    what waits is withdrawn; the turn is logged and judged all the same
    a turn without a guess     waits here itself, until it is judged; so does a guess that
                               arrives when its turn has ended already
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from enum import Enum

from pipecat.frames.frames import (
    EagerEndOfTurnCancelFrame,
    Frame,
    InterruptionFrame,
    LLMContextFrame,
    UserStartedSpeakingFrame,
    UserStoppedSpeakingFrame,
)
from pipecat.processors.frame_processor import FrameDirection, FrameProcessor


class _Guess(Enum):
    """What became of the guess at the turn that is going on."""

    NONE = "none"
    PASSED = "passed"
    REFUSED = "refused"
    """Not shown to the model; its turn has to be answered when it ends."""


class TurnGate(FrameProcessor):
    """Holds a finished turn until the call has logged it and the supervisor has judged it.

    Args:
        on_turn: told that a turn is complete; True lets the language model answer it.
        on_barge_in: the caller spoke over the agent.
        may_guess: whether the model may begin with an answer before that.
        answer: has the model answer the conversation as it stands.
    """

    def __init__(
        self,
        on_turn: Callable[[], Awaitable[bool]],
        on_barge_in: Callable[[], Awaitable[None]],
        may_guess: Callable[[], bool],
        answer: Callable[[], Awaitable[None]],
    ) -> None:
        super().__init__()
        self._on_turn = on_turn
        self._on_barge_in = on_barge_in
        self._may_guess = may_guess
        self._answer = answer
        self._guess = _Guess.NONE
        self._turn_ended = False
        self._held: UserStoppedSpeakingFrame | None = None
        # More than one, if the caller goes on and ends again before a verdict is there.
        self._judging: set[asyncio.Task[None]] = set()

    def outdate(self) -> None:
        """The conversation has changed: what was written on a guess is no answer to it."""
        if self._guess is _Guess.PASSED:
            self._guess = _Guess.REFUSED

    async def cleanup(self) -> None:
        """Judge no more."""
        await super().cleanup()  # type: ignore[no-untyped-call]
        for task in tuple(self._judging):
            await self.cancel_task(task)

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        """Let everything through but turns nobody should answer."""
        await super().process_frame(frame, direction)
        if direction is FrameDirection.DOWNSTREAM:
            if isinstance(frame, LLMContextFrame):
                if not await self._passes(frame):
                    return
            elif isinstance(frame, EagerEndOfTurnCancelFrame):
                self._guess = _Guess.NONE
            elif isinstance(frame, UserStartedSpeakingFrame):
                self._turn_ended = False
                await self._let_go(withdraw=True)
            elif isinstance(frame, InterruptionFrame):
                self._guess = _Guess.NONE
                await self._on_barge_in()
            elif isinstance(frame, UserStoppedSpeakingFrame):
                self._turn_ended = True
                if self._guess is not _Guess.NONE:
                    self._held = frame
                    judging = self.create_task(self._judge(frame))
                    self._judging.add(judging)
                    judging.add_done_callback(self._judging.discard)
                    return
        await self.push_frame(frame, direction)

    async def _passes(self, frame: LLMContextFrame) -> bool:
        if self._turn_ended:
            frame.speculation = False
        if not frame.speculation:
            return await self._on_turn()
        passes = self._may_guess()
        self._guess = _Guess.PASSED if passes else _Guess.REFUSED
        return passes

    async def _judge(self, held: UserStoppedSpeakingFrame) -> None:
        """Decide on a turn whose answer may be written already."""
        answered = await self._on_turn()
        if self._held is not held:
            return
        written = self._guess is _Guess.PASSED
        await self._let_go(withdraw=not (answered and written))
        if answered and not written:
            await self._answer()

    async def _let_go(self, *, withdraw: bool) -> None:
        """Let the end of the turn pass that is held; harmless if there is none."""
        held, self._held = self._held, None
        if held is None:
            return
        self._guess = _Guess.NONE
        if withdraw:
            await self.push_frame(EagerEndOfTurnCancelFrame())
        await self.push_frame(held)
