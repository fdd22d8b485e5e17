"""What one event gives towards a verdict: grounds, with the action each calls for at once.

In: triggers and the policy's rules. Out: grounds that can be added up, their confidence lowered
where the recogniser was unsure. A ground that only adds to a score calls for nothing by itself.
"""

from __future__ import annotations

from dataclasses import dataclass

from voiceagent.domain.transcript import Citation, Turn
from voiceagent.domain.verdict import Action, Trigger, TriggerKind
from voiceagent.supervisor.policy import AtOnce, Score
from voiceagent.supervisor.scores import Scores


@dataclass(frozen=True, slots=True)
class Grounds:
    """What one event gave: triggers with the action each calls for at once."""

    found: tuple[tuple[Action, Trigger], ...] = ()

    def __add__(self, other: Grounds) -> Grounds:
        return Grounds(self.found + other.found)


def at_once(
    kind: TriggerKind, rule: AtOnce, citations: tuple[Citation, ...], detail: str
) -> Grounds:
    """A ground that calls for the rule's action by itself."""
    return Grounds(((rule.action, Trigger(kind, rule.confidence, citations, detail=detail)),))


def counted(
    scores: Scores, score: Score, name: str, trigger: Trigger, share: float = 1.0
) -> Grounds:
    """A ground that adds to a score, for ``share`` (0..1) of its weight; none without weight."""
    counts = scores.count(score, name, trigger, share)
    return Grounds(((Action.CONTINUE, trigger),) if counts else ())


def heard_well(turn: Turn, confidence: float) -> float:
    """A confidence lowered by half of what the recogniser lacks in its own."""
    lacking = 1.0 - min(1.0, max(0.0, turn.confidence))
    return round(confidence * (1.0 - lacking / 2), 3)


def weighed(rule: AtOnce, turn: Turn) -> AtOnce:
    """The rule with the confidence this turn's recognition allows."""
    return rule.model_copy(update={"confidence": heard_well(turn, rule.confidence)})


def languages_of(turn: Turn, call_language: str) -> tuple[str, ...]:
    """Both the turn's and the call's language: the recogniser may be wrong about the turn."""
    return tuple(dict.fromkeys((turn.language, call_language)))
