"""How pipecat's user aggregator ends a turn that the ear has decided about.

Enters: what :class:`~.listening.ListeningService` sends. Leaves: pipecat's own end of a turn, also
for one without words, which pipecat's strategies would wait for until their watchdog barks.
"""

from __future__ import annotations

from pipecat.frames.frames import Frame
from pipecat.turns.types import ProcessFrameResult
from pipecat.turns.user_stop import EagerUserTurnStopStrategy, ExactMatch

from voiceagent.speech.listening import NothingHeardFrame


class CallerTurnStopStrategy(EagerUserTurnStopStrategy):
    """Ends the turn when the ear says so, with or without words."""

    def __init__(self) -> None:
        # The words committed are those guessed on, or others.
        super().__init__(match_policy=ExactMatch())
        self._nothing_was_heard = False

    async def process_frame(self, frame: Frame) -> ProcessFrameResult:
        """Remember that no words will come."""
        if isinstance(frame, NothingHeardFrame):
            self._nothing_was_heard = True
        return await super().process_frame(frame)

    async def _maybe_trigger_user_turn_stopped(self) -> None:
        if self._nothing_was_heard and not self._user_speaking:
            self._nothing_was_heard = False
            await self._trigger_user_turn_stopped()  # type: ignore[no-untyped-call]
            return
        await super()._maybe_trigger_user_turn_stopped()  # type: ignore[no-untyped-call]

    async def _reset(self) -> None:
        self._nothing_was_heard = False
        await super()._reset()  # type: ignore[no-untyped-call]
