"""``voiceagent bench ...``: measure and count, on this machine; arguments only."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from voiceagent.settings import load_settings, without_model_hub

bench = typer.Typer(help="Measure and count, on this machine.", no_args_is_help=True)
out = Console(highlight=False)


@bench.command("fixtures")
def bench_fixtures(
    only: Annotated[list[str] | None, typer.Argument(help="Callers; all if none is named.")] = None,
    llm_url: Annotated[str | None, typer.Option(help="OpenAI-compatible base URL.")] = None,
    llm_model: Annotated[str | None, typer.Option(help="Model name at --llm-url.")] = None,
    folder: Annotated[Path | None, typer.Option("--out", help="Keep the calls' files.")] = None,
    jobs: Annotated[int, typer.Option(min=1, help="Calls at a time.")] = 1,
) -> None:
    """Call every recorded caller and count those that end as the manifest says."""
    without_model_hub()
    from voiceagent.terminal.fixtures import count_fixtures

    settings = load_settings(llm_url=llm_url, llm_model=llm_model)
    raise typer.Exit(asyncio.run(count_fixtures(settings, only or (), folder, jobs, out)))


@bench.command("latency")
def bench_latency(
    result: Annotated[Path | None, typer.Option("--json", help="Write the figures here.")] = None,
    plot: Annotated[Path, typer.Option(help="Write the picture (SVG) here.")] = Path("latency.svg"),
    audio: Annotated[
        Path | None,
        typer.Option(help="Folder of your own recordings: WAV with a .txt of the same name."),
    ] = None,
    part: Annotated[
        str, typer.Option(help="Of the shipped recordings: report, or tuning.")
    ] = "report",
    llm: Annotated[str, typer.Option(help="scripted, or local: the real playbook.")] = "scripted",
    rate: Annotated[int, typer.Option(help="Of the line: 8000 or 16000 Hz.")] = 8000,
    turns: Annotated[int | None, typer.Option(help="At most so many turns of each kind.")] = None,
    quick: Annotated[bool, typer.Option("--quick", help="The same as --turns 4.")] = False,
    stock_threads: Annotated[
        str, typer.Option(help="Of stock: quiet, as ours has them, or plain: its libraries' own.")
    ] = "quiet",
) -> None:
    """How long callers wait: ours and a stock pipecat pipeline, on the same audio, in one run."""
    without_model_hub()
    from voiceagent.bench.latency.run import BenchOptions
    from voiceagent.terminal.latency import bench_latency as measure

    at_most = turns or (4 if quick else None)
    options = BenchOptions(part, audio, rate, at_most, llm, stock_threads)
    asyncio.run(measure(load_settings(), options, result, plot, out))


@bench.command("calls")
def bench_calls(
    result: Annotated[Path | None, typer.Option("--json", help="Write the figures here.")] = None,
    most: Annotated[int, typer.Option(min=1, max=32, help="Stop at so many calls.")] = 24,
    part: Annotated[
        str, typer.Option(help="Of the shipped recordings: report, or tuning.")
    ] = "report",
    stock_threads: Annotated[
        str, typer.Option(help="Of stock: quiet, as ours has them, or plain: its libraries' own.")
    ] = "quiet",
) -> None:
    """How many calls at once before callers wait twice as long: ours and stock, in one run."""
    without_model_hub()
    from voiceagent.bench.latency.run import BenchOptions
    from voiceagent.terminal.latency import bench_calls as measure

    options = BenchOptions(part, stock_threads=stock_threads)
    asyncio.run(measure(load_settings(), options, most, result, out))


@bench.command("endpointing")
def bench_endpointing(
    result: Annotated[Path | None, typer.Option("--json", help="Write the figures here.")] = None,
    part: Annotated[
        str, typer.Option(help="Of the shipped recordings: report, or tuning.")
    ] = "report",
    fit: Annotated[
        bool, typer.Option("--fit", help="Fit the weights of the signs to this part as well.")
    ] = False,
) -> None:
    """How long callers are waited for, at ends of turns and at pauses within them."""
    without_model_hub()
    from voiceagent.terminal.endpoints import bench_endpointing as count

    count(load_settings(), part, result, out, fitting=fit)


@bench.command("bridge")
def bench_bridge(
    result: Annotated[Path | None, typer.Option("--json", help="Write the figures here.")] = None,
    rounds: Annotated[int, typer.Option(min=1, help="Pairs of new connections.")] = 5,
) -> None:
    """What joining a customer's and a human's browser costs: delay, glitches, accept to audio."""
    from voiceagent.terminal.bridge import bench_bridge as measure

    asyncio.run(measure(rounds, result, out))
