"""Draw ``docs/states.md``, and the handoff in the README, from the transition tables.

``python docs/draw_states.py`` writes them; with ``--check`` it only says whether they are up to
date (exit status 1 if not). Run it in an environment that has ``voiceagent``.
"""

from __future__ import annotations

import ast
import inspect
import itertools
import sys
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from textwrap import dedent
from typing import TypeVar

from voiceagent.domain.call import CALL_TRANSITIONS, CallState
from voiceagent.domain.callback import CALLBACK_TRANSITIONS, CallbackState
from voiceagent.domain.handoff import HANDOFF_TRANSITIONS, HandoffState
from voiceagent.domain.transitions import mermaid

PAGE = Path(__file__).parent / "states.md"
README = Path(__file__).parents[1] / "README.md"
BEGIN, END = "<!-- handoff states: drawn -->", "<!-- handoff states: end -->"

State = TypeVar("State", bound=StrEnum)
Trigger = TypeVar("Trigger", bound=StrEnum)

_HEAD = """\
# States

A call, a callback and a handoff each have one table of transitions in `voiceagent/domain/`. An
event that the current state does not allow is an error and leaves the state as it was. This page
is drawn from those tables by `python docs/draw_states.py`; a test keeps it up to date.
"""


def page() -> str:
    """The whole page, as Markdown."""
    return "\n".join(
        (
            _HEAD,
            _section("Call", CALL_TRANSITIONS, CallState.CONNECTING),
            _section("Callback", CALLBACK_TRANSITIONS, CallbackState.WAITING),
            _section("Handoff", HANDOFF_TRANSITIONS, HandoffState.PROPOSED),
        )
    )


def _section(title: str, table: Mapping[tuple[State, Trigger], State], initial: State) -> str:
    states = type(initial)
    left = {source for source, _trigger in table}
    terminal = [f"    {state} --> [*]" for state in states if state not in left]
    drawing = "\n".join((mermaid(table, initial), *terminal))
    meanings = _meanings(states)
    rows = "\n".join(f"| `{state}` | {meanings[state.name]} |" for state in states)
    return (
        f"## {title}\n\n```mermaid\n{drawing}\n```\n\n| State | Meaning |\n| --- | --- |\n{rows}\n"
    )


def readme() -> str:
    """The README with the handoff drawn between its marks; as it is where there are none."""
    if not README.is_file():
        return ""
    text = README.read_text(encoding="utf-8")
    before, begin, rest = text.partition(BEGIN)
    _old, end, after = rest.partition(END)
    if not (begin and end):
        return text
    return f"{before}{BEGIN}\n{_overview(HANDOFF_TRANSITIONS, HandoffState.PROPOSED)}{END}{after}"


def _overview(table: Mapping[tuple[State, Trigger], State], initial: State) -> str:
    """A drawing with one arrow between two states, whatever events lead along it."""
    arrows: dict[tuple[State, State], list[str]] = {}
    for (source, trigger), target in table.items():
        arrows.setdefault((source, target), []).append(str(trigger))
    lines = [f"    {a} --> {b}: {'<br>'.join(sorted(e))}" for (a, b), e in arrows.items()]
    left = {source for source, _trigger in table}
    lines += [f"    {state} --> [*]" for state in type(initial) if state not in left]
    drawing = "\n".join(["stateDiagram-v2", f"    [*] --> {initial}", *lines])
    return f"```mermaid\n{drawing}\n```\n"


def _meanings(states: type[StrEnum]) -> dict[str, str]:
    """The line under each member of the enumeration in its source."""
    tree = ast.parse(dedent(inspect.getsource(states)))
    body = [line for each in tree.body if isinstance(each, ast.ClassDef) for line in each.body]
    found: dict[str, str] = {}
    for member, text in itertools.pairwise(body):
        if (
            isinstance(member, ast.Assign)
            and isinstance(member.targets[0], ast.Name)
            and isinstance(text, ast.Expr)
            and isinstance(text.value, ast.Constant)
        ):
            found[member.targets[0].id] = " ".join(str(text.value.value).split())
    return found


def main(arguments: list[str]) -> int:
    """Write both, or check them; the exit status."""
    drawn = {PAGE: page(), README: readme()}
    status = 0
    for path, text in drawn.items():
        if not text or (path.exists() and path.read_text(encoding="utf-8") == text):
            continue
        if "--check" in arguments:
            name = path.name if path is README else f"docs/{path.name}"
            sys.stderr.write(f"{name} is out of date; run: python docs/draw_states.py\n")
            status = 1
        else:
            path.write_text(text, encoding="utf-8")
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
