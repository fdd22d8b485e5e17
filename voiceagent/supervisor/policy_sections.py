"""The sections of the supervisor's policy that hold numbers: limits, thresholds, weights.

In: parsed YAML. Out: checked models; a mistake is reported with the field it is in. What each
number means is said here, why it has its value is said in ``prompts/supervisor.yaml``.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, model_validator

from voiceagent.domain.verdict import Action, Repair

Share = Annotated[float, Field(ge=0.0, le=1.0)]
Positive = Annotated[float, Field(gt=0.0)]
NotNegative = Annotated[float, Field(ge=0.0)]


class Section(BaseModel):
    """A part of the policy: nothing in it that is not known, and nothing changes."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Thresholds(Section):
    """Where a score calls for an action, and below which it may call for it again. No unit."""

    offer_person: Positive
    hand_over: Positive
    rearm_below: NotNegative

    @model_validator(mode="after")
    def _thresholds_rise(self) -> Thresholds:
        if not self.rearm_below < self.offer_person <= self.hand_over:
            raise ValueError("rearm_below < offer_person <= hand_over must hold")
        return self


class Accumulation(Thresholds):
    """A ground that adds up; ``keep_per_turn`` is the share of the score a turn leaves.

    ``at_most`` is the weightiest action the score may call for, alone or with others.
    """

    weights: dict[str, NotNegative]
    most_per_turn: Positive
    keep_per_turn: Share
    at_most: Action = Action.HAND_OVER

    @model_validator(mode="after")
    def _soft(self) -> Accumulation:
        if self.at_most not in (Action.OFFER_PERSON, Action.HAND_OVER):
            raise ValueError("at_most must be offer_person or hand_over")
        return self


class Offering(Section):
    """How soft grounds lead to a person.

    ``before_hand_over``: they hand over only after a person was offered at an earlier turn.
    ``declined_keeps``: the share of every score that is left when the caller declines.
    ``declined_rests_turns``: for so many caller turns from then on they call for nothing.
    """

    before_hand_over: bool
    declined_keeps: Share
    declined_rests_turns: Annotated[int, Field(ge=0, le=50)]


class Limits(Section):
    """Thresholds of the detectors; units are in the names, similarities are 0..100."""

    act_from_confidence: Share
    unclear_below_confidence: Share
    repeated_from_similarity: Annotated[float, Field(ge=50.0, le=100.0)]
    repeated_from_words: Annotated[int, Field(ge=2)]
    repeated_within_turns: Annotated[int, Field(ge=1, le=50)]
    offer_lasts_turns: Annotated[int, Field(ge=1)]
    date_tolerance_days: Annotated[int, Field(ge=0, le=31)]
    approximate_share: Share
    overlap_from_ms: Annotated[int, Field(ge=1)]
    agent_repeats_from_similarity: Annotated[float, Field(ge=50.0, le=100.0)]
    agent_repeats_from_words: Annotated[int, Field(ge=2)]


class RepairSteps(Section):
    """At which misunderstanding score the agent should repair how, and when it may stop.

    A step is left when the score is below ``left_below`` times its threshold, one step per caller
    turn. ``progress_keeps`` is the share of the score that progress leaves.
    """

    slow_down: Positive
    confirm: Positive
    spell_or_key: Positive
    left_below: Share
    progress_keeps: Share

    @model_validator(mode="after")
    def _steps_rise(self) -> RepairSteps:
        if not self.slow_down < self.confirm < self.spell_or_key:
            raise ValueError("slow_down < confirm < spell_or_key must hold")
        return self

    def thresholds(self) -> tuple[tuple[Repair, float], ...]:
        """Every step with its threshold, gentlest first."""
        return (
            (Repair.SLOW_DOWN, self.slow_down),
            (Repair.CONFIRM, self.confirm),
            (Repair.SPELL_OR_KEY, self.spell_or_key),
        )


class Rephrasing(Section):
    """When two turns ask for the same thing in other words.

    ``from_similarity`` is the Sørensen-Dice coefficient (0..1) of their content words: those not
    among the ``stop_words``, with inflections cut off and ``synonyms`` taken for one word.
    """

    from_similarity: Share
    from_content_words: Annotated[int, Field(ge=2)]
    within_turns: Annotated[int, Field(ge=1, le=50)]
    stop_words: dict[str, list[str]]
    synonyms: dict[str, list[list[str]]]


class Progress(Section):
    """From how many caller turns without progress on each further one counts as a ground."""

    stalled_from_turns: Annotated[int, Field(ge=2)]


class ToolFailures(Section):
    """Which failed results of tools are part of a conversation, by their ``status``.

    ``expected`` ones count for nothing; ``asks_again`` ones are the caller's answer not being
    usable. Every other failure is the tool's.
    """

    expected: list[str]
    asks_again: list[str]


class Ramp(Section):
    """A measured deviation that counts from ``begins`` on and fully from ``full`` on."""

    begins: float
    full: float
    weight: Share

    @model_validator(mode="after")
    def _rises(self) -> Ramp:
        if not self.begins < self.full:
            raise ValueError("begins < full must hold")
        return self

    def of(self, value: float) -> float:
        """The weight this deviation gives, from 0 to ``weight``."""
        return self.weight * min(1.0, max(0.0, (value - self.begins) / (self.full - self.begins)))


class VoiceChange(Section):
    """What a raised voice is, against the caller's own first turns; units are in the names."""

    start_turns: Annotated[int, Field(ge=1, le=10)]
    voiced_from_ms: Annotated[int, Field(ge=0)]
    counts_from: Share
    louder_db: Ramp
    higher_semitones: Ramp
    faster_ratio: Ramp
    wider_semitones: Ramp
    overlap_ms: Ramp


class Sign(StrEnum):
    """What speaks for frustration beside the trained classifier."""

    ANGER_STRONG = "anger_strong"
    ANGER_MILD = "anger_mild"
    ASKED_FOR_PERSON = "asked_for_person"
    LEGAL = "legal"
    LEAVING = "leaving"
    MISUNDERSTANDING = "misunderstanding"
    CONTRADICTION = "contradiction"
    TOOL_FAILED = "tool_failed"
    NO_PROGRESS = "no_progress"
    VOICE = "voice"
    BEFORE = "before"
    """How frustrated the caller was at the turn before."""


class FrustrationSigns(Section):
    """How all signs of frustration become one number: added up as log-odds.

    ``calm`` is the log-odds of a turn without any sign; ``signs`` is what each adds at its
    strongest; ``beside_classifier`` is the share of that which counts where the trained
    classifier has scored the turn; ``scored_from`` is the score (0..1) from which on a turn is a
    ground, in proportion.
    """

    calm: Annotated[float, Field(ge=-8.0, le=0.0)]
    beside_classifier: Share
    scored_from: Annotated[float, Field(ge=0.0, lt=1.0)]
    signs: dict[Sign, NotNegative]

    @model_validator(mode="after")
    def _complete(self) -> FrustrationSigns:
        if missing := set(Sign) - set(self.signs):
            raise ValueError(f"signs lacks {', '.join(sorted(missing))}")
        return self


class SecondOpinion(Section):
    """From which probability (0..1) on a language model's second opinion counts, in proportion."""

    counts_from: Annotated[float, Field(ge=0.0, lt=1.0)]
