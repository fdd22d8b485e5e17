"""Figures on how the supervisor did: found, missed, false alarms, how soon, how well it ranks.

What enters: judged turns. What leaves: counts and ratios, each with what it was taken over. Pure.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from itertools import groupby
from statistics import mean, median
from typing import Any

from voiceagent.bench.separation import auc, auc_within_length
from voiceagent.bench.supervisor_eval import JudgedTurn
from voiceagent.domain.verdict import Action

FRUSTRATED_FROM = 0.5
"""A turn with at least this score counts as found frustrated."""

ALL = "all"


@dataclass(frozen=True, slots=True)
class Found:
    """A yes or no held against a label, over the turns that carry the label.

    Ratios are None where nothing is there to take them over.
    """

    turns: int
    true: int
    said: int
    right: int

    @property
    def precision(self) -> float | None:
        """Of what was said, how much was right."""
        return self.right / self.said if self.said else None

    @property
    def recall(self) -> float | None:
        """Of what is true, how much was said."""
        return self.right / self.true if self.true else None

    def as_json(self) -> dict[str, Any]:
        """Counts and ratios."""
        return {**asdict(self), "precision": self.precision, "recall": self.recall}


@dataclass(frozen=True, slots=True)
class Delay:
    """How many of the customer's labelled turns it took from the first true one to being found.

    0 is the very turn. ``missed`` dialogues were never found from there on.
    """

    dialogues: int
    missed: int
    median: float | None
    mean: float | None


@dataclass(frozen=True, slots=True)
class Figures:
    """The figures of one language, or of all.

    Attributes:
        language: ``en``, ``de`` or ``all``.
        dialogues, turns: how much they rest on.
        escalation: a person offered or the call handed over, against ``escalate``.
        hand_over: the call handed over, against ``escalate``.
        calm_turns: labelled turns that are neither frustrated nor to be escalated.
        false_escalations: a person offered or the call handed over at a calm turn.
        frustration: a score of at least 0.5, against ``frustrated``.
        auc: of the frustration score, over all pairs of turns.
        auc_within_length: the same over pairs of similar length (8 length quantiles).
        escalation_delay, frustration_delay: how soon.
    """

    language: str
    dialogues: int
    turns: int
    escalation: Found
    hand_over: Found
    calm_turns: int
    false_escalations: int
    frustration: Found
    auc: float | None
    auc_within_length: float | None
    escalation_delay: Delay
    frustration_delay: Delay

    @property
    def false_escalations_per_100(self) -> float | None:
        """False escalations per 100 calm turns."""
        return 100 * self.false_escalations / self.calm_turns if self.calm_turns else None

    def as_json(self) -> dict[str, Any]:
        """Everything, ratios included."""
        return {
            **asdict(self),
            "escalation": self.escalation.as_json(),
            "hand_over": self.hand_over.as_json(),
            "frustration": self.frustration.as_json(),
            "false_escalations_per_100_calm_turns": self.false_escalations_per_100,
        }


def figures(judged: Sequence[JudgedTurn]) -> tuple[Figures, ...]:
    """All figures: for each language, and for all where there is more than one."""
    languages = sorted({turn.lang for turn in judged})
    groups = [(language, [t for t in judged if t.lang == language]) for language in languages]
    if len(groups) != 1:
        groups.append((ALL, list(judged)))
    return tuple(_of(language, turns) for language, turns in groups)


def _of(language: str, turns: Sequence[JudgedTurn]) -> Figures:
    calm = [turn for turn in turns if turn.calm]
    felt = [turn for turn in turns if turn.frustrated is not None]
    scores = [turn.frustration for turn in felt]
    labels = [bool(turn.frustrated) for turn in felt]
    lengths = [len(turn.text) for turn in felt]
    return Figures(
        language=language,
        dialogues=len({turn.dialogue for turn in turns}),
        turns=len(turns),
        escalation=_found(turns, _escalate, lambda turn: turn.escalated),
        hand_over=_found(turns, _escalate, lambda turn: turn.action is Action.HAND_OVER),
        calm_turns=len(calm),
        false_escalations=sum(turn.escalated for turn in calm),
        frustration=_found(turns, _frustrated, _scored_high),
        auc=auc(scores, labels),
        auc_within_length=auc_within_length(scores, labels, lengths),
        escalation_delay=_delay(turns, _escalate, lambda turn: turn.escalated),
        frustration_delay=_delay(turns, _frustrated, _scored_high),
    )


def _escalate(turn: JudgedTurn) -> bool | None:
    return turn.escalate


def _frustrated(turn: JudgedTurn) -> bool | None:
    return turn.frustrated


def _scored_high(turn: JudgedTurn) -> bool:
    return turn.frustration >= FRUSTRATED_FROM


def _found(
    turns: Iterable[JudgedTurn],
    label: Callable[[JudgedTurn], bool | None],
    said: Callable[[JudgedTurn], bool],
) -> Found:
    judged = [(label(turn), said(turn)) for turn in turns if label(turn) is not None]
    return Found(
        turns=len(judged),
        true=sum(bool(true) for true, _ in judged),
        said=sum(says for _, says in judged),
        right=sum(bool(true) and says for true, says in judged),
    )


def _delay(
    turns: Sequence[JudgedTurn],
    label: Callable[[JudgedTurn], bool | None],
    said: Callable[[JudgedTurn], bool],
) -> Delay:
    waits: list[int] = []
    missed = 0
    for _, group in groupby(turns, key=lambda turn: turn.dialogue):
        dialogue = list(group)
        first = next((n for n, turn in enumerate(dialogue) if label(turn)), None)
        if first is None:
            continue
        wait = next((n for n, turn in enumerate(dialogue[first:]) if said(turn)), None)
        if wait is None:
            missed += 1
        else:
            waits.append(wait)
    return Delay(
        dialogues=len(waits) + missed,
        missed=missed,
        median=median(waits) if waits else None,
        mean=mean(waits) if waits else None,
    )
