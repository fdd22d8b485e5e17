"""The caller's side of a handoff: hold, speak, step aside, come back.

What enters: what the coordinator asks for. What leaves: moves of the call, words to the caller,
turns of the human, the packet. It is the only place where a call and a handoff touch.
"""

from __future__ import annotations

import asyncio
import logging
import uuid
from collections.abc import Callable
from zoneinfo import ZoneInfo

from voiceagent.calls.journal import Journal
from voiceagent.calls.order import CallOrder, CallParts
from voiceagent.calls.pipeline import CallPipeline
from voiceagent.calls.promises import callee_day, next_callback_moment
from voiceagent.dialogue.playbook import CALLBACK_NODE, CallScript, fill
from voiceagent.dialogue.wording import speak_moment
from voiceagent.domain.call import CallEvent
from voiceagent.domain.callback import CallbackRequest
from voiceagent.domain.events import CallbackBooked
from voiceagent.domain.handoff import HandoffOutcome
from voiceagent.domain.packet import Packet
from voiceagent.handoff.coordinator import Handoff, HandoffPhrases
from voiceagent.handoff.packet_builder import build_packet
from voiceagent.legs.leg import Leg
from voiceagent.speech.utterance_listener import UtteranceListener
from voiceagent.speech.utterances import Utterance

logger = logging.getLogger(__name__)


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
        self._pipeline: CallPipeline | None = None
        self._task: asyncio.Task[HandoffOutcome] | None = None
        self._ear: UtteranceListener | None = None
        self._ear_from_ms = 0

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

    def start(
        self, announcement: str, on_over: Callable[[asyncio.Task[HandoffOutcome]], None]
    ) -> None:
        """Begin a handoff.

        Args:
            announcement: what the caller is told before the hold.
            on_over: called once it is over, however it went.
        """
        if self.running:
            return
        hold = self._script.phrases.hold
        handoff = Handoff(
            f"handoff-{uuid.uuid4().hex[:12]}",
            self,
            self._parts.roster,
            self._journal.note,
            HandoffPhrases(
                announcement=announcement,
                comfort=hold.comfort,
                connecting=fill(hold.human_joining, human_name="{name}"),
            ),
            self._parts.handoff,
        )
        running = handoff.run(self._order.playbook.language)
        self._task = asyncio.create_task(running, name="call-handoff")
        self._task.add_done_callback(on_over)

    async def close(self) -> None:
        """Stop listening to a human, as when the call is over."""
        if self._ear is not None:
            ear, self._ear = self._ear, None
            await ear.close()

    # What the coordinator asks for; see voiceagent.handoff.coordinator.CallerSide.

    async def say(self, text: str, *, interruptible: bool = True) -> bool:
        """Speak to the caller."""
        return await self._running_pipeline.voice.say(text, interruptible=interruptible)

    async def hold(self) -> None:
        """The agent stops answering; it still listens."""
        await self.close()
        self._running_pipeline.yield_leg(to_human=False)
        await self._journal.move(CallEvent.HOLD_STARTED)
        await self._running_pipeline.interrupt()

    async def bridge_opened(self, human_rate_hz: int) -> None:
        """The caller talks with a human, who is written down from now on."""
        self._running_pipeline.yield_leg(to_human=True)
        self._ear_from_ms = self.leg.audio_ms
        self._ear = self._parts.human_listener(
            human_rate_hz, self._order.playbook.language, self._on_human_said
        )
        await self._ear.start()
        await self._journal.move(CallEvent.BRIDGE_OPENED)

    async def bridge_closed(self) -> None:
        """The human is done; whatever they said last is still written down."""
        await self.close()
        await self._journal.move(CallEvent.BRIDGE_CLOSED)

    async def fall_back(self, outcome: HandoffOutcome) -> None:
        """No human could be had: book a callback, say so, let the caller choose another time.

        The callback is in the book before the caller is told of it, so it survives whatever
        happens next; a time the caller names later moves it.
        """
        customer = self._order.record.customer
        due = next_callback_moment(self._parts.clock(), customer.time_zone)
        request = CallbackRequest(
            # The id under which the dialogue's own tool books: a time named later moves it.
            id=f"{self._order.call_id}:promised",
            account_id=customer.id,
            phone=customer.phone,
            due_at=due,
            reason=self._order.record.callback_reason,
            priority=10,
            from_call=self._order.call_id,
        )
        await self._parts.book.book(request)
        await self._journal.report(
            lambda ms: CallbackBooked(
                at_ms=ms,
                callback_id=request.id,
                due_at=due,
                reason=f"handoff {outcome}",
                priority=request.priority,
            )
        )
        await self._journal.move(CallEvent.HOLD_ENDED)
        await self._running_pipeline.enter(CALLBACK_NODE)
        today = callee_day(self._parts.clock(), customer.time_zone)
        local = due.astimezone(ZoneInfo(customer.time_zone))
        when = speak_moment(local, self._order.playbook.language, today)
        await self.say(fill(self._script.phrases.fallback.nobody_free, callback_when=when))

    def human_frame(self, pcm: bytes) -> None:
        """20 ms of the human, to be written down."""
        if self._ear is not None:
            self._ear.feed(pcm)

    def write_packet(self, version: int) -> Packet:
        """The packet as the log supports it now."""
        return build_packet(self._order.call_id, self._journal.events(), version)

    async def _on_human_said(self, said: Utterance) -> None:
        await self._journal.human_said(said, self._ear_from_ms)

    @property
    def _running_pipeline(self) -> CallPipeline:
        assert self._pipeline is not None, "a handoff runs in a connected call"
        return self._pipeline
