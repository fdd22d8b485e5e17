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
    CONTRADICTION = "contradiction"
    MISUNDERSTANDING = "misunderstanding"
    ANGER = "anger"
    LANGUAGE_MODEL_FAILED = "language_model_failed"
    DO_NOT_CALL = "do_not_call"


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
    """The supervisor's conclusion after one turn. ``confidence`` is 0..1."""

    turn: int
    action: Action
    triggers: tuple[Trigger, ...] = ()
    confidence: float = 1.0
