"""Runs one handoff from the decision to its one typed outcome.

What enters: why a human is needed, the caller's side of the call, the roster. What leaves: events
for every step, the two legs bridged or the caller back with the agent and a callback booked. The
caller is told what happens before the first tone, never waits in silence, is heard all the time,
and a hang-up at any moment drops the human's leg.

Every wait of the hold is interruptible: the caller leaves, cancels or would rather be called back,
the hold takes too long, the log breaks. Whichever comes first ends the step at hand, its humans are
let go on the way out, and the handoff ends in the one way that fits.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from functools import partial

from voiceagent.domain.events import Reporter
from voiceagent.domain.handoff import HandoffEvent, HandoffOutcome, HandoffState, new_handoff
from voiceagent.domain.handoff_events import HoldWish
from voiceagent.handoff.bridge import Bridge
from voiceagent.handoff.briefing import Briefing
from voiceagent.handoff.caller_side import CallerSide, HeardOnHold, Whispered
from voiceagent.handoff.deadlines import attempt, stopped
from voiceagent.handoff.interruptions import Interrupted, Interruptions, Why
from voiceagent.handoff.options import HandoffOptions, HandoffPhrases
from voiceagent.handoff.reporting import Reports
from voiceagent.handoff.ringing import Accepted, NotHad, Ringing
from voiceagent.handoff.roster import Human, Need, Roster, Summons
from voiceagent.handoff.versions import PacketVersions
from voiceagent.handoff.waiting import Waiting
from voiceagent.legs.leg import Gone, Leg, SendBack

__all__ = [
    "CallerSide",
    "Handoff",
    "HandoffOptions",
    "HandoffPhrases",
    "HeardOnHold",
    "Need",
    "Whispered",
]

_E = HandoffEvent


class Handoff:
    """One handoff. Make one per decision and :meth:`run` it once."""

    def __init__(
        self,
        summons: Summons,
        caller: CallerSide,
        roster: Roster,
        report: Reporter,
        phrases: HandoffPhrases,
        options: HandoffOptions | None = None,
    ) -> None:
        self._caller = caller
        self._roster = roster
        self._phrases = phrases
        self._options = options or HandoffOptions()
        self._summons = summons
        self._machine = new_handoff()
        self._interruptions = Interruptions(
            caller, self._machine, lambda: self._reports.is_broken, self._options.step_deadline_s
        )
        self._reports = Reports(
            summons.handoff_id, report, self._options.report_deadline_s, self._interruptions.look_up
        )
        self._briefing = Briefing(caller, phrases, self._options)
        self._packets = PacketVersions(
            caller, self._reports.report, self._options.improve_deadline_s
        )
        self._waiting = Waiting(caller, phrases, self._options, self._wait_s, self._heed)
        self._need = Need()
        self._tried: set[str] = set()
        self._ahead: Callable[[], int] = lambda: 0

    @property
    def state(self) -> HandoffState:
        """Where this handoff stands."""
        return self._machine.state

    async def run(self, language: str, need: Need | None = None) -> HandoffOutcome:
        """Hand the caller over, or bring them back.

        Args:
            language: of the caller, BCP 47 primary tag.
            need: what the human has to bring; None for a speaker of the caller's language if
                there is one, else anybody.

        Returns:
            The one outcome, which was also reported as :class:`HandoffEnded`.

        Raises:
            StoreError: an event could not be committed; nobody is left on a line.
        """
        self._need = need or Need(preferred_languages=(language,))
        leaving = asyncio.create_task(
            self._interruptions.watch_caller(), name="handoff-caller-gone"
        )
        try:
            outcome = await self._to_its_end(self._hand_over())
            await self._waiting.stop()
            await self._packets.close()
            await self._reports.ended(outcome)
        except BaseException:
            self._waiting.silence()
            raise
        else:
            self._waiting.leave_to_agent()
            return outcome
        finally:
            self._interruptions.stop_clock()
            await stopped(leaving)
            await self._waiting.abandon()
            await self._packets.close()
            await self._reports.settled()

    async def _to_its_end(self, way: Awaitable[HandoffOutcome]) -> HandoffOutcome:
        """Go one way; where something interrupts it, go the way that this opens."""
        while True:
            try:
                return await way
            except Interrupted as interrupted:
                way = self._after(interrupted.why)

    async def _after(self, why: Why) -> HandoffOutcome:
        self._interruptions.heeded(why)
        if why is Why.GONE:
            talked = self.state is HandoffState.BRIDGED
            await self._waiting.stop()
            await self._move(_E.CALLER_HUNG_UP)
            return HandoffOutcome.BRIDGED if talked else HandoffOutcome.CALLER_HUNG_UP
        if why is Why.CANCELLED:
            await self._waiting.stop()
            await self._packets.close()
            await self._move(_E.CALLER_CANCELLED)
            await self._resume(HandoffOutcome.CALLER_CANCELLED, "")
            return HandoffOutcome.CALLER_CANCELLED
        if why is Why.CALLBACK:
            return await self._fall_back(_E.CALLER_CHOSE_CALLBACK, HandoffOutcome.CALLBACK_CHOSEN)
        if why is Why.TOO_LONG:
            return await self._fall_back(_E.NOBODY_FREE, HandoffOutcome.NOBODY_FREE)
        assert self._reports.broken is not None
        raise self._reports.broken

    # The way to a human.

    async def _hand_over(self) -> HandoffOutcome:
        self._waiting.music_if_silent()
        await self._interruptions.attempt("hold", self._caller.hold)
        self._waiting.listen()
        announcing = partial(self._caller.say, self._phrases.announcement, interruptible=False)
        await self._interruptions.attempt("announce", announcing, self._options.say_deadline_s)
        await self._move(_E.ANNOUNCE)
        self._hold()
        self._interruptions.check()
        await self._move(_E.SEEK)
        return await self._seek()

    async def _seek(self) -> HandoffOutcome:
        """Ring one human after the other until one takes the call or nobody is left."""
        failure: HandoffEvent | None = None
        while True:
            self._interruptions.check()
            since = self._roster.version
            wanted = (self._need, self._tried, self._options.ring_at_once)
            humans = self._roster.next_free(*wanted)
            if humans:
                await self._packets.ready()
                self._interruptions.check()
                # Reporting takes time, in which somebody may have left or been engaged.
                humans = self._roster.next_free(*wanted)
            if humans:
                ended = await self._try(humans)
                if isinstance(ended, HandoffOutcome):
                    return ended
                failure = ended
            elif self._roster.may_become_free(self._need, self._tried):
                with self._roster.in_line() as self._ahead:
                    await self._interruptions.do(self._roster.changed(since))
            elif failure is not None:
                return await self._fall_back(_E.FALL_BACK, HandoffOutcome(failure.value))
            else:
                return await self._fall_back(_E.NOBODY_FREE, HandoffOutcome.NOBODY_FREE)

    async def _try(self, humans: Sequence[Human]) -> HandoffOutcome | HandoffEvent:
        """Ring these humans: the handoff's outcome, or how the last could not be had."""
        ring = Ringing(humans, self._roster, self._reports.rung, self._options, self._summons)
        async with ring as ringing:
            self._tried.update(human.id for human in humans)
            await self._move(_E.RING, *humans)
            ended = await self._interruptions.do(ringing.first_accept())
            if isinstance(ended, NotHad):
                await self._move(ended.failure, ended.human)
                return ended.failure
            return await self._join(ended, ringing)

    async def _join(self, accepted: Accepted, ringing: Ringing) -> HandoffOutcome | HandoffEvent:
        """Brief the human who accepted and open the bridge."""
        human, leg = accepted.human, accepted.leg
        bridge = Bridge(
            self._caller.leg,
            leg,
            self._caller.human_frame,
            self._options.send_back_key,
            lambda on: self._reports.held(human, on=on),
        )
        listening = asyncio.create_task(bridge.listen(), name="handoff-human")
        try:
            await self._move(_E.ACCEPT, human)
            await self._packets.freeze()
            await self._waiting.quiet()
            briefing = self._briefing.run(human, leg, self._packets.latest, listening)
            told = await self._interruptions.do(briefing)
            if isinstance(told, HandoffEvent):
                return await self._lost(told, human)
            if told is not None:
                await self._reports.whispered(human, told)
            await self._move(_E.BRIEFED, human)
            await self._waiting.deaf()
            # Nothing is awaited between this look and the decision to bridge.
            self._interruptions.check()
            if listening.done() or not leg.is_up:
                self._waiting.listen()
                return await self._lost(_E.AGENT_LOST, human)
            await self._move(_E.BRIDGE, human)
            self._interruptions.forget()
            self._roster.talking(human)
            ended = await self._interruptions.do(self._talk(bridge, leg, listening))
            if isinstance(ended, SendBack):
                return await self._send_back(ended, human, bridge, ringing)
            if ended.lost:
                self._waiting.music()
                bridge.close()
                await self._move(_E.AGENT_LOST, human)
                await self._interruptions.attempt("hold", self._caller.hold)
                return self._hold_again()
            bridge.close()
            await self._move(_E.FINISH, human)
            await self._interruptions.attempt("close the bridge", self._caller.bridge_closed)
            return HandoffOutcome.BRIDGED
        finally:
            bridge.close()
            await stopped(listening)

    async def _talk(
        self, bridge: Bridge, leg: Leg, listening: asyncio.Task[Gone | SendBack]
    ) -> Gone | SendBack:
        """Let them talk; how it ended on the human's side."""
        opening = partial(self._caller.bridge_opened, leg.sample_rate_hz)
        await attempt("open the bridge", opening, self._options.step_deadline_s)
        if listening.done() and isinstance(listening.result(), SendBack):
            return listening.result()
        if listening.done() or not leg.is_up:
            # They have not spoken with each other, so it is no goodbye, whoever hung up.
            return Gone(leg.audio_ms, lost=True)
        bridge.open()
        return await asyncio.shield(listening)

    async def _lost(self, event: HandoffEvent, human: Human) -> HandoffEvent:
        """The human who had accepted is gone before the bridge."""
        await self._move(event, human)
        self._waiting.speak()
        self._waiting.tell(self._phrases.human_lost)
        return event

    def _hold_again(self) -> HandoffEvent:
        """The human was lost in mid-conversation: the caller waits anew."""
        self._packets.outdated()
        self._hold()
        self._waiting.tell(self._phrases.human_lost)
        return _E.AGENT_LOST

    async def _send_back(
        self, sent: SendBack, human: Human, bridge: Bridge, ringing: Ringing
    ) -> HandoffOutcome:
        self._waiting.music_until_spoken()
        bridge.close()
        await self._reports.sent_back(human, sent.instruction)
        await self._move(_E.RETURN_TO_AI, human)
        await ringing.close()
        await self._resume(HandoffOutcome.RETURNED_TO_AI, sent.instruction)
        return HandoffOutcome.RETURNED_TO_AI

    # The way back.

    async def _fall_back(self, event: HandoffEvent, outcome: HandoffOutcome) -> HandoffOutcome:
        """No human: tell the truth, book a callback, let the agent go on."""
        await self._waiting.stop()
        self._interruptions.check()
        await self._move(event)
        self._waiting.music_until_spoken()
        if await self._interruptions.attempt("fall back", partial(self._caller.fall_back, outcome)):
            await self._move(_E.CALLBACK_BOOKED)
        else:
            await self._resume(outcome, "")
            self._interruptions.check()
            await self._move(_E.AI_RESUMES)
        return outcome

    async def _resume(self, outcome: HandoffOutcome, instruction: str) -> None:
        self._waiting.music_until_spoken()
        await self._interruptions.attempt(
            "resume", partial(self._caller.resume, outcome, instruction)
        )

    # The hold.

    def _hold(self) -> None:
        """The caller waits from now on."""
        self._waiting.music()
        self._waiting.listen()
        self._waiting.speak()
        self._interruptions.start_clock(self._options.longest_hold_s)

    def _wait_s(self) -> float | None:
        """How long the caller will wait, as far as it is known."""
        if self.state is not HandoffState.SEEKING:
            # Whether the one who is being rung accepts is not known.
            return None
        return self._roster.wait_estimate(self._need, self._tried, self._ahead())

    async def _heed(self, heard: HeardOnHold) -> None:
        """Log what the caller wants, then do it."""
        await self._reports.wished(heard)
        if heard.wish is HoldWish.CANCEL:
            self._interruptions.wish(Why.CANCELLED)
        elif heard.wish is HoldWish.CALLBACK and self._callback_may_be_chosen:
            self._interruptions.wish(Why.CALLBACK)
        elif heard.wish is HoldWish.HOW_LONG:
            if self.state is HandoffState.RINGING and self._phrases.being_rung:
                self._waiting.tell(self._phrases.being_rung)
            else:
                self._waiting.tell_wait()
        else:
            self._waiting.tell(self._phrases.noted)
            await self._packets.renew()

    @property
    def _callback_may_be_chosen(self) -> bool:
        return self.state is HandoffState.PROPOSED or self._machine.allows(_E.CALLER_CHOSE_CALLBACK)

    async def _move(self, event: HandoffEvent, *humans: Human) -> None:
        await self._reports.move(self._machine, event, *humans)
