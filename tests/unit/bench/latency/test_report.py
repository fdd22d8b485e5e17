"""The JSON's keys are a contract; the ratios are ours by stock; the picture is an SVG."""

from __future__ import annotations

import json
from dataclasses import replace
from xml.etree import ElementTree

import pytest

from voiceagent.bench.latency.calls import CallsReport, Level, most_held
from voiceagent.bench.latency.plot import svg
from voiceagent.bench.latency.record import CallRecord, Kind, Observed, SpokenTurn, Stage
from voiceagent.bench.latency.report import Report, summarise, told_turns

pytestmark = pytest.mark.unit

CONDITION = {
    "part": "report",
    "audio": None,
    "rate_hz": 8000,
    "llm": "scripted",
    "stock_threads": "quiet",
    "other_load_cores": 0.0,
}


def record(wait_s: float, cut: bool = False) -> CallRecord:
    turns = (
        SpokenTurn("a", Kind.CLEAR, "ten of clubs", 1.0, 2.0),
        SpokenTurn("b", Kind.BARGE_IN, "four of clubs", 3.5 + wait_s, 4.5 + wait_s),
        SpokenTurn("c", Kind.PAUSE, "seven of clubs", 20.0, 24.0, ((21.0, 22.0),)),
    )
    agent = [(2.0 + wait_s, 3.5 + 1.2 * wait_s), (6.0, 7.0), (24.0 + wait_s, 26.0)]
    if cut:
        agent.insert(2, (21.8, 22.2))
    observed = (
        Observed(2.1, Stage.RECOGNISED, "ten of clubs"),
        Observed(2.2, Stage.ASKED),
        Observed(5.0, Stage.RECOGNISED, "four of clubs"),
        Observed(21.7 if cut else 24.1, Stage.COMMITTED),
        Observed(24.1, Stage.RECOGNISED, "seven of cloves" if cut else "seven of clubs"),
    )
    return CallRecord(turns, tuple(agent), observed, cpu_s=20 * wait_s, wall_s=30.0)


def report() -> Report:
    ours, stock = [record(0.5)], [record(1.0, cut=True)]
    return Report(
        ours=summarise(ours, 500),
        stock=summarise(stock, 1000),
        llm="scripted",
        condition=CONDITION,
        turns={"ours": told_turns(ours), "stock": told_turns(stock)},
    )


def test_the_contract() -> None:
    told = json.loads(json.dumps(report().as_json()))
    assert told["ratio"]["p50"] == pytest.approx(0.5)
    assert told["ratio"]["p95"] == pytest.approx(0.5)
    assert told["ratio"]["barge_in_p95"] == pytest.approx(0.5)
    assert told["ratio"]["cpu"] == pytest.approx(0.5)
    assert told["cut_ins"] == {"ours": 0, "stock": 1, "trials": 1}
    assert told["early"] == {"ours": 0, "stock": 1}
    assert told["wer"] == {"ours": 0, "stock": pytest.approx(1 / 9)}
    assert [turn["clip"] for turn in told["turns"]["ours"]] == ["a", "b", "c"]


def test_figures_of_one_system() -> None:
    summary = report().stock
    assert (summary.turns, summary.answered, summary.trials) == (1, 1, 1)
    assert summary.p50_ms == pytest.approx(1000)
    assert summary.barge_ins_ms == (pytest.approx(200),)
    assert summary.cpu_s_per_min == pytest.approx(40)
    assert summary.split_ms["asked"][0] == pytest.approx(200)


def test_a_ratio_needs_both() -> None:
    some = report()
    assert replace(some, stock=replace(some.stock, p50_ms=None)).ratio("p50_ms") is None
    assert replace(some, ours=replace(some.ours, p50_ms=None)).ratio("p50_ms") is None


def test_the_picture_shows_every_turn_of_both() -> None:
    some = report()
    drawn = ElementTree.fromstring(svg(some))
    dots = [e for e in drawn.iter() if e.tag.endswith("circle")]
    assert len(dots) == 4
    texts = " ".join(e.text or "" for e in drawn.iter() if e.tag.endswith("text"))
    assert "p50 500" in texts
    assert "p95 1000" in texts
    empty = replace(some, ours=summarise([], 1), stock=summarise([], 1))
    ElementTree.fromstring(svg(empty))


def level(calls: int, p95_ms: float | None, answered: int = 10) -> Level:
    return Level(calls, 10, answered, p95_ms, p95_ms, 1.0, 100)


def test_calls_are_held_until_p95_has_doubled() -> None:
    assert most_held([level(1, 1000), level(2, 1500), level(3, 2000), level(4, 2100)]) == 3
    assert most_held([level(1, 1000), level(2, 2100), level(3, 1500)]) == 1
    assert most_held([level(1, 1000), level(2, 1100, answered=8)]) == 1, "too many unanswered"
    assert most_held([]) == 0
    assert most_held([level(1, None)]) == 0


def test_the_contract_of_bench_calls() -> None:
    levels = {
        "ours": (level(1, 500), level(2, 600), level(3, 700)),
        "stock": (level(1, 1000), level(2, 2500)),
    }
    told = CallsReport(levels, cores=2).as_json()
    assert told["calls_per_core"] == {"ours": 1.5, "stock": 0.5}
    assert told["ratio"] == 3
