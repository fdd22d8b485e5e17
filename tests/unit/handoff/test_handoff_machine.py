"""The real handoff against everything that can happen to it, in any order.

Hypothesis draws a world (how many humans, what is slow, broken or hanging) and a sequence of things
people do, one after the other or in the same instant. After every step, and in :mod:`scene` at the
very place, the invariants are checked; at the end nothing and nobody may be left behind.
"""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from tests.unit.handoff.scene import OPEN, Scene
from tests.unit.handoff.scripted import Faults, Mode
from voiceagent.domain.errors import (
    LegBusyError,
    LegDeclinedError,
    LegLostError,
    LegUnreachableError,
)
from voiceagent.domain.handoff import HandoffEvent, HandoffOutcome, HandoffState
from voiceagent.domain.handoff_events import HandoffMoved, HoldWish, HoldWished
from voiceagent.handoff.options import HandoffOptions
from voiceagent.handoff.roster import Availability
from voiceagent.legs.leg import Key, SendBack

pytestmark = pytest.mark.unit

# A healthy world is drawn most often: most of what can go wrong needs the rest to go well.
modes = st.sampled_from([Mode.OK] * 9 + [Mode.SLOW, Mode.FAIL, Mode.HANG])
failing = st.sampled_from([Mode.OK] * 9 + [Mode.FAIL])
humans = st.sampled_from(["h0", "h1", "h2"])
failures = st.sampled_from(
    [
        LegBusyError("busy"),
        LegDeclinedError("declined"),
        LegLostError("lost"),
        LegUnreachableError("down"),
        RuntimeError("a bug in a leg"),
    ]
)
instants = st.sampled_from([0.0, 0.0, 0.01, 0.3, 0.9, 1.1])

worlds = st.builds(
    Faults,
    humans=st.sampled_from([1, 2, 3, 3, 2, 0]),
    ring_at_once=st.integers(1, 3),
    hold=modes,
    say=modes,
    whisper=st.sampled_from([Mode.OK] * 4 + [Mode.SLOW, Mode.FAIL, Mode.HANG]),
    fall_back=modes,
    resume=modes,
    bridge_opened=modes,
    bridge_closed=modes,
    improve=modes,
    write_packet=failing,
    brief=modes,
    hang_up=modes,
    next_wish=st.sampled_from([Mode.OK] * 8 + [Mode.SLOW, Mode.FAIL, Mode.HANG]),
    voicemail=st.sampled_from([False] * 5 + [True]),
    forgets_ring_timeout=st.sampled_from([False] * 4 + [True]),
    report_s=st.sampled_from([0.0] * 4 + [0.05, 0.4, 4.0]),
    report_breaks_at=st.sampled_from([None] * 9 + [1, 3, 5, 8, 12]),
    report_break=st.sampled_from([Mode.FAIL, Mode.HANG]),
    engaged=st.sampled_from([()] * 6 + [(0,), (0, 1, 2)]),
    options=st.builds(
        HandoffOptions,
        ring_timeout_s=st.sampled_from([4.0, 20.0]),
        longest_hold_s=st.sampled_from([15.0, 60.0]),
        send_back_key=st.sampled_from(["*", ""]),
    ),
)


_BEFORE_THE_BRIDGE = {
    HandoffState.PROPOSED,
    HandoffState.ANNOUNCED,
    HandoffState.SEEKING,
    HandoffState.RINGING,
    HandoffState.BRIEFING,
    HandoffState.BRIDGING,
}


class HandoffMachine(RuleBasedStateMachine):
    """One handoff; the rules are what people and machines do to it."""

    def __init__(self) -> None:
        super().__init__()
        self.scene: Scene | None = None
        self.steps = 0

    @initialize(world=worlds, wait=st.sampled_from([2.0, 2.0, 2.0, 0.0, 0.5, 1.1]))
    def a_handoff_begins(self, world: Faults, wait: float) -> None:
        """Most often up to the moment at which somebody is rung."""
        self.scene = Scene(world).start()
        self.scene.advance(wait)

    @property
    def now(self) -> Scene:
        assert self.scene is not None
        return self.scene

    def runs(self) -> bool:
        return self.scene is not None and not self.scene.done

    def has_run(self) -> bool:
        """An end at once leaves nothing to find."""
        return self.runs() and self.steps >= 3

    def rings(self, human: str) -> bool:
        leg = self.now.leg_of(human)
        return leg is not None and leg.ringing

    @rule(seconds=st.sampled_from([0.0, 0.1, 0.5, 1.0, 2.0, 5.0, 12.0, 30.0]))
    def time_passes(self, seconds: float) -> None:
        if self.runs():
            self.now.advance(seconds)

    @precondition(runs)
    @rule(who=st.lists(humans, min_size=1, max_size=3, unique=True), wait=instants)
    def they_accept(self, who: list[str], wait: float) -> None:
        """Several in one instant are a race."""
        for human in who:
            if self.rings(human):
                self.now[human].answer()
        self.now.advance(wait)

    @precondition(runs)
    @rule(who=humans)
    def one_accepts_and_is_bridged(self, who: str) -> None:
        if self.rings(who):
            self.now[who].answer()
            for _ in range(40):
                if self.now.bridged_with or self.now.done:
                    break
                self.now.advance(0.5)
            self.now.advance(0.5)

    @precondition(runs)
    @rule(who=humans, wait=instants)
    def one_accepts_and_is_gone(self, who: str, wait: float) -> None:
        if self.rings(who):
            leg = self.now[who]
            leg.answer()
            leg.up = lambda: leg.leave(lost=True)  # type: ignore[method-assign]
        self.now.advance(wait)

    @precondition(runs)
    @rule(who=humans, error=failures, wait=instants)
    def one_cannot_be_had(self, who: str, error: Exception, wait: float) -> None:
        if self.rings(who):
            self.now[who].answer(error)
        self.now.advance(wait)

    @precondition(runs)
    @rule(who=humans, lost=st.booleans(), wait=instants)
    def one_leaves(self, who: str, lost: bool, wait: float) -> None:
        leg = self.now.leg_of(who)
        if leg is not None and leg.is_up:
            leg.leave(lost=lost)
        self.now.advance(wait)

    @precondition(runs)
    @rule(who=humans, key=st.sampled_from(["*", "1", "back"]), wait=instants)
    def one_sends_back(self, who: str, key: str, wait: float) -> None:
        leg = self.now.leg_of(who)
        if leg is not None:
            at_ms = leg.audio_ms
            leg.does(SendBack("Book a visit.", at_ms) if key == "back" else Key(key, at_ms))
        self.now.advance(wait)

    @precondition(runs)
    @rule(wish=st.sampled_from(list(HoldWish)), wait=instants)
    def the_caller_wishes(self, wish: HoldWish, wait: float) -> None:
        self.now.wish(wish).advance(wait)

    @precondition(runs)
    @rule(who=humans, wish=st.sampled_from([HoldWish.CANCEL, HoldWish.CALLBACK]), wait=instants)
    def a_wish_meets_an_accept(self, who: str, wish: HoldWish, wait: float) -> None:
        if self.rings(who):
            self.now[who].answer()
        self.now.wish(wish).advance(wait)

    @precondition(runs)
    @rule(who=humans, wait=instants)
    def the_caller_leaves_as_one_accepts(self, who: str, wait: float) -> None:
        if self.rings(who):
            self.now[who].answer()
            self.now.caller_leaves().advance(wait)

    @precondition(has_run)
    @rule(wait=instants)
    def the_caller_leaves(self, wait: float) -> None:
        self.now.caller_leaves().advance(wait)

    @precondition(runs)
    @rule(who=humans, availability=st.sampled_from(list(Availability)))
    def a_human_signs_in_or_out(self, who: str, availability: Availability) -> None:
        if who in self.now.people:
            self.now.roster.set_availability(who, availability)
        self.now.advance(0)

    @precondition(runs)
    @rule(wait=instants)
    def another_call_ends(self, wait: float) -> None:
        for human in sorted(self.now.outside)[:1]:
            self.now.outside.discard(human)
            self.now.roster.release(self.now.people[human])
        self.now.advance(wait)

    @precondition(lambda self: self.has_run() and not self.now.cancelled)
    @rule(wait=instants)
    def the_call_is_torn_down(self, wait: float) -> None:
        self.now.cancel()
        self.now.advance(wait)

    @invariant()
    def what_must_hold(self) -> None:
        self.steps += 1
        if self.scene is not None:
            self.scene.check()

    def teardown(self) -> None:
        if self.scene is None:
            return
        try:
            outcome = self.scene.finish()
            self._check_outcome(outcome)
        finally:
            if self.scene in OPEN:
                self.scene.close()

    def _check_outcome(self, outcome: HandoffOutcome | None) -> None:
        """What the outcome says is what happened."""
        scene = self.now
        if outcome is None:
            return
        story = "\n".join(scene.story())
        bridged = HandoffEvent.BRIDGE.value in scene.path
        if outcome in {HandoffOutcome.BRIDGED, HandoffOutcome.RETURNED_TO_AI}:
            assert bridged, story
        if outcome in {HandoffOutcome.NOBODY_FREE, HandoffOutcome.CALLBACK_CHOSEN}:
            assert f"fall back {outcome}" in scene.notes, story
        wished = {e.wish for e in scene.events if isinstance(e, HoldWished)}
        if outcome is HandoffOutcome.CALLER_CANCELLED:
            assert HoldWish.CANCEL in wished, story
        if outcome is HandoffOutcome.CALLBACK_CHOSEN:
            assert HoldWish.CALLBACK in wished, story
        if outcome is HandoffOutcome.CALLER_HUNG_UP:
            assert scene.gone.is_set(), story
        if scene.left_in in _BEFORE_THE_BRIDGE:
            # Whoever had cancelled before they left has cancelled.
            cancelled = {HandoffOutcome.CALLER_CANCELLED} if HoldWish.CANCEL in wished else set()
            assert outcome in {HandoffOutcome.CALLER_HUNG_UP} | cancelled, story
        self._check_cancels(story)

    def _check_cancels(self, story: str) -> None:
        """A caller who was heard to cancel before the bridge is not bridged after that."""
        state, cancelled = HandoffState.PROPOSED, False
        for event in self.now.events:
            if isinstance(event, HoldWished) and event.wish is HoldWish.CANCEL:
                cancelled = cancelled or state is not HandoffState.BRIDGED
            elif isinstance(event, HandoffMoved):
                state = event.target
                assert not (cancelled and event.event is HandoffEvent.BRIDGE), story


HandoffMachine.TestCase.settings = settings(
    max_examples=100,
    stateful_step_count=14,
    deadline=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
)
TestHandoffMachine = HandoffMachine.TestCase


def test_ten_minutes_on_hold_take_no_time() -> None:
    scene = Scene(Faults(engaged=(0,))).start()
    assert scene.advance(590).handoff.state is HandoffState.SEEKING
    assert scene.notes.count("say Thank you for waiting.") >= 10
    assert scene.finish() is HandoffOutcome.NOBODY_FREE
