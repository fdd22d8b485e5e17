"""Waits end, whatever is awaited does."""

from __future__ import annotations

import asyncio

import pytest

from tests.unit.handoff.virtual_time import NothingLeftToHappenError, VirtualTimeLoop
from voiceagent.handoff.deadlines import StepAbandonedError, attempt, stopped, within

pytestmark = pytest.mark.unit


async def stubborn() -> None:
    for _ in range(3):
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            continue


async def cancelled_from_outside() -> None:
    raise asyncio.CancelledError


def run(step: object) -> tuple[object, float]:
    loop = VirtualTimeLoop()
    try:
        return loop.run_until_complete(step), loop.time()  # type: ignore[arg-type]
    finally:
        for task in asyncio.all_tasks(loop):
            loop.run_until_complete(asyncio.wait({task}))
        loop.close()


def test_a_result_in_time() -> None:
    assert run(within(asyncio.sleep(4, "done"), 5)) == ("done", 4)


async def missed(step: object, deadline_s: float) -> bool:
    try:
        await within(step, deadline_s)  # type: ignore[arg-type]
    except TimeoutError:
        return True
    return False


def test_a_step_that_is_late_is_cancelled_at_the_deadline() -> None:
    assert run(missed(asyncio.sleep(60), 5)) == (True, 5)


def test_a_step_that_swallows_its_cancellation_is_left_behind() -> None:
    assert run(missed(stubborn(), 5)) == (True, 7)


def test_a_step_cancelled_by_others_is_a_failure_of_the_step() -> None:
    with pytest.raises(StepAbandonedError):
        run(within(cancelled_from_outside(), 5))
    assert run(attempt("test", cancelled_from_outside, 5))[0] is False


def test_an_attempt_says_whether_it_succeeded() -> None:
    async def fail() -> None:
        raise ValueError

    assert run(attempt("test", lambda: asyncio.sleep(1), 5))[0] is True
    assert run(attempt("test", lambda: asyncio.sleep(9), 5))[0] is False
    assert run(attempt("test", fail, 5))[0] is False


def test_stopping_what_is_over_or_nothing_is_harmless() -> None:
    async def both() -> None:
        await stopped(None)
        task = asyncio.ensure_future(asyncio.sleep(0))
        await task
        await stopped(task)

    run(both())


def test_waiting_for_what_cannot_happen_is_an_error() -> None:
    loop = VirtualTimeLoop()
    try:
        with pytest.raises(NothingLeftToHappenError):
            loop.run_until_complete(loop.create_future())
    finally:
        loop.close()
