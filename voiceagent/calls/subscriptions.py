"""How a log's committed events reach whoever asked for them.

Events go in through ``tell``, in order, on the event loop; they leave as calls of a callback. A
critical subscription calls at once. A queued one has a task and a bounded queue of its own and, if
it falls too far behind, says which events it has lost instead of holding up anybody.
"""

from __future__ import annotations

import asyncio
import logging
import traceback
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from voiceagent.domain.events import LoggedEvent

_logger = logging.getLogger(__name__)


class Subscription(ABC):
    """One subscriber of a log."""

    def __init__(self) -> None:
        self._cancelled = False
        self._failures = 0

    @property
    def cancelled(self) -> bool:
        """Whether it has been ended; nothing more is told then."""
        return self._cancelled

    @property
    def failures(self) -> int:
        """How often the callback has raised."""
        return self._failures

    def cancel(self) -> None:
        """Tell nothing more, from now on; events that wait are dropped."""
        self._cancelled = True

    @abstractmethod
    def tell(self, logged: LoggedEvent) -> None:
        """Hand over the next event; never blocks and never raises."""

    async def finish(self, timeout_s: float) -> None:  # noqa: ARG002 - for subclasses
        """Let what waits be told, for at most ``timeout_s``, then end."""
        self.cancel()

    def _failed(self, error: Exception) -> None:
        """Note that the callback raised; its message may quote the caller, so it is not logged."""
        self._failures += 1
        last = traceback.extract_tb(error.__traceback__)[-1]
        _logger.error(
            "event subscriber failed: %s at %s:%s", type(error).__name__, last.name, last.lineno
        )


class CriticalSubscription(Subscription):
    """Calls a plain function in-line: it misses nothing and must not block."""

    def __init__(self, callback: Callable[[LoggedEvent], None]) -> None:
        super().__init__()
        self._callback = callback

    def tell(self, logged: LoggedEvent) -> None:
        """Call the function now."""
        if self._cancelled:
            return
        try:
            self._callback(logged)
        except Exception as error:
            self._failed(error)


@dataclass(slots=True)
class _Lost:
    """Events ``first_seq..last_seq`` were not kept, because the queue was full."""

    first_seq: int
    last_seq: int


class QueuedSubscription(Subscription):
    """Awaits a coroutine function in a task of its own, behind a queue of ``limit`` events."""

    def __init__(
        self,
        callback: Callable[[LoggedEvent], Awaitable[None]],
        on_lag: Callable[[int, int], Awaitable[None]] | None,
        limit: int,
    ) -> None:
        super().__init__()
        self._callback = callback
        self._on_lag = on_lag
        self._limit = limit
        # Holds at most limit events and one _Lost behind them.
        self._queue: deque[LoggedEvent | _Lost] = deque()
        self._news = asyncio.Event()
        self._finishing = False
        self._task: asyncio.Task[None] | None = None

    def tell(self, logged: LoggedEvent) -> None:
        """Queue the event, or note it as lost when too many wait already."""
        if self._cancelled:
            return
        if self._task is None:
            self._task = asyncio.create_task(self._run(), name="event-subscriber")
        if len(self._queue) < self._limit:
            self._queue.append(logged)
        elif isinstance(tail := self._queue[-1], _Lost):
            tail.last_seq = logged.seq
        else:
            self._queue.append(_Lost(logged.seq, logged.seq))
            _logger.warning("event subscriber lags", extra={"seq": logged.seq})
        self._news.set()

    def cancel(self) -> None:
        """Tell nothing more and end the task."""
        super().cancel()
        self._queue.clear()
        if self._task is not None:
            self._task.cancel()

    async def finish(self, timeout_s: float) -> None:
        """Let what waits be told, for at most ``timeout_s``, then end the task."""
        self._finishing = True
        self._news.set()
        if self._task is not None:
            _done, late = await asyncio.wait([self._task], timeout=timeout_s)
            if late:
                _logger.warning("event subscriber did not finish in time")
        self.cancel()
        if self._task is not None:
            await asyncio.wait([self._task], timeout=timeout_s)

    async def _run(self) -> None:
        while True:
            while self._queue:
                await self._hand_over(self._queue.popleft())
            if self._finishing:
                return
            self._news.clear()
            await self._news.wait()

    async def _hand_over(self, item: LoggedEvent | _Lost) -> None:
        try:
            if isinstance(item, LoggedEvent):
                await self._callback(item)
            elif self._on_lag is not None:
                await self._on_lag(item.first_seq, item.last_seq)
        except Exception as error:
            self._failed(error)
