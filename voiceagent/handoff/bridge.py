"""Two legs joined: what either person says, the other hears.

What enters: the caller's frames (by a tap, since the pipeline keeps reading the leg to write the
transcript) and the human's. What leaves: each other's playout, three frames (60 ms) late at most,
and the human's frames for whoever listens to write them down. Sample-exact where both legs have
one rate.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import soxr

from voiceagent.legs.leg import Gone, Leg, Sound, frame_bytes

_IN_HAND_FRAMES = 2


class Bridge:
    """One bridge between a caller and a human.

    Args:
        caller, human: both connected.
        on_human_frame: gets every 20 ms of the human at the human leg's rate; must not block.
    """

    def __init__(self, caller: Leg, human: Leg, on_human_frame: Callable[[bytes], None]) -> None:
        self._caller = caller
        self._human = human
        self._on_human_frame = on_human_frame
        self._to_human = _resampler(caller.sample_rate_hz, human.sample_rate_hz)
        self._to_caller = _resampler(human.sample_rate_hz, caller.sample_rate_hz)

    async def run(self) -> Gone:
        """Join the legs until the human's leg ends; cancel to part them earlier.

        Returns:
            How the human's leg ended.
        """
        for leg in (self._caller, self._human):
            leg.playout.flush()
            # The two legs' clocks are not one: without a little in hand, every time one of them
            # ticks late the other plays a gap.
            leg.playout.push(bytes(_IN_HAND_FRAMES * frame_bytes(leg.sample_rate_hz)))
        self._caller.add_tap(self._from_caller)
        self._caller.cue("bridged")
        self._human.cue("bridged")
        try:
            while True:
                heard = await self._human.receive()
                if isinstance(heard, Gone):
                    return heard
                if isinstance(heard, Sound):
                    self._caller.playout.push(self._to_caller(heard.pcm))
                    self._on_human_frame(heard.pcm)
        finally:
            self._caller.remove_tap(self._from_caller)

    def _from_caller(self, inbound: bytes, _outbound: bytes) -> None:
        self._human.playout.push(self._to_human(inbound))


def _resampler(source_hz: int, target_hz: int) -> Callable[[bytes], bytes]:
    if source_hz == target_hz:
        return lambda pcm: pcm
    stream = soxr.ResampleStream(source_hz, target_hz, 1, "int16", quality="LQ")
    return lambda pcm: bytes(stream.resample_chunk(np.frombuffer(pcm, np.int16)).tobytes())
