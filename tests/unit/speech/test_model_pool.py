"""The pool: who goes first, what happens when the line is full, and how it shuts down."""

import asyncio
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Callable

import pytest

from voiceagent.speech.errors import (
    ModelDeadlineError,
    ModelPoolBusyError,
    ModelPoolClosedError,
)
from voiceagent.speech.model_pool import QUIET_THREADS, ModelPool, Priority, quiet_threads

pytestmark = pytest.mark.unit

PATIENT_S = 30.0


class Blocker:
    """Occupies one worker until released."""

    def __init__(self, pool: ModelPool) -> None:
        self.started = threading.Event()
        self._release = threading.Event()
        self.task = asyncio.ensure_future(
            pool.run(Priority.FINAL, self._block, deadline_s=PATIENT_S)
        )

    def _block(self) -> str:
        self.started.set()
        self._release.wait(PATIENT_S)
        return "released"

    async def occupy(self) -> "Blocker":
        await asyncio.to_thread(self.started.wait, PATIENT_S)
        return self

    async def release(self) -> None:
        self._release.set()
        assert await self.task == "released"


@pytest.fixture
async def make_pool() -> AsyncIterator[Callable[..., ModelPool]]:
    pools: list[ModelPool] = []

    def make(workers: int = 1, max_waiting: int = 8) -> ModelPool:
        pools.append(ModelPool(workers, max_waiting))
        return pools[-1]

    yield make
    for pool in pools:
        await pool.close()


async def waiting(pool: ModelPool, jobs: int) -> None:
    """Until the pool holds that many jobs."""
    async with asyncio.timeout(PATIENT_S):
        while pool.load < jobs:  # noqa: ASYNC110 - the pool is threads and has no event
            await asyncio.sleep(0)


async def test_returns_the_result_and_raises_what_the_function_raises(make_pool) -> None:
    pool = make_pool(workers=2)
    assert await pool.run(Priority.FINAL, pow, 2, 10, deadline_s=PATIENT_S) == 1024
    with pytest.raises(ZeroDivisionError):
        await pool.run(Priority.FINAL, divmod, 1, 0, deadline_s=PATIENT_S)


async def test_urgent_work_overtakes_and_equals_keep_their_order(make_pool) -> None:
    pool = make_pool()
    blocker = await Blocker(pool).occupy()
    order: list[str] = []
    tasks = []
    for name, priority in [
        ("background", Priority.BACKGROUND),
        ("interim", Priority.INTERIM),
        ("synthesis 1", Priority.SYNTHESIS),
        ("synthesis 2", Priority.SYNTHESIS),
        ("final", Priority.FINAL),
    ]:
        tasks.append(
            asyncio.ensure_future(pool.run(priority, order.append, name, deadline_s=PATIENT_S))
        )
        await waiting(pool, 1 + len(tasks))
    await blocker.release()
    await asyncio.gather(*tasks)
    assert order == ["final", "synthesis 1", "synthesis 2", "interim", "background"]


async def test_a_full_line_refuses_what_is_not_more_urgent(make_pool) -> None:
    pool = make_pool(max_waiting=1)
    blocker = await Blocker(pool).occupy()
    first = asyncio.ensure_future(pool.run(Priority.INTERIM, str, 1, deadline_s=PATIENT_S))
    await waiting(pool, 2)
    with pytest.raises(ModelPoolBusyError) as refused:
        await pool.run(Priority.INTERIM, str, 2, deadline_s=PATIENT_S)
    assert refused.value.code == "speech.busy"
    await blocker.release()
    assert await first == "1"


async def test_a_full_line_gives_up_its_least_urgent_job_for_a_more_urgent_one(make_pool) -> None:
    pool = make_pool(max_waiting=2)
    blocker = await Blocker(pool).occupy()
    kept = asyncio.ensure_future(pool.run(Priority.SYNTHESIS, str, 1, deadline_s=PATIENT_S))
    lost = asyncio.ensure_future(pool.run(Priority.BACKGROUND, str, 2, deadline_s=PATIENT_S))
    await waiting(pool, 3)
    urgent = asyncio.ensure_future(pool.run(Priority.FINAL, str, 3, deadline_s=PATIENT_S))
    with pytest.raises(ModelPoolBusyError):
        await lost
    await blocker.release()
    assert await asyncio.gather(kept, urgent) == ["1", "3"]


async def test_a_cancelled_wait_is_skipped_and_frees_its_place(make_pool) -> None:
    pool = make_pool(max_waiting=1)
    blocker = await Blocker(pool).occupy()
    ran: list[int] = []
    given_up = asyncio.ensure_future(pool.run(Priority.FINAL, ran.append, 1, deadline_s=PATIENT_S))
    await waiting(pool, 2)
    given_up.cancel()
    with pytest.raises(asyncio.CancelledError):
        await given_up
    second = asyncio.ensure_future(pool.run(Priority.FINAL, ran.append, 2, deadline_s=PATIENT_S))
    await asyncio.sleep(0)
    await blocker.release()
    await second
    assert ran == [2]


async def test_the_deadline_ends_the_wait_but_not_the_pool(make_pool) -> None:
    pool = make_pool()
    blocker = await Blocker(pool).occupy()
    ran: list[int] = []
    with pytest.raises(ModelDeadlineError):
        await pool.run(Priority.FINAL, ran.append, 1, deadline_s=0.01)
    await blocker.release()
    assert await pool.run(Priority.FINAL, str, 5, deadline_s=PATIENT_S) == "5"
    assert ran == []


async def test_a_timeout_raised_by_the_function_is_not_taken_for_the_deadline(make_pool) -> None:
    def times_out() -> None:
        raise TimeoutError("the function's own")

    with pytest.raises(TimeoutError, match="own"):
        await make_pool().run(Priority.FINAL, times_out, deadline_s=PATIENT_S)


async def test_closing_waits_for_the_running_job_and_refuses_the_rest() -> None:
    pool = ModelPool(1)
    blocker = await Blocker(pool).occupy()
    queued = asyncio.ensure_future(pool.run(Priority.FINAL, str, 1, deadline_s=PATIENT_S))
    await waiting(pool, 2)
    closing = asyncio.ensure_future(pool.close(PATIENT_S))
    with pytest.raises(ModelPoolClosedError):
        await queued
    with pytest.raises(ModelPoolClosedError):
        await pool.run(Priority.FINAL, str, 2, deadline_s=PATIENT_S)
    await blocker.release()
    await closing
    assert pool.load == 0


@pytest.mark.parametrize(("workers", "max_waiting"), [(0, 1), (1, 0)])
def test_a_pool_without_workers_or_line_is_refused(workers: int, max_waiting: int) -> None:
    with pytest.raises(ValueError, match="positive"):
        ModelPool(workers, max_waiting)


def test_quiet_threads_keeps_what_the_user_has_set() -> None:
    environment = {"OMP_NUM_THREADS": "4"}
    quiet_threads(environment)
    assert environment == {**QUIET_THREADS, "OMP_NUM_THREADS": "4"}


def test_the_module_can_be_imported_before_the_numeric_libraries() -> None:
    code = (
        "import sys, voiceagent.speech.model_pool\n"
        "assert not {'numpy', 'ctranslate2', 'onnxruntime'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
