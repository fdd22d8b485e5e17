"""What people of the company may do with a live call, and when."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from voiceagent.calls.controls import CallControls
from voiceagent.calls.event_log import EventLog
from voiceagent.calls.journal import Journal
from voiceagent.domain.call import CallEvent
from voiceagent.domain.errors import CallControlError
from voiceagent.domain.events import OperatorActed
from voiceagent.legs.far_end import RecordedPerson
from voiceagent.legs.recorded import RecordedLeg
from voiceagent.store.opening import open_store
from voiceagent.store.records import NewCall

pytestmark = pytest.mark.unit


class Deeds:
    """Notes what it was told to do, and whether the wish was in the log by then."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self.done: list[str] = []
        self.with_person = False

    def agent_may_answer(self) -> bool:
        return self._journal.state == "talking" and not self.with_person

    def hint(self, text: str) -> None:
        self._do(f"hint {text}")

    def put_through(self, human_id: str) -> None:
        self._do(f"put through {human_id}")

    def close_call(self) -> None:
        self._do("close")

    def _do(self, what: str) -> None:
        logged = [e for e in self._journal.events() if isinstance(e.event, OperatorActed)]
        assert len(logged) == len(self.done) + 1
        self.done.append(what)


class Scene:
    def __init__(self, log: EventLog) -> None:
        self.leg = RecordedLeg(RecordedPerson((), 320, 1000))
        self.journal = Journal(log, self.leg, "en")
        self.deeds = Deeds(self.journal)
        self.controls = CallControls("c", self.leg, self.journal, self.deeds)  # type: ignore[arg-type]

    async def opens(self) -> None:
        await self.journal.move(CallEvent.ANSWERED)
        await self.journal.move(CallEvent.DISCLOSURE_PLAYED)
        await self.journal.move(CallEvent.CONVERSATION_OPENED)

    def acted(self) -> list[tuple[str, str, str]]:
        events = [e.event for e in self.journal.events()]
        return [(e.action, e.by, e.text) for e in events if isinstance(e, OperatorActed)]


def _now() -> datetime:
    return datetime.now(UTC)


@pytest.fixture
async def scene(tmp_path: Path) -> AsyncIterator[Scene]:
    with open_store(tmp_path / "calls.db") as store:
        store.begin_call(NewCall("c", "C-1", "+15550100", "p", "en", "recorded", _now()))
        async with EventLog(store, "c", _now) as log:
            yield Scene(log)


async def test_each_wish_is_in_the_log_before_it_is_done(scene: Scene) -> None:
    await scene.opens()
    await scene.controls.hint("lee", "Offer a refund.")
    await scene.controls.take_over("lee")
    await scene.controls.end("kim")
    assert scene.deeds.done == ["hint Offer a refund.", "put through lee", "close"]
    assert scene.acted() == [
        ("hint", "lee", "Offer a refund."),
        ("take_over", "lee", ""),
        ("end", "kim", ""),
    ]


async def test_a_call_that_is_being_opened_is_left_alone(scene: Scene) -> None:
    with pytest.raises(CallControlError, match="still being opened"):
        await scene.controls.end("kim")
    assert scene.deeds.done == []


async def test_a_caller_with_a_person_is_left_alone(scene: Scene) -> None:
    await scene.opens()
    scene.deeds.with_person = True
    for wish in (
        scene.controls.hint("kim", "x"),
        scene.controls.take_over("kim"),
        scene.controls.end("kim"),
    ):
        with pytest.raises(CallControlError):
            await wish
    assert scene.deeds.done == []
    assert scene.acted() == []


async def test_a_call_that_is_over_is_over(scene: Scene) -> None:
    await scene.opens()
    await scene.journal.move(CallEvent.HUNG_UP)
    with pytest.raises(CallControlError, match="is over"):
        await scene.controls.hint("kim", "x")
