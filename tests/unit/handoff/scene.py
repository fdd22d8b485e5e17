"""One handoff in virtual time, with scripted people, injected faults and the invariants.

The handoff, roster, ringing, bridge, hold and packet versions are the real ones; scripted are the
legs (a frame each way per 20 ms), the call's side of the handoff and the event log. What must hold
at any moment is checked at that moment, in the place where it would be violated.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable

from tests.unit.handoff.scripted import (
    CALLER_FRAME,
    VOICE_FRAME,
    Faults,
    Mode,
    ScriptedLeg,
    frame,
)
from tests.unit.handoff.virtual_time import VirtualTimeLoop
from voiceagent.domain.errors import StoreError
from voiceagent.domain.events import AnyEvent
from voiceagent.domain.handoff import (
    HANDOFF_TRANSITIONS,
    HandoffEvent,
    HandoffOutcome,
    HandoffState,
)
from voiceagent.domain.handoff_events import (
    HandoffEnded,
    HandoffMoved,
    HoldWish,
    HumanRung,
    PacketWritten,
)
from voiceagent.domain.packet import Packet
from voiceagent.handoff.coordinator import (
    Handoff,
    HandoffOptions,
    HandoffPhrases,
    HeardOnHold,
    Need,
    Whispered,
)
from voiceagent.handoff.roster import Human, Roster, Summons
from voiceagent.legs.leg import FRAME_MS

LONGEST_SILENCE_S = 3.0
WHISPER_LIMIT_S = 15.0 + 2.0

PHRASES = HandoffPhrases(
    announcement="I connect you.",
    comfort=("Thank you for waiting.", "Still here."),
    connecting="Here is {name}.",
    estimate="About {minutes} minutes.",
    estimate_soon="About a minute.",
    estimate_unknown="I do not know.",
    being_rung="Somebody is being rung.",
    noted="I will pass that on.",
    human_lost="They are gone again.",
)


OPEN: list[Scene] = []
"""Scenes that were not closed yet, for whoever has to after a failure."""


class Scene:
    """One handoff; also its call's side (``CallerSide``)."""

    def __init__(self, faults: Faults | None = None) -> None:
        self.faults = faults or Faults()
        self.loop = VirtualTimeLoop()
        OPEN.append(self)
        asyncio.set_event_loop(self.loop)
        self.violations: list[str] = []
        self.events: list[AnyEvent] = []
        self.notes: list[str] = []
        self.gone = asyncio.Event()
        self.wishes: asyncio.Queue[HeardOnHold] = asyncio.Queue()
        self.caller_leg = ScriptedLeg(self, "caller", CALLER_FRAME)
        self.caller_leg.on_frame = self._caller_hears
        self.caller_leg.up()
        self.legs: list[ScriptedLeg] = []
        self.dials: Counter[str] = Counter()
        people = [
            Human(f"h{i}", f"Name{i}", ("en",), self._dialler(i)) for i in range(self.faults.humans)
        ]
        self.roster = Roster(people, self.loop.time)
        self.outside = {f"h{i}" for i in self.faults.engaged if i < len(people)}
        for human in people:
            if human.id in self.outside:
                self.roster.engage(human)
                self.roster.talking(human)
        self.people = {human.id: human for human in people}
        self.speaking = 0
        self.silent_s = self.worst_silence_s = 0.0
        self.returned = False
        self.cancelled = False
        self.left_in: HandoffState | None = None
        self.reports = 0
        self.broken = False
        self.version = 0
        self.state = HandoffState.PROPOSED
        self.bridged_with = ""
        self.unbridged_at = -10.0
        self.whispers = 0
        base = self.faults.options
        self.options = HandoffOptions(
            ring_timeout_s=base.ring_timeout_s,
            longest_hold_s=base.longest_hold_s,
            send_back_key=base.send_back_key,
            ring_at_once=self.faults.ring_at_once,
            brief=self._brief,
            is_voicemail=self._is_voicemail if self.faults.voicemail else None,
        )
        self.handoff = Handoff(
            Summons(handoff_id="h"), self, self.roster, self.report, PHRASES, self.options
        )
        self.task: asyncio.Task[HandoffOutcome] | None = None

    # Driving it.

    def start(self, need: Need | None = None) -> Scene:
        self.task = self.loop.create_task(self.handoff.run("en", need))
        return self

    def advance(self, seconds: float) -> Scene:
        self.loop.run_until_complete(asyncio.sleep(seconds))
        return self

    @property
    def done(self) -> bool:
        return self.task is not None and self.task.done()

    def leg_of(self, human: str) -> ScriptedLeg | None:
        return next((leg for leg in reversed(self.legs) if leg.name == human), None)

    def __getitem__(self, human: str) -> ScriptedLeg:
        leg = self.leg_of(human)
        assert leg is not None, f"{human} was not rung"
        return leg

    def wish(self, wish: HoldWish) -> Scene:
        self.wishes.put_nowait(HeardOnHold(wish, turn=len(self.events)))
        return self

    def caller_leaves(self) -> Scene:
        if not self.gone.is_set():
            self.left_in = self.handoff.state
        self.caller_leg.leave()
        self.gone.set()
        return self

    def cancel(self) -> None:
        self.cancelled = True
        assert self.task is not None
        self.task.cancel()

    def finish(self) -> HandoffOutcome | None:
        """Let it come to its end, check everything, and close the loop; None if it has none."""
        try:
            for _ in range(60):
                if self.done:
                    break
                if self.bridged_with:
                    self[self.bridged_with].leave()
                self.advance(20)
            self.demand(self.done, "the handoff is frozen")
            if not self.done:
                self.cancel()
            self.advance(1)
            self._check_the_end()
            self.check()
            assert self.task is not None
            if self.task.cancelled() or self.task.exception() is not None:
                return None
            return self.task.result()
        finally:
            self.close()

    def close(self) -> None:
        OPEN.remove(self)
        for task in asyncio.all_tasks(self.loop):
            task.cancel()
        self.loop.run_until_complete(asyncio.sleep(100))
        asyncio.set_event_loop(None)
        self.loop.close()

    # What must hold.

    def demand(self, holds: bool, otherwise: str) -> None:
        if not holds:
            self.violations.append(f"{self.loop.time():.2f} s: {otherwise}")

    def check(self) -> None:
        assert not self.violations, "\n".join([*self.violations, *self.story()])

    def story(self) -> list[str]:
        return ["", *(str(event) for event in self.events), *self.notes, str(self.faults)]

    def of(self, kind: type[AnyEvent]) -> list[AnyEvent]:
        return [event for event in self.events if isinstance(event, kind)]

    @property
    def moves(self) -> list[tuple[HandoffState, HandoffEvent]]:
        return [(e.source, e.event) for e in self.events if isinstance(e, HandoffMoved)]

    @property
    def path(self) -> list[str]:
        return [str(event) for _, event in self.moves]

    def rings(self) -> list[tuple[str, str]]:
        return [(e.human, e.result) for e in self.events if isinstance(e, HumanRung)]

    def _check_the_end(self) -> None:
        task = self.task
        assert task is not None
        broken = self.broken
        if not (task.cancelled() or broken):
            error = task.exception()
            self.demand(error is None, f"it raised {error!r}")
            ended = self.of(HandoffEnded)
            self.demand(len(ended) == 1, f"{len(ended)} outcomes")
            if ended and error is None:
                self.demand(ended[-1].outcome is task.result(), "two different outcomes")
                self.demand(self.events[-1] is ended[-1], "something came after the end")
            over = {HandoffState.FAILED, HandoffState.FINISHED, HandoffState.RETURNED_TO_AI}
            self.demand(self.state in over, f"it ended in {self.state}")
        if broken and not task.cancelled():
            self.demand(isinstance(task.exception(), StoreError), "a broken log was ignored")
        for leg in self.legs:
            self.demand(leg.hung_up > 0, f"{leg.name} was dialled and never hung up")
            if leg.hang_up_mode in {Mode.OK, Mode.SLOW}:
                self.demand(not leg.is_up, f"{leg.name} is still on the line")
            self.demand(not leg.taps, f"{leg.name} is still tapped")
        self.demand(not self.caller_leg.taps, "the caller is still tapped")
        left = set(self.roster.engaged) - self.outside
        self.demand(not left, f"not released: {left}")
        tasks = [t.get_name() for t in asyncio.all_tasks(self.loop)]
        self.demand(not tasks, f"tasks left: {tasks}")
        if not broken:
            moves = [e for e in self.events if isinstance(e, HandoffMoved)]
            rung = [h for m in moves if m.event == "ring" for h in m.human.split(",")]
            ends = [e.human for e in self.events if isinstance(e, HumanRung)]
            self.demand(Counter(rung) == Counter(ends), f"rung {rung}, ended {ends}")
            # A caller may cancel or leave in the instant of an accept: then nobody takes it.
            unheeded = [how for _, how in self.rings()].count("accept") - self.path.count("accept")
            self.demand(unheeded in {0, 1}, f"{unheeded} accepts were not heeded")
            accepts = 0
            for event in self.events:
                if isinstance(event, HandoffMoved) and event.event is HandoffEvent.RING:
                    accepts = 0
                elif isinstance(event, HumanRung):
                    accepts += event.result == "accept"
                    self.demand(accepts <= 1, "two humans won one ring")

    # The log.

    async def report(self, make: Callable[[int], AnyEvent]) -> None:
        self.reports += 1
        if self.faults.report_breaks_at is not None and (
            self.reports >= self.faults.report_breaks_at
        ):
            self.broken = True
            if self.faults.report_break is Mode.HANG:
                await asyncio.Event().wait()
            raise StoreError("The disk is gone.")
        if self.faults.report_s:
            await asyncio.sleep(self.faults.report_s)
        self._commit(make(self.caller_leg.audio_ms))

    def _commit(self, event: AnyEvent) -> None:
        self.events.append(event)
        if isinstance(event, PacketWritten):
            self.demand(event.packet.version > self.version, "a packet's version went back")
            self.version = event.packet.version
        if isinstance(event, HandoffMoved):
            legal = HANDOFF_TRANSITIONS.get((event.source, event.event))
            self.demand(event.source is self.state, f"{event} after {self.state}")
            self.demand(legal is event.target, f"illegal: {event}")
            self.state = event.target
            if event.event is HandoffEvent.BRIDGE:
                self.bridged_with = event.human
            elif event.source is HandoffState.BRIDGED:
                self.bridged_with, self.unbridged_at = "", self.loop.time()

    # The call's side.

    @property
    def leg(self) -> ScriptedLeg:
        return self.caller_leg

    async def behave(self, mode: Mode, slow_s: float = 8, ok_s: float = 0) -> None:
        if mode is Mode.FAIL:
            raise RuntimeError("injected")
        if mode is Mode.HANG:
            await asyncio.Event().wait()
        await asyncio.sleep(slow_s if mode is Mode.SLOW else ok_s)

    async def say(self, text: str, *, interruptible: bool = True) -> bool:
        self.notes.append(f"say {text}")
        if self.faults.say in {Mode.FAIL, Mode.HANG}:
            await self.behave(self.faults.say)
        self.speaking += 1
        try:
            self.caller_leg.playout.push(VOICE_FRAME * 5)
            await asyncio.sleep(5 if self.faults.say is Mode.SLOW else 1)
        finally:
            self.speaking -= 1
        return True

    async def hold(self) -> None:
        self.notes.append("hold")
        self.returned = False
        await self.behave(self.faults.hold, ok_s=0.1)

    async def bridge_opened(self, human_rate_hz: int) -> None:
        self.notes.append("bridge opened")
        await self.behave(self.faults.bridge_opened, slow_s=4, ok_s=0.1)

    async def bridge_closed(self) -> None:
        self.notes.append("bridge closed")
        self.returned = True
        await self.behave(self.faults.bridge_closed)

    async def next_wish(self) -> HeardOnHold:
        if self.faults.next_wish is not Mode.OK:
            await self.behave(self.faults.next_wish, slow_s=2)
        return await self.wishes.get()

    async def fall_back(self, outcome: HandoffOutcome) -> None:
        self.notes.append(f"fall back {outcome}")
        await self.behave(self.faults.fall_back, slow_s=10, ok_s=0.5)
        await self.say("I call you back.")
        self.returned = True

    async def resume(self, outcome: HandoffOutcome, instruction: str) -> None:
        self.notes.append(f"resume {outcome} {instruction}".strip())
        self.demand(
            not any(leg.is_up for leg in self.legs if leg.hang_up_mode in {Mode.OK, Mode.SLOW}),
            "the agent is back while a human is on the line",
        )
        await self.behave(self.faults.resume, slow_s=10, ok_s=0.5)
        await self.say("I am back.")
        self.returned = True

    async def whisper(self, leg: ScriptedLeg, packet: Packet) -> Whispered:
        self.whispers += 1
        began = self.loop.time()
        try:
            await self.behave(self.faults.whisper, slow_s=14, ok_s=3)
        finally:
            took = self.loop.time() - began
            self.demand(took <= WHISPER_LIMIT_S + 0.01, f"a whisper of {took} s")
        return Whispered("Ada, a refund.", heard=leg.is_up)

    async def _brief(self, human: Human, packet: Packet) -> None:
        self.notes.append(f"brief {human.id} v{packet.version} {packet.written_by}")
        await self.behave(self.faults.brief)

    async def _is_voicemail(self, leg: object) -> bool:
        await asyncio.sleep(0.5)
        return True

    def human_frame(self, pcm: bytes) -> None:
        self.demand(self._bridged_now, "a human was written down outside of the bridge")

    def write_packet(self, version: int) -> Packet:
        if self.faults.write_packet is not Mode.OK:
            raise RuntimeError("injected")
        return Packet(version=version, call_id="call")

    async def improve_packet(self, packet: Packet) -> Packet | None:
        await self.behave(self.faults.improve, slow_s=12, ok_s=2)
        return Packet(version=packet.version, call_id="call", written_by="language_model")

    # What is heard.

    def _caller_hears(self, out: bytes) -> None:
        over = self.done or self.cancelled or self.returned or self.gone.is_set()
        waits = self.task is not None and not over
        if not waits or self.speaking or any(out):
            self.silent_s = 0.0
        else:
            self.silent_s += FRAME_MS / 1000
            if self.silent_s > LONGEST_SILENCE_S:
                self.demand(False, f"dead air in {self.state}")
                self.silent_s = 0.0
        self.worst_silence_s = max(self.worst_silence_s, self.silent_s)
        human = next((leg for leg in self.legs if leg.spoken == out), None)
        if human is not None:
            self.demand(self._bridged_now, f"the caller heard {human.name} outside of the bridge")

    def _human_hears(self, leg: ScriptedLeg, out: bytes) -> None:
        if out == CALLER_FRAME:
            self.demand(
                self._bridged_now and self.bridged_with in {leg.name, ""},
                f"{leg.name} heard the caller outside of the bridge",
            )

    @property
    def _bridged_now(self) -> bool:
        # What is in the buffers when the bridge ends may still be played.
        return bool(self.bridged_with) or self.loop.time() - self.unbridged_at < 0.5

    def _dialler(self, index: int) -> Callable[[Summons], ScriptedLeg]:
        name = f"h{index}"

        def dial(_summons: Summons) -> ScriptedLeg:
            self.dials[name] += 1
            leg = ScriptedLeg(self, name, frame(1000 + index))
            leg.on_frame = lambda out: self._human_hears(leg, out)
            leg.hang_up_mode = self.faults.hang_up
            leg.forgets_ring_timeout = self.faults.forgets_ring_timeout
            self.legs.append(leg)
            return leg

        return dial
