"""What a handoff needs of the call it happens in, and nothing more.

What enters: requests of the coordinator. What leaves: words to the caller, what the caller on hold
wants, the packet, the agent back in the conversation. The coordinator knows no pipeline and the
call knows no ringing: this protocol is where they meet.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Protocol

from voiceagent.domain.handoff import HandoffOutcome
from voiceagent.domain.handoff_events import HoldWish
from voiceagent.domain.packet import Packet
from voiceagent.legs.leg import Leg


@dataclass(frozen=True, slots=True)
class HeardOnHold:
    """What a caller on hold wanted. ``turn`` is 0 for a key."""

    wish: HoldWish
    turn: int = 0
    key: str = ""


@dataclass(frozen=True, slots=True)
class Whispered:
    """What a human was told before the bridge opened, and whether they heard it to its end."""

    text: str
    heard: bool


class CallerSide(Protocol):
    """What a handoff needs of the call it happens in."""

    @property
    def leg(self) -> Leg:
        """The caller's leg."""

    @property
    def gone(self) -> asyncio.Event:
        """Set once the caller has hung up or is lost."""

    async def say(self, text: str, *, interruptible: bool = True) -> bool:
        """Speak to the caller; returns once it was played, True if to its end."""

    async def hold(self) -> None:
        """The agent stops answering; it still listens and writes down."""

    async def bridge_opened(self, human_rate_hz: int) -> None:
        """The caller talks with a human from now on, whose leg has this sample rate."""

    async def bridge_closed(self) -> None:
        """The human's part is over; the call wraps up."""

    async def next_wish(self) -> HeardOnHold:
        """The next thing the caller on hold says or keys, once it is in the log."""

    async def fall_back(self, outcome: HandoffOutcome) -> None:
        """Book a callback, say so, let the agent go on.

        For every outcome without a human, and for a caller who chose to be called back.
        """

    async def resume(self, outcome: HandoffOutcome, instruction: str) -> None:
        """The agent takes the caller back.

        Args:
            outcome: ``CALLER_CANCELLED`` (they cancelled the hold) or ``RETURNED_TO_AI`` (the
                human sent them back). Any other outcome means that :meth:`fall_back` failed or
                missed its deadline: the agent goes on without a promise of a callback.
            instruction: what the human wants the agent to do; may be empty.
        """

    async def whisper(self, leg: Leg, packet: Packet) -> Whispered:
        """Brief a human who has just accepted, by voice, in at most 15 s; the caller hears nothing.

        Never raises for a human who leaves meanwhile: the leg says so. It only plays: what comes
        from the leg (:meth:`~voiceagent.legs.leg.Leg.receive`) is the coordinator's to read.
        """

    def human_frame(self, pcm: bytes) -> None:
        """20 ms of the bridged human, to be written down; must not block."""

    def write_packet(self, version: int) -> Packet:
        """The packet as the log supports it now."""

    async def improve_packet(self, packet: Packet) -> Packet | None:
        """The same packet in a language model's better words, checked; None if there are none.

        Slow; the coordinator gives it a deadline and cancels it when a human accepts.
        """
