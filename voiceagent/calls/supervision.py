"""Between the supervisor and the call: every event is shown to it, every verdict is acted on once.

What enters: the call's events, in line with the log. What leaves: verdicts in the log, and at most
one deed per verdict: a person offered, a handoff, an end. The supervisor judges; here it is only
carried out, and never before the callee has heard that they talk with an AI.
"""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any, Protocol

from voiceagent.calls.journal import Journal
from voiceagent.domain.call import CallState
from voiceagent.domain.events import (
    KeyPressed,
    LanguageModelTroubled,
    LoggedEvent,
    TurnTaken,
    VerdictGiven,
)
from voiceagent.domain.verdict import Action, TriggerKind, Verdict
from voiceagent.supervisor.watcher import Supervisor

# Events whose verdict decides whether the language model may answer: somebody waits for it.
_WAITED_FOR = (TurnTaken, KeyPressed, LanguageModelTroubled)


class Conversation(Protocol):
    """What a verdict may cause in a call."""

    def agent_may_answer(self) -> bool:
        """Whether it is the agent who talks with the caller now."""

    def offer_person(self) -> None:
        """Ask the caller whether they want a person."""

    def hand_over(self, verdict: Verdict) -> None:
        """Bring a human in, for the reasons the verdict gives."""

    async def block_number(self, turn: int) -> None:
        """Never call this number again, from now on; harmless when repeated."""

    def end(self, verdict: Verdict) -> None:
        """Say goodbye and end, for the reasons the verdict gives."""

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        """Run something beside the call, for as long as the call runs."""


class Supervision:
    """The supervisor of one call and what becomes of its verdicts."""

    def __init__(
        self, supervisor: Supervisor, journal: Journal, conversation: Conversation
    ) -> None:
        self._supervisor = supervisor
        self._journal = journal
        self._conversation = conversation
        self._verdicts: dict[int, Verdict] = {}
        self._pending: Verdict | None = None

    def watch(self, logged: LoggedEvent) -> None:
        """Show the supervisor an event; called in line with the log."""
        verdict = self._supervisor.observe(logged.event)
        if verdict is None:
            return
        if isinstance(logged.event, _WAITED_FOR):
            self._verdicts[logged.seq] = verdict
        else:
            self._conversation.spawn(self._give(verdict))

    async def consult(self, logged: LoggedEvent) -> bool:
        """Act on what the supervisor made of an event; True if the model must not answer it."""
        verdict = self._verdicts.pop(logged.seq, None)
        return verdict is not None and await self._take(verdict)

    async def disclosed(self) -> bool:
        """The callee knows what they talk with: act on what was concluded before that."""
        verdict, self._pending = self._pending, None
        return verdict is not None and await self._act(verdict)

    async def _give(self, verdict: Verdict) -> None:
        await self._take(verdict)

    async def _take(self, verdict: Verdict) -> bool:
        await self._journal.report(lambda ms: VerdictGiven(at_ms=ms, verdict=verdict))
        if forbids_calls(verdict):
            # At once, whoever talks with the caller and whatever happens next.
            await self._conversation.block_number(verdict.turn)
        if verdict.action is Action.CONTINUE:
            return False
        if self._journal.state is CallState.ANSWERING:
            # The disclosure comes first, whatever the caller wants.
            self._pending = verdict
            return True
        return await self._act(verdict)

    async def _act(self, verdict: Verdict) -> bool:
        if not self._conversation.agent_may_answer():
            return False
        if verdict.action is Action.HAND_OVER:
            self._conversation.hand_over(verdict)
        elif verdict.action is Action.OFFER_PERSON:
            self._conversation.offer_person()
        else:
            self._conversation.end(verdict)
        return True


def forbids_calls(verdict: Verdict) -> bool:
    """Whether the callee does not want to be called again."""
    return any(trigger.kind is TriggerKind.DO_NOT_CALL for trigger in verdict.triggers)
