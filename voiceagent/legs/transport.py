"""What joins a leg to a pipecat pipeline.

What enters: the leg's frames, which become pipecat's input at 16 kHz, and the pipeline's output,
which becomes the leg's playout at the leg's rate. An interruption empties the playout at once;
audio that was declared uninterruptible (the AI disclosure) survives it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from pipecat.audio.dtmf.types import KeypadEntry
from pipecat.frames.frames import (
    CancelFrame,
    EndFrame,
    Frame,
    InputAudioRawFrame,
    InputDTMFFrame,
    InterruptionFrame,
    OutputAudioRawFrame,
    StartFrame,
)
from pipecat.processors.frame_processor import FrameDirection
from pipecat.transports.base_input import BaseInputTransport
from pipecat.transports.base_output import BaseOutputTransport
from pipecat.transports.base_transport import BaseTransport, TransportParams

from voiceagent.legs.leg import Gone, Key, Leg, Sound
from voiceagent.legs.playout import UNINTERRUPTIBLE_FRAMES
from voiceagent.legs.resampling import LiveResampler

PIPELINE_RATE_HZ = 16_000


@dataclass
class CallerAudioFrame(InputAudioRawFrame):
    """A frame of the caller's sound that knows its place in the leg's audio time."""

    at_ms: int = 0


class LegInput(BaseInputTransport):
    """Frames from the leg into the pipeline."""

    def __init__(
        self, leg: Leg, params: TransportParams, on_gone: Callable[[Gone], Awaitable[None]]
    ) -> None:
        super().__init__(params)
        self._leg = leg
        self._on_gone = on_gone
        self._pump_task: asyncio.Task[None] | None = None
        self._to_pipeline = LiveResampler(leg.sample_rate_hz, PIPELINE_RATE_HZ)

    async def start(self, frame: StartFrame) -> None:
        """Begin reading from the leg."""
        await super().start(frame)
        await self.set_transport_ready(frame)
        if self._pump_task is None:
            self._pump_task = self.create_task(self._pump())

    async def stop(self, frame: EndFrame) -> None:
        """Stop reading."""
        await self._end()
        await super().stop(frame)

    async def cancel(self, frame: CancelFrame) -> None:
        """Stop reading at once."""
        await self._end()
        await super().cancel(frame)

    async def cleanup(self) -> None:
        """Release what is held."""
        await self._end()
        await super().cleanup()  # type: ignore[no-untyped-call]

    async def _end(self) -> None:
        if self._pump_task is not None:
            task, self._pump_task = self._pump_task, None
            await self.cancel_task(task)

    async def _pump(self) -> None:
        while True:
            heard = await self._leg.receive()
            if isinstance(heard, Sound):
                await self.push_audio_frame(self._frame(heard))
            elif isinstance(heard, Key):
                await self.push_frame(InputDTMFFrame(KeypadEntry(heard.key)))
            elif isinstance(heard, Gone):
                await self._on_gone(heard)
                return

    def _frame(self, sound: Sound) -> CallerAudioFrame:
        pcm = self._to_pipeline(sound.pcm)
        return CallerAudioFrame(
            audio=pcm, sample_rate=PIPELINE_RATE_HZ, num_channels=1, at_ms=sound.at_ms
        )


class LegOutput(BaseOutputTransport):
    """Sound of the pipeline to the leg, at the pace it is played."""

    def __init__(self, leg: Leg, params: TransportParams) -> None:
        super().__init__(params)
        self._leg = leg
        self._keep_on_interruption = False
        self.yielded = False
        """A human speaks to the far end: an interruption must not cut them off."""

    async def start(self, frame: StartFrame) -> None:
        """Be ready to play."""
        await super().start(frame)
        await self.set_transport_ready(frame)

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        """Cut the audio the moment an interruption passes."""
        kept = self._keep_on_interruption or self.yielded
        if isinstance(frame, InterruptionFrame) and not kept:
            self._leg.playout.flush()
        await super().process_frame(frame, direction)

    async def write_audio_frame(self, frame: OutputAudioRawFrame) -> bool:
        """Queue one frame for playing; False if it was cut off."""
        if frame.interruptible:
            sent = await self._leg.playout.send(frame.audio)
            # Until there was room for it, what is queued may be sound that must not be cut.
            self._keep_on_interruption = False
            return sent
        self._keep_on_interruption = True
        return await self._leg.playout.send(frame.audio, UNINTERRUPTIBLE_FRAMES)


class LegTransport(BaseTransport):
    """A pipecat transport over one leg."""

    def __init__(self, leg: Leg, on_gone: Callable[[Gone], Awaitable[None]]) -> None:
        super().__init__()
        params = TransportParams(
            audio_in_enabled=True,
            audio_in_sample_rate=PIPELINE_RATE_HZ,
            audio_out_enabled=True,
            audio_out_sample_rate=leg.sample_rate_hz,
            # 20 ms per write: an interruption leaves at most the frame in flight.
            audio_out_10ms_chunks=2,
            audio_out_end_silence_secs=0,
        )
        self._in = LegInput(leg, params, on_gone)
        self._out = LegOutput(leg, params)

    def input(self) -> LegInput:
        """The first stage of the pipeline."""
        return self._in

    def output(self) -> LegOutput:
        """The stage that plays."""
        return self._out
