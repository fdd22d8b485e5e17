"""Grounds that add up over the turns of a call, with decay and hysteresis.

In: weighted triggers, turn by turn. Out: the action a score calls for, once per crossing of its
threshold. It exists so that one sharp word passes, three in a row do not, and nobody is offered a
person again at every turn after declining. Plain state, no clock.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from voiceagent.domain.verdict import Action, Trigger
from voiceagent.supervisor.policy import Accumulation, Score, Thresholds

EVIDENCE_KEPT = 4
"""Triggers of earlier turns that a verdict still cites."""

NEGLIGIBLE = 0.05
"""A score below this is forgotten with all it rests on."""

RANK = {action: rank for rank, action in enumerate(Action)}


def outweighing(*actions: Action) -> Action:
    """The weightiest of these actions."""
    return max((Action.CONTINUE, *actions), key=RANK.__getitem__)


@dataclass(slots=True)
class Accumulated:
    """One score: its value, what it rests on, and the action it has called for already."""

    rule: Thresholds
    value: float = 0.0
    given: Action = Action.CONTINUE
    evidence: list[Trigger] = field(default_factory=list)

    def add(self, trigger: Trigger) -> None:
        """Remember a ground."""
        self.evidence = [*self.evidence, trigger][-EVIDENCE_KEPT:]

    def settle(self, value: float) -> None:
        """Take a new value; a low one makes every threshold count again."""
        self.value = value
        if value < self.rule.rearm_below:
            self.given = Action.CONTINUE
        if value < NEGLIGIBLE:
            self.evidence.clear()

    def due(self) -> Action:
        """What the score calls for now and has not called for since it last fell."""
        due = Action.CONTINUE
        if self.value >= self.rule.hand_over:
            due = Action.HAND_OVER
        elif self.value >= self.rule.offer_person:
            due = Action.OFFER_PERSON
        if RANK[due] <= RANK[self.given]:
            return Action.CONTINUE
        self.given = due
        return due

    def trigger(self) -> Trigger | None:
        """All that the score rests on as one trigger, the latest citations last."""
        if not self.evidence:
            return None
        citations = tuple(dict.fromkeys(c for t in self.evidence for c in t.citations))
        confidence = max(t.confidence for t in self.evidence)
        return replace(self.evidence[-1], citations=citations, confidence=confidence)


class Scores:
    """All scores of one call and their sum."""

    def __init__(self, rules: Mapping[Score, Accumulation], together: Thresholds) -> None:
        self._rules = rules
        self._single = {score: Accumulated(rule) for score, rule in rules.items()}
        self._together = Accumulated(together)
        self._counted: dict[Score, float] = {}

    def next_turn(self) -> None:
        """The caller has taken another turn: older grounds fade."""
        for score, held in self._single.items():
            held.settle(held.value * self._rules[score].keep_per_turn)
        self._together.settle(sum(held.value for held in self._single.values()))
        self._counted.clear()

    def count(self, score: Score, name: str, trigger: Trigger) -> bool:
        """Count one ground by its weight, as far as the turn's limit allows.

        Returns:
            Whether the policy gives it any weight.
        """
        weight = self._rules[score].weights[name]
        if weight <= 0:
            return False
        counted = self._counted.get(score, 0.0)
        weight = min(weight, self._rules[score].most_per_turn - counted)
        self._counted[score] = counted + weight
        self._single[score].value += weight
        self._single[score].add(trigger)
        self._together.value += weight
        self._together.add(trigger)
        return True

    def due(self) -> tuple[Action, tuple[Trigger, ...]]:
        """The action the scores call for, given once, and what it rests on."""
        every = (*self._single.values(), self._together)
        given = outweighing(*(held.given for held in every))
        reached = [(held.due(), held) for held in every]
        action = outweighing(*(due for due, _ in reached))
        if RANK[action] <= RANK[given]:
            return Action.CONTINUE, ()
        grounds = (held.trigger() for due, held in reached if due is action)
        return action, tuple(dict.fromkeys(t for t in grounds if t is not None))

    def progress(self) -> float:
        """How far the score nearest to a handover is on its way to it, 0..1."""
        every = (*self._single.values(), self._together)
        return min(1.0, max(held.value / held.rule.hand_over for held in every))

    def clear(self, *scores: Score) -> None:
        """Forget these scores, or all of them, as after a handover that came to its end."""
        for score in scores or tuple(self._single):
            self._single[score] = Accumulated(self._rules[score])
        left = sum(held.value for held in self._single.values())
        self._together = Accumulated(self._together.rule, left)
