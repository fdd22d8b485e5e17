"""A leg whose far end does what a test says, a frame each way per 20 ms of virtual time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np

from voiceagent.domain.errors import LegNoAnswerError
from voiceagent.handoff.options import HandoffOptions
from voiceagent.legs.leg import FRAME_MS, Gone, Heard, Sound, Tap, frame_bytes
from voiceagent.legs.playout import Playout

if TYPE_CHECKING:
    from tests.unit.handoff.scene import Scene

RATE = 8000
SIZE = frame_bytes(RATE)
TICK_S = 0.1
FRAMES_PER_TICK = 5


def frame(level: int) -> bytes:
    return np.full(SIZE // 2, level, np.int16).tobytes()


CALLER_FRAME = frame(7)
VOICE_FRAME = frame(9000)


class Mode(StrEnum):
    """How something that is awaited behaves."""

    OK = "ok"
    SLOW = "slow"
    FAIL = "fail"
    HANG = "hang"


@dataclass
class Faults:
    """What goes wrong in a scene, and how the roster looks."""

    humans: int = 1
    ring_at_once: int = 1
    hold: Mode = Mode.OK
    say: Mode = Mode.OK
    whisper: Mode = Mode.OK
    fall_back: Mode = Mode.OK
    resume: Mode = Mode.OK
    bridge_opened: Mode = Mode.OK
    bridge_closed: Mode = Mode.OK
    improve: Mode = Mode.OK
    write_packet: Mode = Mode.OK
    brief: Mode = Mode.OK
    hang_up: Mode = Mode.OK
    next_wish: Mode = Mode.OK
    voicemail: bool = False
    forgets_ring_timeout: bool = False
    report_s: float = 0.0
    report_breaks_at: int | None = None
    report_break: Mode = Mode.FAIL
    engaged: tuple[int, ...] = ()
    options: HandoffOptions = field(default_factory=HandoffOptions)


class ScriptedLeg:
    """A leg whose far end does what the test says, a frame each way per 20 ms."""

    kind = "recorded"
    sample_rate_hz = RATE

    def __init__(self, scene: Scene, name: str, spoken: bytes) -> None:
        self.scene = scene
        self.name = name
        self.spoken = spoken
        self.playout = Playout(SIZE)
        self.inbox: asyncio.Queue[Heard] = asyncio.Queue()
        self.taps: list[Tap] = []
        self.picked_up: asyncio.Future[None] = scene.loop.create_future()
        self.picked_up.add_done_callback(lambda f: f.cancelled() or f.exception())
        self.on_frame: Callable[[bytes], None] = lambda _out: None
        self.hang_up_mode = Mode.OK
        self.forgets_ring_timeout = False
        self.ringing = False
        self.is_up = False
        self.hung_up = 0
        self.frames = 0
        self.gone: Gone | None = None

    @property
    def audio_ms(self) -> int:
        return self.frames * FRAME_MS

    async def connect(self, ring_timeout_s: float) -> None:
        self.ringing = True
        try:
            async with asyncio.timeout(None if self.forgets_ring_timeout else ring_timeout_s):
                await asyncio.shield(self.picked_up)
        except TimeoutError:
            raise LegNoAnswerError("Nobody answered.") from None
        finally:
            self.ringing = False
        self.up()

    def up(self) -> None:
        self.is_up = True
        self.scene.loop.call_later(TICK_S, self._tick)

    async def receive(self) -> Heard:
        if self.gone is not None and self.inbox.empty():
            return self.gone
        return await self.inbox.get()

    async def hang_up(self) -> None:
        self.hung_up += 1
        await self.scene.behave(self.hang_up_mode, slow_s=3)
        self.leave()

    def add_tap(self, tap: Tap) -> None:
        self.taps.append(tap)

    def remove_tap(self, tap: Tap) -> None:
        if tap in self.taps:
            self.taps.remove(tap)

    def cue(self, name: str) -> None:
        self.scene.demand(self.is_up, f"{self.name} was bridged and is not up")

    # What the far end does.

    def answer(self, error: Exception | None = None) -> None:
        if not self.picked_up.done():
            if error is None:
                self.picked_up.set_result(None)
            else:
                self.picked_up.set_exception(error)

    def leave(self, *, lost: bool = False) -> None:
        self.is_up = False
        if self.gone is None:
            self.gone = Gone(self.audio_ms, lost=lost)
            if not lost and self.scene.bridged_with == self.name:
                # A goodbye: nobody waits for anything any more.
                self.scene.returned = True
            self.inbox.put_nowait(self.gone)
            self.playout.close()

    def does(self, heard: Heard) -> None:
        if self.is_up:
            self.inbox.put_nowait(heard)

    def _tick(self) -> None:
        for _ in range(FRAMES_PER_TICK):
            if not self.is_up:
                return
            out = self.playout.next_frame()
            self.on_frame(out)
            for tap in tuple(self.taps):
                tap(self.spoken, out)
            if self is not self.scene.caller_leg:
                self.inbox.put_nowait(Sound(self.spoken, self.audio_ms))
            self.frames += 1
        self.scene.loop.call_later(TICK_S, self._tick)
