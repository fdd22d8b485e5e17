"""What the pipeline's output does with sound that may be cut and sound that may not."""

import asyncio
from typing import Any

import pytest
from pipecat.frames.frames import CancelFrame, Frame, InterruptionFrame, TTSAudioRawFrame
from pipecat.pipeline.worker import PipelineParams
from pipecat.tests.utils import SleepFrame, run_test

from voiceagent.legs.leg import FRAME_MS, frame_bytes
from voiceagent.legs.playout import UNINTERRUPTIBLE_FRAMES, Playout
from voiceagent.legs.transport import LegTransport

pytestmark = pytest.mark.unit

RATE_HZ = 8000
SIZE = frame_bytes(RATE_HZ)


class StoppedLeg:
    """A leg whose clock stands still, as if the event loop had stalled."""

    kind = "recorded"
    sample_rate_hz = RATE_HZ
    audio_ms = 0
    is_up = True

    def __init__(self) -> None:
        self.playout = Playout(SIZE)

    async def receive(self) -> Any:
        await asyncio.Event().wait()


async def played(*frames: Frame) -> Playout:
    async def gone(_gone: object) -> None:
        """Nobody hangs up."""

    leg: Any = StoppedLeg()
    await run_test(
        LegTransport(leg, gone).output(),
        frames_to_send=[*frames, SleepFrame(0.3), CancelFrame()],
        pipeline_params=PipelineParams(audio_out_sample_rate=RATE_HZ),
        start_timeout=30.0,
        send_end_frame=False,
    )
    return leg.playout


def speech(seconds: float, *, interruptible: bool) -> TTSAudioRawFrame:
    frame = TTSAudioRawFrame(b"\x01\x02" * int(RATE_HZ * seconds), RATE_HZ, 1)
    frame.interruptible = interruptible
    return frame


async def test_a_disclosure_is_far_enough_ahead_to_ride_out_a_stall() -> None:
    playout = await played(speech(1.0, interruptible=False))
    assert playout.queued_frames == UNINTERRUPTIBLE_FRAMES == 400 // FRAME_MS


async def test_a_reply_keeps_the_short_buffer() -> None:
    assert (await played(speech(1.0, interruptible=True))).queued_frames == 3


async def test_a_barge_in_empties_the_short_buffer_only() -> None:
    cut = await played(speech(1.0, interruptible=True), SleepFrame(0.3), InterruptionFrame())
    assert cut.queued_frames == 0
    kept = await played(speech(1.0, interruptible=False), SleepFrame(0.3), InterruptionFrame())
    assert kept.queued_frames == UNINTERRUPTIBLE_FRAMES


async def test_a_barge_in_on_the_reply_behind_a_disclosure_leaves_the_disclosure() -> None:
    playout = await played(
        speech(0.2, interruptible=False),
        speech(0.2, interruptible=True),
        SleepFrame(0.3),
        InterruptionFrame(),
    )
    assert playout.queued_frames == 10
