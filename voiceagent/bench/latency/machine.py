"""What else the machine did during a measurement, so that its reader can tell a disturbed run.

In: the processor time of the system under measurement. Out: how many cores everything else took on
average: other programs, and the language model's server.
"""

from __future__ import annotations

import os
import time
from pathlib import Path

from voiceagent.bench.latency.processes import Held

_STAT = Path("/proc/stat")


class OtherLoad:
    """Processor time of everything but the system under measurement; zero where unknown."""

    def __init__(self) -> None:
        self._other_s = 0.0
        self._wall_s = 0.0
        self._begun = (0.0, 0.0)

    def begin(self) -> None:
        """A stretch of the measurement begins."""
        self._begun = (_busy_s(), time.monotonic())

    def end(self, held: Held) -> None:
        """It has ended; what the system itself used is known."""
        busy, begun = self._begun
        self._other_s += max(0.0, _busy_s() - busy - held.cpu_s)
        self._wall_s += time.monotonic() - begun

    @property
    def cores(self) -> float:
        """On average, over all stretches."""
        return self._other_s / self._wall_s if self._wall_s else 0.0


def _busy_s() -> float:
    """Processor time of all cores since the machine was started, idle and waiting left out."""
    if not _STAT.is_file():
        return 0.0
    user, nice, system, _idle, _waiting, irq, softirq = (
        int(ticks) for ticks in _STAT.read_text("ascii").split()[1:8]
    )
    return (user + nice + system + irq + softirq) / os.sysconf("SC_CLK_TCK")
