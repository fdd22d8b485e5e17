"""What models beside the call make of it: the frustration classifier and a second opinion.

In: their events, which come after the turn they are about, late or not at all. Out: soft grounds,
in proportion to how sure the model is. A turn is counted once however often it is scored, and for
less the later its score comes. A model can only add to a score: nothing it says, and no silence of
it, takes anything back.
"""

from __future__ import annotations

from collections.abc import Sequence

from voiceagent.domain.events import FrustrationScored, SecondOpinionGiven
from voiceagent.domain.transcript import Turn
from voiceagent.domain.verdict import Trigger, TriggerKind
from voiceagent.supervisor.grounds import Grounds, counted, heard_well
from voiceagent.supervisor.policy import Policy, Score
from voiceagent.supervisor.scores import Scores
from voiceagent.supervisor.signals import cite_turn


class Opinions:
    """The models' opinions in one call. ``scores`` are the call's."""

    def __init__(self, policy: Policy, scores: Scores) -> None:
        self._policy = policy
        self._scores = scores
        self._counted: set[tuple[Score, int]] = set()

    def frustration_scored(self, event: FrustrationScored, turns: Sequence[Turn]) -> Grounds:
        """The ground in a classifier's score; ``turns`` are the caller's, oldest first."""
        score, kind = Score.FRUSTRATION, TriggerKind.FRUSTRATION
        turn, share = self._first_word(score, event.turn, turns)
        share *= _beyond(event.score, self._policy.frustration.scored_from)
        if turn is None or share <= 0:
            return Grounds()
        sure = heard_well(turn, min(1.0, event.score))
        trigger = Trigger(kind, sure, (cite_turn(turn),), detail=f"scored {event.score:.2f}")
        return counted(self._scores, score, "scored", trigger, share)

    def second_opinion(self, event: SecondOpinionGiven, turns: Sequence[Turn]) -> Grounds:
        """The grounds in a language model's answer; ``turns`` are the caller's, oldest first."""
        score, kind = Score.SECOND_OPINION, TriggerKind.SECOND_OPINION
        turn, share = self._first_word(score, event.turn, turns)
        grounds = Grounds()
        if turn is None:
            return grounds
        for name, probability, about in (
            ("person_needed", event.person_needed, event.reason or "person needed"),
            ("frustrated", event.frustrated, "frustrated"),
        ):
            beyond = share * _beyond(probability, self._policy.second_opinion.counts_from)
            if beyond > 0:
                sure = heard_well(turn, min(1.0, probability) / 2)
                detail = f"second opinion: {about}"
                trigger = Trigger(kind, sure, (cite_turn(turn),), detail=detail)
                grounds += counted(self._scores, score, name, trigger, beyond)
        return grounds

    def _first_word(
        self, score: Score, number: int, turns: Sequence[Turn]
    ) -> tuple[Turn | None, float]:
        """The turn meant, unless it has been counted, and what its age leaves of a ground."""
        age = next((n for n, turn in enumerate(reversed(turns)) if turn.number == number), None)
        if age is None or (score, number) in self._counted:
            return None, 0.0
        self._counted.add((score, number))
        return turns[-1 - age], float(self._policy.accumulate[score].keep_per_turn ** age)


def _beyond(probability: float, begins: float) -> float:
    """How far beyond its beginning a probability is: 0 up to there, 1 for certainty."""
    return min(1.0, max(0.0, (probability - begins) / (1.0 - begins)))
