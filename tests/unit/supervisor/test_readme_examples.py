"""The examples of the README's table of grounds are what they are said to be."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.unit.supervisor.calls import POLICY, caller, opening, taken
from voiceagent.domain.verdict import Action, TriggerKind
from voiceagent.supervisor.watcher import Supervisor
from voiceagent.wiring import turn_reader

pytestmark = pytest.mark.unit

README = (Path(__file__).parents[3] / "README.md").read_text("utf-8")
ROW = re.compile(
    r'^\| `(?P<kind>\w+)` \| "(?P<text>[^"]+)"(?:;[^|]*)? \| (?P<does>[^|]+) \|$', re.MULTILINE
)
EXAMPLES = [match.groups() for match in ROW.finditer(README)]


@pytest.fixture(scope="module")
def reader():  # type: ignore[no-untyped-def]
    return turn_reader()


def test_the_table_has_examples_of_words() -> None:
    kinds = {kind for kind, _, _ in EXAMPLES}
    assert kinds >= {"asked_for_person", "legal", "leaving", "vulnerable", "anger", "frustration"}
    assert kinds <= {str(kind) for kind in TriggerKind}


@pytest.mark.parametrize(("kind", "text", "does"), EXAMPLES)
def test_an_example_is_a_ground_of_its_kind(  # type: ignore[no-untyped-def]
    reader, kind: str, text: str, does: str
) -> None:
    supervisor = Supervisor(POLICY)
    for event in opening():
        supervisor.observe(event)
    turn = caller(1, text)
    reading = reader.read([turn])
    verdicts = [
        supervisor.observe(event)
        for event in (taken(turn), reading.classified(9_000), reading.scored(9_000))
    ]
    given = [verdict for verdict in verdicts if verdict is not None]
    grounds = {str(trigger.kind) for verdict in given for trigger in verdict.triggers}
    if kind == "frustration":
        # One such turn is only counted; it shows in the caller's mood.
        assert supervisor.frustration >= 0.5
        return
    assert kind in grounds
    handed_over = any(verdict.action is Action.HAND_OVER for verdict in given)
    assert handed_over == (does == "hands over")
