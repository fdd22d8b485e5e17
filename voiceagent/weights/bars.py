"""Show a fetch's progress on a console.

In: ``Progress`` values. Out: bars on a terminal; where there is none (a build log), a line at each
step and each further tenth, so that a log shows life without a thousand lines.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator

from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)
from rich.progress import Progress as RichProgress

from voiceagent.weights.progress import Progress, Step


@contextlib.contextmanager
def bars(console: Console) -> Iterator[Callable[[Progress], None]]:
    """A progress callback that draws on ``console`` for as long as the context lasts."""
    if not console.is_terminal:
        yield _Lines(console)
        return
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
    )
    with RichProgress(*columns, console=console) as drawn:
        yield _Bars(drawn)


class _Bars:
    """One bar per weights; it starts again for the file being verified."""

    def __init__(self, drawn: RichProgress) -> None:
        self._drawn = drawn
        self._tasks: dict[str, TaskID] = {}

    def __call__(self, progress: Progress) -> None:
        if progress.name not in self._tasks:
            self._tasks[progress.name] = self._drawn.add_task(progress.name)
        self._drawn.update(
            self._tasks[progress.name],
            description=_title(progress),
            completed=progress.done_bytes,
            total=progress.total_bytes,
        )


class _Lines:
    """A line per tenth of a download, one for the verifying and one for the end."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._last = ""

    def __call__(self, progress: Progress) -> None:
        text = f"{progress.name} {progress.step.value}"
        if progress.step is Step.DOWNLOADING:
            tenth = 10 * progress.done_bytes // max(1, progress.total_bytes)
            text += f": {10 * tenth} % of {progress.total_bytes / 1e6:.0f} MB"
        if text != self._last:
            self._last = text
            self._console.print(text, highlight=False, markup=False)


def _title(progress: Progress) -> str:
    name = f"{progress.name}/{progress.file}" if progress.file else progress.name
    return f"{name} {progress.step.value}"
