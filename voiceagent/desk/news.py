"""That something is new, told to whoever waits: what is new they look up themselves.

Nothing is queued, so a slow reader costs nothing and sees the latest state next.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager


class News:
    """Used from one event loop."""

    def __init__(self) -> None:
        self._readers: set[asyncio.Event] = set()

    def tell(self) -> None:
        """Something is new."""
        for reader in self._readers:
            reader.set()

    @contextmanager
    def read(self) -> Iterator[asyncio.Event]:
        """An event that is set by every piece of news; its reader clears it before looking."""
        reader = asyncio.Event()
        self._readers.add(reader)
        try:
            yield reader
        finally:
            self._readers.discard(reader)

    async def until(self, holds: Callable[[], bool], deadline_s: float) -> bool:
        """Wait until it holds: whether it does by the deadline."""
        with self.read() as news:
            try:
                async with asyncio.timeout(deadline_s):
                    while not holds():
                        news.clear()
                        await news.wait()
            except TimeoutError:
                return holds()
        return True
