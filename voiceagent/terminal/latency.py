"""``voiceagent bench latency`` and ``bench calls``: run, and print both systems side by side."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from voiceagent.bench.latency.calls import CallsReport, measure_calls
from voiceagent.bench.latency.plot import svg
from voiceagent.bench.latency.report import AUDIBLE, STAGES, Report
from voiceagent.bench.latency.run import BenchOptions, measure
from voiceagent.domain.errors import InputError
from voiceagent.settings import Settings

_STAGE_NAMES = {
    "heard_end": "end of speech heard",
    "recognised": "recogniser done",
    "committed": "turn committed",
    "verdict": "supervisor's verdict",
    "asked": "language model asked",
    "llm_text": "its first text",
    "synthesised": "first sound synthesised",
    AUDIBLE: "audible on the wire",
}


async def bench_latency(
    settings: Settings, options: BenchOptions, result: Path | None, plot: Path, console: Console
) -> None:
    """Measure both systems, print the table, write the plot and the JSON.

    Args:
        result: where the JSON goes; None for nowhere.
        plot: where the SVG goes.

    Raises:
        InputError: a file cannot be written, or the recordings cannot be used.
        VoiceAgentError: a system failed.
    """
    check_writable(plot, result)
    report = await measure(options, settings, _teller(console))
    _print(report, console)
    _write(plot, svg(report))
    console.print(f"Plot: {plot}")
    if result is not None:
        write_json(result, report.as_json())
        console.print(f"Figures: {result}")


async def bench_calls(
    settings: Settings, options: BenchOptions, most: int, result: Path | None, console: Console
) -> None:
    """Raise the number of simultaneous calls for both systems, and print how far each came."""
    check_writable(result)
    report = await measure_calls(options, settings, most, _teller(console))
    _print_calls(report, console)
    if result is not None:
        write_json(result, report.as_json())
        console.print(f"Figures: {result}")


def _teller(console: Console) -> Any:
    return lambda system, call: console.print(f"{system}: {call} ...", style="dim")


def check_writable(*paths: Path | None) -> None:
    """Before a quarter of an hour is spent on figures that have nowhere to go."""
    for path in paths:
        if path is not None and not path.absolute().parent.is_dir():
            raise InputError(f"There is no folder '{path.parent}'.", "Make it, or name another.")


def write_json(path: Path, data: dict[str, Any]) -> None:
    """Write figures where they were asked for.

    Raises:
        InputError: the file cannot be written.
    """
    _write(path, json.dumps(data, indent=2) + "\n")


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, "utf-8")
    except OSError as error:
        raise InputError(f"'{path}' cannot be written: {error}.") from error


def _print(report: Report, console: Console) -> None:
    ours, stock, aim = report.ours, report.stock, report.targets
    table = Table("", "stock", "ours", "ratio", "target", box=None)

    def row(name: str, figure: str, unit: str, digits: int = 0, target: str = "") -> None:
        both = [_number(getattr(s, figure), digits) for s in (stock, ours)]
        ratio = report.ratio(figure)
        table.add_row(f"{name}, {unit}", *both, "-" if ratio is None else f"{ratio:.2f}x", target)

    def count(name: str, left: int, right: int, of: int, target: str = "") -> None:
        table.add_row(name, f"{left}/{of}", f"{right}/{of}", "", target)

    row("voice to voice p50", "p50_ms", "ms", target=f"<= {aim.p50:.2f}x")
    row("voice to voice p95", "p95_ms", "ms", target=f"<= {aim.p95:.2f}x")
    row("voice to the model's words p50", "answer_p50_ms", "ms")
    row("voice to the model's words p95", "answer_p95_ms", "ms")
    row("turns with a pause p50", "after_pause_p50_ms", "ms")
    row("turns with a pause p95", "after_pause_p95_ms", "ms")
    row("barge-in until silence p50", "barge_in_p50_ms", "ms")
    row("barge-in until silence p95", "barge_in_p95_ms", "ms", target=f"<= {aim.barge_in_p95:.2f}x")
    count("cut-ins on pauses", stock.cut_ins, ours.cut_ins, ours.trials, "<= stock, <= 1 in 30")
    count("committed too early", stock.early, ours.early, ours.trials, "<= half of stock")
    count("answered on a part of the words", stock.in_part, ours.in_part, ours.trials)
    count("heard before the model's first text", stock.before_model, ours.before_model, ours.turns)
    count("cut-ins on clear turns", stock.clear_cut_ins, ours.clear_cut_ins, ours.turns)
    every = ours.turns + ours.trials + len(ours.barge_ins_ms)
    count("missed endings", stock.missed, ours.missed, every)
    row("word error rate", "wer", "share", 3, target="<= 1.00x")
    row("processor time per call minute", "cpu_s_per_min", "s", 1, f"<= {aim.cpu:.2f}x")
    row("most memory", "memory_mb", "MB")
    console.print(table)
    console.print()
    split = Table("from the end of speech, ms", "stock p50", "p95", "ours p50", "p95", box=None)
    for stage in (*STAGES, AUDIBLE):
        cells = []
        for system in (stock, ours):
            p50, p95 = system.split_ms.get(stage, (None, None))
            cells += [_number(p50, 0), _number(p95, 0)]
        if any(cell != "-" for cell in cells):
            split.add_row(_STAGE_NAMES[stage], *cells)
    console.print(split)
    console.print()
    condition = report.condition
    what = condition["audio"] or f"part '{condition['part']}' of the shipped recordings"
    if report.llm == "local":
        what = "recorded callers with questions about their accounts"
    console.print(
        f"{what}, {condition['rate_hz']} Hz, {report.llm} language model; {ours.turns} clear turns,"
        f" {ours.trials} pauses, {len(ours.barge_ins_ms)} barge-ins."
        f" Thread settings of stock: {condition['stock_threads']}."
        f" Other load on this machine: {condition['other_load_cores']:.2f} cores."
    )
    for name, system in (("stock", stock), ("ours", ours)):
        if system.lost:
            console.print(f"{name} hung up early in {system.lost} calls.", style="yellow")


def _print_calls(report: CallsReport, console: Console) -> None:
    table = Table("calls at once", "stock p50", "p95, ms", "ours p50", "p95, ms", box=None)
    for calls in sorted({level.calls for levels in report.levels.values() for level in levels}):
        cells = []
        for name in ("stock", "ours"):
            level = next((x for x in report.levels[name] if x.calls == calls), None)
            cells += [_number(level.p50_ms, 0), _number(level.p95_ms, 0)] if level else ["-", "-"]
        table.add_row(str(calls), *cells)
    console.print(table)
    per_core = {name: report.calls_per_core(name) for name in ("stock", "ours")}
    console.print(
        f"Calls per core before p95 doubles: stock {per_core['stock']:.2f}, ours"
        f" {per_core['ours']:.2f} ({report.cores} cores); target: at least 3 times stock."
    )


def _number(value: float | None, digits: int) -> str:
    return "-" if value is None else f"{value:.{digits}f}"
