"""Two legs joined: what either person says, the other hears.

What enters: the caller's frames (by a tap, since the pipeline keeps reading the leg to write the
transcript) and the human's. What leaves: what each leg plays, and the human's frames for whoever
writes them down. Sample-exact where both legs have one rate. The human's leg is read from the
moment they accept: what they say before the bridge opens is not for the caller, and if it were
left in the leg's inbox the whole conversation would lag behind by it.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable

from voiceagent.domain.errors import LegError
from voiceagent.handoff.hold import hold_music
from voiceagent.legs.leg import FRAME_MS, Gone, HoldCaller, Key, Leg, SendBack, Sound, frame_bytes
from voiceagent.legs.playout import Background
from voiceagent.legs.resampling import LiveResampler

logger = logging.getLogger(__name__)

# The two legs' clocks are not one: without a little in hand, every time one of them ticks late
# the other plays a gap.
_IN_HAND_FRAMES = 2
# 200 ms: more delay than that, and people talk over each other (ITU-T G.114 has 150 ms as good).
_LIMIT_FRAMES = 10


class FrameBuffer:
    """Frames on their way from one leg to the other, a bounded delay.

    Args:
        bytes_per_frame: of 20 ms at the rate of the leg that plays them.
        limit_frames: beyond it the oldest frames go.
    """

    def __init__(self, bytes_per_frame: int, limit_frames: int = _LIMIT_FRAMES) -> None:
        self._size = bytes_per_frame
        self._limit = limit_frames
        self._frames: deque[bytes] = deque()
        self._rest = b""
        self.restart()
        self.dropped_frames = 0
        """Frames that were thrown away to keep the delay bounded."""
        self.missing_frames = 0
        """Frames of silence that were played because none had come."""

    @property
    def queued_frames(self) -> int:
        """Frames not yet played."""
        return len(self._frames)

    def push(self, pcm: bytes) -> None:
        """Append sound of any length."""
        data = self._rest + pcm
        whole = len(data) // self._size * self._size
        self._rest = data[whole:]
        self._frames.extend(data[i : i + self._size] for i in range(0, whole, self._size))
        while len(self._frames) > self._limit:
            self._frames.popleft()
            self.dropped_frames += 1

    def next_frame(self) -> bytes:
        """The next 20 ms: a leg's background (:data:`~voiceagent.legs.playout.Background`)."""
        if self._frames:
            return self._frames.popleft()
        self.missing_frames += 1
        return bytes(self._size)

    def restart(self) -> None:
        """Forget what was not played, and have a little silence in hand again."""
        self._rest = b""
        self._frames = deque([bytes(self._size)] * min(_IN_HAND_FRAMES, self._limit))

    def rest(self) -> bytes:
        """What has not been played yet, and no longer will be by this buffer."""
        left = b"".join(self._frames)
        self._frames.clear()
        return left


class Bridge:
    """One bridge between a caller and a human.

    Args:
        caller, human: both connected.
        on_human_frame: gets every 20 ms of the human at the human leg's rate while the bridge is
            open; must not block.
        send_back_key: pressed by the human while the bridge is open, it sends the caller back to
            the agent; empty for none.
        on_hold: told when the human puts the caller on hold and when they come back.
    """

    def __init__(
        self,
        caller: Leg,
        human: Leg,
        on_human_frame: Callable[[bytes], None],
        send_back_key: str = "",
        on_hold: Callable[[bool], None] = lambda _on: None,
    ) -> None:
        self._caller = caller
        self._human = human
        self._on_human_frame = on_human_frame
        self._send_back_key = send_back_key
        self._resample_to_human = LiveResampler(caller.sample_rate_hz, human.sample_rate_hz)
        self._resample_to_caller = LiveResampler(human.sample_rate_hz, caller.sample_rate_hz)
        self.to_human = FrameBuffer(frame_bytes(human.sample_rate_hz))
        self.to_caller = FrameBuffer(frame_bytes(caller.sample_rate_hz))
        self._sounds: dict[Leg, Background] = {}
        self._on_hold = on_hold
        self._is_open = False
        self._held = False
        self._unheard = False

    @property
    def is_open(self) -> bool:
        """Whether the two hear each other now."""
        return self._is_open

    async def listen(self) -> Gone | SendBack:
        """Read the human's leg until it ends or they send the caller back.

        Their sound reaches the caller while the bridge is open and nobody before that.
        """
        while True:
            try:
                heard = await self._human.receive()
            except LegError as error:
                logger.warning("a human's leg broke: %s", error.code)
                return Gone(self._human.audio_ms, lost=True)
            if isinstance(heard, Gone | SendBack):
                return heard
            if isinstance(heard, Sound) and self._is_open and not self._held:
                self._from_human(heard.pcm)
            elif isinstance(heard, HoldCaller) and self._is_open:
                self._hold(heard.on)
            elif isinstance(heard, Key) and self._is_open and heard.key == self._send_back_key:
                return SendBack("", heard.at_ms)

    def open(self) -> None:
        """Join the legs."""
        if self._is_open:
            return
        self._is_open = True
        for leg, buffer in ((self._caller, self.to_caller), (self._human, self.to_human)):
            leg.playout.flush()
            self._sounds[leg] = buffer.next_frame
            leg.playout.background = self._sounds[leg]
        self._caller.add_tap(self._from_caller)
        self._caller.cue("bridged")
        self._human.cue("bridged")

    def _hold(self, on: bool) -> None:
        """Music for the caller and silence for the human, or both together again."""
        if on is self._held:
            return
        self._held = on
        for leg, buffer in ((self._caller, self.to_caller), (self._human, self.to_human)):
            buffer.restart()
            self._sounds[leg] = buffer.next_frame
        if on:
            self._sounds[self._caller] = hold_music(self._caller.sample_rate_hz)
            silence = bytes(frame_bytes(self._human.sample_rate_hz))
            self._sounds[self._human] = lambda: silence
        for leg, sound in self._sounds.items():
            leg.playout.background = sound
        self._on_hold(on)

    def close(self, caller_hears: Background | None = None) -> None:
        """Part the legs; what was said last is still played. Harmless when repeated.

        Args:
            caller_hears: what the caller's leg plays from this frame on.
        """
        if not self._is_open:
            return
        self._is_open = False
        self._caller.remove_tap(self._from_caller)
        for leg, buffer, then in (
            (self._caller, self.to_caller, caller_hears),
            (self._human, self.to_human, None),
        ):
            if leg.playout.background is self._sounds[leg]:
                leg.playout.background = then
            if leg.is_up:
                leg.playout.push(buffer.rest())
        logger.info(
            "bridge closed",
            extra={
                "dropped_ms": FRAME_MS
                * (self.to_caller.dropped_frames + self.to_human.dropped_frames),
                "missing_ms": FRAME_MS
                * (self.to_caller.missing_frames + self.to_human.missing_frames),
            },
        )

    def _from_human(self, pcm: bytes) -> None:
        self.to_caller.push(self._resample_to_caller(pcm))
        try:
            self._on_human_frame(pcm)
        except Exception as error:  # Writing down is worth less than the conversation.
            if not self._unheard:
                logger.warning("a bridged human is not written down: %s", type(error).__name__)
            self._unheard = True

    def _from_caller(self, inbound: bytes, _outbound: bytes) -> None:
        if self._held:
            return
        self.to_human.push(self._resample_to_human(inbound))
