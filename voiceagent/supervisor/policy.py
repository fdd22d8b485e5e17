"""What the supervisor listens for and when it acts, read from ``prompts/supervisor.yaml``.

In: the policy file. Out: a checked :class:`Policy` with its phrases compiled. It exists so that
thresholds and phrases are a prompt engineer's to change; every mistake in the file is reported
with the field it is in, before any call is made.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Any

from pydantic import Field, ValidationError, model_validator

from voiceagent.domain.errors import PlaybookError
from voiceagent.domain.verdict import Action
from voiceagent.prompt_files import placing, read_prompt
from voiceagent.supervisor.phrases import Phrase, PhraseError, PhraseSet
from voiceagent.supervisor.policy_sections import (
    Accumulation,
    FrustrationSigns,
    Limits,
    Offering,
    Progress,
    RepairSteps,
    Rephrasing,
    SecondOpinion,
    Section,
    Share,
    Thresholds,
    ToolFailures,
    VoiceChange,
)

REMEDY = "Correct the field in the supervisor's policy file."


class Heard(StrEnum):
    """What a phrase list of the policy stands for."""

    ASKED_FOR_PERSON = "asked_for_person"
    MAY_WANT_PERSON = "may_want_person"
    ASKED_WHETHER_AI = "asked_whether_ai"
    LEGAL = "legal"
    LEAVING = "leaving"
    VULNERABLE = "vulnerable"
    DO_NOT_CALL = "do_not_call"
    ANGER_STRONG = "anger_strong"
    ANGER_MILD = "anger_mild"
    NOT_UNDERSTOOD = "not_understood"
    ACCEPTS = "accepts"
    DECLINES = "declines"
    AGENT_OFFERS_PERSON = "agent_offers_person"
    AGENT_MENTIONS_PERSON = "agent_mentions_person"
    AGENT_DID_NOT_UNDERSTAND = "agent_did_not_understand"
    AGENT_REPEATS_CALLER = "agent_repeats_caller"
    DENIES = "denies"
    CORRECTS_SELF = "corrects_self"
    SMALL_TALK = "small_talk"


class ClaimWords(StrEnum):
    """Phrase lists that tell what a caller's number or date is said about."""

    MORE_THAN_ONCE = "more_than_once"
    EXPECTED = "expected"
    BILLED = "billed"
    PAID_ALREADY = "paid_already"
    OPEN_INVOICES = "open_invoices"
    PROMISED = "promised"
    HYPOTHETICAL = "hypothetical"
    APPROXIMATELY = "approximately"
    DUE = "due"
    SAID_BY_AGENT = "said_by_agent"


class ClaimKind(StrEnum):
    """What kind of account of the facts was compared, mostly with the record."""

    TIMES = "times"
    PRICE = "price"
    AMOUNT = "amount"
    DATE = "date"
    ALREADY_PAID = "already_paid"
    OPEN_INVOICES = "open_invoices"
    PROMISE = "promise"
    DUE = "due"
    DENIED = "denied"
    """The caller denies what the agent has just said."""
    SAID_OTHERWISE = "said_otherwise"
    """The caller quotes the agent, who had said something else."""
    AGENT_WRONG = "agent_wrong"
    """The agent said something else than the record."""
    OWN_WORDS = "own_words"
    """The caller had said something else before."""


class Score(StrEnum):
    """What adds up over the turns of a call."""

    ANGER = "anger"
    MISUNDERSTANDING = "misunderstanding"
    CONTRADICTION = "contradiction"
    LANGUAGE_MODEL_FAILED = "language_model_failed"
    FRUSTRATION = "frustration"
    VOICE = "voice"
    NO_PROGRESS = "no_progress"
    TOOL_FAILED = "tool_failed"
    SECOND_OPINION = "second_opinion"


WEIGHT_NAMES: Mapping[Score, frozenset[str]] = {
    Score.ANGER: frozenset({"mild", "strong"}),
    Score.MISUNDERSTANDING: frozenset(
        {
            "not_understood",
            "repeated",
            "rephrased",
            "unclear",
            "overlapped",
            "agent_did_not_understand",
            "agent_repeated",
        }
    ),
    Score.CONTRADICTION: frozenset(ClaimKind),
    Score.LANGUAGE_MODEL_FAILED: frozenset({"slow"}),
    Score.FRUSTRATION: frozenset({"scored"}),
    Score.VOICE: frozenset({"raised"}),
    Score.NO_PROGRESS: frozenset({"stalled"}),
    Score.TOOL_FAILED: frozenset({"failed", "asks_again", "failed_again"}),
    Score.SECOND_OPINION: frozenset({"person_needed", "frustrated"}),
}


class AtOnce(Section):
    """A ground that counts at once: the action it calls for and how sure it is (0..1)."""

    action: Action
    confidence: Share


class AtOnceRules(Section):
    """The grounds that count at once."""

    asked_for_person: AtOnce
    accepted_offer: AtOnce
    may_want_person: AtOnce
    asked_whether_ai: AtOnce
    key_zero: AtOnce
    legal: AtOnce
    leaving: AtOnce
    vulnerable: AtOnce
    do_not_call: AtOnce
    language_model_failed: AtOnce
    supported_contradiction: AtOnce
    agent_asked_for_person: AtOnce


class Certainty(Section):
    """From which probability (0..1) the explicit classifier calls for an action."""

    offer: Share
    act: Share

    @model_validator(mode="after")
    def _rises(self) -> Certainty:
        if not 0.0 < self.offer <= self.act:
            raise ValueError("0 < offer <= act must hold")
        return self


class CertaintyRules(Section):
    """What the explicit classifier tells apart, and from when each of it counts."""

    asked_for_person: Certainty
    legal: Certainty
    leaving: Certainty
    vulnerable: Certainty


class PhraseList(Section):
    """Patterns that count, and those that cancel a match they overlap."""

    match: list[str]
    unless: list[str] = Field(default_factory=list)


class PolicyFile(Section):
    """The policy file as it is written."""

    at_once: AtOnceRules
    explicit_classifier: CertaintyRules
    accumulate: dict[Score, Accumulation]
    together: Thresholds
    offering: Offering
    repair: RepairSteps
    rephrasing: Rephrasing
    progress: Progress
    tool_failures: ToolFailures
    voice: VoiceChange
    frustration: FrustrationSigns
    second_opinion: SecondOpinion
    settled_by_tools: dict[ClaimKind, list[str]] = Field(default_factory=dict)
    limits: Limits
    words: dict[str, dict[str, list[str]]] = Field(default_factory=dict)
    phrases: dict[Heard, dict[str, PhraseList]]
    claims: dict[ClaimWords, dict[str, PhraseList]]

    @model_validator(mode="after")
    def _complete(self) -> PolicyFile:
        held: list[tuple[str, set[str], set[str]]] = [
            ("accumulate", {*Score}, {*self.accumulate}),
            ("phrases", {*Heard}, {*self.phrases}),
            ("claims", {*ClaimWords}, {*self.claims}),
        ]
        for score, rule in self.accumulate.items():
            held.append((f"accumulate.{score}.weights", {*WEIGHT_NAMES[score]}, {*rule.weights}))
        for name, wanted, given in held:
            if missing := wanted - given:
                raise ValueError(f"{name} lacks {', '.join(sorted(missing))}")
            if unknown := given - wanted:
                raise ValueError(f"{name} does not know {', '.join(sorted(unknown))}")
        return self


class Policy:
    """A checked policy: the file's values and its phrases, compiled per language.

    Raises:
        PlaybookError: a phrase cannot be read; the message names its field.
    """

    def __init__(self, file: PolicyFile) -> None:
        self.at_once = file.at_once
        self.explicit_classifier = file.explicit_classifier
        self.accumulate = file.accumulate
        self.together = file.together
        self.offering = file.offering
        self.repair = file.repair
        self.rephrasing = file.rephrasing
        self.progress = file.progress
        self.tool_failures = file.tool_failures
        self.voice = file.voice
        self.frustration = file.frustration
        self.second_opinion = file.second_opinion
        self.settled_by_tools = {k: frozenset(v) for k, v in file.settled_by_tools.items()}
        self.limits = file.limits
        self.phrases: Mapping[Heard, Mapping[str, PhraseSet]] = {
            heard: _compiled(f"phrases.{heard}", lists, file.words)
            for heard, lists in file.phrases.items()
        }
        self.claims: Mapping[ClaimWords, Mapping[str, PhraseSet]] = {
            claim: _compiled(f"claims.{claim}", lists, file.words)
            for claim, lists in file.claims.items()
        }
        self.languages = frozenset(lang for lists in file.phrases.values() for lang in lists)


def _compiled(
    field: str, lists: Mapping[str, PhraseList], words: Mapping[str, Mapping[str, list[str]]]
) -> dict[str, PhraseSet]:
    compiled = {}
    for language, phrases in lists.items():
        parts = []
        for name, patterns in (("match", phrases.match), ("unless", phrases.unless)):
            built = []
            for number, pattern in enumerate(patterns):
                try:
                    built.append(Phrase(pattern, words.get(language, {})))
                except PhraseError as error:
                    where = f"{field}.{language}.{name}[{number}]"
                    raise PlaybookError(f"{where}: {error}", REMEDY) from error
            parts.append(tuple(built))
        compiled[language] = PhraseSet(*parts)
    return compiled


def parse_policy(document: Any) -> Policy:
    """A policy from the parsed YAML document.

    Raises:
        PlaybookError: with the first wrong field and what is wrong with it.
    """
    try:
        return Policy(PolicyFile.model_validate(document))
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        field = ".".join(str(part) for part in first["loc"]) or "the file"
        raise PlaybookError(f"{field}: {first['msg']}.", REMEDY) from error


def load_policy(path: Path) -> Policy:
    """The policy in this file. Reads the disk: call it at start-up, not during a call.

    Raises:
        PlaybookError: the file is missing, is no YAML, or does not validate.
    """
    file = read_prompt(path, PolicyFile, REMEDY)
    with placing(path):
        return Policy(file)
