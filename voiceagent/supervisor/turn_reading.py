"""What trained classifiers make of a turn of the caller: how frustrated, and what it says outright.

In: the turns so far, the last of them the caller's. Out: numbers, which the call reports as events
for the supervisor to weigh; the supervisor itself asks no model. Blocking, some tens of
milliseconds: it runs in a worker thread.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from voiceagent.domain.events import FrustrationScored, TurnClassified
from voiceagent.domain.transcript import Turn


class ScoresFrustration(Protocol):
    """How frustrated the caller is at the last of these turns, 0..1."""

    def score(self, turns: Sequence[Turn]) -> float:
        """Score the last turn in the light of those before it."""


class ClassifiesTurns(Protocol):
    """What the last of these turns says outright."""

    def probabilities(self, turns: Sequence[Turn]) -> dict[str, float]:
        """By ``TriggerKind`` value, each 0..1 by itself."""


@dataclass(frozen=True, slots=True)
class TurnReading:
    """Both classifiers' findings on one turn."""

    turn: int
    frustration: float
    probabilities: Mapping[str, float] = field(default_factory=dict)

    def classified(self, at_ms: int) -> TurnClassified:
        """What the turn says outright, as an event."""
        return TurnClassified(at_ms=at_ms, turn=self.turn, probabilities=dict(self.probabilities))

    def scored(self, at_ms: int) -> FrustrationScored:
        """How frustrated it sounds, as an event."""
        return FrustrationScored(at_ms=at_ms, turn=self.turn, score=self.frustration)


class TurnReader:
    """Asks both classifiers; one serves all calls, from any thread."""

    def __init__(
        self, frustration: ScoresFrustration, explicit: ClassifiesTurns | None = None
    ) -> None:
        self._frustration = frustration
        self._explicit = explicit

    def read(self, turns: Sequence[Turn]) -> TurnReading:
        """Read the last of these turns, which must be one of the caller's."""
        said = self._explicit.probabilities(turns) if self._explicit is not None else {}
        return TurnReading(
            turn=turns[-1].number,
            frustration=round(self._frustration.score(turns), 3),
            probabilities={kind: round(value, 3) for kind, value in said.items()},
        )
