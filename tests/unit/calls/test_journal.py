"""State and log of a call move together."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from voiceagent.calls.agent_voice import AgentTurn
from voiceagent.calls.event_log import EventLog
from voiceagent.calls.journal import Journal
from voiceagent.domain.call import CallEvent, CallState
from voiceagent.domain.errors import IllegalTransitionError
from voiceagent.domain.events import CallMoved, TurnTaken
from voiceagent.domain.transcript import Tone
from voiceagent.legs.far_end import RecordedPerson
from voiceagent.legs.recorded import RecordedLeg
from voiceagent.speech.utterances import Utterance
from voiceagent.store.opening import open_store
from voiceagent.store.records import NewCall

pytestmark = pytest.mark.unit


def now() -> datetime:
    return datetime(2026, 11, 22, tzinfo=UTC)


@pytest.fixture
async def journal(tmp_path: Path) -> AsyncIterator[Journal]:
    with open_store(tmp_path / "calls.db") as store:
        store.begin_call(NewCall("c", "C-1", "+15550100", "p", "en", "recorded", now()))
        async with EventLog(store, "c", now) as log:
            yield Journal(log, RecordedLeg(RecordedPerson((), 320, 1000)), "en")


async def test_a_move_is_logged_and_an_illegal_one_is_not(journal: Journal) -> None:
    await journal.move(CallEvent.ANSWERED)
    with pytest.raises(IllegalTransitionError):
        await journal.move(CallEvent.BRIDGE_OPENED)
    assert journal.state is CallState.ANSWERING
    moves = [e.event for e in journal.events()]
    assert [type(m) for m in moves] == [CallMoved]


async def test_turns_are_numbered_across_speakers(journal: Journal) -> None:
    await journal.caller_said([Utterance("Hello.", 100, 500, 0.8, "en")])
    await journal.agent_said(AgentTurn("One two three", "One two", 600, 900, True))
    await journal.human_said(Utterance("I am Sam.", 100, 400, 0.9, "en"), 5000)
    turns = [e.event.turn for e in journal.events() if isinstance(e.event, TurnTaken)]
    assert [t.number for t in turns] == [1, 2, 3]
    assert (turns[1].text, turns[1].intended) == ("One two", "One two three")
    assert (turns[2].start_ms, turns[2].end_ms) == (5100, 5400)


async def test_a_turn_of_several_segments_is_one_turn(journal: Journal) -> None:
    await journal.caller_said(
        [
            Utterance("My zip code is", 100, 900, 0.9, "en"),
            Utterance("97214.", 1500, 2500, 0.6, "en"),
        ]
    )
    (logged,) = journal.events()
    assert isinstance(logged.event, TurnTaken)
    turn = logged.event.turn
    assert (turn.text, turn.start_ms, turn.end_ms) == ("My zip code is 97214.", 100, 2500)
    assert 0.6 < turn.confidence < 0.9
    assert journal.caller_words() == "My zip code is 97214."


async def test_talking_over_the_agent_is_measured_in_the_callers_turn(journal: Journal) -> None:
    await journal.agent_said(AgentTurn("Let me explain", "Let me", 1000, 2000, True))
    tone = Tone(-20.0, 180.0, 4.0, 5.0, 600)
    logged = await journal.caller_said(
        [
            Utterance("No, no.", 1700, 2400, 0.9, "en", tone=tone),
            Utterance("Listen to me.", 2600, 3400, 0.9, "en", tone=tone),
        ]
    )
    assert isinstance(logged.event, TurnTaken)
    assert logged.event.turn.overlap_ms == 300
    assert logged.event.turn.tone == Tone(-20.0, 180.0, 4.0, 5.0, 1200)
