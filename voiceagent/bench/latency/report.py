"""The bench's figures put together: one summary per system, the ratios, the targets. Pure.

In: findings of the calls and what the processes used. Out: :class:`Report`, and its JSON, whose
keys are a contract: ``ratio.p50``, ``ratio.p95``, ``ratio.barge_in_p95``, ``ratio.cpu``,
``cut_ins.ours|stock|trials``, ``early.ours|stock``, ``wer.ours|stock``.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from voiceagent.bench.latency.figures import (
    Finding,
    answers,
    errors_of,
    findings,
    percentile,
    silences,
    split,
    waits,
)
from voiceagent.bench.latency.record import CallRecord, Kind, Stage

STAGES = (
    Stage.HEARD_END,
    Stage.RECOGNISED,
    Stage.COMMITTED,
    Stage.VERDICT,
    Stage.ASKED,
    Stage.LLM_TEXT,
    Stage.SYNTHESISED,
)
AUDIBLE = "audible"


@dataclass(frozen=True, slots=True)
class Targets:
    """What the product wants to reach, as ratios to stock; the last two are plain rules."""

    p50: float
    p95: float
    barge_in_p95: float = 0.6
    cpu: float = 0.5
    cut_in_share: float = 1 / 30
    early: float = 0.5


TARGETS = {"scripted": Targets(0.33, 0.40), "local": Targets(0.40, 0.45)}


@dataclass(frozen=True, slots=True)
class Summary:
    """One system's figures; times in ms, None where nothing was measured.

    ``before_model`` counts the answered clear turns in which something was heard before the
    language model's first text: a filler, or a line of the playbook.
    """

    turns: int
    answered: int
    p50_ms: float | None
    p95_ms: float | None
    waits_ms: tuple[float, ...]
    after_pause_p50_ms: float | None
    after_pause_p95_ms: float | None
    replied: int
    answer_p50_ms: float | None
    answer_p95_ms: float | None
    before_model: int
    clear_cut_ins: int
    cut_ins: int
    early: int
    in_part: int
    trials: int
    missed: int
    barge_ins_ms: tuple[float, ...]
    barge_in_p50_ms: float | None
    barge_in_p95_ms: float | None
    wer: float
    cpu_s_per_min: float
    memory_mb: float
    split_ms: dict[str, tuple[float, float]]
    late_ms: float
    lost: int

    def as_json(self) -> dict[str, Any]:
        """All of it, plainly."""
        return {name: getattr(self, name) for name in self.__slots__}


@dataclass(frozen=True, slots=True)
class Report:
    """Both systems side by side."""

    ours: Summary
    stock: Summary
    llm: str
    condition: dict[str, Any]
    turns: dict[str, list[dict[str, Any]]]

    @property
    def targets(self) -> Targets:
        """For this kind of language model."""
        return TARGETS[self.llm]

    def ratio(self, name: str) -> float | None:
        """Ours by stock of one figure; None where one is missing or zero."""
        ours, stock = getattr(self.ours, name), getattr(self.stock, name)
        return ours / stock if ours is not None and stock else None

    def as_json(self) -> dict[str, Any]:
        """The JSON of ``--json``."""
        return {
            "ratio": {
                "p50": self.ratio("p50_ms"),
                "p95": self.ratio("p95_ms"),
                "answer_p50": self.ratio("answer_p50_ms"),
                "answer_p95": self.ratio("answer_p95_ms"),
                "barge_in_p50": self.ratio("barge_in_p50_ms"),
                "barge_in_p95": self.ratio("barge_in_p95_ms"),
                "cpu": self.ratio("cpu_s_per_min"),
                "memory": self.ratio("memory_mb"),
            },
            "cut_ins": {
                "ours": self.ours.cut_ins,
                "stock": self.stock.cut_ins,
                "trials": self.ours.trials,
            },
            "early": {"ours": self.ours.early, "stock": self.stock.early},
            "in_part": {"ours": self.ours.in_part, "stock": self.stock.in_part},
            "missed": {"ours": self.ours.missed, "stock": self.stock.missed},
            "wer": {"ours": self.ours.wer, "stock": self.stock.wer},
            "condition": self.condition,
            "systems": {"ours": self.ours.as_json(), "stock": self.stock.as_json()},
            "turns": self.turns,
        }


def summarise(calls: Sequence[CallRecord], memory_mb: float) -> Summary:
    """The figures of one system."""
    found = [finding for call in calls for finding in findings(call)]
    clear = [f for f in found if f.turn.kind is Kind.CLEAR]
    pauses = [f for f in found if f.turn.kind is Kind.PAUSE]
    answered = _ms(waits(found, Kind.CLEAR))
    after_pause = _ms(waits(found, Kind.PAUSE))
    replied = _ms(answers(found, Kind.CLEAR))
    barge_ins = _ms(silences(found))
    minutes = sum(call.wall_s for call in calls) / 60
    return Summary(
        turns=len(clear),
        answered=len(answered),
        p50_ms=percentile(answered, 50),
        p95_ms=percentile(answered, 95),
        waits_ms=tuple(answered),
        after_pause_p50_ms=percentile(after_pause, 50),
        after_pause_p95_ms=percentile(after_pause, 95),
        replied=len(replied),
        answer_p50_ms=percentile(replied, 50),
        answer_p95_ms=percentile(replied, 95),
        before_model=sum(f.wait_s is not None and Stage.LLM_TEXT not in f.split_s for f in clear),
        clear_cut_ins=sum(f.cut_in for f in clear),
        cut_ins=sum(f.cut_in for f in pauses),
        early=sum(f.early for f in pauses),
        in_part=sum(f.in_part for f in pauses),
        trials=len(pauses),
        missed=sum(f.missed for f in found),
        barge_ins_ms=tuple(barge_ins),
        barge_in_p50_ms=percentile(barge_ins, 50),
        barge_in_p95_ms=percentile(barge_ins, 95),
        wer=errors_of(calls).rate,
        cpu_s_per_min=sum(call.cpu_s for call in calls) / minutes if minutes else 0.0,
        memory_mb=memory_mb,
        split_ms={
            stage: (1000 * (percentile(at, 50) or 0.0), 1000 * (percentile(at, 95) or 0.0))
            for stage, at in split(found).items()
        },
        late_ms=1000 * max((call.late_s for call in calls), default=0.0),
        lost=sum(call.lost for call in calls),
    )


def told_turns(calls: Iterable[CallRecord]) -> list[dict[str, Any]]:
    """Every turn, for whoever wants to see them one by one."""
    return [_told(finding) for call in calls for finding in findings(call)]


def _told(found: Finding) -> dict[str, Any]:
    return {
        "clip": found.turn.clip,
        "kind": found.turn.kind,
        "wait_ms": _rounded(found.wait_s),
        "answer_ms": _rounded(found.answer_s),
        "cut_in": found.cut_in,
        "early": found.early,
        "missed": found.missed,
        "in_part": found.in_part,
        "silence_ms": _rounded(found.silence_s),
        "said": found.turn.text,
        "recognised": found.recognised,
        "word_errors": found.errors.errors,
        "split_ms": {stage: _rounded(at) for stage, at in found.split_s.items()},
    }


def _rounded(seconds: float | None) -> int | None:
    return None if seconds is None else round(1000 * seconds)


def _ms(seconds: Iterable[float]) -> list[float]:
    return [1000 * value for value in seconds]
