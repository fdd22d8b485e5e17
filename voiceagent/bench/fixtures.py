"""Every recorded caller through the whole system, held against what its manifest expects.

What enters: ``audio_fixtures/manifest.yaml`` and a running application. What leaves: for each
caller, what differed from the expectation: outcome, handoff, the verdict's ground, and the words
it cites.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from voiceagent.app import Application, CallRequest
from voiceagent.calls.outputs import read_summary
from voiceagent.domain.errors import InputError
from voiceagent.domain.verdict import Action
from voiceagent.handoff.roster import Human
from voiceagent.legs.script import RecordedScript, load_script

DEFAULT_PLAYBOOK = "billing_callback"


class Expected(BaseModel):
    """What a call with this caller must come to.

    ``or_trigger`` is a ground that would be as right as ``trigger``: on a muffled line it is the
    recogniser's luck which of the two has enough evidence first.
    """

    model_config = ConfigDict(extra="forbid")

    outcome: str
    handoff: str
    trigger: str
    or_trigger: str | None = None
    quote: str | None


class Fixture(BaseModel):
    """One entry of the manifest."""

    model_config = ConfigDict(extra="ignore")

    id: str
    script: str
    kind: Literal["caller", "human"]
    language: str
    shows: str = ""
    expected: Expected | None = None


@dataclass(frozen=True, slots=True)
class FixtureResult:
    """How one caller's call went. ``problems`` is empty if it ended as expected."""

    id: str
    problems: tuple[str, ...]
    summary: dict[str, Any]


def load_fixtures(fixtures_dir: Path) -> tuple[Fixture, ...]:
    """The manifest.

    Raises:
        InputError: it is missing or does not validate.
    """
    path = fixtures_dir / "manifest.yaml"
    try:
        listed = yaml.safe_load(path.read_text("utf-8"))["fixtures"]
        return TypeAdapter(tuple[Fixture, ...]).validate_python(listed)
    except OSError as error:
        raise InputError(f"There is no manifest at '{path}'.") from error
    except (yaml.YAMLError, ValidationError, KeyError, TypeError) as error:
        raise InputError(f"The manifest '{path}' is wrong: {error}.") from error


def recorded_human(script: RecordedScript) -> Human:
    """A human agent who was recorded."""
    return Human(
        id=script.id,
        name=script.name or script.id.replace("-", " ").title(),
        languages=(script.language or "en",),
        dial=lambda _summons: script.leg(),
    )


async def run_fixture(
    application: Application,
    fixtures_dir: Path,
    fixture: Fixture,
    out: Path,
    humans: Sequence[Human] | None = None,
) -> FixtureResult:
    """Call one recorded caller and compare.

    Args:
        out: an empty folder for the call's files.
        humans: who is rung; None for the human the caller's script names.
    """
    script = await asyncio.to_thread(load_script, fixtures_dir / fixture.script)
    if humans is None:
        humans = [recorded_human(human) for human in _humans(fixtures_dir, script)]
    await application.call(
        CallRequest(
            leg=script.leg(),
            account_id=script.account,
            playbook=script.playbook or DEFAULT_PLAYBOOK,
            language=script.language,
            humans=tuple(humans),
            out=out,
        )
    )
    summary = await asyncio.to_thread(read_summary, out)
    return FixtureResult(fixture.id, tuple(compare(fixture, summary)), summary)


def compare(fixture: Fixture, summary: dict[str, Any]) -> list[str]:
    """What in a call's summary is not as the fixture expects, in words."""
    expected = fixture.expected
    if expected is None:
        return []
    problems = []
    if summary["outcome"] != expected.outcome:
        problems.append(f"outcome {summary['outcome']}, expected {expected.outcome}")
    handoff = summary["handoff"]["outcome"] or "none"
    if handoff != expected.handoff:
        problems.append(f"handoff {handoff}, expected {expected.handoff}")
    acted = [v for v in summary["verdicts"] if v["action"] != Action.CONTINUE]
    found = {trigger["kind"]: trigger for v in acted for trigger in v["triggers"]}
    right = {expected.trigger, expected.or_trigger or expected.trigger}
    if expected.trigger == "none":
        over = [v for v in acted if v["action"] == Action.HAND_OVER]
        if over:
            problems.append(f"handed over for {sorted(found)}, expected no reason to")
    elif not right & found.keys():
        problems.append(f"grounds {sorted(found) or 'none'}, expected {' or '.join(sorted(right))}")
    elif expected.quote is not None:
        cited = [
            citation["quote"]
            for verdict in acted
            for trigger in verdict["triggers"]
            if trigger["kind"] in right
            for citation in trigger["citations"]
        ]
        if not any(re.search(expected.quote, quote, re.IGNORECASE) for quote in cited):
            problems.append(f"cited {cited}, expected words like '{expected.quote}'")
    return problems


def _humans(fixtures_dir: Path, script: RecordedScript) -> list[RecordedScript]:
    if not script.human:
        return []
    return [load_script(fixtures_dir / "humans" / f"{script.human}.yaml")]
