"""What ``voiceagent models fetch``, ``list`` and ``verify`` do, without the argument parsing.

In: a console to write to, the weights folder, names. Out: text on the console, or a
``WeightsError`` for the command line to show. Kept apart from ``cli`` so that it is tested without
one.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

from voiceagent.domain.errors import WeightsError, WeightsHashError
from voiceagent.weights import catalogue
from voiceagent.weights.catalogue import Weights
from voiceagent.weights.fetching import FetchOptions, Source, fetch_with_bars, locate


def fetch_models(
    console: Console, weights_dir: Path, names: Sequence[str], *, source: Source = Source.AUTO
) -> None:
    """Fetch the weights called ``names``; what is already there and right costs nothing.

    Raises:
        WeightsError: see ``fetching.fetch``; or no name was given.
    """
    if not names:
        raise WeightsError(
            "No weights were named.",
            f"Name one or more of: {', '.join(sorted(catalogue.CATALOGUE))}.",
        )
    fetch_with_bars(names, weights_dir, console, options=FetchOptions(source=source))
    console.print(f"Weights are in {weights_dir}", highlight=False, markup=False, soft_wrap=True)


def list_models(console: Console, weights_dir: Path) -> None:
    """A table of the catalogue: what is here, how big it is, its licence and its source."""
    table = Table(box=None, pad_edge=False)
    for heading in ("Name", "Here", "Size", "Licence", "From", "What it is"):
        table.add_column(heading, no_wrap=heading != "What it is")
    for weights in catalogue.CATALOGUE.values():
        table.add_row(
            weights.name,
            "yes" if _present(weights, weights_dir) else "no",
            f"{weights.size_bytes / 1e6:.0f} MB",
            weights.licence,
            "index, hub" if weights.bundled else "hub",
            weights.purpose,
        )
    console.print(table)
    console.print(f"Folder: {weights_dir}", highlight=False, markup=False, soft_wrap=True)


def verify_models(
    console: Console, weights_dir: Path, names: Sequence[str] = (), *, full: bool = False
) -> None:
    """Check weights on disk, a line for each; without names, all that are there.

    Args:
        console: where the lines go.
        weights_dir: the folder that holds one folder per weights.
        names: what must be there and right.
        full: hash every file, even those a stamp vouches for.

    Raises:
        WeightsHashError: a file is not the one the catalogue names.
        WeightsError: something named is absent, or nothing is there at all.
    """
    wanted = [catalogue.find(name) for name in names] or [
        weights for weights in catalogue.CATALOGUE.values() if (weights_dir / weights.name).is_dir()
    ]
    if not wanted:
        raise WeightsError(
            f"There are no weights in {weights_dir}.", "To get some, run: voiceagent models fetch"
        )
    failures: list[WeightsError] = []
    for weights in wanted:
        try:
            locate(weights.name, weights_dir, verify="full" if full else True)
        except WeightsError as error:
            failures.append(error)
            console.print(f"{weights.name}: {error}", highlight=False, markup=False, soft_wrap=True)
        else:
            console.print(f"{weights.name}: right", highlight=False, markup=False)
    if failures:
        # A wrong file is worse news than a missing one.
        raise next((e for e in failures if isinstance(e, WeightsHashError)), failures[0])


def _present(weights: Weights, weights_dir: Path) -> bool:
    try:
        locate(weights.name, weights_dir, verify=False)
    except WeightsError:
        return False
    return True
