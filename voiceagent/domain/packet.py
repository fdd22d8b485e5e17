"""What a human is given before they say hello: who, why, what was said, found, tried, promised."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from voiceagent.domain.transcript import Citation
from voiceagent.domain.verdict import Contradiction, Trigger


@dataclass(frozen=True, slots=True)
class Claim:
    """One statement of the packet, and what it rests on.

    Attributes:
        text: the statement; names, amounts, dates and numbers are copied, never rephrased.
        source: ``caller``, ``agent``, ``record`` or the name of the tool it came from.
        verified: a record or a tool result says so, not only a person.
        citation: where it was said; None for a claim that comes from a record alone.
        due: for a promise, until when it is to be kept, as it was said ("by Friday"); else empty.
        due_at: the same as a moment (aware, UTC), where it could be understood.
    """

    text: str
    source: str
    verified: bool
    citation: Citation | None = None
    due: str = ""
    due_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class MoodAt:
    """How the caller sounded at one of their turns; ``frustration`` is 0 calm .. 1."""

    turn: int
    at_ms: int
    frustration: float


@dataclass(frozen=True, slots=True)
class Packet:
    """The handoff packet, one version of it.

    Attributes:
        version: counts up while the packet is improved until a human accepts.
        call_id: the call it tells of.
        customer_name, account_id, phone: whom it is about; empty where unknown.
        identity_verified: whether the caller proved who they are.
        language: what the caller speaks (BCP 47 primary tag).
        why_called: the reason of the callback, from the backlog.
        matter: the caller's matter in one sentence.
        triggers: why the supervisor hands over.
        facts: what was said and found.
        contradictions: accounts that differ, side by side.
        tried: what the agent did, with its result.
        promises: what the agent, or a human, told the caller will happen, with its due time.
        open_questions: what the caller asked and has no answer to.
        do_not_ask_again: what the caller has already given.
        mood: a word on how the caller sounds now, from the supervisor.
        mood_over_time: the same as a line over the caller's turns.
        summary: a few sentences to read out or to skim while the phone rings.
        written_by: ``events`` or ``language_model``.
        dropped_claims: statements of the language model that nothing supports and that were
            therefore left out of this version.
    """

    version: int
    call_id: str
    customer_name: str = ""
    account_id: str = ""
    phone: str = ""
    identity_verified: bool = False
    language: str = "en"
    why_called: str = ""
    matter: str = ""
    triggers: tuple[Trigger, ...] = ()
    facts: tuple[Claim, ...] = ()
    contradictions: tuple[Contradiction, ...] = ()
    tried: tuple[Claim, ...] = ()
    promises: tuple[Claim, ...] = ()
    open_questions: tuple[Claim, ...] = ()
    do_not_ask_again: tuple[Claim, ...] = ()
    mood: str = "calm"
    mood_over_time: tuple[MoodAt, ...] = ()
    summary: str = ""
    written_by: str = "events"
    dropped_claims: int = 0
