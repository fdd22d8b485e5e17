"""One line to one person.

What enters: PCM to play. What leaves: PCM heard, keys pressed, the end of the line. The interface
is what the live call, the handoff and the bridge rely on; a recording, a SIP call, a browser and
a provider's media stream each implement it.

Audio is 16-bit signed little-endian mono PCM in frames of 20 ms at ``sample_rate_hz``. A leg's
audio time counts the milliseconds since it was answered.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from voiceagent.legs.playout import Playout

FRAME_MS = 20


def frame_bytes(sample_rate_hz: int) -> int:
    """Bytes of one 20 ms frame at this rate."""
    return sample_rate_hz * FRAME_MS // 1000 * 2


@dataclass(frozen=True, slots=True)
class Sound:
    """20 ms heard from the far end, starting at ``at_ms`` of the leg's audio time."""

    pcm: bytes
    at_ms: int


@dataclass(frozen=True, slots=True)
class Key:
    """A key the far end pressed (RFC 4733 event), one of ``0-9*#``."""

    key: str
    at_ms: int


@dataclass(frozen=True, slots=True)
class SendBack:
    """A human sends the caller back to the agent, with what it should do, or an empty text."""

    instruction: str
    at_ms: int


@dataclass(frozen=True, slots=True)
class HoldCaller:
    """A bridged human puts the caller on hold (``on``), or comes back to them."""

    on: bool
    at_ms: int


@dataclass(frozen=True, slots=True)
class Gone:
    """The far end hung up or was lost; nothing follows. ``lost`` tells a fault from a goodbye."""

    at_ms: int
    lost: bool = False


Heard = Sound | Key | SendBack | HoldCaller | Gone

Tap = Callable[[bytes, bytes], None]
"""Called once per 20 ms with what came in and what went out in that frame; must not block."""


class Leg(Protocol):
    """A line to one person; used from one event loop."""

    @property
    def kind(self) -> str:
        """What sort of line it is: ``recorded``, ``sip``, ``webrtc``, ``twilio``."""

    @property
    def sample_rate_hz(self) -> int:
        """The leg's own rate, usually 8000 on the phone."""

    @property
    def playout(self) -> Playout:
        """What is about to be played to the far end."""

    @property
    def audio_ms(self) -> int:
        """Audio time now: milliseconds since the leg was answered."""

    @property
    def is_up(self) -> bool:
        """Answered, and neither side has hung up."""

    async def connect(self, ring_timeout_s: float) -> None:
        """Ring until answered.

        Raises:
            LegBusyError, LegDeclinedError, LegNoAnswerError, LegUnreachableError: the way in
                which the person could not be reached.
        """

    async def receive(self) -> Heard:
        """The next thing from the far end; after ``Gone`` always ``Gone`` again."""

    async def hang_up(self) -> None:
        """End the call on this leg, whatever state it is in; harmless when repeated."""

    def add_tap(self, tap: Tap) -> None:
        """Let ``tap`` see both directions of every frame from now on."""

    def remove_tap(self, tap: Tap) -> None:
        """Undo :meth:`add_tap`; harmless if it was never added."""

    def cue(self, name: str) -> None:
        """Tell a recorded far end what it cannot hear, e.g. ``bridged``; others ignore it."""
