"""What models beside the call make of it, and what becomes of that."""

from __future__ import annotations

import pytest

from tests.unit.supervisor.calls import POLICY, caller, conversation, taken, watch
from voiceagent.domain.events import (
    AnyEvent,
    FrustrationScored,
    SecondOpinionGiven,
    SecondOpinionMissed,
)
from voiceagent.domain.verdict import Action, TriggerKind, Verdict
from voiceagent.supervisor.policy import Score

pytestmark = pytest.mark.unit


def scored(turn: int, score: float) -> FrustrationScored:
    return FrustrationScored(at_ms=1, turn=turn, score=score)


def opinion(turn: int, needed: float, frustrated: float = 0.0) -> SecondOpinionGiven:
    return SecondOpinionGiven(
        at_ms=1, turn=turn, person_needed=needed, frustrated=frustrated, reason="legal"
    )


def call(*per_turn: AnyEvent | None) -> list[Verdict]:
    """A calm call in which each turn is followed by an opinion."""
    events: list[AnyEvent] = []
    for number, after in enumerate(per_turn, start=1):
        events.append(taken(caller(number, f"That was point {number} then.")))
        events += [after] if after else []
    return watch(events)


def acted(verdicts: list[Verdict]) -> list[tuple[int, Action]]:
    return [(v.turn, v.action) for v in verdicts if v.action is not Action.CONTINUE]


def test_frustrated_turns_add_up_to_an_offer_for_the_turn_scored() -> None:
    verdicts = call(scored(1, 0.85), scored(2, 0.85))
    assert acted(verdicts) == [(2, Action.OFFER_PERSON)]
    offered = verdicts[-1]
    assert {t.kind for t in offered.triggers} == {TriggerKind.FRUSTRATION}
    assert {c.turn for t in offered.triggers for c in t.citations} == {1, 2}
    assert offered.frustration > 0.8


def test_it_takes_many_more_to_hand_over() -> None:
    verdicts = call(*[scored(n, 0.85) for n in range(1, 9)])
    assert [action for _, action in acted(verdicts)] == [Action.OFFER_PERSON, Action.HAND_OVER]
    (_, _), (handed_over, _) = acted(verdicts)
    assert handed_over >= 4


@pytest.mark.parametrize("score", [0.0, 0.3, 0.5])
def test_calm_scores_are_no_ground(score: float) -> None:
    verdicts = call(*[scored(n, score) for n in range(1, 20)])
    assert acted(verdicts) == []
    assert not [t for v in verdicts for t in v.triggers if t.kind is TriggerKind.FRUSTRATION]


def test_frustration_fades() -> None:
    assert acted(call(scored(1, 0.9), *[None] * 8, scored(10, 0.9))) == []


def test_a_turn_is_counted_once_and_less_the_later() -> None:
    assert acted(call(scored(1, 0.9), scored(1, 0.9), scored(1, 0.9))) == []
    late = [*[None] * 5, scored(1, 1.0), scored(1, 1.0)]
    assert acted(call(*late)) == []
    assert acted(call(scored(77, 1.0), scored(77, 1.0))) == []


def test_a_second_opinion_offers_and_never_hands_over() -> None:
    verdicts = call(*[opinion(n, 1.0, 1.0) for n in range(1, 30)])
    assert acted(verdicts)[0] == (1, Action.OFFER_PERSON)
    assert {action for _, action in acted(verdicts)} == {Action.OFFER_PERSON}
    assert verdicts[1].triggers[0].kind is TriggerKind.SECOND_OPINION
    assert verdicts[1].triggers[0].detail == "second opinion: frustrated"


@pytest.mark.parametrize(("needed", "frustrated"), [(0.5, 0.5), (0.0, 1.0), (0.3, 0.9)])
def test_an_unsure_second_opinion_offers_nobody(needed: float, frustrated: float) -> None:
    assert acted(call(opinion(1, needed, frustrated))) == []


def test_an_opinion_lowers_nothing() -> None:
    asked = conversation("I want to speak to a real person.")
    calm: list[AnyEvent] = [opinion(1, 0.0), scored(1, 0.0)]
    assert acted(watch([*asked, *calm])) == acted(watch(asked)) == [(1, Action.HAND_OVER)]
    angry = conversation("This is ridiculous.", "I am fed up.")
    with_calm = [*angry[:3], opinion(1, 0.0), scored(1, 0.0), *angry[3:]]
    assert acted(watch(with_calm)) == acted(watch(angry))


def test_a_missed_second_opinion_changes_nothing() -> None:
    events = conversation("This is ridiculous.", "I am fed up.")
    missed = SecondOpinionMissed(at_ms=1, turn=1, code="llm.slow")
    assert watch([*events[:3], missed, *events[3:], missed]) == watch(events)


def test_neither_model_nor_their_score_can_hand_over_by_the_shipped_policy_alone() -> None:
    assert POLICY.accumulate[Score.SECOND_OPINION].at_most is Action.OFFER_PERSON
    assert POLICY.offering.before_hand_over
