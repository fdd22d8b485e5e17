"""When a call ends: somebody decided so, the caller left, it broke, or it took too long."""

from __future__ import annotations

import asyncio
from typing import Any


class Closing:
    """The end of one call, decided once; used from the call's event loop."""

    def __init__(self) -> None:
        self._decided: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    @property
    def decided(self) -> bool:
        """Whether the call is to end."""
        return self._decided.done()

    def decide(self, reason: str) -> None:
        """Let the call end for a reason; the first decision stands."""
        if not self._decided.done():
            self._decided.set_result(reason)

    def fail(self, error: BaseException) -> None:
        """Let the call end because something broke; the first decision stands."""
        if not self._decided.done():
            self._decided.set_exception(error)

    def reason(self, *, caller_left: bool) -> str:
        """Why the call ends.

        Raises:
            Exception: what it broke with.
        """
        if self._decided.done():
            return self._decided.result()
        return "caller_hung_up" if caller_left else "longest_call_reached"

    async def wait(
        self, opening: asyncio.Task[None], leaving: asyncio.Task[bool], longest_s: float
    ) -> None:
        """Wait until the call is to end, the caller is gone, or the longest call is over.

        Args:
            opening: says what we are; its failure is the call's.
            leaving: done once the caller is gone.
            longest_s: after so long the call is over anyway.
        """
        loop = asyncio.get_running_loop()
        end = loop.time() + longest_s
        while not (self._decided.done() or leaving.done()) and loop.time() < end:
            waiting: set[asyncio.Future[Any]] = {self._decided, leaving}
            if opening.done():
                opening.result()
            else:
                waiting.add(opening)
            await asyncio.wait(
                waiting, timeout=end - loop.time(), return_when=asyncio.FIRST_COMPLETED
            )
            if opening.done():
                opening.result()
