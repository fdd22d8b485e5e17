"""Verdicts are logged and acted on once, and never before the disclosure."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from voiceagent.calls.event_log import EventLog
from voiceagent.calls.journal import Journal
from voiceagent.calls.supervision import Supervision
from voiceagent.domain.call import CallEvent
from voiceagent.domain.events import KeyPressed, LoggedEvent, VerdictGiven
from voiceagent.domain.verdict import Verdict
from voiceagent.legs.far_end import RecordedPerson
from voiceagent.legs.recorded import RecordedLeg
from voiceagent.settings import load_settings
from voiceagent.speech.utterances import Utterance
from voiceagent.store.opening import open_store
from voiceagent.store.records import NewCall
from voiceagent.supervisor.policy import load_policy
from voiceagent.supervisor.watcher import Supervisor

pytestmark = pytest.mark.unit


def now() -> datetime:
    return datetime(2026, 11, 22, tzinfo=UTC)


class Call:
    """What a verdict may cause, written down."""

    def __init__(self) -> None:
        self.deeds: list[str] = []
        self.may_answer = True
        self.tasks: list[asyncio.Task[None]] = []

    def agent_may_answer(self) -> bool:
        return self.may_answer

    def offer_person(self) -> None:
        self.deeds.append("offer")

    def hand_over(self, verdict: Verdict) -> None:
        self.deeds.append("hand over")

    async def block_number(self, turn: int) -> None:
        self.deeds.append(f"block {turn}")

    def end(self, verdict: Verdict) -> None:
        self.deeds.append("end")

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        self.tasks.append(asyncio.create_task(work))


class Scene:
    def __init__(self, log: EventLog) -> None:
        leg = RecordedLeg(RecordedPerson((), 320, 1000))
        self.journal = Journal(log, leg, "en")
        policy = load_policy(load_settings().prompts_dir / "supervisor.yaml")
        self.call = Call()
        self.supervision = Supervision(Supervisor(policy), self.journal, self.call)
        self.journal.listen(self.supervision.watch)

    async def says(self, text: str) -> bool:
        logged = await self.journal.caller_said([Utterance(text, 0, 1000, 0.95, "en")])
        return await self.supervision.consult(logged)

    async def opens(self) -> None:
        await self.journal.move(CallEvent.ANSWERED)
        await self.journal.move(CallEvent.DISCLOSURE_PLAYED)
        await self.journal.move(CallEvent.CONVERSATION_OPENED)

    def verdicts(self) -> list[VerdictGiven]:
        return [e.event for e in self.journal.events() if isinstance(e.event, VerdictGiven)]


@pytest.fixture
async def scene(tmp_path: Path) -> AsyncIterator[Scene]:
    with open_store(tmp_path / "calls.db") as store:
        store.begin_call(NewCall("c", "C-1", "+15550100", "p", "en", "recorded", now()))
        async with EventLog(store, "c", now) as log:
            yield Scene(log)


async def test_an_ordinary_turn_is_the_models_business(scene: Scene) -> None:
    await scene.opens()
    assert await scene.says("When is my bill due?") is False
    assert scene.call.deeds == []
    assert [v.verdict.action for v in scene.verdicts()] == ["continue"]


async def test_a_wish_for_a_person_is_not(scene: Scene) -> None:
    await scene.opens()
    assert await scene.says("I want to speak to a real person.") is True
    assert scene.call.deeds == ["hand over"]


async def test_nothing_is_done_before_the_disclosure_and_then_once(scene: Scene) -> None:
    await scene.journal.move(CallEvent.ANSWERED)
    assert await scene.says("I want to speak to a real person.") is True
    assert scene.call.deeds == []
    await scene.journal.move(CallEvent.DISCLOSURE_PLAYED)
    await scene.journal.move(CallEvent.CONVERSATION_OPENED)
    assert await scene.supervision.disclosed() is True
    assert await scene.supervision.disclosed() is False
    assert scene.call.deeds == ["hand over"]


async def test_a_forbidden_call_is_forbidden_with_its_turn(scene: Scene) -> None:
    await scene.opens()
    await scene.says("Hello?")
    assert await scene.says("Stop calling me. Take me off your list.") is True
    assert scene.call.deeds == ["block 2", "end"]


async def test_a_number_is_blocked_even_before_the_disclosure(scene: Scene) -> None:
    await scene.journal.move(CallEvent.ANSWERED)
    assert await scene.says("Stop calling me. Take me off your list.") is True
    assert scene.call.deeds == ["block 1"]


async def test_key_zero_brings_a_human(scene: Scene) -> None:
    await scene.opens()
    logged: LoggedEvent = await scene.journal.report(lambda ms: KeyPressed(at_ms=ms, key="0"))
    assert await scene.supervision.consult(logged) is True
    assert scene.call.deeds == ["hand over"]


async def test_a_verdict_while_a_human_talks_is_logged_and_causes_nothing(scene: Scene) -> None:
    await scene.opens()
    scene.call.may_answer = False
    assert await scene.says("I want to speak to a real person.") is False
    assert scene.call.deeds == []
    assert len(scene.verdicts()) == 1
