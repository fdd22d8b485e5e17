"""One call as the board shows it, read from logs as calls write them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.unit.desk.house import House, opened_house
from tests.unit.desk.scene import START
from tests.unit.handoff.written import PARCEL
from voiceagent.calls import readings
from voiceagent.desk.call_view import CallView, LiveCallInfo
from voiceagent.domain.call import CallEvent, CallOutcome, CallState
from voiceagent.domain.events import InterimHeard, KeyPressed
from voiceagent.domain.handoff import HandoffEvent, HandoffOutcome, HandoffState
from voiceagent.domain.handoff_events import BridgeHeld, HumanRung
from voiceagent.store.desk_records import Role

pytestmark = pytest.mark.unit


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with opened_house(tmp_path) as house:
        yield house


async def test_a_call_before_its_first_event(house: House) -> None:
    live = house.call().followed.view.as_live()
    assert live.model_dump(mode="json") == {
        "call_id": "c-1",
        "customer_name": "James Whitfield",
        "account_id": "C-1002",
        "language": "en",
        "leg": "recorded",
        "state": "connecting",
        "started_at": "2026-11-22T09:00:00Z",
        "answered_at": None,
        "mood": [],
        "last_verdict": None,
        "last_words": None,
        "human": None,
    }


async def test_what_is_said_and_judged_is_shown(house: House) -> None:
    call = house.call()
    await call.places()
    house.clock.advance(4)
    await call.journal.move(CallEvent.ANSWERED)
    await call.talks()
    view = call.followed.view
    assert view.state is CallState.ANSWERING
    assert (view.started_at, view.answered_at) == (START, house.clock())
    verdicts = readings.verdicts(call.log.events())
    by_turn = {verdict.turn: verdict.frustration for verdict in verdicts if verdict.turn}
    assert len(by_turn) == 3
    live = view.as_live()
    assert live.mood == [by_turn[turn] for turn in sorted(by_turn)]
    assert view.frustration == live.mood[-1]
    assert live.last_words is not None
    assert (live.last_words.speaker, live.last_words.text) == ("caller", PARCEL[-1][3:])
    assert live.last_verdict is not None
    assert live.last_verdict.turn == verdicts[-1].turn
    assert live.last_verdict.action == verdicts[-1].action


async def test_why_and_what_about_come_from_the_verdict_then_from_the_packet(house: House) -> None:
    call = house.call()
    await call.opens()
    assert call.followed.view.matter == "asked about a charge"
    assert call.followed.view.why == ()
    await call.talks(*PARCEL, "C: I want to talk to a real person, please.")
    verdict = call.followed.view.last_verdict
    assert verdict is not None
    assert call.followed.view.why == verdict.triggers != ()
    packet = await call.holds()
    view = call.followed.view
    assert view.packet == packet
    assert packet.matter
    assert (view.matter, view.mood_word) == (packet.matter, packet.mood)
    assert view.why == packet.triggers


async def test_since_when_the_caller_waits(house: House) -> None:
    call = house.call()
    await call.opens()
    view = call.followed.view
    assert view.waiting_since is None
    house.clock.advance(30)
    await call.holds()
    began = house.clock()
    house.clock.advance(10)
    await call.report(KeyPressed(at_ms=1, key="1"))
    assert (view.state, view.waiting_since) == (CallState.HOLDING, began)
    await call.journal.move(CallEvent.HOLD_ENDED)
    await call.told()
    assert (view.state, view.waiting_since) == (CallState.TALKING, None)


async def test_who_is_rung_and_who_has_the_call(house: House) -> None:
    house.join(house.add_user("dana", [Role.AGENT]))
    call = house.call()
    await call.opens()
    await call.holds()
    view = call.followed.view
    to_ring = [(HandoffEvent.ANNOUNCE, ""), (HandoffEvent.SEEK, "")]
    await call.hands_over(*to_ring, (HandoffEvent.RING, "u-dana,u-lee"))
    assert view.ringing == ("u-dana", "u-lee")
    assert view.human is None
    await call.report(HumanRung(at_ms=1, handoff_id="h-1", human="u-lee", result="declined"))
    assert view.ringing == ("u-dana",)
    assert view.concerns("u-dana")
    assert not view.concerns("u-lee")
    ring = (HandoffEvent.RING, "u-dana")
    await call.hands_over(*to_ring, ring, (HandoffEvent.ACCEPT, "u-dana"))
    assert (view.human, view.ringing) == ("Dana", ())
    assert view.handoff_state is HandoffState.BRIEFING
    lost = (HandoffEvent.AGENT_LOST, "u-dana")
    await call.hands_over(*to_ring, ring, (HandoffEvent.ACCEPT, "u-dana"), lost)
    assert view.human is None
    assert not view.concerns("u-dana")


async def test_a_bridged_caller_who_is_held_by_the_human(house: House) -> None:
    call = house.call()
    await call.opens()
    await call.holds()
    await call.bridges("u-dana")
    view = call.followed.view
    assert (view.state, view.human, view.held) == (CallState.BRIDGED, "u-dana", False)
    held = BridgeHeld(at_ms=1, handoff_id="h-1", human="u-dana", on=True)
    await call.report(held)
    assert view.held
    await call.journal.move(CallEvent.RETURNED_TO_AI)
    await call.told()
    assert (view.state, view.held) == (CallState.TALKING, False)


async def test_the_end(house: House) -> None:
    call = house.call()
    await call.opens()
    await call.holds()
    await call.bridges("u-dana")
    await call.ends(CallOutcome.HANDED_OVER, HandoffOutcome.BRIDGED)
    view = call.followed.view
    assert (view.state, view.ended, view.outcome) == (CallState.ENDED, True, "handed_over")
    assert (view.human, view.waiting_since) == (None, None)


async def test_an_event_is_taken_once_and_says_whether_it_shows(house: House) -> None:
    call = house.call(live=False)
    await call.opens()
    await call.report(InterimHeard(at_ms=1, text="I was"))
    events = call.log.events()
    info = LiveCallInfo("c-1", "C-1002", "", "en", "recorded")
    view = CallView(info, START, lambda human: human)
    shown = [view.observe(each) for each in events]
    assert shown == [True] * (len(events) - 1) + [False]
    assert view.customer_name == "James Whitfield"
    before = view.as_live()
    assert [view.observe(each) for each in events] == [False] * len(events)
    assert view.as_live() == before
