"""Whole handovers in which the worst happens, with real sound.

The human's line breaks in mid-conversation, the store is slow, the recogniser stands still and the
model is dead while the caller waits, the caller leaves during the briefing. Whatever happens, the
caller's channel is never silent for more than three seconds between announcement and bridge or
return, nobody stays on a line, and there is exactly one outcome. All other moments are tried by the
property test over the coordinator (``tests/unit/handoff/test_handoff_machine.py``).
"""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from tests.scenarios.billing_rules import billing_rules
from tests.scenarios.listening import channels, longest_silence_ms
from tests.scripted_llm import Fault, Rule, ScriptedLlm
from voiceagent.app import Application, CallRequest
from voiceagent.bench.fixtures import DEFAULT_PLAYBOOK, recorded_human
from voiceagent.handoff.roster import Human, Summons
from voiceagent.legs.leg import Gone, Heard, Leg
from voiceagent.legs.recorded import RecordedLeg
from voiceagent.legs.script import RecordedScript, load_script
from voiceagent.settings import load_settings
from voiceagent.store.records import LogEntry

pytestmark = pytest.mark.scenario

WAITING_ENDS = {"bridge", "fall_back", "nobody_free", "caller_cancelled", "caller_hung_up"}


class BrittleLeg:
    """A recorded human's leg that can be made to break, and remembers whether it was hung up."""

    def __init__(self, leg: RecordedLeg) -> None:
        self._leg = leg
        self._broken = asyncio.Event()
        self.hung_up = False

    def __getattr__(self, name: str) -> Any:
        return getattr(self._leg, name)

    @property
    def is_up(self) -> bool:
        return self._leg.is_up and not self._broken.is_set()

    def break_after(self, seconds: float) -> None:
        asyncio.get_running_loop().call_later(seconds, self._broken.set)

    async def receive(self) -> Heard:
        receiving = asyncio.ensure_future(self._leg.receive())
        breaking = asyncio.ensure_future(self._broken.wait())
        try:
            await asyncio.wait({receiving, breaking}, return_when=asyncio.FIRST_COMPLETED)
            if self._broken.is_set():
                return Gone(self._leg.audio_ms, lost=True)
            return receiving.result()
        finally:
            receiving.cancel()
            breaking.cancel()

    async def hang_up(self) -> None:
        self.hung_up = True
        await self._leg.hang_up()


@dataclass
class Stage:
    """One troubled handover being set up: the caller's leg, the humans' legs, what to break."""

    caller: RecordedLeg
    legs: list[BrittleLeg] = field(default_factory=list)

    def human(self, script: RecordedScript, breaks_after_s: float | None = None) -> Human:
        """A human; with ``breaks_after_s`` their line breaks so long after the bridge opened."""

        def dial(summons: Summons) -> Leg:
            leg = BrittleLeg(script.leg())
            self.legs.append(leg)
            cue = leg.cue

            def cued(name: str) -> None:
                cue(name)
                if name == "bridged" and breaks_after_s is not None:
                    leg.break_after(breaks_after_s)

            leg.cue = cued  # type: ignore[method-assign]
            return leg  # type: ignore[return-value]

        return replace(recorded_human(script), dial=dial)


@dataclass(frozen=True)
class Trouble:
    """What goes wrong. The flags are read where the trouble is made, below."""

    humans: tuple[tuple[str, float | None], ...] = (("accepts-general", None),)
    rules: tuple[Rule, ...] = ()
    slow_store_s: float = 0.0
    deaf_on_hold: bool = False
    leaves_on: str = ""


TROUBLES = {
    "human-lost": Trouble(humans=(("accepts", 4.0), ("accepts-general", None))),
    "last-human-lost": Trouble(humans=(("accepts", 4.0),)),
    "slow-store": Trouble(slow_store_s=0.7),
    "dead-models": Trouble(
        humans=(("answers-late", None),),
        rules=(
            Rule(
                matches=lambda request: bool(request.body.get("response_format")), fault=Fault.HANG
            ),
        ),
        deaf_on_hold=True,
    ),
    "leaves-in-briefing": Trouble(leaves_on="accept"),
}


@dataclass(frozen=True)
class Played:
    out: Path
    summary: dict[str, Any]
    events: list[dict[str, Any]]
    legs: list[BrittleLeg]

    def of(self, kind: str) -> list[dict[str, Any]]:
        return [event for event in self.events if event["kind"] == kind]

    def waits(self) -> Iterator[tuple[int, int]]:
        """From each announcement or loss to the next bridge, return or end, in milliseconds."""
        since: int | None = None
        for move in self.of("handoff_moved"):
            if move["event"] in {"announce", "agent_lost"} and since is None:
                since = move["at_ms"]
            elif move["event"] in WAITING_ENDS and since is not None:
                yield since, move["at_ms"]
                since = None


def _make_trouble(application: Application, trouble: Trouble, on_hold: threading.Event) -> None:
    """A store that is slow all along, and a recogniser that stands still during the hold."""
    resources = application._opened
    append, transcribe = resources.store.append_events, resources.speech.recogniser.transcribe

    def slow(entries: Sequence[LogEntry]) -> None:
        time.sleep(trouble.slow_store_s)
        append(entries)

    def stalled(*arguments: Any, **options: Any) -> Any:
        give_up = time.monotonic() + 30
        while on_hold.is_set() and time.monotonic() < give_up:
            time.sleep(0.1)
        return transcribe(*arguments, **options)

    if trouble.slow_store_s:
        resources.store.append_events = slow  # type: ignore[method-assign]
    if trouble.deaf_on_hold:
        resources.speech.recogniser.transcribe = stalled  # type: ignore[method-assign]


async def _play(name: str, folder: Path) -> Played:
    trouble, out = TROUBLES[name], folder / name
    with ScriptedLlm([*trouble.rules, *billing_rules()]) as model:
        settings = load_settings(
            llm_url=model.url,
            llm_model=model.model,
            data_dir=folder / f"{name}-data",
            human_ring_timeout_s=8.0,
            second_opinion=False,
        )
        fixtures = settings.fixtures_dir
        caller = load_script(fixtures / "callers" / "asks-for-person.yaml")
        stage = Stage(caller.leg())
        humans = tuple(
            stage.human(load_script(fixtures / "humans" / f"{human}.yaml"), breaks)
            for human, breaks in trouble.humans
        )

        on_hold = threading.Event()

        async def watch(logged: Any) -> None:
            event = logged.event
            if getattr(event, "target", None) == "holding":
                on_hold.set()
            elif getattr(event, "target", None) == "bridged":
                on_hold.clear()
            if trouble.leaves_on and getattr(event, "event", None) == trouble.leaves_on:
                await stage.caller.hang_up()

        async with Application(settings) as application:
            _make_trouble(application, trouble, on_hold)
            await application.call(
                CallRequest(
                    leg=stage.caller,
                    account_id=caller.account,
                    playbook=DEFAULT_PLAYBOOK,
                    humans=humans,
                    out=out,
                    on_event=watch,
                )
            )
    lines = (out / "events.jsonl").read_text("utf-8").splitlines()
    summary = json.loads((out / "summary.json").read_text("utf-8"))
    return Played(out, summary, [json.loads(line) for line in lines], stage.legs)


@pytest.fixture(scope="module")
def handovers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Future[Played]]]:
    """All troubled handovers, under way two at a time."""
    folder = tmp_path_factory.mktemp("handovers")
    with ThreadPoolExecutor(2) as pool:
        yield {
            name: pool.submit(lambda name=name: asyncio.run(_play(name, folder)))
            for name in TROUBLES
        }


def played(handovers: dict[str, Future[Played]], name: str) -> Played:
    return handovers[name].result(600)


@pytest.mark.parametrize("name", TROUBLES)
def test_no_wait_is_silent_and_nobody_is_left_on_a_line(
    handovers: dict[str, Future[Played]], name: str
) -> None:
    call = played(handovers, name)
    _, heard, rate = channels(call.out / "call.wav")
    waits = list(call.waits())
    assert waits
    for start, end in waits:
        waiting = heard[start * rate // 1000 : end * rate // 1000]
        assert longest_silence_ms(waiting, rate) < 3000
    assert len(call.of("handoff_ended")) == 1
    assert call.legs
    assert all(leg.hung_up for leg in call.legs)
    ringing = [e for e in call.of("handoff_moved") if e["event"] == "ring"]
    assert len(call.of("human_rung")) == len(ringing)


def test_a_human_lost_in_the_bridge_is_followed_by_the_next(
    handovers: dict[str, Future[Played]],
) -> None:
    call = played(handovers, "human-lost")
    assert call.summary["handoff"]["outcome"] == "bridged"
    moves = [(e["event"], e["human"]) for e in call.of("handoff_moved")]
    assert moves.index(("agent_lost", "accepts")) < moves.index(("accept", "accepts-general"))
    lost = next(e["seq"] for e in call.of("handoff_moved") if e["event"] == "agent_lost")
    told = [
        e["turn"]["text"]
        for e in call.of("turn_taken")
        if e["turn"]["speaker"] == "agent" and e["seq"] > lost
    ]
    assert any("cut" in text for text in told)


def test_the_last_human_lost_leaves_the_caller_with_the_agent_and_a_promise(
    handovers: dict[str, Future[Played]],
) -> None:
    call = played(handovers, "last-human-lost")
    assert call.summary["handoff"]["outcome"] == "agent_lost"
    assert call.of("callback_booked")
    booked = call.of("callback_booked")[0]
    assert booked["priority"] > 0
    assert any(
        "will call you back" in e["turn"]["text"]
        for e in call.of("turn_taken")
        if e["turn"]["speaker"] == "agent" and e["seq"] > booked["seq"]
    )


@pytest.mark.parametrize("name", ["slow-store", "dead-models"])
def test_slow_and_dead_parts_do_not_stop_a_handover(
    handovers: dict[str, Future[Played]], name: str
) -> None:
    call = played(handovers, name)
    assert call.summary["handoff"]["outcome"] == "bridged"
    assert call.of("packet_written")[-1]["packet"]["written_by"] == "events"


def test_a_caller_who_leaves_during_the_briefing_is_not_bridged(
    handovers: dict[str, Future[Played]],
) -> None:
    call = played(handovers, "leaves-in-briefing")
    assert call.summary["handoff"]["outcome"] == "caller_hung_up"
    assert "bridged" not in call.summary["handoff"]["path"]
