"""All signs of frustration as one number."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.supervisor.calls import GERMAN, POLICY, caller, conversation, taken, watch
from voiceagent.domain.events import FrustrationScored
from voiceagent.supervisor.mood import frustration
from voiceagent.supervisor.policy_sections import Sign
from voiceagent.supervisor.watcher import Supervisor

pytestmark = pytest.mark.unit

RULE = POLICY.frustration
SIGNS = st.dictionaries(st.sampled_from(Sign), st.floats(0, 1))
SCORES = st.none() | st.floats(0, 1)


def test_without_a_sign_a_caller_is_calm() -> None:
    assert frustration(RULE, {}, None) < 0.1


@pytest.mark.parametrize(
    "sign", [Sign.ANGER_STRONG, Sign.ANGER_MILD, Sign.LEGAL, Sign.LEAVING, Sign.VOICE]
)
def test_each_of_the_plain_signs_shows(sign: Sign) -> None:
    assert frustration(RULE, {sign: 1.0}, None) > 3 * frustration(RULE, {}, None)


def test_two_signs_are_more_than_one() -> None:
    one = frustration(RULE, {Sign.MISUNDERSTANDING: 1.0}, None)
    two = frustration(RULE, {Sign.MISUNDERSTANDING: 1.0, Sign.NO_PROGRESS: 1.0}, None)
    assert two > one


@given(SIGNS)
def test_the_classifier_outweighs_every_other_sign(signs: dict[Sign, float]) -> None:
    without = dict.fromkeys(signs, 0.0)
    assert frustration(RULE, signs, 0.02) < 0.5
    assert frustration(RULE, without, 0.9) >= 0.9 - 1e-9


@given(SIGNS, SCORES, st.sampled_from(Sign), st.floats(0, 1))
def test_more_of_a_sign_never_lowers_it(
    signs: dict[Sign, float], scored: float | None, sign: Sign, strength: float
) -> None:
    more = {**signs, sign: max(strength, signs.get(sign, 0.0))}
    assert 0.0 <= frustration(RULE, signs, scored) <= frustration(RULE, more, scored) <= 1.0


@given(SIGNS, st.floats(0, 1), st.floats(0, 1))
def test_a_higher_score_never_lowers_it(signs: dict[Sign, float], one: float, other: float) -> None:
    low, high = sorted((one, other))
    assert frustration(RULE, signs, low) <= frustration(RULE, signs, high)


@pytest.mark.parametrize(
    "text",
    [
        "My dog is killing me with joy.",
        "The game last night was crazy good.",
        "I am dying to see the new office.",
        "My neighbour is sick, so I feed the cat.",
        "The traffic was terrible this morning.",
    ],
)
def test_a_word_about_something_else_does_not_push_it(text: str) -> None:
    (verdict,) = watch(conversation(text))
    assert verdict.frustration < 0.1


@pytest.mark.parametrize(
    "text", ["Mein Hund bringt mich vor Freude um.", "Das Wetter war gestern katastrophal schön."]
)
def test_nor_does_it_in_german(text: str) -> None:
    (verdict,) = watch(conversation(text, record=GERMAN))
    assert verdict.frustration < 0.1


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("This is ridiculous, I am fed up.", "en"),
        ("You are useless idiots.", "en"),
        ("Das ist eine Frechheit, ich habe die Nase voll.", "de"),
        ("So ein Saftladen, Sie sind unfähig.", "de"),
    ],
)
def test_angry_words_push_it(text: str, language: str) -> None:
    record = {"record": GERMAN} if language == "de" else {}
    (verdict,) = watch(conversation(text, **record))
    assert verdict.frustration > 0.5


def test_it_lasts_beyond_the_turn_and_fades() -> None:
    calm = [f"That is point {word}." for word in ("one", "two", "three", "four", "five")]
    values = [v.frustration for v in watch(conversation("You are useless idiots.", *calm))]
    assert values[0] > values[1] > values[-1]
    assert values[-1] < 0.12


def test_the_classifiers_score_sharpens_the_latest_turn_only() -> None:
    supervisor = Supervisor(POLICY)
    assert supervisor.frustration == 0.0
    supervisor.observe(taken(caller(1, "I see.")))
    before = supervisor.frustration
    assert supervisor.observe(FrustrationScored(at_ms=1, turn=1, score=0.7)) is None
    assert supervisor.frustration == pytest.approx(0.7, abs=0.05)
    assert supervisor.frustration > before
    verdict = supervisor.observe(taken(caller(2, "I see.")))
    assert verdict is not None
    assert verdict.frustration == supervisor.frustration < 0.7
    between = supervisor.frustration
    supervisor.observe(FrustrationScored(at_ms=2, turn=1, score=0.9))
    assert supervisor.frustration == between
