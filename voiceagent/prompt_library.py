"""Everything under ``prompts/`` as calls use it: edited while the service runs, never half broken.

In: the prompts folder. Out: playbooks, the supervisor's policy, the wishes of a hold and the
instructions for packets. A call takes what is on disk when it begins. Where a file has been broken
since, the last good one goes on being used, and :meth:`PromptLibrary.refresh` says so.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import TypeVar

from voiceagent.dialogue.playbook import Playbook, known_playbooks, load_playbook
from voiceagent.domain.errors import PlaybookError
from voiceagent.handoff.hold_wishes import HoldWishes, load_hold_wishes
from voiceagent.handoff.packet_request import Instructions, load_instructions
from voiceagent.supervisor.policy import Policy, load_policy

POLICY_FILE = "supervisor.yaml"

_SUFFIXES = frozenset({".yaml", ".md"})
_Loaded = TypeVar("_Loaded")


class Used(StrEnum):
    """Which version of a file calls use."""

    CURRENT = "current"
    LAST_GOOD = "last_good"
    """The file is broken; what it held before is used."""
    NONE = "none"
    """The file is broken and never was good: calls that need it are refused."""


@dataclass(frozen=True, slots=True)
class PromptFile:
    """One file of the folder.

    Attributes:
        path: relative to the folder, with slashes.
        text: as it stands on disk.
        used: which version calls use.
        problem: what is wrong with it; None if nothing is.
    """

    path: str
    text: str
    used: Used = Used.CURRENT
    problem: PlaybookError | None = None


@dataclass(frozen=True, slots=True)
class PromptReport:
    """The folder as it was last looked at (``loaded_at``, UTC)."""

    loaded_at: datetime
    files: tuple[PromptFile, ...]

    @property
    def ok(self) -> bool:
        """Whether every file is used as it stands."""
        return all(file.problem is None for file in self.files)


class _Kept:
    """Parts of the library by name: the last good version of each, and what is wrong now."""

    def __init__(self) -> None:
        self.good: dict[str, object] = {}
        self.problems: dict[str, PlaybookError] = {}

    def load(self, name: str, load: Callable[[], object]) -> None:
        try:
            self.good[name] = load()
            self.problems.pop(name, None)
        except PlaybookError as error:
            self.problems[name] = error

    def get(self, name: str, kind: type[_Loaded]) -> _Loaded:
        found = self.good.get(name)
        if isinstance(found, kind):
            return found
        raise self.problems.get(name) or PlaybookError(f"There is no '{name}'.")


class PromptLibrary:
    """The prompts of a running service; thread-safe.

    Args:
        folder: the prompts folder.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._kept = _Kept()
        self._seen: tuple[tuple[str, int, int], ...] | None = None
        self._report: PromptReport | None = None
        self._lock = threading.Lock()

    def refresh(self) -> PromptReport:
        """Read whatever has changed on disk. Blocking, a third of a second where something has."""
        with self._lock:
            seen = self._stamps()
            if self._report is None or seen != self._seen:
                self._load()
                self._seen = seen
                self._report = PromptReport(datetime.now(UTC), self._files(seen))
            return self._report

    def playbook(self, name: str, language: str) -> Playbook:
        """A playbook, in its last good version.

        Raises:
            PlaybookError: it is unknown, or was broken from the beginning.
        """
        part = _playbook_part(name, language)
        if part not in self._kept.good and part not in self._kept.problems:
            # Unknown: the loader knows best what there is instead.
            return load_playbook(self._folder, name, language)
        return self._kept.get(part, Playbook)

    @property
    def policy(self) -> Policy:
        """The supervisor's policy.

        Raises:
            PlaybookError: it was broken from the beginning.
        """
        return self._kept.get("supervisor", Policy)

    @property
    def hold_wishes(self) -> HoldWishes:
        """What callers on hold may want.

        Raises:
            PlaybookError: the file was broken from the beginning.
        """
        return self._kept.get("hold", HoldWishes)

    @property
    def instructions(self) -> dict[str, Instructions]:
        """What a language model is told that writes packets, by language.

        Raises:
            PlaybookError: a file was broken from the beginning.
        """
        return self._kept.get("packet", dict)

    def _load(self) -> None:
        kept, folder = self._kept, self._folder
        for name, languages in known_playbooks(folder).items():
            for language in languages:
                part = _playbook_part(name, language)
                kept.load(part, partial(load_playbook, folder, name, language))
        kept.load("supervisor", lambda: load_policy(folder / POLICY_FILE))
        kept.load("hold", lambda: load_hold_wishes(folder))
        kept.load("packet", lambda: load_instructions(folder))

    def _stamps(self) -> tuple[tuple[str, int, int], ...]:
        found = (path for path in self._folder.rglob("*") if path.suffix in _SUFFIXES)
        stamped = ((path, path.stat()) for path in sorted(found) if path.is_file())
        return tuple(
            (path.relative_to(self._folder).as_posix(), stat.st_mtime_ns, stat.st_size)
            for path, stat in stamped
        )

    def _files(self, seen: tuple[tuple[str, int, int], ...]) -> tuple[PromptFile, ...]:
        broken: dict[str, tuple[PlaybookError, Used]] = {}
        for part, problem in self._kept.problems.items():
            used = Used.LAST_GOOD if part in self._kept.good else Used.NONE
            broken[self._file_of(part, problem)] = (problem, used)
        paths = [path for path, _, _ in seen]
        # A file that is missing is a problem without a file.
        paths += [path for path in broken if path not in paths]
        files = []
        for path in paths:
            problem_of, used = broken.get(path, (None, Used.CURRENT))
            files.append(PromptFile(path, _text(self._folder / path), used, problem_of))
        return tuple(files)

    def _file_of(self, part: str, problem: PlaybookError) -> str:
        place = problem.place
        if place is None:
            return {"supervisor": POLICY_FILE, "hold": "hold.yaml"}.get(part, f"{part}.yaml")
        path = Path(place.file)
        inside = path.is_relative_to(self._folder)
        return path.relative_to(self._folder).as_posix() if inside else path.name


def _playbook_part(name: str, language: str) -> str:
    return f"playbooks/{name}/{language}"


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8", errors="replace")
    except OSError:
        return ""
