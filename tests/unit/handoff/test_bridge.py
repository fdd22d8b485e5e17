"""The bridge: sample-exact both ways, a bounded delay, and nothing outside of it."""

from __future__ import annotations

import numpy as np
import pytest

from tests.unit.handoff.scene import Scene
from tests.unit.handoff.scripted import ScriptedLeg
from voiceagent.handoff.bridge import Bridge, FrameBuffer
from voiceagent.handoff.hold import hold_music
from voiceagent.legs.leg import Gone, HoldCaller, Key, SendBack, Sound

pytestmark = pytest.mark.unit


def sound(seed: int, frames: int, rate: int = 8000) -> list[bytes]:
    noise = np.random.default_rng(seed).integers(-30_000, 30_000, frames * rate // 50)
    pcm = noise.astype(np.int16).tobytes()
    size = rate // 50 * 2
    return [pcm[i : i + size] for i in range(0, len(pcm), size)]


@pytest.fixture
def scene() -> Scene:
    return Scene()


def leg(scene: Scene, name: str, rate: int = 8000) -> ScriptedLeg:
    line = ScriptedLeg(scene, name, b"")
    line.sample_rate_hz = rate
    line.playout = type(line.playout)(rate // 50 * 2)
    line.is_up = True
    return line


class Joined:
    """A caller and a human on a bridge, a frame at a time."""

    def __init__(self, scene: Scene, caller_hz: int = 8000, human_hz: int = 8000) -> None:
        self.scene = scene
        self.caller, self.human = leg(scene, "caller", caller_hz), leg(scene, "human", human_hz)
        self.written = b""
        self.bridge = Bridge(self.caller, self.human, self._write, send_back_key="*")
        self.listening = scene.loop.create_task(self.bridge.listen())

    def _write(self, pcm: bytes) -> None:
        self.written += pcm

    def frame(self, from_caller: bytes, from_human: bytes) -> tuple[bytes, bytes]:
        """20 ms: what each of them says; what caller and human hear."""
        caller_hears = self.caller.playout.next_frame()
        human_hears = self.human.playout.next_frame()
        for tap in tuple(self.caller.taps):
            tap(from_caller, caller_hears)
        self.human.does(Sound(from_human, 0))
        self.scene.advance(0)
        return caller_hears, human_hears


def test_every_sample_arrives_as_it_was_said_and_three_frames_late_at_most(scene: Scene) -> None:
    joined = Joined(scene)
    joined.bridge.open()
    said_by_caller, said_by_human = sound(1, 100), sound(2, 100)
    heard = [joined.frame(*both) for both in zip(said_by_caller, said_by_human, strict=True)]
    by_caller = b"".join(one for one, _ in heard)
    by_human = b"".join(other for _, other in heard)
    late = 2 * 320
    assert by_caller == bytes(late) + b"".join(said_by_human)[: 100 * 320 - late]
    assert by_human == bytes(late) + b"".join(said_by_caller)[: 100 * 320 - late]
    assert joined.written == b"".join(said_by_human)


def test_what_was_said_last_is_still_played(scene: Scene) -> None:
    joined = Joined(scene)
    joined.bridge.open()
    said = sound(3, 10)
    for frame in said:
        joined.frame(bytes(320), frame)
    joined.human.leave()
    scene.advance(0)
    assert joined.listening.result() == Gone(0)
    joined.bridge.close()
    rest = [joined.caller.playout.next_frame() for _ in range(3)]
    assert rest == [*said[-2:], bytes(320)]
    assert not joined.caller.taps
    assert joined.caller.playout.background is None


def test_before_it_opens_nobody_hears_or_writes_down_the_human_and_no_delay_builds_up(
    scene: Scene,
) -> None:
    joined = Joined(scene)
    early = sound(4, 200)
    assert all(joined.frame(early[0], frame) == (bytes(320),) * 2 for frame in early)
    assert joined.written == b""
    joined.bridge.open()
    said = sound(5, 10)
    heard = [joined.frame(bytes(320), frame)[0] for frame in said]
    assert heard == [bytes(320)] * 2 + said[:8]


def test_a_burst_raises_the_delay_only_to_the_bound_and_is_counted(scene: Scene) -> None:
    joined = Joined(scene)
    joined.bridge.open()
    burst = sound(6, 50)
    for frame in burst:
        joined.human.does(Sound(frame, 0))
    scene.advance(0)
    assert joined.bridge.to_caller.queued_frames == 10
    # The two in hand and the forty oldest went.
    assert joined.bridge.to_caller.dropped_frames == 42
    assert [joined.caller.playout.next_frame() for _ in range(10)] == burst[-10:]


def test_a_late_frame_is_a_counted_gap(scene: Scene) -> None:
    buffer = FrameBuffer(320)
    assert [buffer.next_frame() for _ in range(3)] == [bytes(320)] * 3
    assert buffer.missing_frames == 1


@pytest.mark.parametrize(
    ("caller_hz", "human_hz"), [(8000, 48_000), (48_000, 8000), (8000, 16_000)]
)
def test_between_rates_a_tone_stays_what_it_is(scene: Scene, caller_hz: int, human_hz: int) -> None:
    joined = Joined(scene, caller_hz, human_hz)
    joined.bridge.open()
    time = np.arange(human_hz * 2) / human_hz
    tone = (np.sin(2 * np.pi * 440 * time) * 10_000).astype(np.int16).tobytes()
    size = human_hz // 50 * 2
    quiet = bytes(caller_hz // 50 * 2)
    heard = b"".join(joined.frame(quiet, tone[i : i + size])[0] for i in range(0, len(tone), size))
    steady = np.frombuffer(heard, np.int16).astype(float)[caller_hz // 2 : caller_hz * 3 // 2]
    spectrum = np.abs(np.fft.rfft(steady))
    assert abs(int(spectrum.argmax()) * caller_hz / steady.size - 440) < 2
    assert np.sqrt((steady**2).mean()) == pytest.approx(10_000 / np.sqrt(2), rel=0.02)
    assert joined.bridge.to_caller.dropped_frames == 0


def test_the_humans_key_and_their_order_send_the_caller_back_but_not_before_it_opens(
    scene: Scene,
) -> None:
    joined = Joined(scene)
    joined.human.does(Key("*", 0))
    scene.advance(0)
    assert not joined.listening.done()
    joined.bridge.open()
    joined.human.does(Key("1", 0))
    scene.advance(0)
    assert not joined.listening.done()
    joined.human.does(Key("*", 40))
    scene.advance(0)
    assert joined.listening.result() == SendBack("", 40)


def test_a_leg_that_goes_on_playing_something_else_is_left_alone(scene: Scene) -> None:
    joined = Joined(scene)
    joined.bridge.open()
    music = lambda: b"\1" * 320  # noqa: E731
    joined.caller.playout.background = music
    joined.bridge.close()
    joined.bridge.close()
    assert joined.caller.playout.background is music


def test_a_writer_that_fails_does_not_cut_them_off(scene: Scene) -> None:
    joined = Joined(scene)

    def fail(_pcm: bytes) -> None:
        raise RuntimeError

    joined.bridge = Bridge(joined.caller, joined.human, fail)
    joined.listening.cancel()
    joined.listening = scene.loop.create_task(joined.bridge.listen())
    scene.advance(0)
    joined.bridge.open()
    said = sound(7, 5)
    heard = [joined.frame(bytes(320), frame)[0] for frame in said]
    assert heard[2:] == said[:3]


def test_a_caller_on_hold_hears_music_and_neither_hears_the_other(scene: Scene) -> None:
    joined = Joined(scene)
    told: list[bool] = []
    joined.bridge._on_hold = told.append
    joined.bridge.open()
    for frame in sound(4, 5):
        joined.frame(frame, frame)
    joined.human.does(HoldCaller(True, 100))
    scene.advance(0)
    written = joined.written
    held = [joined.frame(one, other) for one, other in zip(sound(5, 20), sound(6, 20), strict=True)]
    music = hold_music(8000)
    assert [one for one, _ in held] == [music() for _ in range(20)]
    assert not any(any(other) for _, other in held)
    assert joined.written == written
    joined.human.does(HoldCaller(False, 500))
    scene.advance(0)
    said_by_caller, said_by_human = sound(7, 10), sound(8, 10)
    after = [joined.frame(*both) for both in zip(said_by_caller, said_by_human, strict=True)]
    assert b"".join(one for one, _ in after) == bytes(640) + b"".join(said_by_human[:8])
    assert b"".join(other for _, other in after) == bytes(640) + b"".join(said_by_caller[:8])
    assert told == [True, False]


def test_a_hold_before_the_bridge_is_open_changes_nothing(scene: Scene) -> None:
    joined = Joined(scene)
    joined.human.does(HoldCaller(True, 0))
    scene.advance(0)
    joined.bridge.open()
    said = sound(9, 10)
    heard = [joined.frame(frame, frame) for frame in said]
    assert b"".join(one for one, _ in heard) == bytes(640) + b"".join(said[:8])
