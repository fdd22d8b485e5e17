"""Whole calls in which something is wrong: the model, the line, the humans, the time.

All of them run behind one fixture, three at a time, each with an application of its own.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.scenarios.billing_rules import billing_rules
from tests.scenarios.listening import channels, longest_silence_ms
from tests.scripted_llm import Fault, Rule, ScriptedLlm
from voiceagent.app import Application, CallRequest
from voiceagent.bench.fixtures import DEFAULT_PLAYBOOK, recorded_human
from voiceagent.calls.agent_voice import AgentVoice
from voiceagent.domain.call import CallOutcome
from voiceagent.domain.errors import DiskFullError, SpeechError
from voiceagent.domain.events import CallEnded, DisclosurePlayed
from voiceagent.legs.impairments import Impairments
from voiceagent.legs.script import load_script
from voiceagent.settings import load_settings
from voiceagent.store.opening import open_store
from voiceagent.store.records import LogEntry
from voiceagent.store.store import Store

pytestmark = pytest.mark.scenario

POOR_LINE = Impairments(mu_law=True, loss=0.01, jitter_ms=60, noise_db=-50)


@dataclass(frozen=True)
class Trouble:
    """A caller, and what is wrong."""

    caller: str
    rules: tuple[Rule, ...] = ()
    humans: tuple[str, ...] = ("accepts-general",)
    line: Impairments = field(default_factory=Impairments)
    rate_hz: int = 8000
    longest_s: float = 300.0


TROUBLES = {
    "model-fails": Trouble("satisfied", (Rule(user=r"\d{5}|zip", status=500),)),
    "model-hangs": Trouble(
        "satisfied", (Rule(user="(?i)bill", last="user", delay_s=3.0, call="look_up_invoices"),)
    ),
    "model-drops": Trouble("satisfied", (Rule(last="tool", fault=Fault.DROP, say="Your bill is"),)),
    "poor-line": Trouble("asks-for-person", line=POOR_LINE),
    "wideband": Trouble("asks-for-person", rate_hz=16_000),
    "nobody-there": Trouble("asks-for-person", humans=()),
    "second-human": Trouble("asks-for-person", humans=("declines", "accepts-general")),
    "too-long": Trouble("long-pauses", longest_s=14.0),
}


@dataclass(frozen=True)
class Played:
    """What a troubled call left behind."""

    out: Path
    summary: dict[str, Any]
    events: list[dict[str, Any]]

    def of(self, kind: str) -> list[dict[str, Any]]:
        return [event for event in self.events if event["kind"] == kind]


async def _play(name: str, folder: Path) -> Played:
    trouble = TROUBLES[name]
    out = folder / name
    with ScriptedLlm([*trouble.rules, *billing_rules()]) as model:
        settings = load_settings(
            llm_url=model.url,
            llm_model=model.model,
            data_dir=folder / f"{name}-data",
            human_ring_timeout_s=6.0,
            longest_call_s=trouble.longest_s,
        )
        fixtures = settings.fixtures_dir
        caller = load_script(fixtures / "callers" / f"{trouble.caller}.yaml", trouble.rate_hz)
        humans = [
            load_script(fixtures / "humans" / f"{human}.yaml", trouble.rate_hz)
            for human in trouble.humans
        ]
        async with Application(settings) as application:
            await application.call(
                CallRequest(
                    leg=caller.leg(trouble.line),
                    account_id=caller.account,
                    playbook=DEFAULT_PLAYBOOK,
                    humans=tuple(recorded_human(human) for human in humans),
                    out=out,
                )
            )
    lines = (out / "events.jsonl").read_text("utf-8").splitlines()
    summary = json.loads((out / "summary.json").read_text("utf-8"))
    return Played(out, summary, [json.loads(line) for line in lines])


@pytest.fixture(scope="module")
def troubled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Future[Played]]]:
    """All troubled calls, under way."""
    folder = tmp_path_factory.mktemp("troubled")
    with ThreadPoolExecutor(3) as pool:
        yield {
            name: pool.submit(lambda name=name: asyncio.run(_play(name, folder)))
            for name in TROUBLES
        }


def played(troubled: dict[str, Future[Played]], name: str) -> Played:
    return troubled[name].result(600)


def test_a_failing_model_brings_a_human(troubled: dict[str, Future[Played]]) -> None:
    call = played(troubled, "model-fails")
    failed = [e for e in call.of("language_model_troubled") if e["trouble"] == "failed"]
    assert failed
    verdict = next(v for v in call.summary["verdicts"] if v["action"] == "hand_over")
    assert [t["kind"] for t in verdict["triggers"]] == ["language_model_failed"]
    assert call.summary["handoff"]["outcome"] == "bridged"


def test_a_slow_model_is_covered_by_a_filler(troubled: dict[str, Future[Played]]) -> None:
    call = played(troubled, "model-hangs")
    assert [e["trouble"] for e in call.of("language_model_troubled")][:1] == ["slow"]
    slow = call.of("language_model_troubled")[0]
    after = next(
        e
        for e in call.of("turn_taken")
        if e["seq"] > slow["seq"] and e["turn"]["speaker"] == "agent"
    )
    assert after["turn"]["text"] in {
        "One moment, please.",
        "Let me check that.",
        "I am looking that up.",
    }
    assert call.summary["outcome"] == "resolved"


def test_a_reply_that_breaks_off_brings_a_human(troubled: dict[str, Future[Played]]) -> None:
    call = played(troubled, "model-drops")
    assert call.summary["handoff"]["outcome"] == "bridged"


@pytest.mark.parametrize("name", ["poor-line", "wideband"])
def test_any_line_will_do(troubled: dict[str, Future[Played]], name: str) -> None:
    call = played(troubled, name)
    assert call.summary["handoff"]["outcome"] == "bridged"
    grounds = [t["kind"] for v in call.summary["verdicts"] for t in v["triggers"]]
    assert "asked_for_person" in grounds


def test_no_human_at_all_is_said_and_booked(troubled: dict[str, Future[Played]]) -> None:
    call = played(troubled, "nobody-there")
    assert call.summary["handoff"]["outcome"] == "nobody_free"
    assert call.summary["outcome"] == "callback_booked"
    booked = call.of("callback_booked")[0]
    told = [
        e["turn"]["text"]
        for e in call.of("turn_taken")
        if e["turn"]["speaker"] == "agent" and e["seq"] > booked["seq"]
    ]
    assert "nobody is free" in told[0]


def test_the_next_human_takes_the_call(troubled: dict[str, Future[Played]]) -> None:
    call = played(troubled, "second-human")
    rung = [e["human"] for e in call.of("handoff_moved") if e["event"] == "ring"]
    assert rung == ["declines", "accepts-general"]
    assert call.summary["handoff"]["outcome"] == "bridged"
    start = next(e for e in call.of("handoff_moved") if e["event"] == "announce")["at_ms"]
    end = next(e for e in call.of("handoff_moved") if e["event"] == "bridge")["at_ms"]
    _, heard, rate = channels(call.out / "call.wav")
    waiting = heard[start * rate // 1000 : end * rate // 1000]
    assert longest_silence_ms(waiting, rate) < 3000


def test_the_longest_call_ends_with_a_goodbye(troubled: dict[str, Future[Played]]) -> None:
    call = played(troubled, "too-long")
    assert call.summary["reason"] == "longest_call_reached"
    last = [e["turn"] for e in call.of("turn_taken") if e["turn"]["speaker"] == "agent"][-1]
    assert "Goodbye" in last["text"]


async def test_a_call_that_cannot_be_written_down_ends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The disk is full from the caller's first answer on."""
    with ScriptedLlm(billing_rules()) as model:
        settings = load_settings(
            llm_url=model.url, llm_model=model.model, data_dir=tmp_path / "data"
        )
        caller = load_script(settings.fixtures_dir / "callers" / "satisfied.yaml")
        leg = caller.leg()
        write = Store.append_events
        written = 0

        def append(store: Store, entries: Sequence[LogEntry]) -> None:
            nonlocal written
            written += len(entries)
            if written > 12:
                raise DiskFullError("No space is left for the database.")
            write(store, entries)

        monkeypatch.setattr(Store, "append_events", append)
        async with Application(settings) as application:
            with pytest.raises(DiskFullError, match="No space"):
                await asyncio.wait_for(
                    application.call(
                        CallRequest(
                            leg=leg,
                            account_id=caller.account,
                            playbook=DEFAULT_PLAYBOOK,
                            out=tmp_path / "out",
                        )
                    ),
                    180,
                )
    assert not leg.is_up
    assert not (tmp_path / "out" / "call.wav").exists()
    assert not (tmp_path / "out" / "summary.json").exists()


async def test_without_the_disclosure_there_is_no_call(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The voice is stuck: the call fails, says so in its log, and leaves nobody on the line."""

    async def stuck(*_args: object, **_options: object) -> bool:
        return False

    monkeypatch.setattr(AgentVoice, "say", stuck)
    with ScriptedLlm(billing_rules()) as model:
        settings = load_settings(
            llm_url=model.url, llm_model=model.model, data_dir=tmp_path / "data"
        )
        caller = load_script(settings.fixtures_dir / "callers" / "satisfied.yaml")
        leg = caller.leg()
        async with Application(settings) as application:
            request = CallRequest(
                leg=leg, account_id=caller.account, playbook=DEFAULT_PLAYBOOK, out=tmp_path / "out"
            )
            with pytest.raises(SpeechError, match="disclosure"):
                await asyncio.wait_for(application.call(request), 120)
    assert not leg.is_up
    assert not (tmp_path / "out" / "call.wav").exists()
    with open_store(settings.store_url) as store:
        call = store.latest_calls(1)[0]
        events = [logged.event for logged in store.events(call.id)]
    assert not [event for event in events if isinstance(event, DisclosurePlayed)]
    assert isinstance(events[-1], CallEnded)
    assert events[-1].outcome is CallOutcome.FAILED
