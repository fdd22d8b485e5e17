"""Whole calls for the scenario tests, run four at a time behind the tests that ask about them.

The calls take as long as phone calls do. So all recorded callers whose tests were collected are
called back from one background thread with one application (the models are loaded once), and a
test waits for the call it is about.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from tests.scenarios.billing_rules import billing_rules
from tests.scripted_llm import ScriptedLlm
from voiceagent.app import Application
from voiceagent.bench.fixtures import (
    Fixture,
    FixtureResult,
    load_fixtures,
    recorded_human,
    run_fixture,
)
from voiceagent.handoff.roster import Human, Summons
from voiceagent.legs.leg import Leg
from voiceagent.legs.script import RecordedScript, load_script
from voiceagent.settings import Settings, load_settings

DEADLINE_S = 900.0


@dataclass
class PlayedCall:
    """One finished call, and what the human at its other end heard."""

    fixture: Fixture
    result: FixtureResult
    out: Path
    human: RecordedScript | None
    heard_by_human: bytes = b""


@dataclass
class _Ear:
    """Keeps what a recorded human hears of the caller: all from the bridge on."""

    human: Human
    heard: bytearray = field(default_factory=bytearray)

    def dialled(self) -> Human:
        def dial(summons: Summons) -> Leg:
            leg = self.human.dial(summons)
            leg.add_tap(lambda _said, heard: self.heard.extend(heard))
            cue = leg.cue

            def cued(name: str) -> None:
                if name == "bridged":
                    # Before it there was the spoken briefing.
                    self.heard.clear()
                cue(name)

            leg.cue = cued  # type: ignore[method-assign]
            return leg

        return replace(self.human, dial=dial)


class Callbacks:
    """Calls recorded people back in a background thread; ask for a call with :meth:`get`."""

    def __init__(self, settings: Settings, out: Path, names: list[str], jobs: int) -> None:
        self.settings = settings
        self._out = out
        self._jobs = jobs
        known = {f.id: f for f in load_fixtures(settings.fixtures_dir)}
        self._calls: dict[str, Future[PlayedCall]] = {name: Future() for name in names}
        self._fixtures = {name: known[name] for name in names}
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def get(self, name: str) -> PlayedCall:
        return self._calls[name].result(DEADLINE_S)

    def join(self) -> None:
        self._thread.join(DEADLINE_S)

    def _run(self) -> None:
        try:
            asyncio.run(self._all())
        except BaseException as error:
            for future in self._calls.values():
                if not future.done():
                    future.set_exception(error)

    async def _all(self) -> None:
        places = asyncio.Semaphore(self._jobs)
        async with Application(self.settings) as application:
            await asyncio.gather(*(self._one(application, places, name) for name in self._calls))

    async def _one(self, application: Application, places: asyncio.Semaphore, name: str) -> None:
        async with places:
            try:
                self._calls[name].set_result(await self._call(application, name))
            except Exception as error:
                self._calls[name].set_exception(error)

    async def _call(self, application: Application, name: str) -> PlayedCall:
        fixture, folder = self._fixtures[name], self.settings.fixtures_dir
        caller = load_script(folder / fixture.script)
        human = load_script(folder / "humans" / f"{caller.human}.yaml") if caller.human else None
        ears = [_Ear(recorded_human(human))] if human else []
        out = self._out / name
        result = await run_fixture(
            application, folder, fixture, out, [ear.dialled() for ear in ears]
        )
        heard = bytes(ears[0].heard) if ears else b""
        return PlayedCall(fixture, result, out, human, heard)


def _wanted(request: pytest.FixtureRequest, marker: str) -> list[str]:
    """The callers that collected tests with this marker are about, in the order of the tests."""
    names: list[str] = []
    for item in request.session.items:
        params = getattr(item, "callspec", None)
        if params and "caller" in params.params and item.get_closest_marker(marker):
            name = params.params["caller"]
            if name not in names:
                names.append(name)
    return names


@pytest.fixture(scope="session")
def scripted_model() -> Iterator[ScriptedLlm]:
    """The scripted language model all scenarios share."""
    with ScriptedLlm(billing_rules()) as model:
        yield model


@pytest.fixture(scope="session")
def callbacks(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    scripted_model: ScriptedLlm,
) -> Iterator[Callbacks]:
    """Every recorded caller that is asked about, with the scripted language model."""
    folder = tmp_path_factory.mktemp("calls")
    settings = load_settings(
        llm_url=scripted_model.url,
        llm_model=scripted_model.model,
        data_dir=folder / "data",
        human_ring_timeout_s=8.0,
        # What is asked for here is what the classifiers find, not how soon on a busy machine.
        turn_reading_deadline_s=3.0,
    )
    calls = Callbacks(settings, folder, _wanted(request, "scenario"), jobs=4)
    yield calls
    calls.join()


@pytest.fixture(scope="session")
def local_callbacks(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callbacks]:
    """The same with the real local language model, one at a time: it needs both cores."""
    folder = tmp_path_factory.mktemp("local-calls")
    settings = load_settings(data_dir=folder / "data", human_ring_timeout_s=8.0)
    calls = Callbacks(settings, folder, _wanted(request, "local_llm"), jobs=1)
    yield calls
    calls.join()
