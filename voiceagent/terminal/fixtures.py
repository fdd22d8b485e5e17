"""``voiceagent bench fixtures``: every recorded caller, counted."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

from voiceagent.app import Application
from voiceagent.bench.fixtures import Fixture, FixtureResult, load_fixtures, run_fixture
from voiceagent.domain.errors import InputError
from voiceagent.settings import Settings


async def count_fixtures(
    settings: Settings, only: Sequence[str], out: Path | None, jobs: int, console: Console
) -> int:
    """Run recorded callers, print a table, and return 0 if each ended as expected, else 1.

    Args:
        only: ids of callers; empty for all.
        out: folder for the calls' files; None for a temporary one.
        jobs: calls at a time.

    Raises:
        InputError: an id is unknown.
    """
    callers = {f.id: f for f in load_fixtures(settings.fixtures_dir) if f.kind == "caller"}
    unknown = sorted(set(only) - set(callers))
    if unknown:
        raise InputError(
            f"There is no recorded caller {', '.join(unknown)}.",
            f"Known are: {', '.join(callers)}.",
        )
    chosen = [callers[name] for name in (only or callers)]
    with tempfile.TemporaryDirectory() as temporary:
        results = await _run(settings, chosen, out or Path(temporary), jobs, console)
    table = Table("caller", "as expected", "outcome", "handoff", "what differed", box=None)
    for result in results:
        table.add_row(
            result.id,
            "no" if result.problems else "yes",
            str(result.summary.get("outcome")),
            str(result.summary.get("handoff", {}).get("outcome") or "none"),
            "; ".join(result.problems),
        )
    console.print(table)
    right = sum(not result.problems for result in results)
    console.print(f"{right} of {len(results)} callers ended as the manifest says.", style="bold")
    return 0 if right == len(results) else 1


async def _run(
    settings: Settings, chosen: Sequence[Fixture], out: Path, jobs: int, console: Console
) -> list[FixtureResult]:
    places = asyncio.Semaphore(jobs)

    async with Application(settings) as application:

        async def one(fixture: Fixture) -> FixtureResult:
            async with places:
                console.print(f"{fixture.id} ...", style="dim")
                folder = out / fixture.id
                return await run_fixture(application, settings.fixtures_dir, fixture, folder)

        return list(await asyncio.gather(*(one(fixture) for fixture in chosen)))
