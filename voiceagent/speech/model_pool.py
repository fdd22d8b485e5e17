"""The one place where models run: a bounded pool of threads that serves the most urgent job first.

Enters: blocking functions (a recognition, a clause to synthesise) from any call. Leaves: their
results, on the caller's event loop. It exists because all calls of a process share few cores: a
caller who has just stopped speaking must overtake everybody's background work, a waiting line
without bound turns overload into ever later answers, and a model on the event loop silences every
call.

The models themselves are told to use one thread each (:data:`QUIET_THREADS`,
:func:`session_options`): their own thread pools spin while they wait, which takes the cores from
whoever has work (a turn analysis of 50 ms was measured at 140-340 ms beside a spinning one).
"""

from __future__ import annotations

import asyncio
import heapq
import itertools
import logging
import threading
from collections.abc import Callable, Mapping, MutableMapping
from concurrent.futures import Future
from dataclasses import dataclass, field
from enum import IntEnum
from typing import TYPE_CHECKING, Any, TypeVar

from voiceagent.speech.errors import (
    ModelDeadlineError,
    ModelPoolBusyError,
    ModelPoolClosedError,
)

if TYPE_CHECKING:
    import onnxruntime

_Result = TypeVar("_Result")
_logger = logging.getLogger(__name__)

QUIET_THREADS: Mapping[str, str] = {
    "OMP_WAIT_POLICY": "passive",
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
}
"""What keeps the numeric libraries from starting threads of their own and from spinning."""


class Priority(IntEnum):
    """Who goes first. Within one priority, who came first."""

    FINAL = 0
    """A caller has stopped speaking and waits for the answer."""
    SYNTHESIS = 1
    """The agent's next words; late ones are heard as a gap."""
    INTERIM = 2
    """What may turn out to be for nothing: recognition while somebody is still speaking, the voice
    for a reply that is not certain yet."""
    BACKGROUND = 3
    """Nobody waits: transcripts after the bridge, phrases prepared ahead of time."""


def quiet_threads(environment: MutableMapping[str, str]) -> None:
    """Put :data:`QUIET_THREADS` into ``environment`` (``os.environ``), keeping what is set there.

    The libraries read these once, when first imported: call it before anything imports numpy,
    ctranslate2 or onnxruntime. This module imports none of them.
    """
    for name, value in QUIET_THREADS.items():
        environment.setdefault(name, value)


def session_options() -> onnxruntime.SessionOptions:
    """Options for an onnxruntime session that runs on the calling thread and never spins."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.add_session_config_entry("session.inter_op.allow_spinning", "0")
    return options


@dataclass(order=True, slots=True)
class _Job:
    priority: int
    number: int
    work: Callable[[], Any] = field(compare=False)
    future: Future[Any] = field(compare=False)


class ModelPool:
    """Worker threads behind one bounded priority queue.

    Args:
        workers: threads, hence models running at once; one per core is the most that helps.
        max_waiting: jobs that may wait. When the line is full, a job more urgent than the least
            urgent one waiting takes its place; otherwise the new job is refused.
    """

    def __init__(self, workers: int, max_waiting: int = 64) -> None:
        if workers < 1 or max_waiting < 1:
            msg = f"workers and max_waiting must be positive, not {workers} and {max_waiting}"
            raise ValueError(msg)
        self.workers = workers
        self._max_waiting = max_waiting
        self._waiting: list[_Job] = []
        self._numbers = itertools.count()
        self._changed = threading.Condition()
        self._closing = False
        self._running = 0
        self._threads = [
            threading.Thread(target=self._serve, daemon=True, name=f"model-{index}")
            for index in range(workers)
        ]
        for thread in self._threads:
            thread.start()

    @property
    def load(self) -> int:
        """Jobs waiting or running now."""
        with self._changed:
            return len(self._waiting) + self._running

    async def run(
        self,
        priority: Priority,
        fn: Callable[..., _Result],
        *args: Any,
        deadline_s: float,
    ) -> _Result:
        """Run ``fn(*args)`` in a worker thread and return what it returns.

        A wait that ends early (deadline, cancellation) takes the job out of the line. A job that
        already runs cannot be stopped; its result is then dropped.

        Raises:
            ModelPoolBusyError: the line is full of work at least as urgent, or this job had to
                leave it for more urgent work.
            ModelDeadlineError: no result within ``deadline_s``.
            ModelPoolClosedError: the pool is closed or was closed before the job's turn.
            Exception: whatever ``fn`` raises.
        """
        waiter: asyncio.Future[_Result] = asyncio.wrap_future(
            self._submit(priority, lambda: fn(*args))
        )
        try:
            async with asyncio.timeout(deadline_s) as deadline:
                return await waiter
        except TimeoutError as error:
            if deadline.expired():
                raise ModelDeadlineError(deadline_s) from error
            raise

    async def close(self, deadline_s: float = 10.0) -> None:
        """Refuse new work, drop what waits, and wait for what runs.

        A job still running after ``deadline_s`` is left behind in its daemon thread and logged.
        """
        with self._changed:
            self._closing = True
            dropped, self._waiting = self._waiting, []
            self._changed.notify_all()
        for job in dropped:
            _refuse(job, ModelPoolClosedError())
        deadline = asyncio.get_running_loop().time() + deadline_s
        for thread in self._threads:
            remaining_s = max(0.0, deadline - asyncio.get_running_loop().time())
            await asyncio.to_thread(thread.join, remaining_s)
        stuck = sum(thread.is_alive() for thread in self._threads)
        if stuck:
            _logger.warning("model threads still busy at shutdown", extra={"threads": stuck})

    def _submit(self, priority: Priority, work: Callable[[], Any]) -> Future[Any]:
        job = _Job(int(priority), next(self._numbers), work, Future())
        evicted: _Job | None = None
        with self._changed:
            if self._closing:
                raise ModelPoolClosedError
            if len(self._waiting) >= self._max_waiting:
                # Waits given up by their callers stay in the heap until popped; free them first.
                self._waiting = [other for other in self._waiting if not other.future.cancelled()]
                heapq.heapify(self._waiting)
            if len(self._waiting) >= self._max_waiting:
                evicted = max(self._waiting)
                if evicted.priority <= job.priority:
                    raise ModelPoolBusyError(self._max_waiting)
                self._waiting.remove(evicted)
                heapq.heapify(self._waiting)
            heapq.heappush(self._waiting, job)
            self._changed.notify()
        if evicted is not None:
            _refuse(evicted, ModelPoolBusyError(self._max_waiting))
        return job.future

    def _serve(self) -> None:
        while (job := self._next_job()) is not None:
            if job.future.set_running_or_notify_cancel():
                try:
                    result = job.work()
                except BaseException as error:
                    job.future.set_exception(error)
                else:
                    job.future.set_result(result)
            with self._changed:
                self._running -= 1

    def _next_job(self) -> _Job | None:
        with self._changed:
            while not self._waiting:
                if self._closing:
                    return None
                self._changed.wait()
            self._running += 1
            return heapq.heappop(self._waiting)


def _refuse(job: _Job, error: Exception) -> None:
    if job.future.set_running_or_notify_cancel():
        job.future.set_exception(error)
