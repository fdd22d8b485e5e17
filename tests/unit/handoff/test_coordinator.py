"""The handoff over real recorded legs: every way it can go ends in its one typed outcome."""

import asyncio
import itertools
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from voiceagent.domain.events import AnyEvent
from voiceagent.domain.handoff import HandoffOutcome, HandoffState
from voiceagent.domain.handoff_events import (
    HandoffEnded,
    HandoffMoved,
    HumanRung,
    PacketWritten,
    WhisperPlayed,
)
from voiceagent.domain.packet import Packet
from voiceagent.handoff.coordinator import (
    Handoff,
    HandoffOptions,
    HandoffPhrases,
    HeardOnHold,
    Whispered,
)
from voiceagent.handoff.hold import YieldingMusic
from voiceagent.handoff.roster import Human, Need, Roster, Summons
from voiceagent.legs.far_end import Line, Moment, RecordedPerson
from voiceagent.legs.leg import Gone, Leg, Tap
from voiceagent.legs.recorded import Behaviour, RecordedLeg, RecordedLegOptions

pytestmark = pytest.mark.unit

PHRASES = HandoffPhrases(
    "I connect you.", ("Thank you for waiting.",), "Here is {name}.", "{name} knows."
)


def clip(level: int, ms: int = 200) -> bytes:
    return (np.ones(8 * ms) * level).astype(np.int16).tobytes()


def leg(*lines: Line, behaviour: Behaviour = Behaviour.ACCEPT, ring_ms: int = 20) -> RecordedLeg:
    options = RecordedLegOptions(behaviour=behaviour, ring_ms=ring_ms)
    return RecordedLeg(RecordedPerson(lines, 320, 60_000), options)


def without_silence(pcm: bytes) -> bytes:
    frames = [pcm[i : i + 320] for i in range(0, len(pcm), 320)]
    return b"".join(frame for frame in frames if any(frame))


class Caller:
    """The call as the handoff sees it, keeping note of what was asked of it."""

    def __init__(self, line: RecordedLeg) -> None:
        self.leg = line
        self.gone = asyncio.Event()
        self.notes: list[str] = []
        self.wishes: asyncio.Queue[HeardOnHold] = asyncio.Queue()
        self.heard_of_human = b""
        self.at: dict[str, Callable[[], None]] = {}

    def note(self, what: str) -> None:
        self.notes.append(what)
        if what in self.at:
            self.at[what]()

    async def say(self, text: str, *, interruptible: bool = True) -> bool:
        self.note(f"say {text}")
        return True

    async def hold(self) -> None:
        self.note("hold")

    async def bridge_opened(self, human_rate_hz: int) -> None:
        self.note("bridged")

    async def bridge_closed(self) -> None:
        self.note("closed")

    async def fall_back(self, outcome: HandoffOutcome) -> None:
        self.note(f"fall back {outcome}")

    async def next_wish(self) -> HeardOnHold:
        return await self.wishes.get()

    async def resume(self, outcome: HandoffOutcome, instruction: str) -> None:
        self.note(f"resume {outcome} {instruction}".strip())

    async def whisper(self, leg: Leg, packet: Packet) -> Whispered:
        self.note("whisper")
        return Whispered("Ada, a refund.", heard=True)

    async def improve_packet(self, packet: Packet) -> Packet | None:
        return None

    def human_frame(self, pcm: bytes) -> None:
        self.heard_of_human += pcm

    def write_packet(self, version: int) -> Packet:
        return Packet(version=version, call_id="call-1")


SUMMONS = Summons("call-1", "h-1")


class Scene:
    """One handoff with its caller, humans and events."""

    def __init__(self, *humans: tuple[str, Callable[[], RecordedLeg]], caller: RecordedLeg) -> None:
        self.caller = Caller(caller)
        self.events: list[AnyEvent] = []
        self.dialled: list[RecordedLeg] = []
        self.human_taps: list[Tap] = []
        self.summons: list[Summons] = []
        self.roster = Roster([Human(n, n, ("en",), self._dialler(make)) for n, make in humans])
        self.options = HandoffOptions(ring_timeout_s=0.4, comfort_every_s=0.1)

    def _dialler(self, make: Callable[[], RecordedLeg]) -> Callable[[Summons], RecordedLeg]:
        def dial(summons: Summons) -> RecordedLeg:
            self.summons.append(summons)
            self.dialled.append(make())
            for tap in self.human_taps:
                self.dialled[-1].add_tap(tap)
            return self.dialled[-1]

        return dial

    async def report(self, make: Callable[[int], AnyEvent]) -> None:
        self.events.append(make(self.caller.leg.audio_ms))

    async def run(self) -> HandoffOutcome:
        await self.caller.leg.connect(5)
        watch = asyncio.create_task(self._watch())
        handoff = Handoff(SUMMONS, self.caller, self.roster, self.report, PHRASES, self.options)
        try:
            return await asyncio.wait_for(handoff.run("en"), 30)
        finally:
            watch.cancel()
            await self.caller.leg.hang_up()
            self.check()

    async def _watch(self) -> None:
        while not isinstance(await self.caller.leg.receive(), Gone):
            pass
        self.caller.gone.set()

    def check(self) -> None:
        """What must hold whatever happened."""
        ended = [e for e in self.events if isinstance(e, HandoffEnded)]
        assert len(ended) == 1
        moves = [e for e in self.events if isinstance(e, HandoffMoved)]
        assert moves[-1].target in {HandoffState.FINISHED, HandoffState.FAILED}
        assert all(a.target is b.source for a, b in itertools.pairwise(moves))
        # Nothing, or what gives way to the agent's voice by itself.
        sound = self.caller.leg.playout.background
        assert sound is None or isinstance(sound, YieldingMusic)
        for line in self.dialled:
            assert not line.is_up, "a human's leg was left open"
        assert self.roster.engaged == ()

    @property
    def path(self) -> list[str]:
        return [str(e.event) for e in self.events if isinstance(e, HandoffMoved)]


def staying() -> RecordedLeg:
    return leg()


def talking_human() -> RecordedLeg:
    return leg(Line(Moment.BRIDGED, 40, pcm=clip(5000)), Line(Moment.BRIDGED, 700, hang_up=True))


async def test_bridged_both_hear_each_other_and_the_packet_came_first() -> None:
    caller = leg(Line(Moment.BRIDGED, 200, pcm=clip(3000)))
    heard_by_caller, heard_by_human = b"", b""

    def note_caller(_in: bytes, out: bytes) -> None:
        nonlocal heard_by_caller
        heard_by_caller += out

    scene = Scene(("sam", talking_human), caller=caller)
    caller.add_tap(note_caller)

    def note_human(_in: bytes, out: bytes) -> None:
        nonlocal heard_by_human
        heard_by_human += out

    scene.human_taps.append(note_human)
    assert await scene.run() is HandoffOutcome.BRIDGED
    assert scene.path == [
        "announce", "seek", "ring", "accept", "briefed", "bridge", "finish",
    ]  # fmt: skip
    # A starved machine may tick one clock late and play a gap; no sample is lost or altered.
    assert clip(5000) in without_silence(heard_by_caller)
    assert clip(3000) in without_silence(heard_by_human)
    assert clip(5000) in scene.caller.heard_of_human
    kinds = [type(e) for e in scene.events]
    ring = next(i for i, e in enumerate(scene.events) if getattr(e, "event", "") == "ring")
    assert kinds.index(PacketWritten) < ring
    assert scene.summons == [SUMMONS]
    notes = scene.caller.notes
    assert notes[0] == "hold"
    assert notes[1] == "say I connect you."
    assert "say Here is sam." in notes
    assert notes[-1] == "closed"


async def test_a_human_who_reads_the_packet_is_not_briefed_by_voice() -> None:
    scene = Scene(("sam", talking_human), caller=leg(Line(Moment.BRIDGED, 200, pcm=clip(3000))))
    sam = scene.roster.next_free(Need())[0]
    scene.roster.join(replace(sam, reads_packet=True))
    assert await scene.run() is HandoffOutcome.BRIDGED
    assert "whisper" not in scene.caller.notes
    assert "say sam knows." in scene.caller.notes
    assert not any(isinstance(event, WhisperPlayed) for event in scene.events)
    # The packet was written before anybody was rung.
    kinds = [type(event) for event in scene.events]
    assert kinds.index(PacketWritten) < kinds.index(HumanRung)


@pytest.mark.parametrize(
    ("behaviour", "outcome"),
    [
        (Behaviour.DECLINE, HandoffOutcome.DECLINED),
        (Behaviour.BUSY, HandoffOutcome.BUSY),
        (Behaviour.NO_ANSWER, HandoffOutcome.NO_ANSWER),
    ],
)
async def test_a_human_who_cannot_be_had_brings_the_agent_back(
    behaviour: Behaviour, outcome: HandoffOutcome
) -> None:
    scene = Scene(("sam", lambda: leg(behaviour=behaviour)), caller=staying())
    assert await scene.run() is outcome
    assert scene.caller.notes[-1] == f"fall back {outcome}"
    assert "bridged" not in scene.caller.notes


async def test_the_next_human_is_rung() -> None:
    scene = Scene(
        ("kim", lambda: leg(behaviour=Behaviour.DECLINE)), ("sam", talking_human), caller=staying()
    )
    assert await scene.run() is HandoffOutcome.BRIDGED
    rung = [e.human for e in scene.events if isinstance(e, HandoffMoved) and e.event == "ring"]
    assert rung == ["kim", "sam"]


async def test_nobody_on_the_roster() -> None:
    scene = Scene(caller=staying())
    assert await scene.run() is HandoffOutcome.NOBODY_FREE


async def test_comfort_phrases_and_music_while_it_rings() -> None:
    caller = staying()
    quiet_ms = worst_ms = 0

    def listen(_in: bytes, out: bytes) -> None:
        nonlocal quiet_ms, worst_ms
        silent = float(np.abs(np.frombuffer(out, np.int16)).max()) < 60
        quiet_ms = quiet_ms + 20 if silent else 0
        worst_ms = max(worst_ms, quiet_ms)

    caller.add_tap(listen)
    scene = Scene(("sam", lambda: leg(behaviour=Behaviour.NO_ANSWER)), caller=caller)
    scene.options = replace(scene.options, ring_timeout_s=1.5)
    await scene.run()
    assert "say Thank you for waiting." in scene.caller.notes
    assert worst_ms < 3000


@pytest.mark.parametrize(
    "moment",
    ["hold", "say I connect you.", "say Here is sam.", "bridged", "say Thank you for waiting."],
)
async def test_a_caller_who_hangs_up_at_any_moment_leaves_nobody_behind(moment: str) -> None:
    scene = Scene(("sam", lambda: leg(ring_ms=250)), caller=staying())
    scene.caller.at[moment] = scene.caller.leg._end
    outcome = await scene.run()
    bridged = moment == "bridged"
    assert outcome is (HandoffOutcome.BRIDGED if bridged else HandoffOutcome.CALLER_HUNG_UP)
    assert scene.path[-1] == "caller_hung_up"


async def test_a_human_lost_in_the_bridge_is_followed_by_the_next_one() -> None:
    def lost_human() -> RecordedLeg:
        line = leg()
        asyncio.get_running_loop().call_later(0.4, lose, line)
        return line

    def lose(line: RecordedLeg) -> None:
        line._gone = Gone(line.audio_ms, lost=True)
        line._deliver(line._gone)
        line.playout.close()

    scene = Scene(("kim", lost_human), ("sam", talking_human), caller=staying())
    assert await scene.run() is HandoffOutcome.BRIDGED
    assert "agent_lost" in scene.path
    assert scene.caller.notes.count("hold") == 2
    assert scene.path[-1] == "finish"
