"""How long this caller pauses in the middle of what they say, as far as the call has shown.

Enters: when turns begin and end, the pauses in them, and when the agent begins to be heard; all in
milliseconds of the call's audio. Leaves: the pause to wait for. Pure.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PauseHabitOptions:
    """What counts as a pause of the caller.

    Attributes:
        resumed_within_ms: a caller who speaks again so soon after a turn had not finished it,
            unless they were answered.
        answered_from_ms: an agent that was heard for so long has answered.
    """

    resumed_within_ms: int = 2000
    answered_from_ms: int = 700


class PauseHabit:
    """The pauses of one caller.

    Args:
        options: see :class:`PauseHabitOptions`.
    """

    def __init__(self, options: PauseHabitOptions | None = None) -> None:
        self._options = options or PauseHabitOptions()
        self._ended_ms: int | None = None
        self._answered_ms: int | None = None
        self.longest_ms = 0
        """The pause after which this caller still goes on; 0 if they have not paused."""

    def agent_began(self, at_ms: int) -> None:
        """The agent begins to be heard."""
        if self._answered_ms is None:
            self._answered_ms = at_ms

    def turn_began(self, at_ms: int) -> None:
        """The caller speaks: for the first time, in reply, or because they were cut off."""
        if self._ended_ms is None or at_ms - self._ended_ms > self._options.resumed_within_ms:
            return
        answered = self._answered_ms
        if answered is None or at_ms - answered < self._options.answered_from_ms:
            self.longest_ms = max(self.longest_ms, at_ms - self._ended_ms)

    def turn_ended(self, at_ms: int, longest_pause_ms: int) -> None:
        """The caller's speech ended, after pauses of this length at most.

        A habit fades in turns without such a pause.
        """
        self.longest_ms = max(longest_pause_ms, self.longest_ms * 3 // 4)
        self._ended_ms = at_ms
        self._answered_ms = None
