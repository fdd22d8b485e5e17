"""What a verdict may cause in a call: words, a handoff, a blocked number, an end, a repair.

What enters: what the supervision, the patience and the playbook decide. What leaves: words to the
caller, a handoff begun, an entry on the do-not-call list, the end of the call. Everything that runs
beside the call belongs to it and ends with it (:meth:`Deeds.close`).
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine
from typing import Any

from voiceagent.calls.closing import Closing
from voiceagent.calls.handing_over import HandingOver
from voiceagent.calls.journal import Journal
from voiceagent.calls.order import CallOrder, CallParts
from voiceagent.calls.outcome import OutcomeSoFar
from voiceagent.calls.pipeline import CallPipeline
from voiceagent.calls.supervision import forbids_calls
from voiceagent.dialogue.playbook import CallScript, fill, without_marks
from voiceagent.domain.call import CallState
from voiceagent.domain.events import DoNotCallEntered
from voiceagent.domain.handoff import HandoffOutcome
from voiceagent.domain.verdict import Repair, TriggerKind, Verdict

logger = logging.getLogger(__name__)

# After the last word, time for the caller's own goodbye before we hang up.
_PARTING_S = 1.5
# A fifth slower is clearly slower and not yet an insult.
_SLOW_PACE = 0.82


class Deeds:
    """Carries out what was decided in one call; a ``Conversation`` for the supervision."""

    def __init__(
        self,
        order: CallOrder,
        parts: CallParts,
        journal: Journal,
        script: CallScript,
        handing_over: HandingOver,
        closing: Closing,
    ) -> None:
        self._order = order
        self._parts = parts
        self._journal = journal
        self._script = script
        self._handing_over = handing_over
        self._closing = closing
        self._pipeline: CallPipeline | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self.outcome = OutcomeSoFar()

    def attach(self, pipeline: CallPipeline) -> None:
        """Say which pipeline speaks to the caller."""
        self._pipeline = pipeline

    def agent_may_answer(self) -> bool:
        """Whether it is the agent who talks with the caller now."""
        return self._journal.state is CallState.TALKING and not self._handing_over.running

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        """Run something beside the call, for as long as the call runs."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def close(self) -> None:
        """End everything that still runs beside the call."""
        running = [task for task in (self._handing_over.task, *self._tasks) if task is not None]
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
        await self._handing_over.close()

    # Verdicts; see voiceagent.calls.supervision.Conversation.

    def offer_person(self) -> None:
        """Ask the caller whether they want a person."""
        self.say_soon(self._script.phrases.offer_person)

    def hand_over(self, verdict: Verdict) -> None:
        """Bring a human in, and tell the caller why where the caller does not know."""
        phrases = self._script.phrases
        kinds = [trigger.kind for trigger in verdict.triggers]
        if kinds and all(kind is TriggerKind.LANGUAGE_MODEL_FAILED for kind in kinds):
            announcement = phrases.fallback.language_model_failed
        else:
            why = phrases.hold.why.get(kinds[0], "") if kinds else ""
            announcement = f"{why} {phrases.hold.announcement}".strip()
        self._handing_over.start(announcement, self._on_handoff_over)

    async def block_number(self, turn: int) -> None:
        """Block the number from the moment it is spoken, before anything is said about it."""
        if self.outcome.forbidden:
            return
        phone = self._order.record.customer.phone
        await self._parts.book.forbid(phone, f"call {self._order.call_id} turn {turn}")
        await self._journal.report(lambda ms: DoNotCallEntered(at_ms=ms, phone=phone, turn=turn))

    def end(self, verdict: Verdict) -> None:
        """Say goodbye and end."""
        goodbye = self._script.phrases.goodbye
        if forbids_calls(verdict):
            self.spawn(self._end("do_not_call", goodbye.do_not_call))
        else:
            self.spawn(self._end("supervisor", goodbye.resolved))

    def repair(self, step: Repair, *, speak: bool) -> bool:
        """Take a step of repair.

        Slower speech and the note to the model work from this reply on. Asking to spell or key
        in is too important to be left to the model: it is said word for word, as the answer.
        """
        self._running.pace(1.0 if step is Repair.NONE else _SLOW_PACE)
        self._running.note(self._script.guidance.for_repair(step))
        if step is not Repair.SPELL_OR_KEY or not speak:
            return False
        self.say_soon(self._script.phrases.spell_or_key)
        return True

    # What people of the company decide; see voiceagent.calls.controls.

    def hint(self, text: str) -> None:
        """Let the agent heed something from its next answer on."""
        told = without_marks(text)
        self._running.note(fill(self._script.guidance.hint, instruction=told))

    def put_through(self, human_id: str) -> None:
        """Announce a person and ring this human alone."""
        announcement = self._script.phrases.hold.announcement
        self._handing_over.start(announcement, self._on_handoff_over, only=human_id)

    def close_call(self) -> None:
        """Say goodbye and end, because somebody of the company wants it."""
        self.spawn(self._end("operator", self._script.phrases.goodbye.resolved))

    # Other decisions.

    def dialogue_done(self, goodbye: str) -> None:
        """The playbook has come to its end."""
        self.outcome.dialogue_done()
        self.spawn(self._end("completed", goodbye))

    def give_up(self) -> None:
        """The caller has been silent for too long."""
        self.spawn(self._end("caller_silent", self._script.phrases.goodbye.resolved))

    def say_soon(self, text: str, remember: bool = True) -> None:
        """Speak beside whatever goes on; the model remembers it unless it is a filler."""

        async def say() -> None:
            await self._running.voice.say(text, remember=remember)

        self.spawn(say())

    async def _end(self, reason: str, goodbye: str) -> None:
        if goodbye:
            await self._running.voice.say(goodbye, interruptible=False)
        await asyncio.sleep(_PARTING_S)
        self._closing.decide(reason)

    def _on_handoff_over(self, task: asyncio.Task[HandoffOutcome]) -> None:
        if task.cancelled():
            return
        if (error := task.exception()) is not None:
            logger.error("the handoff broke: %s", type(error).__name__)
            self._closing.fail(error)
        elif task.result() is HandoffOutcome.BRIDGED:
            self._closing.decide("bridge_closed")
        elif self._handing_over.take_instruction():
            # Only now may the agent speak again: it does what the human asked of it.
            self.spawn(self._running.answer())

    @property
    def _running(self) -> CallPipeline:
        assert self._pipeline is not None, "the pipeline runs while the call is connected"
        return self._pipeline
