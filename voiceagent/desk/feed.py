"""News without a queue: whoever waits learns that there is something newer than what they have.

What enters: ``publish``, whenever something changed. What leaves: the end of a wait. A reader keeps
the version it has seen, and reads the state itself; one that is slow finds the newest state when it
comes back, and nothing piles up meanwhile.
"""

from __future__ import annotations

import asyncio


class Feed:
    """One thing that changes; used from one event loop.

    Attributes:
        version: counts the changes.
    """

    def __init__(self) -> None:
        self.version = 0
        self._news = asyncio.Event()

    def publish(self) -> None:
        """Say that it has changed. Never blocks, however many wait."""
        self.version += 1
        news, self._news = self._news, asyncio.Event()
        news.set()

    async def newer_than(self, version: int) -> int:
        """Wait until there is something newer than ``version``, and tell how new it is.

        Waits without end: put a deadline around it, or cancel it.
        """
        while self.version == version:
            await self._news.wait()
        return self.version
