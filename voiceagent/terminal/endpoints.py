"""``voiceagent bench endpointing``: how long the ear waits at every pause of recorded callers."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console
from rich.table import Table

from voiceagent.bench.latency.endpoints import cut_off, fit, observe, observe_cuts, waits
from voiceagent.bench.latency.material import shipped
from voiceagent.settings import Settings
from voiceagent.speech.recogniser import Recogniser
from voiceagent.terminal.latency import check_writable, write_json
from voiceagent.weights.verification import locate


def bench_endpointing(
    settings: Settings, part: str, result: Path | None, console: Console, *, fitting: bool
) -> None:
    """Print how often which wait follows at ends of turns and at pauses within them.

    Args:
        part: of the shipped recordings.
        result: where the JSON goes; None for nowhere.
        fitting: print the weights of the signs that fit this part best, too.

    Raises:
        InputError: there is no such part, the file cannot be written, or scikit-learn is missing.
        WeightsError: the recogniser's weights are missing or wrong.
    """
    check_writable(result)
    material = shipped(settings.fixtures_dir, part)
    recogniser = Recogniser(locate(settings.whisper, settings.weights_dir))
    console.print(f"{part}: turns and pauses ...", style="dim")
    seen = list(observe(material, recogniser))
    ends, pauses = waits(seen, ends=True), waits(seen, ends=False)
    table = Table(box=None)
    for title in ("silence waited for, ms", "ends of turns", "pauses within turns"):
        table.add_column(title, justify="right")
    for wait in sorted({*ends, *pauses}):
        table.add_row(str(wait), str(ends[wait]), str(pauses[wait]))
    console.print(table)
    lost = cut_off(seen)
    console.print(
        f"Cut off, were the caller's habits not known: {lost} of {pauses.total()} pauses."
    )
    figures = {
        "part": part,
        "ends": {str(wait): count for wait, count in sorted(ends.items())},
        "pauses": {str(wait): count for wait, count in sorted(pauses.items())},
        "cut_off": lost,
    }
    if fitting:
        console.print(f"{part}: turns broken off behind each word ...", style="dim")
        fitted = fit([*seen, *observe_cuts(material, recogniser)])
        told = ", ".join(f"{weight:.2f}" for weight in fitted.weights)
        console.print(f"Weights: bias {fitted.bias:.2f}; tone, mark, clarity, scrap: {told}.")
        figures["fit"] = {"bias": fitted.bias, "weights": list(fitted.weights)}
    if result is not None:
        write_json(result, figures)
        console.print(f"Figures: {result}")
