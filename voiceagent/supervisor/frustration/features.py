"""What a dialogue shows about its newest turn of the caller, as one row of numbers.

In: the readings of a dialogue's turns (embedding, word cues, text scores), oldest first, the last
one the caller's turn being judged. Out: a row whose columns ``feature_names`` names: the turn
itself, the caller's earlier turns, what the agent said last, and how the dialogue moves (the same
request again, an agent repeating itself, nothing new, answers getting shorter).

Pure. Neither the length of the turn nor its position is a column: long turns are more often
frustrated, and a score that just grows with length tells a supervisor nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from voiceagent.supervisor.frustration.cues import CUE_NAMES

Row = NDArray[np.float64]

DECAY = 0.6
"""Weight of a turn relative to the next later one, where earlier turns are averaged."""

_AGENT_CUES = ("apology", "refusal", "put_off", "asks", "thanks", "courtesy")
_AGENT_COLUMNS = [CUE_NAMES.index(name) for name in _AGENT_CUES]
_MOVES = (
    "alike_earlier",
    "alike_previous",
    "alike_answer",
    "alike_first",
    "agent_repeats",
    "agent_repeats_once",
    "shorter_than_before",
    "spoke_again",
    "first_turn",
    "no_answer_yet",
)
_WORDS_COMPARED = 4
"""Turns of fewer words ("yes", a number) are alike by nature and are not compared."""


@dataclass(frozen=True, slots=True)
class Reading:
    """One turn as the features see it.

    Attributes:
        caller: whether the caller said it; otherwise the agent or a human colleague did.
        words: number of words.
        embedding: the sentence embedding, unit length.
        cues: see ``cues.CUE_NAMES``.
        scores: of the text alone, one for each text score of the model.
        peaks: the highest score of any of its sentences, likewise.
    """

    caller: bool
    words: int
    embedding: NDArray[np.float32]
    cues: Row
    scores: Row
    peaks: Row


def feature_names(scores: Sequence[str]) -> tuple[str, ...]:
    """The columns of :func:`features` for a model with these text scores."""
    return (
        *(f"turn_{s}" for s in scores),
        *(f"peak_{s}" for s in scores),
        *(f"before_{s}" for s in scores),
        *(f"worst_before_{s}" for s in scores),
        *(f"agent_{s}" for s in scores),
        *(f"says_{c}" for c in CUE_NAMES),
        *(f"said_{c}" for c in CUE_NAMES),
        *(f"agent_says_{c}" for c in _AGENT_CUES),
        *(f"agent_said_{c}" for c in _AGENT_CUES),
        *_MOVES,
    )


def features(dialogue: Sequence[Reading]) -> Row:
    """The row for the last turn, shape (len(feature_names(...)),).

    Raises:
        ValueError: there is no turn, or the last one is not the caller's.
    """
    if not dialogue or not dialogue[-1].caller:
        raise ValueError("the last turn must be the caller's")
    turn = dialogue[-1]
    earlier = [r for r in dialogue[:-1] if r.caller]
    agent = [r for r in dialogue[:-1] if not r.caller]
    answer = _answer(dialogue)
    nothing = np.zeros_like(turn.scores)
    return np.concatenate(
        [
            turn.scores,
            turn.peaks,
            _faded([r.scores for r in earlier], nothing),
            np.max([r.peaks for r in earlier], axis=0) if earlier else nothing,
            _faded([r.scores for r in answer], nothing),
            turn.cues,
            _faded([r.cues for r in earlier], np.zeros_like(turn.cues)),
            np.max([r.cues for r in answer], axis=0)[_AGENT_COLUMNS]
            if answer
            else np.zeros(len(_AGENT_COLUMNS)),
            _faded([r.cues[_AGENT_COLUMNS] for r in agent], np.zeros(len(_AGENT_COLUMNS))),
            _moves(dialogue, earlier, agent, answer),
        ]
    )


def _answer(dialogue: Sequence[Reading]) -> list[Reading]:
    """The agent's last words: its turns since the caller spoke before them."""
    found: list[Reading] = []
    for reading in reversed(dialogue[:-1]):
        if reading.caller and found:
            break
        if not reading.caller:
            found.append(reading)
    return found[::-1]


def _faded(rows: Sequence[Row], none: Row) -> Row:
    """The mean of the rows, the newest counting most."""
    if not rows:
        return none
    weights = DECAY ** np.arange(len(rows) - 1, -1, -1)
    return np.asarray(weights @ np.asarray(rows) / weights.sum(), dtype=np.float64)


def _moves(
    dialogue: Sequence[Reading],
    earlier: Sequence[Reading],
    agent: Sequence[Reading],
    answer: Sequence[Reading],
) -> Row:
    turn = dialogue[-1]
    compared = [r for r in earlier if r.words >= _WORDS_COMPARED]
    long_enough = turn.words >= _WORDS_COMPARED
    alike = [_alike(turn, r) for r in compared] if long_enough else []
    told = agent[-1] if agent else None
    told_before = [_alike(told, r) for r in agent[:-1]] if told else []
    usual = float(np.mean([r.words for r in earlier])) if earlier else float(turn.words)
    repeats = [max((_alike(r, b) for b in agent[:i]), default=0.0) for i, r in enumerate(agent)]
    return np.array(
        [
            max(alike, default=0.0),
            alike[-1] if alike else 0.0,
            max((_alike(turn, r) for r in answer), default=0.0),
            alike[0] if alike else 0.0,
            max(told_before, default=0.0),
            max(repeats, default=0.0),
            float(np.clip(np.log((usual + 1) / (turn.words + 1)), 0, 2)),
            float(len(dialogue) > 1 and dialogue[-2].caller),
            float(not earlier),
            float(not agent),
        ]
    )


def _alike(one: Reading, other: Reading) -> float:
    return float(one.embedding @ other.embedding)
