"""Reads what prompt engineers write: YAML files under ``prompts/``, checked against a model.

In: a file and the pydantic model it has to fit. Out: the model, or one ``PlaybookError`` that names
the file, the line and the field. Playbooks, phrases, questions, the supervisor's policy and the
wishes of a hold are all read here, so a mistake looks the same wherever it was made.
"""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from voiceagent.domain.errors import FilePlace, PlaybookError

_Model = TypeVar("_Model", bound=BaseModel)

_PART = re.compile(r"[^.\[\]]+")
_FIELD = re.compile(r"^(?P<field>[\w*#-]+(?:\.[\w*#-]+|\[\d+\])*): ")


def read_prompt(
    path: Path, model: type[_Model], remedy: str = "", root: Path | None = None
) -> _Model:
    """A YAML file as a model. Reads the disk.

    Args:
        path: the file.
        model: what it has to fit.
        remedy: what whoever wrote it can read about it.
        root: the prompts folder, for files that may ``!include`` others of it.

    Raises:
        PlaybookError: the file is missing, is no YAML, or does not validate.
    """
    text = _text(path)
    loader = _loader(path.parent, root.resolve()) if root is not None else yaml.SafeLoader
    try:
        data = yaml.load(text, loader)  # noqa: S506  (a SafeLoader)
    except yaml.MarkedYAMLError as error:
        raise _not_yaml(path, error, remedy) from error
    except yaml.YAMLError as error:
        raise PlaybookError(
            f"{path} is not valid YAML: {error}.", remedy, FilePlace(str(path))
        ) from error
    try:
        return model.model_validate(data)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        field = ".".join(str(part) for part in first["loc"])
        line = _line_of(text, first["loc"])
        raise PlaybookError(
            f"{path}:{line}: {field or 'top level'}: {first['msg']}.",
            remedy,
            FilePlace(str(path), line, field=field),
        ) from None


@contextmanager
def placing(path: Path) -> Iterator[None]:
    """Errors raised inside that only name a field (``phrases.legal.en.match[2]: ...``) leave with
    the file and its line."""
    try:
        yield
    except PlaybookError as error:
        if error.place is not None:
            raise
        found = _FIELD.match(error.problem)
        field = found["field"] if found else ""
        parts = [int(part) if part.isdigit() else part for part in _PART.findall(field)]
        line = _line_of(_text(path), parts) if parts else None
        at = f"{path}:{line}" if line else str(path)
        raise PlaybookError(
            f"{at}: {error.problem}", error.remedy, FilePlace(str(path), line, field=field)
        ) from error


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise PlaybookError(
            f"'{path}' cannot be read: {_why(error)}.", "", FilePlace(str(path))
        ) from error


def _why(error: OSError | UnicodeDecodeError) -> str:
    if isinstance(error, UnicodeDecodeError):
        return f"it is not UTF-8 ({error.reason} at byte {error.start})"
    return error.strerror or str(error)


def _not_yaml(path: Path, error: yaml.MarkedYAMLError, remedy: str) -> PlaybookError:
    mark = error.problem_mark
    if mark is None:
        return PlaybookError(
            f"{path} is not valid YAML: {error.problem}.", remedy, FilePlace(str(path))
        )
    line, column = mark.line + 1, mark.column + 1
    return PlaybookError(
        f"{path}:{line} is not valid YAML: {error.problem}.",
        remedy,
        FilePlace(str(path), line, column),
    )


def _loader(folder: Path, root: Path) -> type[yaml.SafeLoader]:
    """pipecat's ``!include``, kept inside the prompts folder, and with Markdown taken as text."""

    class Loader(yaml.SafeLoader):
        pass

    def include(loader: yaml.SafeLoader, node: yaml.Node) -> Any:
        path = (folder / str(loader.construct_scalar(node))).resolve()  # type: ignore[arg-type]
        if not path.is_relative_to(root) or not path.is_file():
            raise yaml.constructor.ConstructorError(
                None, None, f"there is no '{node.value}' to include", node.start_mark
            )
        text = path.read_text("utf-8")
        if path.suffix == ".yaml":
            return yaml.load(text, _loader(path.parent, root))  # noqa: S506
        return text.strip()

    Loader.add_constructor("!include", include)
    return Loader


def _line_of(text: str, place: Sequence[int | str]) -> int:
    """The line, from 1, of a field in a YAML text, or of the last part of its path there is."""
    node: yaml.Node | None = yaml.compose(text, yaml.SafeLoader)
    line = 1
    for part in place:
        children: dict[Hashable, tuple[yaml.Node, yaml.Node]] = {}
        if isinstance(node, yaml.MappingNode):
            children = {key.value: (key, value) for key, value in node.value}
        elif isinstance(node, yaml.SequenceNode):
            children = {i: (item, item) for i, item in enumerate(node.value)}
        if part not in children:
            break
        at, node = children[part]
        line = at.start_mark.line + 1
    return line
