"""What a human is given before they say hello: who, why, what was said, found, tried, promised."""

from __future__ import annotations

from dataclasses import dataclass

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
    """

    text: str
    source: str
    verified: bool
    citation: Citation | None = None


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
        promises: what the agent told the caller will happen.
        open_questions: what the caller asked and has no answer to.
        do_not_ask_again: what the caller has already given.
        mood: a word on how the caller sounds, from the supervisor.
        summary: a few sentences to read out or to skim while the phone rings.
        written_by: ``events`` or ``language_model``.
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
    summary: str = ""
    written_by: str = "events"
