"""The caller's side of a handoff: hold, speak, step aside, come back.

What enters: what the coordinator asks for, and what the caller says and keys meanwhile. What
leaves: moves of the call, words to the caller, turns of the human, the packet. It is the only place
where a call and a handoff touch; see :class:`voiceagent.handoff.caller_side.CallerSide`.
"""

from __future__ import annotations

import asyncio
import logging
import uuid
from collections.abc import Callable

from voiceagent.calls.hold_line import HoldLine
from voiceagent.calls.journal import Journal
from voiceagent.calls.order import CallOrder, CallParts
from voiceagent.calls.pipeline import CallPipeline
from voiceagent.calls.promised_callback import promise_callback
from voiceagent.calls.whispering import whisper
from voiceagent.dialogue.playbook import CALLBACK_NODE, CallScript, fill, without_marks
from voiceagent.domain.call import CallEvent, CallState
from voiceagent.domain.errors import LanguageModelError
from voiceagent.domain.events import LoggedEvent, TurnTaken
from voiceagent.domain.handoff import HandoffOutcome
from voiceagent.domain.handoff_events import HandoffMoved
from voiceagent.domain.packet import Packet
from voiceagent.domain.transcript import Speaker, Turn
from voiceagent.handoff.caller_side import HeardOnHold, Whispered
from voiceagent.handoff.coordinator import Handoff, HandoffPhrases
from voiceagent.handoff.packet_builder import build_packet
from voiceagent.handoff.roster import Need, Summons
from voiceagent.legs.leg import Leg
from voiceagent.legs.resampling import LiveResampler
from voiceagent.legs.transport import PIPELINE_RATE_HZ
from voiceagent.speech.utterance_listener import UtteranceListener
from voiceagent.speech.utterances import Utterance

logger = logging.getLogger(__name__)

# What a human and the caller said to each other is told to the model up to this length.
_TOLD_CHARACTERS = 1500
# What voice activity knows; a browser's sound has another rate.
_EAR_RATES_HZ = (8000, PIPELINE_RATE_HZ)


class HandingOver:
    """Runs handoffs of one call, one at a time; a ``CallerSide`` for the coordinator."""

    def __init__(
        self,
        order: CallOrder,
        parts: CallParts,
        leg: Leg,
        journal: Journal,
        script: CallScript,
        gone: asyncio.Event,
    ) -> None:
        self.leg = leg
        self.gone = gone
        self._order = order
        self._parts = parts
        self._journal = journal
        self._script = script
        self._hold_line = HoldLine(parts.hold_wishes, order.playbook.language)
        self._pipeline: CallPipeline | None = None
        self._task: asyncio.Task[HandoffOutcome] | None = None
        self._ear: UtteranceListener | None = None
        self._to_ear = LiveResampler(PIPELINE_RATE_HZ, PIPELINE_RATE_HZ)
        self._ear_from_ms = 0
        self._bridged_from_turn = 0
        self._human = ""
        self._to_do = ""

    def attach(self, pipeline: CallPipeline) -> None:
        """Say which pipeline speaks to the caller."""
        self._pipeline = pipeline

    @property
    def task(self) -> asyncio.Task[HandoffOutcome] | None:
        """The latest handoff, running or over; None before the first."""
        return self._task

    @property
    def running(self) -> bool:
        """Whether a handoff is under way, its bridge included."""
        return self._task is not None and not self._task.done()

    def take_instruction(self) -> str:
        """What a human has just left the agent to do, once; else empty."""
        to_do, self._to_do = self._to_do, ""
        return to_do

    def start(
        self,
        announcement: str,
        on_over: Callable[[asyncio.Task[HandoffOutcome]], None],
        only: str = "",
    ) -> None:
        """Begin a handoff.

        Args:
            announcement: what the caller is told before the hold.
            on_over: called once it is over, however it went.
            only: the id of the one human to be rung; empty for whoever is free and fits.
        """
        if self.running:
            return
        self._hold_line.clear()
        handoff = Handoff(
            Summons(self._order.call_id, f"handoff-{uuid.uuid4().hex[:12]}"),
            self,
            self._parts.roster,
            self._journal.note,
            self._phrases(announcement),
            self._parts.handoff,
        )
        language = self._order.playbook.language
        need = Need(preferred_languages=(language,), skills=self._order.skills, only=only)
        running = handoff.run(language, need)
        self._task = asyncio.create_task(running, name="call-handoff")
        self._task.add_done_callback(on_over)

    def _phrases(self, announcement: str) -> HandoffPhrases:
        hold = self._script.phrases.hold
        return HandoffPhrases(
            announcement=announcement,
            comfort=hold.comfort,
            connecting=fill(hold.human_joining, human_name="{name}"),
            here=fill(hold.human_here, human_name="{name}"),
            estimate=fill(hold.estimate, minutes="{minutes}"),
            estimate_soon=hold.estimate_soon,
            estimate_unknown=hold.estimate_unknown,
            being_rung=hold.being_rung,
            noted=hold.noted,
            human_lost=hold.human_lost,
        )

    def watch(self, logged: LoggedEvent) -> None:
        """Remember who took the call; called in line with the log."""
        event = logged.event
        if isinstance(event, HandoffMoved) and event.human:
            self._human = self._parts.roster.name_of(event.human)

    def caller_said(self, turn: Turn) -> None:
        """The caller took a turn; on hold it may be a wish."""
        if self._journal.state is CallState.HOLDING:
            self._hold_line.said(turn)

    def caller_keyed(self, key: str) -> None:
        """The caller pressed a key; on hold it may be a wish."""
        if self._journal.state is CallState.HOLDING:
            self._hold_line.keyed(key)

    async def close(self) -> None:
        """Stop listening to a human, as when the call is over."""
        if self._ear is not None:
            ear, self._ear = self._ear, None
            await ear.close()

    # What the coordinator asks for.

    async def say(self, text: str, *, interruptible: bool = True) -> bool:
        """Speak to the caller."""
        return await self._running_pipeline.voice.say(text, interruptible=interruptible)

    async def hold(self) -> None:
        """The agent stops answering; it still listens."""
        await self.close()
        self._running_pipeline.yield_leg(to_human=False)
        await self._journal.move(CallEvent.HOLD_STARTED)
        await self._running_pipeline.interrupt()

    async def next_wish(self) -> HeardOnHold:
        """What the caller on hold wants next."""
        return await self._hold_line.next()

    async def bridge_opened(self, human_rate_hz: int) -> None:
        """The caller talks with a human, who is written down from now on."""
        self._running_pipeline.yield_leg(to_human=True)
        self._bridged_from_turn = self._journal.turns
        self._ear_from_ms = self.leg.audio_ms
        ear_hz = human_rate_hz if human_rate_hz in _EAR_RATES_HZ else PIPELINE_RATE_HZ
        self._to_ear = LiveResampler(human_rate_hz, ear_hz)
        self._ear = self._parts.human_listener(
            ear_hz, self._order.playbook.language, self._on_human_said
        )
        await self._ear.start()
        await self._journal.move(CallEvent.BRIDGE_OPENED)

    async def bridge_closed(self) -> None:
        """The human is done; whatever they said last is still written down."""
        await self.close()
        await self._journal.move(CallEvent.BRIDGE_CLOSED)

    async def fall_back(self, outcome: HandoffOutcome) -> None:
        """Book a callback, say so, and let the agent go on where another time can be chosen."""
        when = await promise_callback(self._order, self._parts, self._journal, outcome)
        phrases = self._script.phrases
        chosen = outcome is HandoffOutcome.CALLBACK_CHOSEN
        line = phrases.hold.callback_chosen if chosen else phrases.fallback.nobody_free
        if chosen:
            self._running_pipeline.note(self._script.guidance.callback_chosen)
        await self._back_to_agent(fill(line, callback_when=when), CALLBACK_NODE)

    async def resume(self, outcome: HandoffOutcome, instruction: str) -> None:
        """The agent takes the caller back and knows what happened meanwhile."""
        phrases, guidance = self._script.phrases, self._script.guidance
        if outcome is HandoffOutcome.CALLER_CANCELLED:
            self._running_pipeline.note(guidance.hold_cancelled)
            await self._back_to_agent(phrases.hold.cancelled)
        elif outcome is HandoffOutcome.RETURNED_TO_AI:
            await self._returned(instruction)
        else:
            # No callback could be booked: the caller is asked, and the playbook tries again.
            await self._back_to_agent(phrases.fallback.nobody_free_no_callback, CALLBACK_NODE)

    async def _returned(self, instruction: str) -> None:
        guidance, name = self._script.guidance, self._human
        await self.close()
        self._running_pipeline.yield_leg(to_human=False)
        if said := self._said_in_bridge():
            told = fill(guidance.human_spoke, human_name=name, conversation=without_marks(said))
            self._running_pipeline.note(told)
        if instruction:
            self._to_do = instruction
            wanted = without_marks(instruction)
            told = fill(guidance.sent_back, human_name=name, instruction=wanted)
            self._running_pipeline.note(told)
        await self._journal.move(CallEvent.RETURNED_TO_AI)
        fallback = self._script.phrases.fallback
        await self.say(fallback.returned_with_task if instruction else fallback.returned)

    def _said_in_bridge(self) -> str:
        """What caller and human said to each other, as one text, the latest kept."""
        who = {Speaker.CALLER: self._order.record.customer.name, Speaker.HUMAN: self._human}
        said = [
            f"{who[logged.event.turn.speaker]}: {logged.event.turn.text}"
            for logged in self._journal.events()
            if isinstance(logged.event, TurnTaken)
            and logged.event.turn.number > self._bridged_from_turn
            and logged.event.turn.speaker in who
        ]
        return " / ".join(said)[-_TOLD_CHARACTERS:]

    async def _back_to_agent(self, line: str, node: str = "") -> None:
        # A way back that got stuck half way is gone again: the hold may have ended already.
        if self._journal.allows(CallEvent.HOLD_ENDED):
            await self._journal.move(CallEvent.HOLD_ENDED)
        if node:
            await self._running_pipeline.enter(node)
        await self.say(line)

    async def whisper(self, leg: Leg, packet: Packet) -> Whispered:
        """Brief the human by voice."""
        return await whisper(leg, packet, self._order.playbook.language, self._parts.synthesise)

    def human_frame(self, pcm: bytes) -> None:
        """20 ms of the human, to be written down."""
        if self._ear is not None:
            self._ear.feed(self._to_ear(pcm))

    def write_packet(self, version: int) -> Packet:
        """The packet as the log supports it now."""
        return build_packet(self._order.call_id, self._journal.events(), version)

    async def improve_packet(self, packet: Packet) -> Packet | None:
        """The same packet in the language model's words, as far as the log supports them."""
        if self._parts.write_packet is None:
            return None
        try:
            return await self._parts.write_packet(packet, self._journal.events())
        except LanguageModelError as error:
            logger.warning("the packet was not improved: %s", error.code)
            return None

    async def _on_human_said(self, said: Utterance) -> None:
        await self._journal.human_said(said, self._ear_from_ms)

    @property
    def _running_pipeline(self) -> CallPipeline:
        assert self._pipeline is not None, "a handoff runs in a connected call"
        return self._pipeline
