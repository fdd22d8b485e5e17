"""What is about to be played on a leg: a short bounded buffer over an optional background.

What enters: PCM of any length, from the voice or from a bridge. What leaves: exactly one 20 ms
frame per call of :meth:`Playout.next_frame`, silence or background where nothing is queued. The
buffer is short on purpose: whatever is in it can no longer be unsaid without cutting the audio,
and a barge-in has to cut it (:meth:`Playout.flush`). Where it is not sure yet that it is one, the
sound only stops for the moment (:meth:`Playout.hush`). Only sound that no barge-in may cut runs
further ahead, so that a stalled event loop cannot tear it.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable

import numpy as np

Background = Callable[[], bytes]
"""Gives the next 20 ms of background (hold music) at the leg's rate."""

# Speech over background is unreadable unless the background steps back: -18 dB.
_DUCKING = 0.125

UNINTERRUPTIBLE_FRAMES = 20
"""How far ahead of the clock sound may be queued that no barge-in cuts: 400 ms."""

LONGEST_HUSH_FRAMES = 150
"""A hush that nobody ends is over after so many frames, 3 s: no agent stays silent for ever."""


class Playout:
    """The outgoing side of one leg.

    Args:
        bytes_per_frame: size of one 20 ms frame.
        paced_frames: how far :meth:`send` runs ahead of the clock. Three frames (60 ms) ride out
            a stalled event loop without delaying a barge-in noticeably.
        limit_frames: bound for :meth:`push`, which cannot wait; beyond it the oldest frames go.
    """

    def __init__(self, bytes_per_frame: int, paced_frames: int = 3, limit_frames: int = 25) -> None:
        self._size = bytes_per_frame
        self._paced = paced_frames
        self._limit = limit_frames
        self._frames: deque[bytes] = deque()
        self._rest = b""
        self._room = asyncio.Event()
        self._room.set()
        self._empty = asyncio.Event()
        self._empty.set()
        self._generation = 0
        self._closed = False
        self._hushed_frames = 0
        self.background: Background | None = None
        self.played_frames = 0
        """Frames of queued sound that really went out; silence and background do not count."""
        self.dropped_frames = 0

    @property
    def queued_frames(self) -> int:
        """Frames queued and not yet played."""
        return len(self._frames)

    async def send(self, pcm: bytes, ahead_frames: int | None = None) -> bool:
        """Queue sound at the pace it is played; returns once the last frame of it is queued.

        Args:
            pcm: the sound.
            ahead_frames: how far it may run ahead of the clock; None for ``paced_frames``.

        Returns:
            False if a flush or the end of the leg took it away meanwhile.
        """
        generation = self._generation
        ahead = self._paced if ahead_frames is None else ahead_frames
        for frame in self._cut(pcm):
            while len(self._frames) >= ahead and not self._closed:
                self._room.clear()
                await self._room.wait()
                if generation != self._generation:
                    break
            if generation != self._generation or self._closed:
                return False
            self._frames.append(frame)
            self._empty.clear()
        return True

    def push(self, pcm: bytes) -> None:
        """Queue sound without waiting, as a bridge must; the oldest goes if too much is queued."""
        self._frames.extend(self._cut(pcm))
        if self._frames:
            self._empty.clear()
        while len(self._frames) > self._limit:
            self._frames.popleft()
            self.dropped_frames += 1

    def hush(self) -> None:
        """Play silence and keep what is queued, until :meth:`speak_on`, or 3 s at most."""
        self._hushed_frames = LONGEST_HUSH_FRAMES

    def speak_on(self) -> None:
        """End a hush: what is queued is played from where it stopped."""
        self._hushed_frames = 0

    def flush(self) -> int:
        """Throw away what is queued, and what is being queued; returns the frames dropped."""
        self._hushed_frames = 0
        self._generation += 1
        dropped = len(self._frames)
        self._frames.clear()
        self._rest = b""
        self._room.set()
        self._empty.set()
        return dropped

    def close(self) -> None:
        """The leg is over: nothing waits any longer."""
        self._closed = True
        self.flush()

    async def drained(self) -> None:
        """Wait until everything queued was played."""
        await self._empty.wait()

    def next_frame(self) -> bytes:
        """The next 20 ms to play, called once per frame by the leg's clock."""
        background = self.background() if self.background else None
        if self._hushed_frames:
            self._hushed_frames -= 1
        elif self._frames:
            frame = self._frames.popleft()
            self.played_frames += 1
            # Those who wait look themselves whether it is room enough.
            self._room.set()
            if not self._frames:
                self._empty.set()
            return _over(frame, background) if background else frame
        return background or bytes(self._size)

    def _cut(self, pcm: bytes) -> list[bytes]:
        data = self._rest + pcm
        whole = len(data) // self._size * self._size
        self._rest = data[whole:]
        return [data[i : i + self._size] for i in range(0, whole, self._size)]


def _over(voice: bytes, background: bytes) -> bytes:
    """Mix speech over a background that steps back; both 16-bit PCM of one length."""
    mixed = np.frombuffer(voice, np.int16).astype(np.int32)
    mixed += (np.frombuffer(background, np.int16) * _DUCKING).astype(np.int32)
    return np.clip(mixed, -32768, 32767).astype(np.int16).tobytes()
