"""The bench's figures as one SVG picture: what callers wait for, turn by turn, of both systems.

In: a report. Out: the text of an SVG file, written by hand because two rows of dots and a few bars
need no plotting library. Pure.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from voiceagent.bench.latency.figures import percentile
from voiceagent.bench.latency.report import AUDIBLE, STAGES, Report, Summary

_WIDTH, _LEFT, _RIGHT = 860, 92, 40
_ROW, _HEAD = 44, 34
_INK, _FAINT, _PAPER = "#1f2933", "#d9dee4", "#ffffff"
_COLOURS = {"ours": "#0b7285", "stock": "#c2571a"}
_STEPS_MS = (50, 100, 200, 250, 500, 1000, 2000, 5000, 10_000)
# What is on the axis beyond the largest value.
_ROOM = 1.06
_NAMES = {
    "heard_end": "end heard",
    "recognised": "recognised",
    "committed": "committed",
    "verdict": "verdict",
    "asked": "model asked",
    "llm_text": "first text",
    "synthesised": "first sound",
    AUDIBLE: "audible",
}


def svg(report: Report) -> str:
    """The picture."""
    systems = (("stock", report.stock), ("ours", report.ours))
    parts: list[str] = []
    top = 46.0
    panels = (
        ("Voice to voice: end of the caller's speech to the agent's first sound", "waits_ms"),
        ("Barge-in: the caller's first sound over the agent to its silence", "barge_ins_ms"),
    )
    for title, name in panels:
        values = [(system, getattr(summary, name)) for system, summary in systems]
        if any(found for _, found in values):
            drawn, top = _dots(title, values, top)
            parts += drawn
    drawn, top = _stages(systems, top)
    parts += drawn
    drawn, top = _counts(report, top)
    parts += drawn
    heading = _text(
        _LEFT - 70, 26, "voiceagent beside a stock pipecat 1.14 pipeline", 17, bold=True
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{_WIDTH}" height="{top:.0f}" '
        f'viewBox="0 0 {_WIDTH} {top:.0f}" font-family="Helvetica, Arial, DejaVu Sans, sans-serif">'
        f'<rect width="100%" height="100%" fill="{_PAPER}"/>{heading}{"".join(parts)}</svg>\n'
    )


def _dots(
    title: str, rows: Sequence[tuple[str, Sequence[float]]], top: float
) -> tuple[list[str], float]:
    """One row of dots per system, with marks at the median and the 95th percentile."""
    largest = max(max(values, default=0.0) for _, values in rows) * _ROOM
    parts = [_text(_LEFT - 70, top + 14, title, 13, bold=True)]
    bottom = top + _HEAD + _ROW * len(rows)
    parts += _axis(largest, top + _HEAD - 6, bottom)
    for index, (system, values) in enumerate(rows):
        middle = top + _HEAD + _ROW * index + _ROW / 2
        colour = _COLOURS[system]
        parts.append(_text(_LEFT - 14, middle + 4, system, 13, anchor="end"))
        for number, value in enumerate(values):
            # Apart from each other, so that equal ones are seen.
            y = middle + ((number * 7) % 5 - 2) * 3
            parts.append(
                f'<circle cx="{_x(value, largest):.1f}" cy="{y:.1f}" r="3.6" '
                f'fill="{colour}" fill-opacity="0.45"/>'
            )
        for share in (50, 95):
            found = percentile(list(values), share)
            if found is None:
                continue
            x = _x(found, largest)
            parts.append(
                f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{middle - 15:.1f}" y2="{middle + 15:.1f}" '
                f'stroke="{colour}" stroke-width="2.5"/>'
            )
            shift = -4 if share == 50 else 4
            anchor = "end" if share == 50 else "start"
            label = f"p{share} {found:.0f}"
            parts.append(_text(x + shift, middle - 12, label, 11, anchor=anchor, colour=colour))
    return parts, bottom + 40


def _stages(systems: Sequence[tuple[str, Summary]], top: float) -> tuple[list[str], float]:
    """The medians of when each stage was done."""
    largest = _ROOM * max(
        (at[0] for _, summary in systems for at in summary.split_ms.values()), default=1.0
    )
    parts = [
        _text(
            _LEFT - 70, top + 14, "Where the time goes: median moment of each stage", 13, bold=True
        )
    ]
    names = [name for name in (*STAGES, AUDIBLE) if any(name in s.split_ms for _, s in systems)]
    bottom = top + _HEAD + 22 * len(names)
    parts += _axis(largest, top + _HEAD - 6, bottom)
    for index, name in enumerate(names):
        y = top + _HEAD + 22 * index
        parts.append(_text(_LEFT - 8, y + 14, _NAMES[name], 11, anchor="end"))
        for row, (system, summary) in enumerate(systems):
            if name in summary.split_ms:
                value = max(0.0, summary.split_ms[name][0])
                width = max(1.5, _x(value, largest) - _LEFT)
                parts.append(
                    f'<rect x="{_LEFT}" y="{y + 2 + 9 * row:.1f}" width="{width:.1f}" height="8" '
                    f'fill="{_COLOURS[system]}"/>'
                )
    return parts, bottom + 40


def _counts(report: Report, top: float) -> tuple[list[str], float]:
    """What cannot be drawn on an axis of time."""
    lines = []
    for system, summary in (("stock", report.stock), ("ours", report.ours)):
        lines.append(
            f"{system}: {summary.cut_ins} cut-ins and {summary.early} turns committed too early in"
            f" {summary.trials} pauses, {summary.missed} missed endings,"
            f" {100 * summary.wer:.1f} % of words wrong, {summary.cpu_s_per_min:.1f} CPU s a minute"
        )
    parts = [
        _text(_LEFT - 70, top + 8 + 18 * index, line, 12, colour=_COLOURS[line.split(":")[0]])
        for index, line in enumerate(lines)
    ]
    return parts, top + 8 + 18 * len(lines) + 8


def _axis(largest: float, top: float, bottom: float) -> list[str]:
    step = next((s for s in _STEPS_MS if largest / s <= 8), _STEPS_MS[-1])
    parts = []
    value = 0
    while value <= largest:
        x = _x(value, largest)
        parts.append(
            f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{top:.1f}" y2="{bottom:.1f}" stroke="{_FAINT}"/>'
        )
        parts.append(
            _text(x, bottom + 15, f"{value} ms" if value == 0 else str(value), 11, anchor="middle")
        )
        value += step
    return parts


def _x(value: float, largest: float) -> float:
    return _LEFT + (_WIDTH - _LEFT - _RIGHT) * value / max(largest, 1e-9)


def _text(
    x: float,
    y: float,
    text: str,
    size: int,
    *,
    anchor: str = "start",
    bold: bool = False,
    colour: str = _INK,
) -> str:
    weight = ' font-weight="bold"' if bold else ""
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" fill="{colour}" '
        f'text-anchor="{anchor}"{weight}>{escape(text)}</text>'
    )
