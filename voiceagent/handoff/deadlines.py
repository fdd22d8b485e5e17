"""Waiting that ends: a step with a deadline, and the end of a task for certain.

What enters: something to await and how long. What leaves: its result, or a typed failure in time,
even if the step swallows its cancellation. A handoff awaits voices, phones, browsers, models and
disks; none of them may freeze a caller on hold.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from voiceagent.domain.errors import VoiceAgentError

logger = logging.getLogger(__name__)

# A task that is cancelled ends at once unless it has something to close.
_GRACE_S = 2.0

Result = TypeVar("Result")


class StepAbandonedError(VoiceAgentError):
    """A step of the handoff was cancelled by whoever ran it, so that it has no result."""

    code = "handoff.step_abandoned"


async def within(step: Awaitable[Result], deadline_s: float) -> Result:
    """A step's result, if it comes in time.

    Raises:
        TimeoutError: it did not; the step was cancelled.
        StepAbandonedError: something else cancelled the step.
        Exception: what the step itself raised.
    """
    task: asyncio.Future[Result] = asyncio.ensure_future(step)
    try:
        await asyncio.wait({task}, timeout=deadline_s)
        if not task.done():
            raise TimeoutError
        if task.cancelled():
            raise StepAbandonedError("A step of the handoff was cancelled from outside.")
        return task.result()
    finally:
        await stopped(task)


async def stopped(task: asyncio.Future[Any] | None, grace_s: float = _GRACE_S) -> None:
    """Cancel a task and wait until it has ended; what it ended with no longer matters."""
    if task is None:
        return
    if not task.done():
        task.cancel()
        await asyncio.wait({task}, timeout=grace_s)
    if not task.done():
        logger.warning("a cancelled step of the handoff does not end; it is left behind")
    elif not task.cancelled():
        # Retrieved, so that the loop does not report it as forgotten.
        task.exception()


async def attempt(what: str, step: Callable[[], Awaitable[object]], deadline_s: float) -> bool:
    """Do a step that must neither break nor freeze the handoff: whether it succeeded in time."""
    try:
        await within(step(), deadline_s)
    except TimeoutError:
        logger.warning("handoff step missed its deadline: %s", what)
        return False
    except Exception as error:  # A step's failure is its own; the caller still needs a way on.
        logger.warning("handoff step failed: %s: %s", what, type(error).__name__)
        return False
    return True
