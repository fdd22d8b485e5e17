"""The agent's voice, silenced at the first sound of the caller and given back after an "mhm".

Enters: the ear's first suspicion of a barge-in. Leaves: silence on the leg within a frame, while
the agent's words wait where they were cut. Whether the caller wants the floor is for the ear to
find out (:class:`~voiceagent.speech.floor.Floor`).
"""

from __future__ import annotations

from collections.abc import Callable

from voiceagent.legs.playout import Playout


class AgentFloor:
    """The floor of one call.

    Args:
        playout: of the caller's leg.
        may_be_cut: whether the agent is speaking, and what it says may be interrupted.
    """

    def __init__(self, playout: Playout, may_be_cut: Callable[[], bool]) -> None:
        self._playout = playout
        self._may_be_cut = may_be_cut

    def hush(self) -> bool:
        """Fall silent for the moment; False if there is nothing that may be cut."""
        if not self._may_be_cut():
            return False
        self._playout.hush()
        return True

    def speak_on(self) -> None:
        """Go on where the agent fell silent."""
        self._playout.speak_on()
