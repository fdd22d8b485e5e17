"""One live call, from dialling to the last event of its log.

What enters: an order, the callee's leg, the parts to run on. What leaves: the log of the call and
its one outcome. The pipeline tells the call what was heard and said, the supervisor what should
happen; the call decides who may speak.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging

from voiceagent.calls.agent_voice import AgentTurn, AgentVoice
from voiceagent.calls.closing import Closing
from voiceagent.calls.controls import CallControls
from voiceagent.calls.deeds import Deeds
from voiceagent.calls.event_log import EventLog
from voiceagent.calls.handing_over import HandingOver
from voiceagent.calls.journal import Journal
from voiceagent.calls.keypad import Keypad
from voiceagent.calls.order import CallOrder, CallParts, CallResult
from voiceagent.calls.patience import Patience
from voiceagent.calls.pipeline import CallPipeline, PipelineHooks
from voiceagent.calls.promises import callee_day
from voiceagent.calls.recorder import StereoRecorder
from voiceagent.calls.supervision import Advisers, Supervision
from voiceagent.dialogue.llm import LlmCallbacks
from voiceagent.dialogue.playbook import fill
from voiceagent.domain.call import CallEvent, CallOutcome
from voiceagent.domain.errors import (
    LanguageModelError,
    LegError,
    SpeechError,
    StoreError,
    VoiceAgentError,
)
from voiceagent.domain.events import (
    AccountLoaded,
    BargeIn,
    CallEnded,
    CallPlaced,
    CallSummed,
    DisclosurePlayed,
    InterimHeard,
    KeyPressed,
    LanguageModelTroubled,
    LoggedEvent,
    ModelTrouble,
    TurnTaken,
)
from voiceagent.handoff.packet_builder import build_packet
from voiceagent.legs.leg import Gone, Leg
from voiceagent.speech.utterances import Utterance

logger = logging.getLogger(__name__)

# People say hello when they pick up; whoever does not within so long is waiting for us.
_GREETING_S = 2.0
# After the last word, time for the caller's own goodbye before we hang up.
_PARTING_S = 1.5
_CLEAN_UP_S = 20.0

_E = CallEvent


class LiveCall:
    """One call. Make one per attempt and :meth:`run` it once."""

    def __init__(self, order: CallOrder, leg: Leg, parts: CallParts, log: EventLog) -> None:
        self._order = order
        self._leg = leg
        self._parts = parts
        self._log = log
        self._journal = Journal(log, leg, order.playbook.language, self._on_broken)
        self._script = order.playbook.for_call(
            company=order.company,
            customer_name=order.record.customer.name,
            reason=order.record.callback_reason,
            today=callee_day(parts.clock(), order.record.customer.time_zone),
        )
        self._gone = asyncio.Event()
        self._handing_over = HandingOver(order, parts, leg, self._journal, self._script, self._gone)
        self._closing = Closing()
        self._deeds = Deeds(
            order, parts, self._journal, self._script, self._handing_over, self._closing
        )
        self._supervision = Supervision(
            parts.supervisor(),
            self._journal,
            self._deeds,
            Advisers(parts.read_turn, parts.second_opinion),
        )
        self.controls = CallControls(order.call_id, leg, self._journal, self._deeds)
        """What people of the company may do with this call."""
        self._pipeline: CallPipeline | None = None
        self._segments: list[Utterance] = []
        self._greeted = asyncio.Event()
        self._answer_due = False
        self._patience = Patience(
            self._journal, self._script.phrases, self._deeds.say_soon, self._deeds.give_up
        )
        self._keypad = Keypad(self._on_number)

    # From beginning to end.

    async def run(self) -> CallResult:
        """Place the call and see it through, whatever it comes to.

        Raises:
            StoreError: the log or the recording could not be written; the call was ended.
        """
        order, journal = self._order, self._journal
        journal.listen(self._on_logged)
        await journal.report(
            lambda ms: CallPlaced(
                at_ms=ms,
                account_id=order.record.customer.id,
                playbook=order.playbook.name,
                language=order.playbook.language,
                reason=order.record.callback_reason,
                leg=self._leg.kind,
            )
        )
        await journal.report(lambda ms: AccountLoaded(at_ms=ms, record=order.record))
        # A third of a second of work, which other calls would hear as a gap.
        self._pipeline = await asyncio.to_thread(
            CallPipeline, self._leg, order, self._parts, journal, self._script, self._hooks()
        )
        self._handing_over.attach(self._pipeline)
        self._deeds.attach(self._pipeline)
        await self._warm_up()
        try:
            await self._leg.connect(order.ring_timeout_s)
        except LegError as error:
            await journal.move(_E.NOT_ANSWERED)
            await self._clean_up()
            return await self._ended(CallOutcome.NOT_REACHED, error.code)
        recorder: StereoRecorder | None = None
        finished = False
        try:
            if order.recording:
                recorder = StereoRecorder(order.recording, self._leg.sample_rate_hz)
                self._leg.add_tap(recorder.tap)
            outcome, reason = await self._connected()
            finished = True
        except VoiceAgentError as error:
            await self._clean_up()
            await self._failed(error)
            raise
        finally:
            await self._clean_up()
            if recorder and not finished:
                await asyncio.to_thread(recorder.abandon)
        if recorder:
            await asyncio.to_thread(recorder.finish)
        return await self._ended(outcome, reason)

    async def _connected(self) -> tuple[CallOutcome, str]:
        await self._journal.move(_E.ANSWERED)
        await self._running.start()
        opening = asyncio.create_task(self._open(), name="call-opening")
        leaving = asyncio.create_task(self._gone.wait(), name="call-caller-gone")
        try:
            await self._closing.wait(opening, leaving, self._order.longest_s)
            return await self._wrap_up()
        finally:
            for task in (opening, leaving):
                task.cancel()
            await asyncio.gather(opening, leaving, return_exceptions=True)

    async def _warm_up(self) -> None:
        """Let a local model read the prompt before anybody's phone rings.

        Reading it takes many seconds once and one or two from then on; a caller would hear them.
        """
        if self._parts.warm_up is not None:
            try:
                await self._parts.warm_up(self._running.first_prompt())
            except VoiceAgentError as error:
                logger.warning("the language model was not warmed up: %s", error.code)

    async def _open(self) -> None:
        """Let the callee say hello, say what we are, then answer what was said meanwhile."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._greeted.wait(), _GREETING_S)
        disclosure = self._script.phrases.disclosure
        self._answer_due = False
        self._deeds.spawn(self._running.prepare_next_turn(disclosure))
        if not await self._voice.say(disclosure, interruptible=False):
            if self._leg.is_up:
                # Nobody may talk with an AI unawares, so there is no call without the disclosure.
                raise SpeechError("The disclosure could not be played to its end.")
            return
        await self._journal.report(lambda ms: DisclosurePlayed(at_ms=ms, text=disclosure))
        await self._journal.move(_E.DISCLOSURE_PLAYED)
        await self._journal.move(_E.CONVERSATION_OPENED)
        if not await self._supervision.disclosed() and self._answer_due:
            await self._running.answer()

    async def _wrap_up(self) -> tuple[CallOutcome, str]:
        """Let a running handoff finish, name the outcome, say goodbye if nobody has."""
        handoff = self._handing_over.task
        if self._gone.is_set() and handoff is not None:
            # The handoff sees the caller leave as well; its own outcome belongs in the log.
            with contextlib.suppress(TimeoutError, VoiceAgentError):
                await asyncio.wait_for(asyncio.shield(handoff), _CLEAN_UP_S)
        left = self._gone.is_set()
        reason = self._closing.reason(caller_left=left)
        if not (left or self._closing.decided):
            await self._voice.say(self._script.phrases.goodbye.resolved, interruptible=False)
        if self._journal.allows(_E.CLOSING) and not self._gone.is_set():
            await self._journal.move(_E.CLOSING)
        await self._journal.move(_E.HUNG_UP)
        await self._sum_up()
        return self._deeds.outcome.so_far, reason

    async def _sum_up(self) -> None:
        """The last packet: what the call came to, and what is owed to the caller."""
        events, versions = self._journal.events(), self._deeds.outcome.packets
        packet = await asyncio.to_thread(build_packet, self._order.call_id, events, versions + 1)
        disposition = self._deeds.outcome.so_far
        await self._journal.report(
            lambda ms: CallSummed(at_ms=ms, packet=packet, disposition=disposition)
        )

    async def _ended(self, outcome: CallOutcome, reason: str) -> CallResult:
        await self._journal.report(lambda ms: CallEnded(at_ms=ms, outcome=outcome, reason=reason))
        return CallResult(self._order.call_id, outcome, reason, self._order.recording)

    async def _failed(self, error: VoiceAgentError) -> None:
        """Close the log of a call that broke on our side, as far as it can still be written."""
        with contextlib.suppress(StoreError):
            if self._journal.allows(_E.FAILED):
                await self._journal.move(_E.FAILED)
            await self._ended(CallOutcome.FAILED, error.code)

    async def _clean_up(self) -> None:
        """Leave nothing running and nobody on a line, whatever happened; harmless if repeated."""
        self._keypad.close()
        await self._deeds.close()
        if self._pipeline is not None:
            await self._pipeline.stop()
        await self._leg.hang_up()

    # What the pipeline tells.

    def _hooks(self) -> PipelineHooks:
        return PipelineHooks(
            on_interim=self._on_interim,
            on_turn_heard=self._segments.append,
            on_nothing_heard=self._on_nothing_heard,
            on_key=self._on_key,
            on_turn=self._on_turn,
            on_barge_in=self._on_barge_in,
            on_agent_turn=self._on_agent_turn,
            on_gone=self._on_gone,
            on_caller_silent=self._on_caller_silent,
            on_close=self._on_close,
            may_speak=self._deeds.agent_may_answer,
            llm=LlmCallbacks(on_slow=self._on_slow, on_failed=self._on_failed),
        )

    def _on_interim(self, text: str) -> None:
        self._deeds.spawn(self._journal.note(lambda ms: InterimHeard(at_ms=ms, text=text)))

    async def _on_nothing_heard(self, spoken_ms: int) -> None:
        if self._deeds.agent_may_answer():
            self._patience.not_understood(spoken_ms)

    async def _on_key(self, key: str) -> None:
        logged = await self._journal.report(lambda ms: KeyPressed(at_ms=ms, key=key))
        self._handing_over.caller_keyed(key)
        if not await self._supervision.consult(logged) and self._deeds.agent_may_answer():
            self._keypad.press(key)
        else:
            self._keypad.close()

    def _on_number(self, digits: str) -> None:
        """The caller has keyed a number in: it is a turn like any other."""
        now_ms = self._leg.audio_ms
        language = self._order.playbook.language
        self._segments.append(Utterance(digits, now_ms, now_ms, 1.0, language))
        words = fill(self._script.guidance.keyed, digits=" ".join(digits))
        self._deeds.spawn(self._running.caller_wrote(words))

    async def _on_turn(self) -> bool:
        """A turn is complete, or a tool's result wants words: may the model speak?"""
        segments = tuple(self._segments)
        self._segments.clear()
        if segments:
            logged = await self._journal.caller_said(segments)
            # What is said during the disclosure is answered after it; a hello before it is not.
            self._answer_due = self._greeted.is_set()
            self._greeted.set()
            if isinstance(logged.event, TurnTaken):
                self._handing_over.caller_said(logged.event.turn)
            if await self._supervision.consult(logged):
                return False
        return self._deeds.agent_may_answer()

    async def _on_barge_in(self) -> None:
        if self._voice.speaking and self._deeds.agent_may_answer():
            await self._journal.report(lambda ms: BargeIn(at_ms=ms))
        await self._voice.interrupted()

    async def _on_agent_turn(self, said: AgentTurn) -> None:
        await self._journal.agent_said(said)
        if not said.interrupted and self._deeds.agent_may_answer():
            self._deeds.spawn(self._running.prepare_next_turn())

    async def _on_gone(self, gone: Gone) -> None:
        if gone.lost:
            logger.warning("the caller's leg was lost")
        self._gone.set()

    async def _on_caller_silent(self) -> None:
        if self._deeds.agent_may_answer():
            self._patience.caller_silent()

    async def _on_close(self, goodbye: str) -> None:
        """The playbook has come to its end."""
        self._deeds.dialogue_done(goodbye)

    async def _on_slow(self) -> None:
        await self._patience.model_slow(may_speak=self._deeds.agent_may_answer())

    async def _on_failed(self, error: LanguageModelError, _something_was_said: bool) -> None:
        logged = await self._journal.report(
            lambda ms: LanguageModelTroubled(at_ms=ms, trouble=ModelTrouble.FAILED, code=error.code)
        )
        await self._supervision.consult(logged)

    def _on_broken(self, error: StoreError) -> None:
        """The log cannot be written any more: the call ends, and says so to whoever placed it."""
        self._closing.fail(error)

    def _on_logged(self, logged: LoggedEvent) -> None:
        """In line with the log: the supervisor sees everything, and deeds decide the outcome."""
        self._supervision.watch(logged)
        self._handing_over.watch(logged)
        self._deeds.outcome.watch(logged)

    @property
    def _running(self) -> CallPipeline:
        assert self._pipeline is not None, "the pipeline runs while the call is connected"
        return self._pipeline

    @property
    def _voice(self) -> AgentVoice:
        return self._running.voice
