"""What the documentation names exists: commands with their options, make targets, files, links."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import typer

from voiceagent.cli import app
from voiceagent.settings import Settings

pytestmark = pytest.mark.unit

ROOT = Path(__file__).parents[2]
PAGES = [
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    *sorted((ROOT / "docs").rglob("*.md")),
]
# Of the reader's own making, in commands that show how to name them.
READERS_OWN = {"my_callback", "my-recording.wav"}

_COMMAND = re.compile(
    r"(?:^|`|\.venv/bin/)voiceagent((?: [a-z][a-z-]*)+)((?:[^`\n\\]|\\\n)*)", re.M
)
_MAKE = re.compile(r"(?:^|`)make ([a-z]+)", re.M)
_LINK = re.compile(r"\]\(([^)\s]+)\)")
_PATH = re.compile(
    r"(?<![\w/.-])((?:voiceagent|prompts|docs|tests|audio_fixtures|docker)/[\w./-]*[\w/])(?!\w*[<*{])"
)
_OPTION = re.compile(r"(?<![\w-])--[a-z][a-z-]*")
_SETTING = re.compile(r"\bVOICEAGENT_([A-Z_]+)\b")
_HEADING = re.compile(r"^#+ (.+)$", re.M)


def pages() -> list[object]:
    return [pytest.param(page, id=str(page.relative_to(ROOT))) for page in PAGES]


def command(words: list[str]) -> Any:
    """The command that these words name; words behind it are its arguments."""
    found: Any = typer.main.get_command(app)
    for word in words:
        commands = getattr(found, "commands", None)
        if commands is None:
            break
        assert word in commands, f"voiceagent {' '.join(words)}: there is no '{word}'"
        found = commands[word]
    return found


def options(of: Any) -> set[str]:
    return {name for parameter in of.params for name in parameter.opts}


def anchors(page: Path) -> set[str]:
    """The headings of a page as links name them."""
    titles = _HEADING.findall(page.read_text("utf-8"))
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


@pytest.mark.parametrize("page", pages())
def test_commands_and_their_options_exist(page: Path) -> None:
    for words, rest in _COMMAND.findall(page.read_text("utf-8")):
        named = command(words.split())
        unknown = set(_OPTION.findall(rest.split("#")[0])) - options(named)
        assert not unknown, f"voiceagent{words} has no {sorted(unknown)}"


def test_the_readme_tells_every_option_of_call() -> None:
    readme = (ROOT / "README.md").read_text("utf-8")
    table = readme[readme.index("## Calling a recording") : readme.index("## Counting")]
    known = {name for name in options(command(["call"])) if name.startswith("--")}
    assert set(_OPTION.findall(table)) == known - {"--help"}


@pytest.mark.parametrize("page", pages())
def test_make_targets_exist(page: Path) -> None:
    makefile = (ROOT / "Makefile").read_text("utf-8")
    for target in _MAKE.findall(page.read_text("utf-8")):
        assert re.search(rf"^{target}:", makefile, re.M), f"make {target}"


@pytest.mark.parametrize("page", pages())
def test_links_lead_somewhere(page: Path) -> None:
    for link in _LINK.findall(page.read_text("utf-8")):
        if link.startswith("https://"):
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), link
        assert not anchor or anchor in anchors(target), link


@pytest.mark.parametrize("page", pages())
def test_files_exist(page: Path) -> None:
    for name in _PATH.findall(page.read_text("utf-8")):
        if not READERS_OWN & set(Path(name).parts):
            assert (ROOT / name).exists(), name


@pytest.mark.parametrize("page", pages())
def test_settings_exist(page: Path) -> None:
    known = {name.upper() for name in Settings.model_fields} | {"CONFIG"}
    assert set(_SETTING.findall(page.read_text("utf-8"))) <= known


def test_the_expressions_find_what_they_look_for() -> None:
    readme = (ROOT / "README.md").read_text("utf-8")
    assert {words.split()[0] for words, _ in _COMMAND.findall(readme)} >= {"demo", "call", "report"}
    assert {"demo", "test", "check"} <= set(_MAKE.findall(readme))
    assert "voiceagent/settings.py" in _PATH.findall(readme)
    assert "LLM_URL" in _SETTING.findall(readme)
