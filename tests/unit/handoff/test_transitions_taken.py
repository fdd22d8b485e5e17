"""Every entry of the handoff's table, taken by the real coordinator."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.unit.handoff.scene import Scene
from tests.unit.handoff.scripted import Faults, Mode
from voiceagent.domain.errors import (
    LegBusyError,
    LegDeclinedError,
    LegLostError,
    LegUnreachableError,
)
from voiceagent.domain.handoff import (
    HANDOFF_TRANSITIONS,
    HandoffEvent,
    HandoffOutcome,
    HandoffState,
)
from voiceagent.domain.handoff_events import HoldWish
from voiceagent.handoff.options import HandoffOptions
from voiceagent.legs.leg import SendBack

pytestmark = pytest.mark.unit

_S, _E, _O = HandoffState, HandoffEvent, HandoffOutcome
Way = tuple[Callable[[], Scene], Callable[[Scene], object], HandoffOutcome]

# Announcing takes 0.1 s of hold and 1 s of speech; a briefing 3 s of whisper.
SLOW_LOG_S = 0.8


def quick(**faults: object) -> Callable[[], Scene]:
    return lambda: Scene(Faults(**faults)).start()  # type: ignore[arg-type]


def announcing(**faults: object) -> Callable[[], Scene]:
    return lambda: quick(**faults)().advance(0.5)


def seeking() -> Scene:
    """The one human talks with somebody else."""
    return quick(engaged=(0,))().advance(3)


def until(scene: Scene, reached: Callable[[Scene], object]) -> Scene:
    for _ in range(2000):
        if reached(scene):
            return scene
        scene.advance(0.05)
    raise AssertionError(f"never reached; {scene.path}")


def ringing(**faults: object) -> Callable[[], Scene]:
    return lambda: until(
        quick(**faults)(), lambda s: (leg := s.leg_of("h0")) is not None and leg.ringing
    ).advance(1)


def briefing(**faults: object) -> Callable[[], Scene]:
    def way() -> Scene:
        scene = ringing(**faults)()
        scene["h0"].answer()
        return until(scene, lambda s: s.handoff.state is _S.BRIEFING)

    return way


def bridged(**faults: object) -> Callable[[], Scene]:
    return lambda: until(briefing(**faults)(), lambda s: s.bridged_with).advance(1)


def in_the_commit_of(event: HandoffEvent, start: Callable[[], Scene]) -> Callable[[], Scene]:
    """Up to the moment at which the machine has taken an event and the log has not."""

    def way() -> Scene:
        source = next(state for state, taken in HANDOFF_TRANSITIONS if taken is event)
        target = HANDOFF_TRANSITIONS[source, event]
        return until(start(), lambda s: (s.state, s.handoff.state) == (source, target))

    return way


def before_the_commit_of(
    event: HandoffEvent, start: Callable[[], Scene], seconds: float
) -> Callable[[], Scene]:
    """So long before the machine takes an event."""

    def way() -> Scene:
        probe = in_the_commit_of(event, start)()
        at = probe.loop.time()
        probe.close()
        scene = start()
        return scene.advance(at - seconds - scene.loop.time())

    return way


def wish(wished: HoldWish) -> Callable[[Scene], object]:
    return lambda scene: scene.wish(wished)


def pick_up(error: Exception | None = None) -> Callable[[Scene], object]:
    return lambda scene: scene["h0"].answer(error)


def pick_up_and_go(scene: Scene) -> None:
    leg = scene["h0"]
    leg.answer()
    # Up and gone before anybody looks.
    leg.up = lambda: leg.leave(lost=True)  # type: ignore[method-assign]


def leave(*, lost: bool = False) -> Callable[[Scene], object]:
    return lambda scene: scene["h0"].leave(lost=lost)


def nothing(scene: Scene) -> None:
    pass


def hang_up(scene: Scene) -> None:
    scene.caller_leaves()


def to_fall_back(**faults: object) -> Callable[[], Scene]:
    return lambda: quick(humans=0, **faults)().advance(2)


CANCEL, CALLBACK = wish(HoldWish.CANCEL), wish(HoldWish.CALLBACK)
SLOW = {"report_s": SLOW_LOG_S}

WAYS: dict[tuple[HandoffState, HandoffEvent], Way] = {
    (_S.PROPOSED, _E.ANNOUNCE): (announcing(humans=0), nothing, _O.NOBODY_FREE),
    (_S.PROPOSED, _E.CALLER_CANCELLED): (announcing(), CANCEL, _O.CALLER_CANCELLED),
    (_S.PROPOSED, _E.CALLER_HUNG_UP): (announcing(), hang_up, _O.CALLER_HUNG_UP),
    (_S.ANNOUNCED, _E.SEEK): (announcing(humans=0), nothing, _O.NOBODY_FREE),
    (_S.ANNOUNCED, _E.CALLER_CHOSE_CALLBACK): (announcing(), CALLBACK, _O.CALLBACK_CHOSEN),
    (_S.ANNOUNCED, _E.CALLER_CANCELLED): (
        before_the_commit_of(_E.ANNOUNCE, quick(**SLOW), 0.4),
        CANCEL,
        _O.CALLER_CANCELLED,
    ),
    (_S.ANNOUNCED, _E.CALLER_HUNG_UP): (
        in_the_commit_of(_E.ANNOUNCE, quick(**SLOW)),
        hang_up,
        _O.CALLER_HUNG_UP,
    ),
    (_S.SEEKING, _E.RING): (ringing(), pick_up(LegBusyError("busy")), _O.BUSY),
    (_S.SEEKING, _E.NOBODY_FREE): (quick(humans=0), nothing, _O.NOBODY_FREE),
    (_S.SEEKING, _E.FALL_BACK): (ringing(), pick_up(LegBusyError("busy")), _O.BUSY),
    (_S.SEEKING, _E.CALLER_CANCELLED): (seeking, CANCEL, _O.CALLER_CANCELLED),
    (_S.SEEKING, _E.CALLER_HUNG_UP): (seeking, hang_up, _O.CALLER_HUNG_UP),
    (_S.SEEKING, _E.CALLER_CHOSE_CALLBACK): (seeking, CALLBACK, _O.CALLBACK_CHOSEN),
    (_S.RINGING, _E.NOBODY_FREE): (
        ringing(options=HandoffOptions(longest_hold_s=10)),
        nothing,
        _O.NOBODY_FREE,
    ),
    (_S.RINGING, _E.ACCEPT): (ringing(), pick_up(), _O.BRIDGED),
    (_S.RINGING, _E.DECLINED): (ringing(), pick_up(LegDeclinedError("no")), _O.DECLINED),
    (_S.RINGING, _E.BUSY): (ringing(), pick_up(LegBusyError("busy")), _O.BUSY),
    (_S.RINGING, _E.NO_ANSWER): (ringing(), nothing, _O.NO_ANSWER),
    (_S.RINGING, _E.AGENT_VOICEMAIL): (ringing(voicemail=True), pick_up(), _O.AGENT_VOICEMAIL),
    (_S.RINGING, _E.AGENT_LOST): (ringing(), pick_up_and_go, _O.AGENT_LOST),
    (_S.RINGING, _E.TRUNK_FAULT): (
        ringing(),
        pick_up(LegUnreachableError("down")),
        _O.TRUNK_FAULT,
    ),
    (_S.RINGING, _E.CALLER_CANCELLED): (ringing(), CANCEL, _O.CALLER_CANCELLED),
    (_S.RINGING, _E.CALLER_HUNG_UP): (ringing(), hang_up, _O.CALLER_HUNG_UP),
    (_S.RINGING, _E.CALLER_CHOSE_CALLBACK): (ringing(), CALLBACK, _O.CALLBACK_CHOSEN),
    (_S.BRIEFING, _E.BRIEFED): (briefing(), nothing, _O.BRIDGED),
    (_S.BRIEFING, _E.AGENT_LOST): (briefing(), leave(), _O.AGENT_LOST),
    (_S.BRIEFING, _E.DECLINED): (
        briefing(),
        lambda scene: scene["h0"].does(SendBack("not mine", 0)),
        _O.DECLINED,
    ),
    (_S.BRIEFING, _E.CALLER_CANCELLED): (briefing(), CANCEL, _O.CALLER_CANCELLED),
    (_S.BRIEFING, _E.CALLER_HUNG_UP): (briefing(), hang_up, _O.CALLER_HUNG_UP),
    (_S.BRIDGING, _E.BRIDGE): (briefing(), nothing, _O.BRIDGED),
    (_S.BRIDGING, _E.AGENT_LOST): (
        in_the_commit_of(_E.BRIEFED, briefing(**SLOW)),
        leave(),
        _O.AGENT_LOST,
    ),
    (_S.BRIDGING, _E.CALLER_CANCELLED): (
        before_the_commit_of(_E.BRIEFED, briefing(whisper=Mode.FAIL, **SLOW), 0.4),
        CANCEL,
        _O.CALLER_CANCELLED,
    ),
    (_S.BRIDGING, _E.CALLER_HUNG_UP): (
        in_the_commit_of(_E.BRIEFED, briefing(**SLOW)),
        hang_up,
        _O.CALLER_HUNG_UP,
    ),
    (_S.BRIDGED, _E.FINISH): (bridged(), leave(), _O.BRIDGED),
    (_S.BRIDGED, _E.RETURN_TO_AI): (
        bridged(),
        lambda scene: scene["h0"].does(SendBack("Book a visit.", 0)),
        _O.RETURNED_TO_AI,
    ),
    (_S.BRIDGED, _E.AGENT_LOST): (bridged(), leave(lost=True), _O.AGENT_LOST),
    (_S.BRIDGED, _E.CALLER_HUNG_UP): (bridged(), hang_up, _O.BRIDGED),
    (_S.FALLBACK, _E.CALLBACK_BOOKED): (to_fall_back(), nothing, _O.NOBODY_FREE),
    (_S.FALLBACK, _E.AI_RESUMES): (to_fall_back(fall_back=Mode.FAIL), nothing, _O.NOBODY_FREE),
    (_S.FALLBACK, _E.CALLER_HUNG_UP): (
        to_fall_back(fall_back=Mode.SLOW),
        hang_up,
        _O.CALLER_HUNG_UP,
    ),
}


def test_no_entry_of_the_table_is_left_out() -> None:
    assert set(WAYS) == set(HANDOFF_TRANSITIONS)


@pytest.mark.parametrize("transition", list(WAYS), ids=lambda t: f"{t[0]}-{t[1]}")
def test_the_real_coordinator_takes_it(transition: tuple[HandoffState, HandoffEvent]) -> None:
    start, act, outcome = WAYS[transition]
    scene = start()
    act(scene)
    assert scene.finish() is outcome
    assert transition in scene.moves, scene.path


def test_a_leg_that_is_lost_as_it_is_answered_has_its_own_outcome() -> None:
    scene = ringing()()
    pick_up(LegLostError("no media"))(scene)
    assert scene.finish() is _O.AGENT_LOST
