"""Everything that can happen in a call, as frozen records.

The log of these events is the truth about a call: transcript, packet, report, metrics and tests
are readings of it. ``at_ms`` is audio time: milliseconds of the caller's leg since it was
answered (0 before that). Wall-clock time and the sequence number belong to the log's envelope.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from voiceagent.domain.account import AccountRecord
from voiceagent.domain.call import CallEvent, CallOutcome, CallState
from voiceagent.domain.event import Event
from voiceagent.domain.handoff_events import (
    BridgeHeld,
    HandoffEnded,
    HandoffMoved,
    HoldWished,
    HumanRung,
    PacketWritten,
    SentBack,
    WhisperPlayed,
)
from voiceagent.domain.packet import Packet
from voiceagent.domain.transcript import Turn
from voiceagent.domain.verdict import Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class CallPlaced(Event):
    """We are calling somebody back: the first event of every log."""

    account_id: str
    playbook: str
    language: str
    reason: str
    leg: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CallMoved(Event):
    """The call's state machine took an event."""

    source: CallState
    event: CallEvent
    target: CallState


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountLoaded(Event):
    """The company's record of the callee as it stood; again after each change."""

    record: AccountRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class DisclosurePlayed(Event):
    """The callee has heard to its end that this is an AI; playout was acknowledged by the leg."""

    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class IdentityChecked(Event):
    """The caller offered proof of who they are."""

    verified: bool
    method: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnTaken(Event):
    """Somebody finished a turn: recognised words, or what was heard of the agent's."""

    turn: Turn


@dataclass(frozen=True, slots=True, kw_only=True)
class InterimHeard(Event):
    """What a turn of the caller holds up to a pause; it may go on, and is not judged before."""

    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BargeIn(Event):
    """The caller spoke over the agent, whose audio was cut."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyPressed(Event):
    """The caller pressed a key: one of ``0-9*#``."""

    key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolCalled(Event):
    """The dialogue asked a tool for something."""

    tool: str
    arguments: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolReturned(Event):
    """A tool answered. ``changed`` says whether it changed the account or the backlog."""

    tool: str
    ok: bool
    result: dict[str, Any]
    changed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplyGuarded(Event):
    """The guard withheld words no record supports and put others in their place."""

    withheld: str
    unsupported: tuple[str, ...]
    said_instead: str


class ModelTrouble(StrEnum):
    """What went wrong with the language model."""

    SLOW = "slow"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class LanguageModelTroubled(Event):
    """The language model was slow (a filler was spoken) or failed for good (after the retry)."""

    trouble: ModelTrouble
    code: str


@dataclass(frozen=True, slots=True, kw_only=True)
class VerdictGiven(Event):
    """The supervisor's conclusion after a turn, a key or a failure."""

    verdict: Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class FrustrationScored(Event):
    """A trained classifier read a turn of the caller in its context: 0 calm .. 1 frustrated."""

    turn: int
    score: float


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnClassified(Event):
    """A trained classifier read a turn of the caller for what it says outright.

    ``probabilities`` are by ``TriggerKind`` value (``asked_for_person``, ``legal``, ``leaving``,
    ``vulnerable``), each 0..1 by itself: a turn may be several of them, or none.
    """

    turn: int
    probabilities: dict[str, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class SecondOpinionGiven(Event):
    """A language model was asked about the call beside the conversation.

    ``person_needed`` and ``frustrated`` are probabilities; ``reason`` is one of the model's
    choices (a ``TriggerKind``) or empty.
    """

    turn: int
    person_needed: float
    frustrated: float
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SecondOpinionMissed(Event):
    """No second opinion on this turn: too late, unreachable or unusable. ``code`` of the error."""

    turn: int
    code: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CallSummed(Event):
    """The last packet of a call, after everybody has spoken: what it came to and what is owed."""

    packet: Packet
    disposition: CallOutcome


@dataclass(frozen=True, slots=True, kw_only=True)
class CallbackBooked(Event):
    """A callback was promised and is stored."""

    callback_id: str
    due_at: datetime
    reason: str
    priority: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DoNotCallEntered(Event):
    """The callee forbade further calls; the number is blocked from now on."""

    phone: str
    turn: int


class OperatorAction(StrEnum):
    """What a person of the company may do to a live call from outside."""

    HINT = "hint"
    """Tell the agent something the caller does not hear."""
    TAKE_OVER = "take_over"
    """Be put through to the caller."""
    END = "end"
    """Let the agent say goodbye."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OperatorActed(Event):
    """A person of the company stepped in; ``by`` is their id, ``text`` what a hint says."""

    action: OperatorAction
    by: str
    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallEnded(Event):
    """The last event of a log that was not cut off."""

    outcome: CallOutcome
    reason: str


AnyEvent = (
    CallPlaced
    | CallMoved
    | AccountLoaded
    | DisclosurePlayed
    | IdentityChecked
    | TurnTaken
    | InterimHeard
    | BargeIn
    | KeyPressed
    | ToolCalled
    | ToolReturned
    | ReplyGuarded
    | LanguageModelTroubled
    | FrustrationScored
    | TurnClassified
    | SecondOpinionGiven
    | SecondOpinionMissed
    | VerdictGiven
    | HandoffMoved
    | HumanRung
    | WhisperPlayed
    | HoldWished
    | SentBack
    | PacketWritten
    | HandoffEnded
    | CallbackBooked
    | DoNotCallEntered
    | CallSummed
    | OperatorActed
    | BridgeHeld
    | CallEnded
)
"""Every event a log may hold."""


Reporter = Callable[[Callable[[int], AnyEvent]], Awaitable[None]]
"""How a part of a call reports an event: it hands over how to make it from the audio time now.

Returns once the event is committed; only then may the part act on it.
"""


@dataclass(frozen=True, slots=True)
class LoggedEvent:
    """An event in its envelope. ``seq`` counts from 1 without gaps; ``recorded_at`` is UTC."""

    call_id: str
    seq: int
    recorded_at: datetime
    event: AnyEvent
