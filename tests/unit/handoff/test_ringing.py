"""Several at once: one wins, everybody else is let go, and each ring has one end."""

from __future__ import annotations

import pytest

from tests.unit.handoff.scene import Scene
from tests.unit.handoff.scripted import Faults, Mode
from voiceagent.domain.errors import LegBusyError, LegDeclinedError
from voiceagent.domain.handoff import HandoffOutcome, HandoffState
from voiceagent.domain.handoff_events import HoldWish
from voiceagent.handoff.options import HandoffOptions

pytestmark = pytest.mark.unit


def ringing(humans: int, at_once: int, **faults: object) -> Scene:
    world = Faults(humans=humans, ring_at_once=at_once, **faults)  # type: ignore[arg-type]
    return Scene(world).start().advance(3)


def test_so_many_ring_together_and_are_named_together() -> None:
    scene = ringing(3, 2)
    assert [leg.name for leg in scene.legs if leg.ringing] == ["h0", "h1"]
    rung = next(e for e in scene.events if getattr(e, "event", "") == "ring")
    assert rung.human == "h0,h1"  # type: ignore[union-attr]
    scene.finish()


@pytest.mark.parametrize("first", ["h0", "h1", "h2"])
def test_the_first_to_accept_wins_and_the_others_are_withdrawn(first: str) -> None:
    scene = ringing(3, 3)
    scene[first].answer()
    scene.advance(0.1)
    assert [leg.name for leg in scene.legs if leg.is_up] == [first]
    assert sorted(scene.rings()) == sorted(
        (leg.name, "accept" if leg.name == first else "withdrawn") for leg in scene.legs
    )
    assert scene.roster.engaged == (first,)
    assert scene.finish() is HandoffOutcome.BRIDGED


def test_two_who_accept_in_the_same_instant_are_one_who_accepted() -> None:
    scene = ringing(2, 2)
    scene["h1"].answer()
    scene["h0"].answer()
    assert scene.finish() is HandoffOutcome.BRIDGED
    assert sorted(how for _, how in scene.rings()) == ["accept", "withdrawn"]
    assert all(leg.hung_up for leg in scene.legs)


def test_one_who_declines_leaves_the_others_ringing() -> None:
    scene = ringing(2, 2)
    scene["h0"].answer(LegDeclinedError("no"))
    scene.advance(1)
    assert scene.handoff.state is HandoffState.RINGING
    assert scene.rings() == [("h0", "declined")]
    scene["h1"].answer(LegBusyError("busy"))
    assert scene.finish() is HandoffOutcome.BUSY
    assert scene.path.count("busy") == 1
    assert "declined" not in scene.path


def test_the_next_ones_are_rung_when_none_of_the_first_could_be_had() -> None:
    scene = ringing(3, 2)
    scene.advance(25)
    assert [leg.name for leg in scene.legs if leg.ringing] == ["h2"]
    scene["h2"].answer()
    assert scene.finish() is HandoffOutcome.BRIDGED
    assert scene.dials == {"h0": 1, "h1": 1, "h2": 1}


def test_a_leg_that_forgets_its_ring_timeout_is_given_up() -> None:
    scene = ringing(1, 1, forgets_ring_timeout=True, options=HandoffOptions(ring_timeout_s=10))
    assert scene.finish() is HandoffOutcome.NO_ANSWER
    assert scene.rings() == [("h0", "no_answer")]


def test_a_leg_that_does_not_hang_up_holds_nobody_up() -> None:
    scene = ringing(2, 1, hang_up=Mode.HANG)
    scene["h0"].answer(LegBusyError("busy"))
    scene.advance(10)
    assert scene["h1"].ringing
    scene["h1"].answer()
    assert scene.finish() is HandoffOutcome.BRIDGED


def test_whoever_has_a_machine_answer_is_not_bridged() -> None:
    scene = ringing(1, 1, voicemail=True)
    scene["h0"].answer()
    assert scene.finish() is HandoffOutcome.AGENT_VOICEMAIL
    assert scene.rings() == [("h0", "agent_voicemail")]


def test_a_dialler_that_breaks_is_a_trunk_fault() -> None:
    scene = ringing(1, 1)
    scene["h0"].answer(RuntimeError("a bug"))
    assert scene.finish() is HandoffOutcome.TRUNK_FAULT


def test_a_call_that_is_torn_down_does_not_wait_for_a_store_that_hangs() -> None:
    scene = ringing(1, 1, report_breaks_at=6, report_break=Mode.HANG)
    scene.wish(HoldWish.ADDED).advance(1)
    scene.cancel()
    scene.advance(12)
    assert scene.done
    scene.finish()


@pytest.mark.parametrize("at", [0.5, 2.0, 4.0, 8.0])
def test_a_call_that_is_torn_down_leaves_nobody_behind(at: float) -> None:
    scene = Scene(Faults(humans=2, ring_at_once=2)).start().advance(at)
    if scene.leg_of("h0") is not None:
        scene["h0"].answer()
        scene.advance(at)
    scene.cancel()
    assert scene.finish() is None
    assert not any(leg.is_up for leg in scene.legs)
