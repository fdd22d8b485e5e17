"""What one call of the bench leaves behind: who was heard when, and what the pipeline reported.

Written by the process that held the call, read by the one that makes figures of it; plain JSON in
between. All times are seconds on the clock of that one call.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

Span = tuple[float, float]


class Kind(StrEnum):
    """What a turn of the caller is there to show."""

    CLEAR = "clear"
    """A sentence without a pause: how long until the reply is heard?"""
    PAUSE = "pause"
    """A sentence with a pause in the middle: is the caller cut off?"""
    BARGE_IN = "barge_in"
    """Spoken over the agent: how long until it is silent?"""


class Stage(StrEnum):
    """What the pipeline reports on the way to a reply."""

    HEARD_END = "heard_end"
    """Voice activity took the speech for ended."""
    RECOGNISED = "recognised"
    """A final transcript; its value is the text."""
    COMMITTED = "committed"
    """The turn was taken for finished."""
    VERDICT = "verdict"
    """The supervisor has judged the turn."""
    ASKED = "asked"
    """The conversation went to the language model."""
    LLM_TEXT = "llm_text"
    """Text of the language model."""
    SYNTHESISED = "synthesised"
    """Sound of the voice."""
    TURN = "turn"
    """The system's own account of a turn of the caller; its value is the text."""


@dataclass(frozen=True, slots=True)
class Observed:
    """Something a pipeline reported."""

    at_s: float
    stage: Stage
    value: str = ""


@dataclass(frozen=True, slots=True)
class SpokenTurn:
    """A turn of the caller as it was really spoken.

    Attributes:
        clip: which recording.
        kind: what it is there to show.
        text: the words.
        start_s, end_s: first and last sample of speech, by energy.
        pauses: the pauses in it that are on trial.
        gave_up: no reply within the caller's patience.
        counted: measured; else it only brought the call to where the next turn is.
    """

    clip: str
    kind: Kind
    text: str
    start_s: float
    end_s: float
    pauses: tuple[Span, ...] = ()
    gave_up: bool = False
    counted: bool = True


@dataclass(frozen=True, slots=True)
class CallRecord:
    """One call.

    Attributes:
        turns: of the caller, in order.
        agent: stretches in which the agent was audible.
        observed: what its pipeline reported, in order.
        cpu_s: processor time of the whole process while the call was measured.
        wall_s: how long that was.
        late_s: the most a 20 ms frame of the caller came too late; much of it and the machine was
            overloaded.
        lost: the agent hung up before the caller was through.
    """

    turns: tuple[SpokenTurn, ...]
    agent: tuple[Span, ...]
    observed: tuple[Observed, ...]
    cpu_s: float = 0.0
    wall_s: float = 0.0
    late_s: float = 0.0
    lost: bool = False

    def as_json(self) -> dict[str, Any]:
        """For the way between processes."""
        return asdict(self)

    @classmethod
    def of_json(cls, data: dict[str, Any]) -> CallRecord:
        """The way back."""
        return cls(
            turns=tuple(
                SpokenTurn(
                    **{
                        **turn,
                        "kind": Kind(turn["kind"]),
                        "pauses": tuple((a, b) for a, b in turn["pauses"]),
                    }
                )
                for turn in data["turns"]
            ),
            agent=tuple((a, b) for a, b in data["agent"]),
            observed=tuple(
                Observed(o["at_s"], Stage(o["stage"]), o["value"]) for o in data["observed"]
            ),
            cpu_s=data["cpu_s"],
            wall_s=data["wall_s"],
            late_s=data["late_s"],
            lost=data["lost"],
        )
