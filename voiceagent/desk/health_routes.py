"""``/healthz`` and ``/readyz`` for whoever runs the service, ``/api/settings`` for the pages.

None of them needs a sign-in, so none tells more than yes or no, or what every page shows anyway.
"""

from __future__ import annotations

import asyncio
import logging
from typing import Annotated

from fastapi import APIRouter, Depends, Response

from voiceagent.desk.api_models import Alive, PublicSettings, Ready
from voiceagent.desk.parts import Check, Running, running

logger = logging.getLogger(__name__)

Desk = Annotated[Running, Depends(running)]

router = APIRouter(tags=["service"])


@router.get("/healthz", summary="Is it alive")
async def healthz() -> Alive:
    """Answers as long as the event loop turns; a process that does not should be restarted."""
    return Alive()


@router.get(
    "/readyz",
    summary="Can calls be placed",
    responses={503: {"model": Ready, "description": "A part of the service does not work."}},
)
async def readyz(desk: Desk, response: Response) -> Ready:
    """Whether each part that calls need works now."""
    checks, deadline_s = desk.desk.checks, desk.desk.options.check_deadline_s
    answers = await asyncio.gather(
        *(_works(name, check, deadline_s) for name, check in checks.items())
    )
    told = dict(zip(checks, answers, strict=True))
    ready = all(answers)
    if not ready:
        response.status_code = 503
    return Ready(ready=ready, checks=told)


@router.get("/api/settings", summary="What pages need to know")
async def read_settings(desk: Desk) -> PublicSettings:
    """The company's name, how browsers connect, and how long things last."""
    return desk.desk.settings


async def _works(name: str, check: Check, deadline_s: float) -> bool:
    try:
        async with asyncio.timeout(deadline_s):
            return await check()
    except TimeoutError:
        logger.warning("a part of the service did not say in time that it works: %s", name)
    except Exception as error:  # Whatever it is: the part does not work.
        logger.warning("a part of the service does not work: %s (%s)", name, type(error).__name__)
    return False
