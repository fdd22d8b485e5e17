"""What can happen in a handoff, as frozen records; see :mod:`voiceagent.domain.events`."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from voiceagent.domain.event import Event
from voiceagent.domain.handoff import HandoffEvent, HandoffOutcome, HandoffState
from voiceagent.domain.packet import Packet


class HoldWish(StrEnum):
    """What a caller on hold may want."""

    CANCEL = "cancel"
    """Stay with the agent after all."""
    HOW_LONG = "how_long"
    CALLBACK = "callback"
    """Be called back instead of waiting."""
    ADDED = "added"
    """Anything else that was said: it belongs in the packet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldWished(Event):
    """The caller on hold said or keyed something. ``turn`` is 0 for a key."""

    handoff_id: str
    wish: HoldWish
    turn: int = 0
    key: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class HumanRung(Event):
    """How ringing one human ended: accepted, or one of the ring failures, or withdrawn.

    ``result`` is a ``HandoffEvent`` value (``accept``, ``declined``, ``busy``, ``no_answer``,
    ``agent_voicemail``, ``agent_lost``, ``trunk_fault``) or ``withdrawn`` where another human was
    first or the caller left.
    """

    handoff_id: str
    human: str
    result: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WhisperPlayed(Event):
    """The human heard a spoken briefing before the bridge opened; ``heard`` to its end or not."""

    handoff_id: str
    human: str
    text: str
    heard: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SentBack(Event):
    """The human sent the caller back to the agent; ``instruction`` says what to do, or is empty."""

    handoff_id: str
    human: str
    instruction: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HandoffMoved(Event):
    """The handoff's state machine took an event.

    ``human`` is the roster's id, several joined by commas where several ring at once, or empty.
    """

    handoff_id: str
    source: HandoffState
    event: HandoffEvent
    target: HandoffState
    human: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PacketWritten(Event):
    """A version of the packet is ready."""

    packet: Packet


@dataclass(frozen=True, slots=True, kw_only=True)
class HandoffEnded(Event):
    """The one typed outcome of a handoff."""

    handoff_id: str
    outcome: HandoffOutcome


@dataclass(frozen=True, slots=True, kw_only=True)
class BridgeHeld(Event):
    """The bridged human put the caller on hold (``on``), or came back to them."""

    handoff_id: str
    human: str
    on: bool
