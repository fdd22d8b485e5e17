"""Scores: weights, decay, hysteresis, and a person offered before a handover."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import accumulate
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.supervisor.calls import POLICY, POLICY_PATH
from voiceagent.domain.verdict import Action, Trigger, TriggerKind
from voiceagent.supervisor.policy import WEIGHT_NAMES, Policy, Score, parse_policy
from voiceagent.supervisor.scores import RANK, Scores

pytestmark = pytest.mark.unit

C, O, H = Action.CONTINUE, Action.OFFER_PERSON, Action.HAND_OVER  # noqa: E741
GROUND = Trigger(TriggerKind.ANGER, 0.7, detail="mild")
GROUNDS = sorted((score, name) for score, names in WEIGHT_NAMES.items() for name in names)
TURNS = st.lists(
    st.lists(st.tuples(st.sampled_from(GROUNDS), st.floats(0, 1)), max_size=4), max_size=25
)
Turns = list[list[tuple[tuple[Score, str], float]]]


def changed(**sections: Any) -> Policy:
    document = yaml.safe_load(POLICY_PATH.read_text("utf-8"))
    for section, values in sections.items():
        document[section] |= values
    return parse_policy(document)


@dataclass
class Run:
    """Feeds scores turn by turn as the watcher does."""

    scores: Scores

    def turn(self, *grounds: tuple[tuple[Score, str], float]) -> Action:
        self.scores.next_turn()
        for (score, name), share in grounds:
            self.scores.count(score, name, GROUND, share)
        action, triggers = self.scores.due()
        assert bool(triggers) is (action is not C)
        if action is O:
            self.scores.offer_made()
        return action


def run(turns: Turns, policy: Policy = POLICY) -> list[Action]:
    running = Run(Scores(policy))
    return [running.turn(*grounds) for grounds in turns]


MILD = ((Score.ANGER, "mild"), 1.0)
STRONG = ((Score.ANGER, "strong"), 1.0)


def test_a_score_fades_and_its_threshold_counts_again_only_when_it_has_fallen() -> None:
    assert run([[STRONG], [], [], [MILD]]) == [O, C, C, C]
    assert run([[STRONG], *[[]] * 6, [STRONG]]) == [O, *[C] * 6, O]


def test_a_turn_counts_for_no_more_than_the_policy_allows() -> None:
    assert run([[STRONG, STRONG, MILD]]) == [O]
    scores = Scores(POLICY)
    scores.next_turn()
    for _ in range(9):
        scores.count(Score.ANGER, "strong", GROUND)
    assert scores.value(Score.ANGER) == POLICY.accumulate[Score.ANGER].most_per_turn


def test_a_ground_counts_for_its_share() -> None:
    scores = Scores(POLICY)
    scores.next_turn()
    assert scores.count(Score.ANGER, "strong", GROUND, 0.25)
    assert scores.value(Score.ANGER) == 0.25 * POLICY.accumulate[Score.ANGER].weights["strong"]
    assert not scores.count(Score.ANGER, "strong", GROUND, 0.0)


def test_everything_at_once_only_offers_at_first() -> None:
    everything = [(ground, 1.0) for ground in GROUNDS]
    assert run([everything, everything]) == [O, H]


def test_a_policy_may_hand_over_at_once() -> None:
    at_once = changed(offering={"before_hand_over": False})
    everything = [(ground, 1.0) for ground in GROUNDS]
    assert run([everything], at_once) == [H]


def test_nothing_new_hands_nobody_over() -> None:
    everything = [(ground, 1.0) for ground in GROUNDS]
    assert run([everything, [], [], []]) == [O, C, C, C]


def test_an_offer_on_other_grounds_counts_as_the_offer() -> None:
    scores = Scores(POLICY)
    running = Run(scores)
    assert running.turn() is C
    scores.offer_made()
    assert running.turn(STRONG, MILD) is O
    running = Run(Scores(POLICY))
    running.turn(MILD)
    running.scores.offer_made()
    assert running.turn(STRONG) is H


def test_an_old_offer_is_forgotten_when_all_is_calm() -> None:
    running = Run(Scores(POLICY))
    running.turn()
    running.scores.offer_made()
    for _ in range(POLICY.limits.offer_lasts_turns + 1):
        running.turn()
    everything = [(ground, 1.0) for ground in GROUNDS]
    assert running.turn(*everything) is O


def test_declining_takes_new_grounds_to_come_back_to_it() -> None:
    running = Run(Scores(POLICY))
    assert running.turn(STRONG) is O
    before = running.scores.value(Score.ANGER)
    running.scores.offer_declined()
    assert running.scores.value(Score.ANGER) == POLICY.offering.declined_keeps * before
    assert running.turn(MILD) is not H


def test_a_score_alone_is_never_together_with_itself() -> None:
    """Together hands over for several grounds; one has thresholds of its own."""
    document = yaml.safe_load(POLICY_PATH.read_text("utf-8"))
    endless = {score: rule | {"hand_over": 1e9} for score, rule in document["accumulate"].items()}
    policy = changed(accumulate=endless)
    for ground in GROUNDS:
        running = Run(Scores(policy))
        assert H not in {running.turn((ground, 1.0)) for _ in range(60)}


@given(TURNS)
def test_soft_grounds_never_hand_over_without_an_offer_at_an_earlier_turn(turns: Turns) -> None:
    actions = run(turns)
    if H in actions:
        assert O in actions[: actions.index(H)]


@given(TURNS, st.integers(0, 24), st.sampled_from(GROUNDS), st.floats(0, 1))
def test_a_further_ground_never_lowers_what_is_called_for(
    turns: Turns, at: int, ground: tuple[Score, str], share: float
) -> None:
    more = [
        [*grounds, (ground, share)] if number == at else grounds
        for number, grounds in enumerate(turns)
    ]
    assert all(
        greater >= lesser
        for lesser, greater in zip(_weightiest(turns), _weightiest(more), strict=True)
    )


def _weightiest(turns: Turns) -> list[int]:
    """The weightiest action called for up to each turn."""
    return list(accumulate(map(RANK.__getitem__, run(turns)), max))


@given(TURNS)
def test_the_second_opinion_alone_never_hands_over(turns: Turns) -> None:
    only = [[g for g in grounds if g[0][0] is Score.SECOND_OPINION] for grounds in turns]
    assert H not in run(only)


@given(TURNS)
def test_no_action_is_called_for_twice_in_a_row(turns: Turns) -> None:
    running = Run(Scores(POLICY))
    for grounds in turns:
        action = running.turn(*grounds)
        assert running.scores.due() == (C, ())
        assert 0.0 <= running.scores.progress() <= 1.0
        assert action in (C, O, H)


def test_a_score_that_is_cleared_takes_its_grounds_along() -> None:
    scores = Scores(POLICY)
    scores.next_turn()
    scores.count(Score.TOOL_FAILED, "failed", Trigger(TriggerKind.TOOL_FAILED, 0.8))
    scores.count(Score.ANGER, "mild", GROUND)
    scores.clear(Score.TOOL_FAILED)
    assert (scores.value(Score.TOOL_FAILED), scores.value(Score.ANGER)) == (0.0, 1.0)
    scores.next_turn()
    scores.count(Score.CONTRADICTION, "times", Trigger(TriggerKind.CONTRADICTION, 0.6))
    action, triggers = scores.due()
    assert action is O
    assert TriggerKind.TOOL_FAILED not in {t.kind for t in triggers}
