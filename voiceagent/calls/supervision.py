"""Between the supervisor and the call: every event is shown to it, every verdict is acted on once.

What enters: the call's events, in line with the log. What leaves: verdicts in the log, and at most
one deed per verdict: a person offered, a handoff, an end, a step of repair. The supervisor judges;
here it is only carried out, and never before the callee has heard that they talk with an AI.

A turn of the caller is judged twice before the language model may answer it: from its words alone,
at once, and with what trained classifiers make of it, which is waited for only briefly. Both make
one verdict. A second opinion is asked beside the call and counts whenever it comes.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

from voiceagent.calls.journal import Journal
from voiceagent.dialogue.second_opinion import SecondOpinion
from voiceagent.domain.call import CallState
from voiceagent.domain.errors import LanguageModelError, SpeechError
from voiceagent.domain.events import (
    FrustrationScored,
    KeyPressed,
    LanguageModelTroubled,
    LoggedEvent,
    SecondOpinionGiven,
    SecondOpinionMissed,
    TurnClassified,
    TurnTaken,
    VerdictGiven,
)
from voiceagent.domain.transcript import Turn
from voiceagent.domain.verdict import Action, Repair, TriggerKind, Verdict
from voiceagent.supervisor.turn_reading import TurnReading
from voiceagent.supervisor.watcher import Supervisor

logger = logging.getLogger(__name__)

# Events whose verdict decides whether the language model may answer: somebody waits for it.
_WAITED_FOR = (TurnTaken, TurnClassified, FrustrationScored, KeyPressed, LanguageModelTroubled)
_RANK = {action: rank for rank, action in enumerate(Action)}


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

    def repair(self, step: Repair, *, speak: bool) -> bool:
        """Take a step of repair; True if the agent has thereby answered the turn.

        ``speak`` says whether it may answer: not if something else is said already.
        """

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        """Run something beside the call, for as long as the call runs."""


@dataclass(frozen=True, slots=True)
class Advisers:
    """Who is asked about a turn beside the supervisor's own rules.

    Attributes:
        read_turn: trained classifiers, with a deadline of their own (``SpeechError`` beyond it).
        second_opinion: a language model.
    """

    read_turn: Callable[[Sequence[Turn]], Awaitable[TurnReading]] | None = None
    second_opinion: SecondOpinion | None = None


class Supervision:
    """The supervisor of one call and what becomes of its verdicts."""

    def __init__(
        self,
        supervisor: Supervisor,
        journal: Journal,
        conversation: Conversation,
        advisers: Advisers | None = None,
    ) -> None:
        self._supervisor = supervisor
        self._journal = journal
        self._conversation = conversation
        self._advisers = advisers or Advisers()
        self._verdicts: dict[int, Verdict] = {}
        self._pending: Verdict | None = None
        self._repair = Repair.NONE

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
        if isinstance(logged.event, TurnTaken):
            verdict = await self._advised(verdict)
            self._ask_second_opinion()
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
        repaired = self._repaired(verdict)
        if verdict.action is Action.CONTINUE:
            return repaired
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

    def _repaired(self, verdict: Verdict) -> bool:
        if verdict.repair is self._repair or not self._conversation.agent_may_answer():
            return False
        self._repair = verdict.repair
        speak = verdict.action is Action.CONTINUE
        return self._conversation.repair(verdict.repair, speak=speak)

    # Advice.

    async def _advised(self, verdict: Verdict | None) -> Verdict | None:
        """The verdict on a turn, with what the classifiers add to it."""
        if self._advisers.read_turn is None:
            return verdict
        try:
            reading = await self._advisers.read_turn(self._turns())
        except SpeechError as error:
            logger.warning("a turn was judged without the classifiers: %s", error.code)
            return verdict
        for make in (reading.classified, reading.scored):
            logged = await self._journal.report(make)
            verdict = _together(verdict, self._verdicts.pop(logged.seq, None))
        if verdict is None:
            return None
        return replace(verdict, frustration=self._supervisor.frustration)

    def _ask_second_opinion(self) -> None:
        opinion = self._advisers.second_opinion
        # One at a time: an opinion on the turn before the last is still one on this call.
        if opinion is not None and not opinion.busy and self._conversation.agent_may_answer():
            self._conversation.spawn(self._second_opinion(opinion, self._turns()))

    async def _second_opinion(self, opinion: SecondOpinion, turns: Sequence[Turn]) -> None:
        turn = turns[-1].number
        try:
            given = await opinion.on(turns)
        except LanguageModelError as error:
            code = error.code
            await self._journal.report(
                lambda ms: SecondOpinionMissed(at_ms=ms, turn=turn, code=code)
            )
            return
        await self._journal.report(
            lambda ms: SecondOpinionGiven(
                at_ms=ms,
                turn=turn,
                person_needed=given.person_needed,
                frustrated=given.frustrated,
                reason=given.reason,
            )
        )

    def _turns(self) -> tuple[Turn, ...]:
        events = self._journal.events()
        return tuple(e.event.turn for e in events if isinstance(e.event, TurnTaken))


def forbids_calls(verdict: Verdict) -> bool:
    """Whether the callee does not want to be called again."""
    return any(trigger.kind is TriggerKind.DO_NOT_CALL for trigger in verdict.triggers)


def _together(first: Verdict | None, second: Verdict | None) -> Verdict | None:
    """Two verdicts on one turn as one: the weightier action, the grounds of both."""
    if first is None or second is None:
        return first or second
    weightier, other = first, second
    if _RANK[second.action] > _RANK[first.action]:
        weightier, other = second, first
    added = tuple(t for t in other.triggers if t not in weightier.triggers)
    return replace(weightier, triggers=weightier.triggers + added)
