"""``/api/prompts``: the prompt files as calls use them; they are edited on disk."""

from __future__ import annotations

import asyncio
import re
from pathlib import PurePosixPath
from typing import Annotated

from fastapi import APIRouter, Depends

from voiceagent.desk.api_models import PromptFileView, PromptProblem, PromptsView
from voiceagent.desk.audit import Deed
from voiceagent.desk.error_answers import problems
from voiceagent.desk.parts import Running, running
from voiceagent.desk.permissions import Permission
from voiceagent.desk.security import Principal, require
from voiceagent.prompt_library import PromptFile, PromptReport

_LANGUAGE = re.compile(r"[a-z]{2,3}")
_KINDS = {"playbooks": "playbook", "packet": "summary"}

router = APIRouter(prefix="/api/prompts", tags=["prompts"], responses=problems(401, 403))


@router.get("", summary="The prompt files")
async def read_prompts(
    desk: Annotated[Running, Depends(running)],
    user: Annotated[Principal, Depends(require(Permission.READ_PROMPTS))],
) -> PromptsView:
    """Every prompt file with its text, which version of it calls use, and what is wrong with it.

    Read only: what is mended on disk is used by the next call.
    """
    report = await asyncio.to_thread(desk.desk.prompts.refresh)
    await desk.desk.security.audit.record(user.id, Deed.PROMPTS_READ)
    return prompts_view(report)


def prompts_view(report: PromptReport) -> PromptsView:
    """The report as the API tells it."""
    files = [_file(each) for each in report.files]
    return PromptsView(loaded_at=report.loaded_at, ok=report.ok, files=files)


def kind_and_language(path: str) -> tuple[str, str]:
    """What a prompt file is for, and for which language (empty: for all), by its path.

    ``phrases/de.yaml`` is ``phrases`` in German, ``persona/en.examples.md`` English ``examples``.
    """
    parts = PurePosixPath(path)
    language, *more = parts.name.split(".")
    if not _LANGUAGE.fullmatch(language):
        language = ""
    if "examples" in more:
        return "examples", language
    first = parts.parts[0] if len(parts.parts) > 1 else parts.stem
    return _KINDS.get(first, first), language


def _file(file: PromptFile) -> PromptFileView:
    kind, language = kind_and_language(file.path)
    problem = None
    if file.problem is not None:
        place = file.problem.place
        problem = PromptProblem(
            line=place.line if place else None,
            column=place.column if place else None,
            field=place.field if place else "",
            problem=file.problem.problem,
            remedy=file.problem.remedy,
        )
    return PromptFileView(
        path=file.path,
        kind=kind,
        language=language,
        text=file.text,
        used=file.used.value,
        problem=problem,
    )
