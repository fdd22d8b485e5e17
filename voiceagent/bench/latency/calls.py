"""How many simultaneous calls a system holds before its callers wait twice as long.

In: what is to be said. Out: p50 and p95 of voice to voice at each number of calls. All calls of a
level are held by one process; each caller begins with another sentence, so that they do not speak
in step.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from voiceagent.bench.latency.figures import findings, percentile, waits
from voiceagent.bench.latency.plan import PlannedCall, PlannedTurn, plan_calls
from voiceagent.bench.latency.processes import Held
from voiceagent.bench.latency.record import Kind
from voiceagent.bench.latency.run import (
    SYSTEMS,
    WARM_UP,
    BenchOptions,
    Progress,
    material_of,
    opened_systems,
)
from voiceagent.settings import Settings

LEVELS = (1, 2, 3, 4, 6, 8, 12, 16, 24, 32)
_TURNS_EACH = 6
# One call alone says more, so that the figure everything is compared with is a steady one.
_TURNS_ALONE = 12
_ALONE = "alone"
# With more turns than this unanswered the system does not hold the calls any more.
_LEAST_ANSWERED = 0.9


@dataclass(frozen=True, slots=True)
class Level:
    """What callers waited for at so many calls."""

    calls: int
    turns: int
    answered: int
    p50_ms: float | None
    p95_ms: float | None
    cores: float
    memory_mb: float


@dataclass(frozen=True, slots=True)
class CallsReport:
    """Every level of both systems."""

    levels: dict[str, tuple[Level, ...]]
    cores: int

    def held(self, system: str) -> int:
        """The most calls at which p95 had not doubled."""
        return most_held(self.levels[system])

    def calls_per_core(self, system: str) -> float:
        """The same by core."""
        return self.held(system) / self.cores

    def as_json(self) -> dict[str, Any]:
        """The JSON of ``--json``; ``calls_per_core.ours`` and ``.stock`` are a contract."""
        per_core = {name: self.calls_per_core(name) for name in SYSTEMS}
        stock = per_core["stock"]
        return {
            "calls_per_core": per_core,
            "ratio": per_core["ours"] / stock if stock else None,
            "cores": self.cores,
            "levels": {
                name: [{key: getattr(x, key) for key in Level.__slots__} for x in levels]
                for name, levels in self.levels.items()
            },
        }


def most_held(levels: Sequence[Level]) -> int:
    """The most calls at which p95 is at most twice that of one call, and turns are answered."""
    alone = levels[0].p95_ms if levels else None
    held = 0
    for level in levels:
        if not _holds(level, alone):
            break
        held = level.calls
    return held


async def measure_calls(
    options: BenchOptions, settings: Settings, most: int, progress: Progress
) -> CallsReport:
    """Raise the number of calls of each system until p95 has doubled, or to *most*.

    Raises:
        InputError: the recordings cannot be used.
        BenchSystemError: a system failed.
    """
    material = await asyncio.to_thread(material_of, options, settings)
    wideband = options.rate_hz == 16_000
    planned = await asyncio.to_thread(plan_calls, material, options.turns, wideband=wideband)
    clear = [t for call in planned for t in call.turns if t.kind is Kind.CLEAR]
    calls = [PlannedCall(_ALONE, _rotated(clear, 0, _TURNS_ALONE))]
    calls += [PlannedCall(f"call-{i}", _rotated(clear, i, _TURNS_EACH)) for i in range(most)]
    levels: dict[str, list[Level]] = {name: [] for name in SYSTEMS}
    async with opened_systems(options, settings, calls) as systems:
        for name, system in systems.items():
            progress(name, WARM_UP)
            await system.hold([WARM_UP])
        open_ones = list(SYSTEMS)
        for count in [level for level in LEVELS if level <= most]:
            for name in list(open_ones):
                progress(name, f"{count} at once")
                chosen = [_ALONE] if count == 1 else [f"call-{i}" for i in range(count)]
                level = _level(count, await systems[name].hold(chosen))
                levels[name].append(level)
                if not _holds(level, levels[name][0].p95_ms):
                    open_ones.remove(name)
    return CallsReport({name: tuple(found) for name, found in levels.items()}, _cores())


def _holds(level: Level, alone_p95_ms: float | None) -> bool:
    if level.p95_ms is None or alone_p95_ms is None:
        return False
    enough = level.answered >= _LEAST_ANSWERED * level.turns
    return enough and level.p95_ms <= 2 * alone_p95_ms


def _level(calls: int, held: Held) -> Level:
    found = [finding for record in held.records for finding in findings(record)]
    waited = [1000 * wait for wait in waits(found, Kind.CLEAR)]
    return Level(
        calls=calls,
        turns=len(found),
        answered=len(waited),
        p50_ms=percentile(waited, 50),
        p95_ms=percentile(waited, 95),
        cores=held.cpu_s / held.wall_s,
        memory_mb=held.memory_mb,
    )


def _rotated(turns: Sequence[PlannedTurn], by: int, count: int) -> tuple[PlannedTurn, ...]:
    # Two steps on for each caller: neighbours share as few sentences as possible.
    return tuple(replace(turns[(2 * by + i) % len(turns)]) for i in range(count))


def _cores() -> int:
    return len(os.sched_getaffinity(0))
