"""A call ends once, for one reason."""

import asyncio

import pytest

from voiceagent.calls.closing import Closing

pytestmark = pytest.mark.unit


async def forever() -> None:
    await asyncio.Event().wait()


async def ended(
    closing: Closing, *, caller_leaves: bool = False, longest_s: float = 30.0
) -> tuple[bool, str]:
    opening = asyncio.create_task(forever())
    gone = asyncio.Event()
    if caller_leaves:
        gone.set()
    leaving = asyncio.create_task(gone.wait())
    try:
        await asyncio.wait_for(closing.wait(opening, leaving, longest_s), 60)
        return leaving.done(), closing.reason(caller_left=leaving.done())
    finally:
        opening.cancel()
        leaving.cancel()


async def test_the_first_decision_stands() -> None:
    closing = Closing()
    closing.decide("completed")
    closing.decide("caller_silent")
    closing.fail(RuntimeError("late"))
    assert (await ended(closing))[1] == "completed"
    assert closing.decided


async def test_a_caller_who_leaves_ends_it() -> None:
    assert await ended(Closing(), caller_leaves=True) == (True, "caller_hung_up")


async def test_the_longest_call_ends_by_itself() -> None:
    closing = Closing()
    assert await ended(closing, longest_s=0.05) == (False, "longest_call_reached")
    assert not closing.decided


async def test_what_broke_is_raised() -> None:
    closing = Closing()
    closing.fail(RuntimeError("broken"))
    with pytest.raises(RuntimeError, match="broken"):
        await ended(closing)


async def test_a_failed_opening_is_the_calls_failure() -> None:
    async def fails() -> None:
        raise RuntimeError("no disclosure")

    opening = asyncio.create_task(fails())
    leaving = asyncio.create_task(asyncio.Event().wait())
    try:
        with pytest.raises(RuntimeError, match="no disclosure"):
            await asyncio.wait_for(Closing().wait(opening, leaving, 30), 60)
    finally:
        leaving.cancel()


async def test_a_finished_opening_does_not_end_it() -> None:
    async def opens() -> None:
        return

    closing = Closing()
    opening = asyncio.create_task(opens())
    leaving = asyncio.create_task(asyncio.Event().wait())
    asyncio.get_running_loop().call_later(0.05, closing.decide, "completed")
    try:
        await asyncio.wait_for(closing.wait(opening, leaving, 30), 60)
    finally:
        leaving.cancel()
    assert closing.reason(caller_left=False) == "completed"
