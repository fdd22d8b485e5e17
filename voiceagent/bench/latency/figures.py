"""What happened in the calls of the bench, as figures. Pure.

In: the records of a system's calls. Out: one finding per turn of the caller (was it answered, when,
was the caller cut off), and their percentiles and counts.

The rules, the same for both systems:

- *voice to voice*: last sample of the caller's speech to the agent's first audible sample after it.
- *voice to answer*: the same to the first sound of the language model's own words. A filler ends
  the silence and answers nothing; how soon it comes is a matter of a timer.
- *cut-in*: the agent begins to be heard between the caller's first and last sample of speech.
- *committed too early*: the pipeline takes the turn for finished before its last sample.
- *answered in part*: the reply is heard although less than 70 % of the words have been recognised:
  the system has answered the first half of a sentence.
- *missed ending*: no reply within the caller's patience.
- *barge-in until silence*: the caller's first sample over the agent to the last audible one of the
  agent.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from voiceagent.bench.latency.record import CallRecord, Kind, Observed, Span, SpokenTurn, Stage
from voiceagent.bench.latency.words import WordErrors, normalised, total, word_errors

# Sound of the agent with less quiet in between is one stretch of speech.
_BREATH_S = 0.35
# What begins so soon after the caller was decided before the caller could be heard.
_REACTION_S = 0.15
# A reply to fewer of the words is a reply to a part of the sentence.
_MOST_WORDS = 0.7
# The end of speech is known to a frame, no better.
_FRAME_S = 0.02


@dataclass(frozen=True, slots=True)
class Finding:
    """What became of one turn.

    Attributes:
        wait_s: voice to voice; None if the turn was not answered, or the caller was cut off.
        answer_s: voice to answer; None if the model's words were not heard.
        cut_in: the agent was heard before the caller had finished.
        early: the turn was committed before the caller had finished.
        missed: the caller waited in vain.
        in_part: answered on a part of the words.
        silence_s: of a barge-in, until the agent was silent; None where the agent was not speaking.
        recognised: what the system took the caller's words for.
        split_s: when each stage was done, in seconds from the end of speech.
    """

    turn: SpokenTurn
    wait_s: float | None
    cut_in: bool
    early: bool
    missed: bool
    in_part: bool = False
    answer_s: float | None = None
    silence_s: float | None = None
    recognised: str = ""
    split_s: dict[str, float] = field(default_factory=dict)

    @property
    def errors(self) -> WordErrors:
        """Of the transcript."""
        return word_errors(self.turn.text, self.recognised)


def findings(call: CallRecord) -> list[Finding]:
    """Every turn of a call that counts."""
    speech = stretches(call.agent, _BREATH_S)
    ends = [turn.start_s for turn in call.turns[1:]] + [float("inf")]
    return [
        _finding(turn, until, call, speech)
        for turn, until in zip(call.turns, ends, strict=True)
        if turn.counted
    ]


def stretches(sound: Iterable[Span], gap_s: float) -> list[Span]:
    """Spans joined where less than *gap_s* lies between them; they come in order."""
    joined: list[Span] = []
    for start, end in sound:
        if joined and start - joined[-1][1] < gap_s:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    return joined


def percentile(values: Sequence[float], share: float) -> float | None:
    """The given percentile (0..100), or None without values."""
    return float(np.percentile(values, share)) if values else None


def waits(found: Iterable[Finding], kind: Kind) -> list[float]:
    """Voice to voice of the turns of a kind that were answered, in seconds."""
    return [f.wait_s for f in found if f.turn.kind is kind and f.wait_s is not None]


def answers(found: Iterable[Finding], kind: Kind) -> list[float]:
    """Voice to answer of the turns of a kind in which the model's words were heard, in seconds."""
    return [f.answer_s for f in found if f.turn.kind is kind and f.answer_s is not None]


def silences(found: Iterable[Finding]) -> list[float]:
    """Until silence, of all barge-ins, in seconds."""
    return [f.silence_s for f in found if f.silence_s is not None]


def errors_of(calls: Iterable[CallRecord]) -> WordErrors:
    """Of the transcripts, call by call.

    A whole call is compared at once: words that a system reports late, with the next turn, are late
    and not wrong.
    """
    return total(
        word_errors(
            " ".join(turn.text for turn in call.turns),
            _recognised(call.observed, float("-inf"), float("inf")),
        )
        for call in calls
    )


def split(found: Iterable[Finding], kind: Kind = Kind.CLEAR) -> dict[str, list[float]]:
    """When each stage was done in answered turns of a kind, in seconds from the end of speech."""
    done: dict[str, list[float]] = {}
    for finding in found:
        if finding.turn.kind is kind and finding.wait_s is not None:
            for stage, at_s in finding.split_s.items():
                done.setdefault(stage, []).append(at_s)
    return done


def _finding(turn: SpokenTurn, until_s: float, call: CallRecord, speech: list[Span]) -> Finding:
    last_s = turn.end_s - _FRAME_S
    barged = turn.kind is Kind.BARGE_IN
    onsets = [start for start, _ in speech]
    cut_in = any(turn.start_s + _REACTION_S < onset < last_s for onset in onsets)
    early = any(
        turn.start_s + _REACTION_S < seen.at_s < last_s
        for seen in _of(call.observed, Stage.COMMITTED)
    )
    answer = next((onset for onset in onsets if last_s <= onset < until_s), None)
    wait_s = answer - turn.end_s if answer is not None and not cut_in else None
    known = _recognised(call.observed, turn.start_s, answer) if answer is not None else ""
    return Finding(
        turn=turn,
        wait_s=wait_s,
        cut_in=cut_in and not barged,
        early=early and not barged,
        missed=turn.gave_up,
        in_part=answer is not None
        and len(normalised(known)) < _MOST_WORDS * len(normalised(turn.text)),
        answer_s=_answer_s(call, turn, until_s) if wait_s is not None else None,
        silence_s=_silence_s(turn, speech) if barged else None,
        recognised=_recognised(call.observed, turn.start_s, until_s),
        split_s=_split(call.observed, turn, answer) if wait_s is not None else {},
    )


def _answer_s(call: CallRecord, turn: SpokenTurn, until_s: float) -> float | None:
    """When the model's words were heard: the first sound begun after they were synthesised."""
    seen = [o for o in call.observed if turn.start_s < o.at_s < until_s]
    committed = [o.at_s for o in _of(seen, Stage.COMMITTED)]
    asked = [o.at_s for o in _of(seen, Stage.ASKED)]
    # What was asked on a guess and thrown away is older than the last question before the commit.
    before = [at for at in asked if not committed or at <= committed[-1] + _FRAME_S]
    since = (before or asked or [turn.end_s])[-1]
    text = next((o.at_s for o in _of(seen, Stage.LLM_TEXT) if o.at_s >= since), None)
    if text is None:
        return None
    voiced = next((o.at_s for o in _of(seen, Stage.SYNTHESISED) if o.at_s >= text), None)
    if voiced is None:
        return None
    heard = next((a for a, _ in call.agent if voiced - _FRAME_S <= a < until_s), None)
    return None if heard is None else heard - turn.end_s


def _silence_s(turn: SpokenTurn, speech: list[Span]) -> float | None:
    for start, end in speech:
        if start <= turn.start_s < end:
            return end - turn.start_s
    return None


def _of(observed: Iterable[Observed], stage: Stage) -> Iterator[Observed]:
    return (seen for seen in observed if seen.stage is stage)


def _recognised(observed: Sequence[Observed], start_s: float, until_s: float) -> str:
    # The system's own account of the turn where it gives one, else its transcripts.
    by_itself = any(True for _ in _of(observed, Stage.TURN))
    stage = Stage.TURN if by_itself else Stage.RECOGNISED
    return " ".join(
        seen.value.strip() for seen in _of(observed, stage) if start_s < seen.at_s < until_s
    )


def _split(
    observed: Sequence[Observed], turn: SpokenTurn, answer: float | None
) -> dict[str, float]:
    if answer is None:
        return {}
    seen = [o for o in observed if turn.start_s < o.at_s <= answer]
    done: dict[str, float] = {}
    for stage in (
        Stage.HEARD_END,
        Stage.RECOGNISED,
        Stage.COMMITTED,
        Stage.VERDICT,
        Stage.ASKED,
    ):
        last = [o.at_s for o in _of(seen, stage)]
        if last:
            done[stage] = last[-1] - turn.end_s
    asked = done.get(Stage.ASKED)
    for stage in (Stage.LLM_TEXT, Stage.SYNTHESISED):
        after = [
            o.at_s - turn.end_s
            for o in _of(seen, stage)
            if asked is None or o.at_s - turn.end_s >= asked - 0.001
        ]
        if after:
            done[stage] = after[0]
    done["audible"] = answer - turn.end_s
    return done
