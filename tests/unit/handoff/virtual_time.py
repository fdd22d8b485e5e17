"""An event loop in which time passes only when nothing else is left to do.

Ten minutes on hold take milliseconds, in the same order every time. Waiting for something that can
never happen is an error instead of a hang.
"""

from __future__ import annotations

import asyncio
import selectors
from typing import Any


class NothingLeftToHappenError(RuntimeError):
    """Everybody waits, and no timer is set."""


class _Selector(selectors.SelectSelector):
    def __init__(self) -> None:
        super().__init__()
        self.now_s = 0.0

    def select(self, timeout: float | None = None) -> list[Any]:
        ready = super().select(0)
        if not ready:
            if timeout is None:
                raise NothingLeftToHappenError
            self.now_s += max(0.0, timeout)
        return ready


class VirtualTimeLoop(asyncio.SelectorEventLoop):
    """A loop whose clock is its own."""

    def __init__(self) -> None:
        self._virtual = _Selector()
        super().__init__(self._virtual)

    def time(self) -> float:
        return self._virtual.now_s
