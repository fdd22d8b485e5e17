"""Dialogues with people's labels, one a line: what the supervisor is measured on.

What enters: a JSONL file, ``{"id", "lang": "en"|"de", "turns": [{"speaker": "customer"|"agent",
"text", "audio"?, "frustrated"?: bool, "escalate"?: bool}]}``. Turns without a label are context.
What leaves: checked dialogues, with every mistake told by its line. Further keys are left alone,
so that a data set may carry its own notes.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from voiceagent.domain.errors import InputError

_FORM = (
    "A line looks like {'id': '1', 'lang': 'en', 'turns': [{'speaker': 'customer', 'text': ''}]}."
)
_LONGEST_LINE = 4_000_000


class LabelledTurn(BaseModel):
    """One turn. ``audio`` is a WAV or FLAC file, relative to the dialogue file's folder."""

    model_config = ConfigDict(extra="ignore", frozen=True, strict=True)

    speaker: Literal["customer", "agent"]
    text: str
    audio: str | None = None
    frustrated: bool | None = None
    escalate: bool | None = None

    @property
    def labelled(self) -> bool:
        """Whether somebody judged it."""
        return self.frustrated is not None or self.escalate is not None

    @property
    def calm(self) -> bool:
        """Judged, and nobody thought that anything was wrong."""
        return self.labelled and not self.frustrated and not self.escalate


class LabelledDialogue(BaseModel):
    """One dialogue, in order."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    id: Annotated[str, Field(coerce_numbers_to_str=True)]
    lang: Literal["en", "de"]
    turns: Annotated[tuple[LabelledTurn, ...], Field(min_length=1)]


def load_labelled_dialogues(path: Path) -> tuple[LabelledDialogue, ...]:
    """All dialogues of a file.

    Raises:
        InputError: the file cannot be read, is empty, or a line is not as it must be.
    """
    dialogues = tuple(_read(path))
    if not dialogues:
        raise InputError(f"'{path}' holds no dialogue.", _FORM)
    return dialogues


def _read(path: Path) -> Iterator[LabelledDialogue]:
    try:
        with path.open(encoding="utf-8-sig") as lines:
            for number, line in enumerate(lines, start=1):
                if len(line) > _LONGEST_LINE:
                    raise InputError(f"{path}:{number}: the line is too long.", _FORM)
                if line.strip():
                    yield _parse(path, number, line)
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"'{path}' cannot be read: {error}.", "Check --help.") from error


def _parse(path: Path, number: int, line: str) -> LabelledDialogue:
    try:
        return LabelledDialogue.model_validate_json(line)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        field = ".".join(str(part) for part in first["loc"]) or "the line"
        raise InputError(f"{path}:{number}: {field}: {first['msg']}.", _FORM) from error
    except (json.JSONDecodeError, RecursionError) as error:
        raise InputError(f"{path}:{number}: not valid JSON.", _FORM) from error
