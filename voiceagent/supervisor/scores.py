"""Grounds that add up over the turns of a call, with decay and hysteresis.

In: weighted triggers, turn by turn. Out: the action a score calls for, once per crossing of its
threshold. It exists so that one sharp word passes, three in a row do not, and nobody is offered a
person again at every turn after declining. What adds up is soft: it offers a person first, and
hands over only on a further ground at a later turn. Plain state, no clock.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from voiceagent.domain.verdict import Action, Trigger
from voiceagent.supervisor.policy import Policy, Score
from voiceagent.supervisor.policy_sections import Thresholds

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
    """One score: its value, what it rests on, and the action it has called for already.

    ``firm`` is the part of the value that may hand over; ``fresh`` says whether anything was added
    since the caller's latest turn began.
    """

    rule: Thresholds
    value: float = 0.0
    firm: float = 0.0
    fresh: bool = False
    given: Action = Action.CONTINUE
    evidence: list[Trigger] = field(default_factory=list)

    def add(self, trigger: Trigger) -> None:
        """Remember a ground."""
        self.evidence = [*self.evidence, trigger][-EVIDENCE_KEPT:]
        self.fresh = True

    def settle(self, value: float, firm: float) -> None:
        """Take a new value; a low one makes every threshold count again."""
        self.value, self.firm = value, firm
        if value < self.rule.rearm_below:
            self.given = Action.CONTINUE
        if value < NEGLIGIBLE:
            self.evidence.clear()

    def due(self, *, offered: bool) -> Action:
        """What the score calls for now and has not called for since it last fell."""
        due = Action.CONTINUE
        if not self.fresh:
            return due
        if self.firm >= self.rule.hand_over and offered:
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
    """All scores of one call, and what they come to together."""

    def __init__(self, policy: Policy) -> None:
        self._rules = policy.accumulate
        self._offering = policy.offering
        self._offer_kept_turns = policy.limits.offer_lasts_turns
        self._single = {score: Accumulated(rule) for score, rule in self._rules.items()}
        self._together = Accumulated(policy.together)
        self._counted: dict[Score, float] = {}
        self._turn = 0
        self._offered_at: int | None = None
        self._rests_before = 0

    def next_turn(self) -> None:
        """The caller has taken another turn: older grounds fade."""
        self._turn += 1
        for score, rule in self._rules.items():
            self._settle(score, self._single[score].value * rule.keep_per_turn)
        for held in self._every():
            held.fresh = False
        self._counted.clear()
        calm = all(held.given is Action.CONTINUE for held in self._every())
        made = self._offered_at
        if calm and made is not None and self._turn - made > self._offer_kept_turns:
            self._offered_at = None

    def count(self, score: Score, name: str, trigger: Trigger, share: float = 1.0) -> bool:
        """Count one ground by its weight, as far as the turn's limit allows.

        ``share`` (0..1) is how much of its weight a ground that comes in degrees has.

        Returns:
            Whether the policy gives it any weight.
        """
        weight = self._rules[score].weights[name] * share
        if weight <= 0:
            return False
        counted = self._counted.get(score, 0.0)
        weight = min(weight, self._rules[score].most_per_turn - counted)
        self._counted[score] = counted + weight
        self._single[score].add(trigger)
        self._together.add(trigger)
        self._settle(score, self._single[score].value + weight)
        return True

    def due(self) -> tuple[Action, tuple[Trigger, ...]]:
        """The action the scores call for, given once, and what it rests on."""
        if self._turn < self._rests_before:
            return Action.CONTINUE, ()
        offered = not self._offering.before_hand_over or (
            self._offered_at is not None and self._offered_at < self._turn
        )
        given = outweighing(*(held.given for held in self._every()))
        reached = [(held.due(offered=offered), held) for held in self._every()]
        action = outweighing(*(due for due, _ in reached))
        if RANK[action] <= RANK[given]:
            return Action.CONTINUE, ()
        grounds = (held.trigger() for due, held in reached if due is action)
        return action, tuple(dict.fromkeys(t for t in grounds if t is not None))

    def offer_made(self) -> None:
        """The caller is offered a person now, on whatever grounds."""
        self._offered_at = self._turn

    def offer_declined(self) -> None:
        """The caller wants no person: it takes time and new grounds to come back to it."""
        for score, held in self._single.items():
            self._settle(score, held.value * self._offering.declined_keeps)
        for held in self._every():
            held.given = Action.CONTINUE
        self._offered_at = None
        self._rests_before = self._turn + self._offering.declined_rests_turns

    def lessen(self, score: Score, keeps: float) -> None:
        """Keep only this share of a score."""
        self._settle(score, self._single[score].value * keeps)

    def value(self, score: Score) -> float:
        """What has added up, in the unit of the policy's weights."""
        return self._single[score].value

    def level(self, score: Score) -> float:
        """The score as a share of that at which a person is offered, 0..1."""
        return min(1.0, self._single[score].value / self._rules[score].offer_person)

    def progress(self) -> float:
        """How far the score nearest to a handover is on its way to it, 0..1."""
        return min(1.0, max(held.value / held.rule.hand_over for held in self._every()))

    def clear(self, *scores: Score) -> None:
        """Forget these scores, or all of them, as after a handover that came to its end."""
        for score in scores or tuple(self._single):
            self._single[score] = Accumulated(self._rules[score])
        if not scores:
            self._offered_at, self._rests_before = None, 0
            self._together = Accumulated(self._together.rule)
        left = [trigger for held in self._single.values() for trigger in held.evidence]
        self._together.evidence = [t for t in self._together.evidence if t in left]
        self._settle_together()

    def _every(self) -> Iterator[Accumulated]:
        yield from self._single.values()
        yield self._together

    def _settle(self, score: Score, value: float) -> None:
        firm = value if self._rules[score].at_most is Action.HAND_OVER else 0.0
        self._single[score].settle(value, firm)
        self._settle_together()

    def _settle_together(self) -> None:
        # No more of each than offers a person: what goes beyond has thresholds of its own.
        shares = [
            (
                min(1.0, one.value / one.rule.offer_person),
                min(1.0, one.firm / one.rule.offer_person),
            )
            for one in self._single.values()
        ]
        self._together.settle(sum(value for value, _ in shares), sum(firm for _, firm in shares))
