"""What the supervisor concludes after a turn, and on what grounds."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from voiceagent.domain.transcript import Citation


class Action(StrEnum):
    """What should happen next, in the supervisor's view; a later one outweighs an earlier."""

    CONTINUE = "continue"
    OFFER_PERSON = "offer_person"
    HAND_OVER = "hand_over"
    END = "end"


class TriggerKind(StrEnum):
    """Why a person may be needed, or the call must end."""

    ASKED_FOR_PERSON = "asked_for_person"
    KEY_ZERO = "key_zero"
    LEGAL = "legal"
    """A lawyer, a court, a regulator, the press."""
    LEAVING = "leaving"
    """A threat to cancel or to go to somebody else."""
    VULNERABLE = "vulnerable"
    """Bereavement, illness, hardship, danger, or somebody who does not follow any more."""
    CONTRADICTION = "contradiction"
    MISUNDERSTANDING = "misunderstanding"
    ANGER = "anger"
    """Angry words."""
    FRUSTRATION = "frustration"
    """What was said, in its context, sounds frustrated to a trained classifier."""
    VOICE = "voice"
    """Louder, higher, faster than at the beginning, or talking over the agent."""
    NO_PROGRESS = "no_progress"
    """Many turns, and nothing found, done or agreed."""
    TOOL_FAILED = "tool_failed"
    SECOND_OPINION = "second_opinion"
    """A language model, asked beside the call, thinks that a person is needed."""
    LANGUAGE_MODEL_FAILED = "language_model_failed"
    DO_NOT_CALL = "do_not_call"


class Repair(StrEnum):
    """What the agent should do about misunderstandings, gentlest first; the last step is a human.

    The steps of repair in conversation (Schegloff, Jefferson and Sacks 1977, doi:10.2307/413107):
    say it more clearly, check what was understood, take another channel.
    """

    NONE = "none"
    SLOW_DOWN = "slow_down"
    """Speak more slowly and in shorter sentences."""
    CONFIRM = "confirm"
    """Say what was understood and ask whether it is right before going on."""
    SPELL_OR_KEY = "spell_or_key"
    """Ask the caller to spell the word or to key the number in."""


@dataclass(frozen=True, slots=True)
class Contradiction:
    """Two accounts of one fact, side by side, worded in the language of the call.

    Attributes:
        about: what differs, e.g. ``payments for 2026-10`` or ``monthly price``.
        said: what the caller said, in the caller's words, or empty.
        record: what the company's record says, or empty.
        other_record: a second record that disagrees with the first, or empty.
        agent_said: what the agent had said, or empty.
        supports_caller: the record, looked at closely, agrees with the caller's complaint.
        sources: identifiers of the records compared, e.g. ``INV-3107``.
    """

    about: str
    said: str = ""
    record: str = ""
    other_record: str = ""
    agent_said: str = ""
    supports_caller: bool = False
    sources: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Trigger:
    """One ground of a verdict, with where it can be checked. ``confidence`` is 0..1."""

    kind: TriggerKind
    confidence: float
    citations: tuple[Citation, ...] = ()
    contradiction: Contradiction | None = None
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Verdict:
    """The supervisor's conclusion after one turn.

    Attributes:
        turn: the caller's latest turn; 0 before the first.
        action: what should happen.
        triggers: on what grounds.
        confidence: 0..1.
        repair: what the agent should do about misunderstandings from now on.
        frustration: how frustrated the caller is at this turn, 0..1, all signs taken together.
    """

    turn: int
    action: Action
    triggers: tuple[Trigger, ...] = ()
    confidence: float = 1.0
    repair: Repair = Repair.NONE
    frustration: float = 0.0
