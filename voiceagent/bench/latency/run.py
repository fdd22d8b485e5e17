"""One run of the latency bench: both systems by turns, on the same plan and the same model.

In: what is to be said, and which language model answers. Out: the report. The systems take turns
call by call, so that whatever else the machine does meets both; while one talks, the other's
process is idle. The first call of each is not counted: a measurement with a warm-up in it is wrong.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from voiceagent.bench.latency.local_calls import local_calls, stock_instructions
from voiceagent.bench.latency.machine import OtherLoad
from voiceagent.bench.latency.material import Material, folder_of_recordings, shipped
from voiceagent.bench.latency.plan import PlannedCall, plan_calls, save
from voiceagent.bench.latency.processes import (
    Held,
    SystemProcess,
    opened_system,
    scripted_llm,
)
from voiceagent.bench.latency.report import Report, summarise, told_turns
from voiceagent.bench.latency.scripted_llm import MODEL
from voiceagent.bench.latency.system import SystemOptions
from voiceagent.domain.errors import InputError
from voiceagent.settings import Settings
from voiceagent.wiring import local_model_server

SYSTEMS = ("stock", "ours")
WARM_UP = "warm-up"
LLMS = ("scripted", "local")
_WARM_UP_TURNS = 2
_INSTRUCTIONS = "You are a friendly phone assistant. Answer in one or two short sentences."

Progress = Callable[[str, str], None]
"""Told which system holds which call."""


@dataclass(frozen=True, slots=True)
class BenchOptions:
    """What to measure.

    Attributes:
        part: of the shipped recordings: ``report``, or ``tuning``.
        audio: somebody's own recordings instead.
        rate_hz: 8000 for a telephone line, 16000 for wideband.
        turns: at most so many turns of each kind; None for all.
        llm: ``scripted`` or ``local``.
        stock_threads: ``quiet``, as ours has them, or ``plain``: what the libraries choose.
    """

    part: str = "report"
    audio: Path | None = None
    rate_hz: int = 8000
    turns: int | None = None
    llm: str = "scripted"
    stock_threads: str = "quiet"

    def __post_init__(self) -> None:
        if self.rate_hz not in {8000, 16000}:
            raise InputError(f"A line cannot have {self.rate_hz} Hz.", "Use 8000 or 16000.")
        if self.llm not in LLMS:
            raise InputError(f"There is no language model '{self.llm}'.", f"Use {LLMS}.")
        if self.stock_threads not in {"quiet", "plain"}:
            raise InputError(
                f"There are no thread settings '{self.stock_threads}'.", "Use quiet or plain."
            )
        if self.turns is not None and self.turns < 1:
            raise InputError("A run needs at least one turn.", "Raise --turns.")


def material_of(options: BenchOptions, settings: Settings) -> Material:
    """What the caller can say."""
    if options.audio is not None:
        return folder_of_recordings(options.audio)
    return shipped(settings.fixtures_dir, options.part)


def warm_up_of(calls: Sequence[PlannedCall]) -> PlannedCall:
    """A short call with the first turns, to load and warm everything."""
    first = calls[0]
    return replace(first, id=WARM_UP, turns=first.turns[:_WARM_UP_TURNS])


async def measure(options: BenchOptions, settings: Settings, progress: Progress) -> Report:
    """Run the bench.

    Raises:
        InputError: the recordings cannot be used.
        BenchSystemError, WeightsError, LanguageModelError: what their names say.
    """
    if options.llm == "local":
        calls = await asyncio.to_thread(local_calls, options, settings)
    else:
        material = await asyncio.to_thread(material_of, options, settings)
        wideband = options.rate_hz == 16_000
        calls = await asyncio.to_thread(plan_calls, material, options.turns, wideband=wideband)
    async with opened_systems(options, settings, calls) as systems:
        held: dict[str, list[Held]] = {name: [] for name in SYSTEMS}
        load = OtherLoad()
        for name, system in systems.items():
            progress(name, WARM_UP)
            await system.hold([WARM_UP])
        for index, call in enumerate(calls):
            # Who goes first changes, too.
            for name in SYSTEMS if index % 2 == 0 else reversed(SYSTEMS):
                progress(name, call.id)
                load.begin()
                held[name].append(await systems[name].hold([call.id]))
                load.end(held[name][-1])
    return _report(options, held, load.cores)


@asynccontextmanager
async def opened_systems(
    options: BenchOptions, settings: Settings, calls: Sequence[PlannedCall]
) -> AsyncIterator[dict[str, SystemProcess]]:
    """Both systems, their models loaded, with a plan of these calls and a warm-up call."""
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-")))
        await asyncio.to_thread(save, [warm_up_of(calls), *calls], folder)
        systems = {}
        chosen = await _system_options(options, settings, folder, stack)
        quiet = options.stock_threads == "quiet"
        chosen["stock"] = replace(chosen["stock"], quiet_threads=quiet)
        for name, system in chosen.items():
            await asyncio.to_thread(system.data_dir.mkdir)
            systems[name] = await stack.enter_async_context(opened_system(name, system, folder))
        yield systems


async def _system_options(
    options: BenchOptions, settings: Settings, folder: Path, stack: AsyncExitStack
) -> dict[str, SystemOptions]:
    ours, stock = folder / "ours", folder / "stock"
    rate_hz = options.rate_hz
    if options.llm == "scripted":
        url = await stack.enter_async_context(scripted_llm())
        return {
            "stock": SystemOptions(url, MODEL, rate_hz, stock, _INSTRUCTIONS),
            "ours": SystemOptions(url, MODEL, rate_hz, ours),
        }
    # Ours starts the local model by itself; stock gets one of its own, started the same way.
    server = await asyncio.to_thread(local_model_server, settings)
    endpoint = (await stack.enter_async_context(server)).endpoint
    instructions = await asyncio.to_thread(stock_instructions, settings)
    return {
        "stock": SystemOptions(
            endpoint.url, endpoint.model, rate_hz, stock, instructions, endpoint.api_key
        ),
        "ours": SystemOptions("", "", rate_hz, ours),
    }


def _report(options: BenchOptions, held: dict[str, list[Held]], other_load: float) -> Report:
    records = {name: [r for h in parts for r in h.records] for name, parts in held.items()}
    memory = {name: max(h.memory_mb for h in parts) for name, parts in held.items()}
    condition: dict[str, Any] = {
        "part": None if options.audio else options.part,
        "audio": options.audio.name if options.audio else None,
        "rate_hz": options.rate_hz,
        "llm": options.llm,
        "stock_threads": options.stock_threads,
        "other_load_cores": other_load,
    }
    return Report(
        ours=summarise(records["ours"], memory["ours"]),
        stock=summarise(records["stock"], memory["stock"]),
        llm=options.llm,
        condition=condition,
        turns={name: told_turns(records[name]) for name in SYSTEMS},
    )
