"""What people of the company may do with a live call: listen in, hint, take over, end it.

In: their wishes, from the desk or the board. Out: the call's own deeds, each in the log first with
who wanted it. A wish that does not fit the moment is refused and changes nothing.
"""

from __future__ import annotations

from voiceagent.calls.deeds import Deeds
from voiceagent.calls.journal import Journal
from voiceagent.domain.call import CallState
from voiceagent.domain.errors import CallControlError
from voiceagent.domain.events import OperatorActed, OperatorAction
from voiceagent.legs.leg import Leg

_OPENING = frozenset({CallState.CONNECTING, CallState.ANSWERING, CallState.DISCLOSED})
_OVER = frozenset({CallState.WRAPPING_UP, CallState.ENDED})


class CallControls:
    """One live call, as people of the company may reach into it; used from its event loop.

    Attributes:
        call_id: which call it is.
        leg: the caller's line, for whoever listens in (:meth:`~voiceagent.legs.leg.Leg.add_tap`).
    """

    def __init__(self, call_id: str, leg: Leg, journal: Journal, deeds: Deeds) -> None:
        self.call_id = call_id
        self.leg = leg
        self._journal = journal
        self._deeds = deeds

    async def hint(self, by: str, text: str) -> None:
        """Tell the agent something it heeds from its next answer on; the caller does not hear it.

        Args:
            by: who says it.
            text: what to heed.

        Raises:
            CallControlError: it is not the agent who talks with the caller.
        """
        self._require_agent("A hint is for the agent, which is not talking now.")
        await self._note(by, OperatorAction.HINT, text)
        self._deeds.hint(text)

    async def take_over(self, human_id: str) -> None:
        """Announce a person to the caller, and ring this human alone.

        Raises:
            CallControlError: the caller is already with a person, or on the way to one.
        """
        self._require_agent("The caller is already being put through to a person.")
        await self._note(human_id, OperatorAction.TAKE_OVER)
        self._deeds.put_through(human_id)

    async def end(self, by: str) -> None:
        """Let the agent say goodbye and hang up.

        Raises:
            CallControlError: it is not the agent who talks with the caller.
        """
        self._require_agent("A person is talking with the caller, or being rung for them.")
        await self._note(by, OperatorAction.END)
        self._deeds.close_call()

    def _require_agent(self, problem: str) -> None:
        if self._journal.state in _OVER:
            raise CallControlError("The call is over.")
        if self._journal.state in _OPENING:
            raise CallControlError("The call is still being opened.", "Wait a few seconds.")
        if not self._deeds.agent_may_answer():
            raise CallControlError(problem, "Wait until the agent talks with the caller again.")

    async def _note(self, by: str, action: OperatorAction, text: str = "") -> None:
        await self._journal.report(
            lambda ms: OperatorActed(at_ms=ms, action=action, by=by, text=text)
        )
