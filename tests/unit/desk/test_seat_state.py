"""The table of a seat, and whom the roster may ring."""

from __future__ import annotations

import itertools

import pytest

from voiceagent.desk.seat_state import (
    HELD,
    SEAT_TRANSITIONS,
    TALKING,
    SeatEvent,
    SeatState,
    new_seat,
    on_roster,
    shown,
)
from voiceagent.domain.errors import IllegalTransitionError
from voiceagent.domain.transitions import Machine
from voiceagent.handoff.roster import Availability

pytestmark = pytest.mark.unit

A = Availability
WISHES = [A.AVAILABLE, A.PAUSED, A.OFFLINE]


def test_a_call_from_the_ring_to_the_wrap_up() -> None:
    seat = new_seat()
    assert seat.state is SeatState.IDLE
    path = [
        seat.take(SeatEvent(event))
        for event in (
            "ring",
            "accept",
            "brief",
            "bridge",
            "hold",
            "go_on",
            "line_over",
            "wrapped_up",
        )
    ]
    assert [state.value for state in path] == [
        "offered",
        "connecting",
        "briefing",
        "bridged",
        "on_hold",
        "bridged",
        "wrap_up",
        "idle",
    ]


@pytest.mark.parametrize(
    ("state", "event"),
    [pair for pair in itertools.product(SeatState, SeatEvent) if pair not in SEAT_TRANSITIONS],
)
def test_what_the_table_does_not_hold_changes_nothing(state: SeatState, event: SeatEvent) -> None:
    seat = Machine("seat", state, SEAT_TRANSITIONS)
    assert not seat.allows(event)
    with pytest.raises(IllegalTransitionError):
        seat.take(event)
    assert seat.state is state


def test_every_state_is_reached_and_left_and_a_lost_line_ends_every_call() -> None:
    assert set(SEAT_TRANSITIONS.values()) == set(SeatState)
    assert {source for source, _ in SEAT_TRANSITIONS} == set(SeatState)
    over = {s: t for (s, e), t in SEAT_TRANSITIONS.items() if e is SeatEvent.LINE_OVER}
    assert set(over) == HELD | {SeatState.OFFERED}
    # Only who has talked has something to write down.
    assert {s for s, t in over.items() if t is SeatState.WRAP_UP} == TALKING


@pytest.mark.parametrize("wish", WISHES)
def test_who_is_away_is_offline(wish: Availability) -> None:
    for wrapping, reachable in itertools.product([True, False], repeat=2):
        assert shown(wish, away=True, wrapping_up=wrapping) is A.OFFLINE
        rung = on_roster(wish, away=True, wrapping_up=wrapping, reachable=reachable)
        assert rung is A.OFFLINE


def test_only_who_is_reachable_and_wants_it_is_rung_or_waited_for() -> None:
    rung = {
        (wish, wrapping, reachable): on_roster(
            wish, away=False, wrapping_up=wrapping, reachable=reachable
        )
        for wish, wrapping, reachable in itertools.product(WISHES, [True, False], [True, False])
    }
    assert {key for key, value in rung.items() if value is A.AVAILABLE} == {
        (A.AVAILABLE, False, True)
    }
    assert {key for key, value in rung.items() if value is A.WRAP_UP} == {(A.AVAILABLE, True, True)}
    assert {key[0] for key, value in rung.items() if value is A.OFFLINE} == {A.OFFLINE}


def test_what_people_see_does_not_depend_on_the_line() -> None:
    assert shown(A.AVAILABLE, away=False, wrapping_up=False) is A.AVAILABLE
    assert shown(A.AVAILABLE, away=False, wrapping_up=True) is A.WRAP_UP
    assert shown(A.PAUSED, away=False, wrapping_up=True) is A.WRAP_UP
    assert shown(A.PAUSED, away=False, wrapping_up=False) is A.PAUSED
    assert shown(A.OFFLINE, away=False, wrapping_up=True) is A.OFFLINE
