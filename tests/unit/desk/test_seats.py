"""The life of a seat: every way a ring and a call may go, with real handoffs."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from tests.unit.desk.office import QUICK, Office, Person, open_office, options, until
from voiceagent.domain.call import CallEvent, CallOutcome, CallState
from voiceagent.domain.events import CallEnded, CallMoved, OperatorActed, OperatorAction
from voiceagent.domain.handoff import HandoffOutcome
from voiceagent.domain.handoff_events import HoldWish
from voiceagent.handoff.coordinator import HeardOnHold
from voiceagent.handoff.roster import Availability, Need
from voiceagent.legs.desk_line import DeskLine
from voiceagent.store.desk_records import Role

pytestmark = pytest.mark.unit

A = Availability


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Office]:
    async with open_office(tmp_path) as opened:
        yield opened


def free(office: Office) -> list[str]:
    return [human.id for human in office.roster.next_free(Need(), at_most=10)]


# A whole life.


async def test_from_the_ring_to_the_wrap_up_and_available_again(office: Office) -> None:
    dana = await office.person("dana")
    assert free(office) == ["u-dana"]
    call = office.call()
    call.whispering.clear()
    handoff = call.hand_over()

    await dana.is_("offered")
    state = dana.seat.state()
    offer = state.offer
    assert offer is not None
    assert (state.availability, state.call, state.wrap_up) == (A.AVAILABLE, None, None)
    assert (offer.call_id, offer.customer_name, offer.matter) == (
        "c1",
        "James Whitfield",
        "A refund.",
    )
    assert (offer.kind, offer.mood, offer.frustration, offer.language, offer.phone) == (
        "handoff",
        "upset",
        0.8,
        "en",
        "+15550100",
    )
    assert [trigger.kind.value for trigger in offer.why] == ["anger"]
    assert (offer.waiting_s, offer.ring_timeout_s) == (7.0, QUICK.ring_timeout_s)
    assert offer.rung_at == office.clock()
    assert offer.packet is not None
    assert offer.packet.call_id == "c1"
    assert len(offer.id) >= 20
    assert dana.seat.may_follow("c1")

    await dana.deeds.accept(offer.id)
    await dana.is_("briefing")
    state = dana.seat.state()
    held = state.call
    assert held is not None
    assert state.offer is None
    assert (held.call_id, held.stage, held.handoff_id) == ("c1", "briefing", "c1-h1")
    assert (held.media, held.transfer, held.since) == ("up", False, office.clock())
    office.clock.advance(5)
    call.whispering.set()
    await dana.is_("bridged")
    held = dana.seat.state().call
    assert held is not None
    assert (held.stage, held.since) == ("bridged", office.clock())

    await dana.deeds.hold("c1", on=True)
    assert dana.life == "on_hold"
    await dana.deeds.hold("c1", on=False)
    assert dana.life == "bridged"
    assert free(office) == []

    dana.deeds.end("c1")
    state = dana.seat.state()
    wrap_up = state.wrap_up
    assert wrap_up is not None
    assert (state.availability, state.call) == (A.WRAP_UP, None)
    assert (wrap_up.call_id, wrap_up.customer_name) == ("c1", "James Whitfield")
    assert wrap_up.packet is not None
    assert wrap_up.until == office.clock() + timedelta(seconds=QUICK.wrap_up_s)
    assert [each.value for each in wrap_up.dispositions][:2] == ["resolved", "follow_up"]
    assert await handoff is HandoffOutcome.BRIDGED
    assert dana.on_roster is A.WRAP_UP
    assert free(office) == []
    assert dana.seat.may_follow("c1")

    wrapping = dana.seat.wrapping
    assert wrapping is not None
    dana.seat.end_wrap_up(wrapping)
    assert dana.life == "idle"
    assert dana.seat.state().availability is A.AVAILABLE
    assert free(office) == ["u-dana"]
    assert not dana.seat.may_follow("c1")
    assert dana.notices() == []


async def test_the_wrap_up_ends_by_itself(tmp_path: Path) -> None:
    async with open_office(tmp_path, options(wrap_up_s=0.3)) as office:
        dana = await office.person("dana")
        office.call().hand_over()
        await dana.takes()
        dana.deeds.end("c1")
        assert dana.life == "wrap_up"
        await dana.is_("idle")
        assert dana.on_roster is A.AVAILABLE


async def test_what_is_known_of_a_call_outlives_it(office: Office) -> None:
    dana = await office.person("dana")
    call = office.call()
    call.hand_over()
    await dana.takes()
    del office.infos.known["c1"]
    dana.deeds.end("c1")
    wrap_up = dana.seat.state().wrap_up
    assert wrap_up is not None
    assert wrap_up.customer_name == "James Whitfield"
    await call.over()


async def test_the_caller_goes_back_to_the_ai(office: Office) -> None:
    dana = await office.person("dana")
    call = office.call()
    call.hand_over()
    await dana.takes()
    await dana.deeds.send_back("c1", "Read the meter.")
    assert dana.life == "wrap_up"
    assert await call.over() is HandoffOutcome.RETURNED_TO_AI
    assert call.resumed == ["Read the meter."]


async def test_sent_back_from_hold(office: Office) -> None:
    dana = await office.person("dana")
    call = office.call()
    call.hand_over()
    await dana.takes()
    await dana.deeds.hold("c1", on=True)
    await dana.deeds.send_back("c1", "")
    assert dana.life == "wrap_up"
    assert await call.over() is HandoffOutcome.RETURNED_TO_AI


@pytest.mark.parametrize("stage", ["bridged", "on_hold"])
async def test_the_caller_hangs_up(office: Office, stage: str) -> None:
    dana = await office.person("dana")
    call = office.call()
    call.hand_over()
    await dana.takes()
    if stage == "on_hold":
        await dana.deeds.hold("c1", on=True)
    call.gone.set()
    await dana.is_("wrap_up")
    assert await call.over() is HandoffOutcome.BRIDGED


async def test_paused_during_a_call_is_paused_after_it(office: Office) -> None:
    dana = await office.person("dana")
    office.call().hand_over()
    await dana.takes()
    dana.deeds.choose(A.PAUSED)
    assert dana.life == "bridged"
    dana.deeds.end("c1")
    # Nobody is to wait for somebody who then takes a break.
    assert dana.on_roster is A.PAUSED
    wrapping = dana.seat.wrapping
    assert wrapping is not None
    dana.seat.end_wrap_up(wrapping)
    assert dana.seat.state().availability is A.PAUSED


# Not accepted.


async def test_declined(office: Office) -> None:
    dana = await office.person("dana")
    call = office.call()
    call.hand_over()
    await dana.is_("offered")
    await dana.deeds.decline(dana.offer_id)
    assert dana.life == "idle"
    assert dana.seat.state().offer is None
    await dana.was_told("declined")
    assert await call.over() is HandoffOutcome.DECLINED
    assert free(office) == ["u-dana"]


async def test_one_ring_without_an_answer_is_forgiven_two_are_not(office: Office) -> None:
    dana = await office.person("dana")
    first = office.call("c1")
    first.hand_over(ring_timeout_s=0.1)
    assert await first.over() is HandoffOutcome.NO_ANSWER
    await dana.was_told("timed_out")
    assert (dana.life, dana.on_roster) == ("idle", A.AVAILABLE)
    second = office.call("c2")
    second.hand_over(ring_timeout_s=0.1)
    assert await second.over() is HandoffOutcome.NO_ANSWER
    await dana.was_told("timed_out", "timed_out", "timed_out")
    assert dana.on_roster is A.PAUSED
    assert dana.seat.state().availability is A.PAUSED
    # The next caller is not let ring in vain.
    third = office.call("c3")
    third.hand_over(ring_timeout_s=0.1)
    assert await third.over() is HandoffOutcome.NOBODY_FREE
    dana.deeds.choose(A.AVAILABLE)
    assert dana.on_roster is A.AVAILABLE


async def test_an_answer_in_between_begins_the_count_anew(office: Office) -> None:
    dana = await office.person("dana")
    for number in range(2):
        ignored = office.call(f"ignored-{number}")
        ignored.hand_over(ring_timeout_s=0.1)
        await ignored.over()
        await until(lambda number=number: dana.notices().count("timed_out") == number + 1)
        answered = office.call(f"answered-{number}")
        answered.hand_over()
        await dana.is_("offered")
        await dana.deeds.decline(dana.offer_id)
        await answered.over()
    assert dana.notices() == ["timed_out", "declined", "timed_out", "declined"]
    assert dana.on_roster is A.AVAILABLE


async def test_a_colleague_is_first(office: Office) -> None:
    dana, noor = await office.person("dana"), await office.person("noor")
    call = office.call()
    call.hand_over(at_once=2)
    await dana.is_("offered")
    lost = dana.offer_id
    await noor.takes()
    await dana.was_told("taken_by_other")
    assert dana.life == "idle"
    assert dana.seat.history.ending_of(lost) == "taken_by_other"
    assert noor.notices() == []
    noor.deeds.end("c1")
    await call.over()


async def test_both_accept_in_the_same_moment(office: Office) -> None:
    dana, noor = await office.person("dana"), await office.person("noor")
    call = office.call()
    call.hand_over(at_once=2)
    await dana.is_("offered")
    await noor.is_("offered")
    answers = await asyncio.gather(
        dana.deeds.accept(dana.offer_id), noor.deeds.accept(noor.offer_id), return_exceptions=True
    )
    assert any(answer is None for answer in answers)
    await until(lambda: {dana.life, noor.life} == {"bridged", "idle"})
    winner, loser = (dana, noor) if dana.life == "bridged" else (noor, dana)
    await loser.was_told("taken_by_other")
    assert winner.notices() == []
    winner.deeds.end("c1")
    await call.over()


@pytest.mark.parametrize("stage", ["offered", "briefing"])
async def test_the_caller_leaves_before_they_talk(office: Office, stage: str) -> None:
    dana = await office.person("dana")
    call = office.call()
    call.whispering.clear()
    call.hand_over()
    await dana.is_("offered")
    if stage == "briefing":
        await dana.deeds.accept(dana.offer_id)
        await dana.is_("briefing")
    call.gone.set()
    await dana.was_told("caller_left")
    assert dana.life == "idle"
    assert await call.over() is HandoffOutcome.CALLER_HUNG_UP


async def test_the_caller_would_rather_be_called_back(office: Office) -> None:
    dana = await office.person("dana")
    call = office.call()
    call.hand_over()
    await dana.is_("offered")
    call.wishes.put_nowait(HeardOnHold(HoldWish.CALLBACK))
    await dana.was_told("withdrawn")
    assert await call.over() is HandoffOutcome.CALLBACK_CHOSEN


async def test_whoever_accepted_backs_out_before_they_talk(office: Office) -> None:
    dana = await office.person("dana")
    call = office.call()
    call.whispering.clear()
    call.hand_over()
    await dana.is_("offered")
    await dana.deeds.accept(dana.offer_id)
    await dana.is_("briefing")
    dana.deeds.end("c1")
    assert dana.life == "idle"
    assert await call.over() is HandoffOutcome.AGENT_LOST
    assert dana.notices() == []


async def test_a_log_that_says_nothing_is_not_waited_for_for_ever(tmp_path: Path) -> None:
    async with open_office(tmp_path, options(explain_s=0.1)) as office:
        dana = await office.person("dana")
        leg = dana.seat.line.ring("c9")
        ringing = asyncio.create_task(leg.connect(10))
        await dana.is_("offered")
        assert dana.seat.state().offer is not None
        await leg.hang_up()
        await asyncio.wait({ringing})
        assert ringing.exception() is not None
        assert dana.life == "parted"
        assert dana.seat.state().offer is None
        await dana.was_told("withdrawn")
        assert dana.life == "idle"


async def test_the_next_ring_does_not_wait_for_the_last_ones_reason(office: Office) -> None:
    dana = await office.person("dana")
    leg = dana.seat.line.ring("c9")
    ringing = asyncio.create_task(leg.connect(10))
    await dana.is_("offered")
    await leg.hang_up()
    await asyncio.wait({ringing})
    assert ringing.exception() is not None
    office.call().hand_over()
    await dana.takes()
    assert dana.notices() == ["withdrawn"]


# The page and the line.


async def test_available_without_a_line_is_not_rung(office: Office) -> None:
    dana = Person(office, office.principal("dana"))
    dana.deeds.choose(A.AVAILABLE)
    assert dana.seat.state().availability is A.AVAILABLE
    assert dana.on_roster is A.PAUSED
    media = await dana.open_line()
    assert dana.on_roster is A.AVAILABLE
    media.lose()
    assert dana.on_roster is A.PAUSED
    assert dana.seat.state().availability is A.AVAILABLE


async def test_a_tab_closed_between_calls_and_opened_again(office: Office) -> None:
    dana = await office.person("dana")
    dana.close_page()
    assert dana.on_roster is A.PAUSED
    await until(lambda: dana.on_roster is A.OFFLINE)
    assert dana.seat.state().availability is A.OFFLINE
    dana.come_back()
    assert dana.seat.state().availability is A.AVAILABLE
    assert dana.on_roster is A.PAUSED
    await dana.open_line()
    assert dana.on_roster is A.AVAILABLE


async def test_a_page_loaded_anew_in_time_is_no_absence(tmp_path: Path) -> None:
    async with open_office(tmp_path, options(away_s=60.0)) as office:
        dana = await office.person("dana")
        dana.close_page()
        dana.come_back()
        assert dana.seat.state().availability is A.AVAILABLE
        await dana.open_line()
        assert dana.on_roster is A.AVAILABLE


async def test_whoever_comes_back_much_later_begins_offline(tmp_path: Path) -> None:
    async with open_office(tmp_path, options(away_s=0.05, remember_s=0.0)) as office:
        dana = await office.person("dana")
        dana.close_page()
        await until(lambda: dana.on_roster is A.OFFLINE)
        dana.come_back()
        await dana.open_line()
        assert dana.seat.state().availability is A.OFFLINE
        assert dana.on_roster is A.OFFLINE


async def test_a_line_without_a_page_is_still_somebody(tmp_path: Path) -> None:
    async with open_office(tmp_path, options(away_s=0.05)) as office:
        dana = await office.person("dana")
        dana._windows.__exit__(None, None, None)
        await asyncio.sleep(0.3)
        assert dana.on_roster is A.AVAILABLE


async def test_a_tab_closed_while_it_rings(office: Office) -> None:
    dana = await office.person("dana")
    call = office.call()
    call.hand_over()
    await dana.is_("offered")
    dana.close_page()
    assert await call.over() is HandoffOutcome.AGENT_LOST
    await dana.is_("idle")
    await until(lambda: dana.on_roster is A.OFFLINE)
    dana.come_back()
    # What happened meanwhile is told to the page that comes next.
    await dana.was_told("withdrawn")


async def test_a_page_loaded_anew_while_it_rings_still_has_the_offer(tmp_path: Path) -> None:
    async with open_office(tmp_path, options(reopen_s=30.0)) as office:
        dana = await office.person("dana")
        office.call().hand_over()
        await dana.is_("offered")
        offer_id = dana.offer_id
        dana.close_page()
        dana.come_back()
        assert dana.offer_id == offer_id
        await dana.open_line()
        await dana.takes()


async def test_a_tab_closed_while_they_talk(office: Office) -> None:
    dana = await office.person("dana")
    call = office.call()
    call.hand_over()
    await dana.takes()
    dana.close_page()
    await dana.is_("wrap_up")
    # The caller is sought somebody else for; there is nobody.
    assert await call.over() is HandoffOutcome.AGENT_LOST
    await until(lambda: dana.on_roster is A.OFFLINE)
    dana.come_back()
    state = dana.seat.state()
    assert state.availability is A.WRAP_UP
    assert state.wrap_up is not None


async def test_a_tab_closed_while_the_caller_is_on_hold(office: Office) -> None:
    dana, noor = await office.person("dana"), await office.person("noor")
    call = office.call()
    call.hand_over()
    await until(lambda: "offered" in {dana.life, noor.life})
    first, second = (dana, noor) if dana.life == "offered" else (noor, dana)
    await first.takes()
    await first.deeds.hold("c1", on=True)
    first.close_page()
    await first.is_("wrap_up")
    await second.takes()
    held = second.seat.state().call
    assert held is not None
    assert held.transfer
    second.deeds.end("c1")
    assert await call.over() is HandoffOutcome.BRIDGED


async def test_a_line_lost_while_they_talk(office: Office) -> None:
    dana = await office.person("dana")
    call = office.call()
    call.hand_over()
    await dana.takes()
    office.media[-1].lose()
    await dana.is_("wrap_up")
    assert dana.on_roster is A.PAUSED
    await call.over()
    await dana.open_line()
    assert dana.on_roster is A.WRAP_UP


async def test_a_tab_closed_in_the_wrap_up(office: Office) -> None:
    dana = await office.person("dana")
    office.call().hand_over()
    await dana.takes()
    dana.deeds.end("c1")
    dana.close_page()
    # Nobody waits for somebody who is gone.
    assert dana.on_roster is A.PAUSED
    await until(lambda: dana.on_roster is A.OFFLINE)
    dana.come_back()
    assert dana.seat.state().wrap_up is not None


async def test_signed_out_while_nothing_goes_on(office: Office) -> None:
    dana = await office.person("dana")
    dana.seat.sign_out()
    assert dana.on_roster is A.OFFLINE
    await until(lambda: not dana.seat.line.is_up)


async def test_signed_out_while_it_rings(office: Office) -> None:
    dana = await office.person("dana")
    call = office.call()
    call.hand_over()
    await dana.is_("offered")
    dana.seat.sign_out()
    assert await call.over() is HandoffOutcome.DECLINED
    await until(lambda: not dana.seat.line.is_up)


async def test_signed_out_while_they_talk(office: Office) -> None:
    dana = await office.person("dana")
    call = office.call()
    call.hand_over()
    await dana.takes()
    dana.seat.sign_out()
    assert dana.on_roster is A.OFFLINE
    await dana.deeds.hold("c1", on=True)
    await asyncio.sleep(0.1)
    assert (dana.life, dana.seat.line.is_up) == ("on_hold", True)
    call.gone.set()
    await dana.is_("wrap_up")
    await until(lambda: not dana.seat.line.is_up)
    await call.over()


# Taking over.


async def test_a_supervisor_takes_a_call_over(office: Office) -> None:
    dana = await office.person("dana")
    sam = await office.person("sam", [Role.SUPERVISOR])
    office.seats.ensure_on_roster(sam.principal)
    assert isinstance(office.seats.line_of(sam.id), DeskLine)
    call = office.call()
    await office.tell("c1", OperatorActed(at_ms=0, action=OperatorAction.TAKE_OVER, by=sam.id))
    call.hand_over(only=sam.id)
    await sam.is_("offered")
    offer = sam.seat.state().offer
    assert offer is not None
    assert offer.kind == "take_over"
    assert dana.life == "idle"
    assert office.seats.may_follow(sam.id, "c1")
    assert not office.seats.may_follow(dana.id, "c1")
    await sam.takes()
    sam.deeds.end("c1")
    await call.over()


async def test_a_take_over_ends_the_wrap_up_of_the_call_before(office: Office) -> None:
    sam = await office.person("sam", [Role.SUPERVISOR, Role.AGENT])
    office.call("c1").hand_over()
    await sam.takes("c1")
    sam.deeds.end("c1")
    second = office.call("c2")
    await office.tell("c2", OperatorActed(at_ms=0, action=OperatorAction.TAKE_OVER, by=sam.id))
    second.hand_over(only=sam.id)
    await sam.takes("c2")
    assert sam.seat.state().wrap_up is None
    # What was still being typed about the first is not lost.
    await sam.deeds.note("c1", "Refund promised.")
    assert [note.text for note in office.desk_store.notes("c1")] == ["Refund promised."]
    sam.deeds.end("c2")
    await second.over()


async def test_a_take_over_nobody_answers_pauses_nobody(tmp_path: Path) -> None:
    async with open_office(tmp_path, options(unanswered_rings=1)) as office:
        sam = await office.person("sam", [Role.SUPERVISOR, Role.AGENT])
        call = office.call()
        await office.tell("c1", OperatorActed(at_ms=0, action=OperatorAction.TAKE_OVER, by=sam.id))
        call.hand_over(only=sam.id, ring_timeout_s=0.1)
        await call.over()
        await sam.was_told("timed_out")
        assert sam.on_roster is A.AVAILABLE
        # The wish was for that handoff; another one of the call is an ordinary one.
        call.hand_over()
        await sam.is_("offered")
        offer = sam.seat.state().offer
        assert offer is not None
        assert offer.kind == "handoff"


async def test_a_stranger_has_neither_line_nor_calls(office: Office) -> None:
    assert office.seats.line_of("u-nobody") is None
    assert not office.seats.may_follow("u-nobody", "c1")


# What is told to whom.


async def test_each_page_is_told_once(office: Office) -> None:
    dana = await office.person("dana")
    with dana.seat.windows.open() as second:
        call = office.call()
        call.hand_over()
        await dana.is_("offered")
        await dana.deeds.decline(dana.offer_id)
        await dana.was_told("declined")
        first_notice = second.next_notice()
        assert first_notice is not None
        assert first_notice.code == "declined"
        assert second.next_notice() is None
        await call.over()


async def test_the_queue(office: Office) -> None:
    dana, noor = await office.person("dana"), await office.person("noor")
    await office.person("sam", [Role.SUPERVISOR])
    office.call()
    office.infos.on_hold = 1
    queue = dana.seat.state().queue
    # Oneself is no colleague, and who is paused is not free.
    assert (queue.calls_live, queue.waiting, queue.humans_free) == (1, 1, 1)
    noor.deeds.choose(A.PAUSED)
    assert dana.seat.state().queue.humans_free == 0


async def test_changes_of_calls_and_colleagues_are_news(office: Office) -> None:
    dana, noor = await office.person("dana"), await office.person("noor")
    office.call()
    moved = CallMoved(
        at_ms=0,
        source=CallState.CONNECTING,
        event=CallEvent.ANSWERED,
        target=CallState.ANSWERING,
    )
    await asyncio.sleep(0.05)
    dana.window.news.clear()
    await office.tell("c1", moved)
    assert dana.window.news.is_set()
    dana.window.news.clear()
    noor.deeds.choose(A.PAUSED)
    await until(dana.window.news.is_set)


async def test_a_better_packet_is_news_for_whom_it_is(office: Office) -> None:
    dana, noor = await office.person("dana"), await office.person("noor")
    noor.deeds.choose(A.PAUSED)
    office.call().hand_over()
    await dana.is_("offered")
    await asyncio.sleep(0.05)
    dana.window.news.clear()
    noor.window.news.clear()
    office.seats.call_changed("c1")
    assert dana.window.news.is_set()
    assert not noor.window.news.is_set()


async def test_an_earlier_handoff_of_the_same_call_moves_nothing(office: Office) -> None:
    dana = await office.person("dana")
    call = office.call()
    call.hand_over()
    await dana.takes()
    await dana.deeds.send_back("c1", "")
    await call.over()
    earlier = tuple(office.log)
    wrapping = dana.seat.wrapping
    assert wrapping is not None
    dana.seat.end_wrap_up(wrapping)
    call.hand_over()
    await dana.is_("offered")
    for event in earlier:
        await office.tell("c1", event)
    assert dana.life == "offered"
    state = dana.seat.state()
    assert state.offer is not None
    await dana.takes()
    held = dana.seat.state().call
    assert held is not None
    # It was they themselves who had the caller before.
    assert (held.handoff_id, held.transfer) == ("c1-h2", False)


async def test_an_earlier_handoff_of_the_same_call_explains_nothing(office: Office) -> None:
    dana = await office.person("dana")
    call = office.call()
    call.hand_over(ring_timeout_s=0.1)
    await call.over()
    await dana.was_told("timed_out")
    earlier = tuple(office.log)
    call.hand_over()
    await dana.is_("offered")
    for event in earlier:
        await office.tell("c1", event)
    call.gone.set()
    await dana.was_told("timed_out", "caller_left")


async def test_the_end_of_the_call_explains_a_ring(office: Office) -> None:
    dana = await office.person("dana")
    leg = dana.seat.line.ring("c9")
    ringing = asyncio.create_task(leg.connect(10))
    await dana.is_("offered")
    await office.tell("c9", CallEnded(at_ms=0, outcome=CallOutcome.FAILED, reason=""))
    assert dana.life == "offered"
    await leg.hang_up()
    await asyncio.wait({ringing})
    assert ringing.exception() is not None
    await dana.was_told("call_ended")


async def test_somebody_who_has_learnt_german(office: Office) -> None:
    dana = await office.person("dana")
    german = Need(required_language="de")
    assert office.roster.next_free(german) == ()
    known = dana.principal
    learnt = type(known)(
        known.id, known.name, known.roles, ("en", "de"), known.skills, known.permissions
    )
    assert office.seats.seat_of(learnt) is dana.seat
    assert [human.id for human in office.roster.next_free(german)] == ["u-dana"]


async def test_somebody_who_may_no_longer_take_calls(office: Office) -> None:
    dana = await office.person("dana")
    assert free(office) == ["u-dana"]
    office.seats.seat_of(office.principal("dana", [Role.SUPERVISOR]))
    assert dana.on_roster is A.PAUSED


async def test_closing_leaves_nobody_to_be_rung(office: Office) -> None:
    dana = await office.person("dana")
    call = office.call()
    call.hand_over()
    await dana.takes()
    await dana.seat.close()
    assert dana.on_roster is A.OFFLINE
    assert not dana.seat.line.is_up
    assert await call.over() is HandoffOutcome.AGENT_LOST
