"""``voiceagent bench bridge``: what joining two browsers costs them."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

from rich.console import Console
from rich.table import Table

from voiceagent.bench.bridge_delay import measure_bridge
from voiceagent.terminal.latency import check_writable, write_json

ECHO_S = 5.0
BRIDGED_S = 20.0


async def bench_bridge(rounds: int, result: Path | None, console: Console) -> None:
    """Measure the bridge with real connections on this machine, and print what it costs.

    Args:
        rounds: pairs of new connections.
        result: where the JSON goes; None for nowhere.

    Raises:
        InputError: the file cannot be written.
        NoSoundError: one of the two never heard the other.
    """
    check_writable(result)
    lasts_s = rounds * (2 * ECHO_S + BRIDGED_S)
    console.print(f"{rounds} pairs of browsers, {lasts_s:.0f} seconds ...", style="dim")
    figures = await measure_bridge(rounds, ECHO_S, BRIDGED_S)
    each = [round_.added_ms for round_ in figures.rounds]
    table = Table(box=None, show_header=False)
    table.add_column()
    table.add_column(justify="right")
    table.add_row("one way, browser to browser, ms", f"{figures.one_way_ms:.0f}")
    table.add_row("of that added by the bridge, ms", f"{figures.added_ms:.0f}")
    table.add_row("  least and most of the rounds, ms", f"{min(each):.0f} to {max(each):.0f}")
    table.add_row("accept to two-way audio, ms", f"{figures.accept_to_two_way_ms:.0f}")
    table.add_row("glitches per minute", f"{figures.glitches_per_minute:.1f}")
    table.add_row("chirps not heard", str(figures.chirps_unheard))
    console.print(table)
    if result is not None:
        write_json(
            result,
            {
                "one_way_ms": figures.one_way_ms,
                "added_ms": figures.added_ms,
                "accept_to_two_way_ms": figures.accept_to_two_way_ms,
                "glitches_per_minute": figures.glitches_per_minute,
                "chirps_unheard": figures.chirps_unheard,
                "rounds": [asdict(round_) for round_ in figures.rounds],
            },
        )
        console.print(f"Figures: {result}")
