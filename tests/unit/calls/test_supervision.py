"""Verdicts are logged and acted on once, and never before the disclosure."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from voiceagent.calls.event_log import EventLog
from voiceagent.calls.journal import Journal
from voiceagent.calls.supervision import Advisers, Supervision
from voiceagent.dialogue.second_opinion import Opinion, SecondOpinion, SecondOpinionError
from voiceagent.domain.call import CallEvent
from voiceagent.domain.errors import SpeechError
from voiceagent.domain.events import (
    FrustrationScored,
    KeyPressed,
    LoggedEvent,
    SecondOpinionGiven,
    SecondOpinionMissed,
    TurnClassified,
    VerdictGiven,
)
from voiceagent.domain.transcript import Turn
from voiceagent.domain.verdict import Action, Repair, Verdict
from voiceagent.legs.far_end import RecordedPerson
from voiceagent.legs.recorded import RecordedLeg
from voiceagent.settings import load_settings
from voiceagent.speech.utterances import Utterance
from voiceagent.store.opening import open_store
from voiceagent.store.records import NewCall
from voiceagent.supervisor.policy import load_policy
from voiceagent.supervisor.turn_reading import TurnReading
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

    def repair(self, step: Repair, *, speak: bool) -> bool:
        self.deeds.append(f"repair {step}")
        return speak and step is Repair.SPELL_OR_KEY

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        self.tasks.append(asyncio.create_task(work))


class Scene:
    def __init__(self, log: EventLog, advisers: Advisers | None = None) -> None:
        leg = RecordedLeg(RecordedPerson((), 320, 1000))
        self.journal = Journal(log, leg, "en")
        policy = load_policy(load_settings().prompts_dir / "supervisor.yaml")
        self.call = Call()
        self.supervision = Supervision(Supervisor(policy), self.journal, self.call, advisers)
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


@asynccontextmanager
async def scene_with(folder: Path, advisers: Advisers | None) -> AsyncIterator[Scene]:
    with open_store(folder / "calls.db") as store:
        store.begin_call(NewCall("c", "C-1", "+15550100", "p", "en", "recorded", now()))
        async with EventLog(store, "c", now) as log:
            yield Scene(log, advisers)


@pytest.fixture
async def scene(tmp_path: Path) -> AsyncIterator[Scene]:
    async with scene_with(tmp_path, None) as scene:
        yield scene


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


# Advice.


def reads(frustration: float, **probabilities: float) -> Advisers:
    async def read(turns: Sequence[Turn]) -> TurnReading:
        return TurnReading(turns[-1].number, frustration, probabilities)

    return Advisers(read_turn=read)


async def test_the_classifiers_and_the_words_make_one_verdict(tmp_path: Path) -> None:
    async with scene_with(tmp_path, reads(0.9, legal=1.0)) as scene:
        await scene.opens()
        assert await scene.says("Then the gentleman with the robe will hear of it.") is True
        kinds = [type(e.event) for e in scene.journal.events()]
        assert kinds.index(TurnClassified) < kinds.index(FrustrationScored)
        assert kinds.index(FrustrationScored) < kinds.index(VerdictGiven)
        [verdict] = [v.verdict for v in scene.verdicts()]
        assert verdict.action is Action.HAND_OVER
        assert "legal" in {t.kind for t in verdict.triggers}
        assert verdict.frustration >= 0.5
        assert scene.call.deeds == ["hand over"]


async def test_a_calm_reading_leaves_a_calm_verdict(tmp_path: Path) -> None:
    async with scene_with(tmp_path, reads(0.02)) as scene:
        await scene.opens()
        assert await scene.says("When is my bill due?") is False
        [verdict] = [v.verdict for v in scene.verdicts()]
        assert (verdict.action, verdict.triggers) == (Action.CONTINUE, ())
        assert verdict.frustration < 0.2


async def test_without_the_classifiers_the_words_alone_decide(tmp_path: Path) -> None:
    async def too_late(turns: Sequence[Turn]) -> TurnReading:
        raise SpeechError("too busy")

    async with scene_with(tmp_path, Advisers(read_turn=too_late)) as scene:
        await scene.opens()
        assert await scene.says("I want to speak to a real person.") is True
        assert scene.call.deeds == ["hand over"]
        assert len(scene.verdicts()) == 1


class Opinions(SecondOpinion):
    """Says what it is told to say."""

    def __init__(self, said: Opinion | None) -> None:
        self._said = said
        self.asked = 0

    @property
    def busy(self) -> bool:
        return False

    async def on(self, turns: Sequence[Turn]) -> Opinion:
        self.asked += 1
        if self._said is None:
            raise SecondOpinionError("nothing")
        return self._said


async def test_a_second_opinion_is_asked_beside_the_call_and_only_adds(tmp_path: Path) -> None:
    opinion = Opinions(Opinion(0.95, 0.9, "frustration"))
    async with scene_with(tmp_path, Advisers(second_opinion=opinion)) as scene:
        await scene.opens()
        assert await scene.says("When is my bill due?") is False
        await asyncio.gather(*scene.call.tasks)
        assert opinion.asked == 1
        assert any(isinstance(e.event, SecondOpinionGiven) for e in scene.journal.events())
        assert "hand over" not in scene.call.deeds


async def test_a_missed_opinion_is_logged_and_changes_nothing(tmp_path: Path) -> None:
    async with scene_with(tmp_path, Advisers(second_opinion=Opinions(None))) as scene:
        await scene.opens()
        assert await scene.says("When is my bill due?") is False
        await asyncio.gather(*scene.call.tasks)
        [missed] = [
            e.event for e in scene.journal.events() if isinstance(e.event, SecondOpinionMissed)
        ]
        assert (missed.turn, missed.code) == (1, "llm.no_second_opinion")
        assert scene.call.deeds == []


async def test_repair_is_taken_step_by_step_and_not_repeated(scene: Scene) -> None:
    await scene.opens()
    for text in ("What?", "Pardon?", "Sorry, what did you say?", "What?"):
        await scene.says(text)
    steps = [deed for deed in scene.call.deeds if deed.startswith("repair")]
    assert steps
    assert len(steps) == len(set(steps))
    assert steps[0] == "repair slow_down"
