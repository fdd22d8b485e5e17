"""The score of a caller's turn, with the real encoder and the shipped weights."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.unit.supervisor.frustration.dialogues import CountingEncoder, turns
from voiceagent.supervisor.frustration import FrustrationScorer
from voiceagent.supervisor.frustration.scorer import TURNS_READ

pytestmark = pytest.mark.unit


@pytest.fixture(scope="module")
def scorer() -> FrustrationScorer:
    return FrustrationScorer()


@pytest.mark.parametrize(
    ("frustrated", "calm"),
    [
        (
            ("I have been waiting for three weeks and nobody answers my emails.",),
            ("I moved house three weeks ago and would like to update my address.",),
        ),
        (
            ("it's down", "agent: please restart it", "I did", "agent: please restart it",
             "I just told you that I did that"),
            ("it's down", "agent: please restart it", "I did", "agent: is it back now?",
             "yes it is working now"),
        ),
        (
            ("I was charged twice", "agent: that takes ten days", "you told me that a month ago"),
            ("I was charged twice", "agent: you get it back today", "that was quick, thank you"),
        ),
        (
            ("agent: Your parcel arrives tomorrow.", "That is what you people say every day."),
            ("agent: Your parcel arrives tomorrow.", "That is good to know, I will be at home."),
        ),
        (
            ("agent: Unfortunately we cannot do that.", "So what am I supposed to do now?"),
            ("agent: Happy to do that for you.", "What do you need from me to do it?"),
        ),
        (
            ("Ich warte jetzt seit drei Wochen und niemand meldet sich bei mir.",),
            ("Ich bin vor drei Wochen umgezogen und möchte meine Adresse ändern.",),
        ),
        (
            ("das Internet geht nicht", "agent: Bitte starten Sie neu.", "hab ich schon",
             "agent: Bitte starten Sie neu.", "das habe ich doch gerade gesagt"),
            ("das Internet geht nicht", "agent: Bitte starten Sie neu.", "hab ich schon",
             "agent: Geht es denn jetzt?", "ja es geht jetzt wieder"),
        ),
        (
            ("agent: Das ist leider nicht möglich.", "Das kann doch wohl nicht Ihr Ernst sein"),
            ("agent: Das mache ich gern für Sie.", "Das ist ja wirklich nett von Ihnen"),
        ),
        (
            ("zum dritten mal jetzt die rechnung ist falsch",),
            ("könnten sie mir bitte die rechnung schicken",),
        ),
        (
            ("agent: Bitte haben Sie Geduld.", "Geduld hatte ich jetzt wirklich lange genug"),
            ("agent: Das dauert einen Moment.", "Kein Problem, ich habe heute viel Zeit"),
        ),
    ],
)  # fmt: skip
def test_the_frustrated_one_of_two_turns_scores_higher(
    scorer: FrustrationScorer, frustrated: tuple[str, ...], calm: tuple[str, ...]
) -> None:
    assert scorer.score(turns(*frustrated)) > scorer.score(turns(*calm))


@pytest.mark.parametrize(
    "said",
    [
        ("Great, thank you so much, that worked!",),
        ("Could I get a copy of my invoice please?",),
        ("Vielen Dank, das hat super geklappt.",),
        ("Ich hätte gern eine Kopie meiner Rechnung.",),
        ("I would like to change my plan", "agent: Which one would you like?", "the big one"),
    ],
)
def test_a_calm_turn_is_not_more_likely_than_not(
    scorer: FrustrationScorer, said: tuple[str, ...]
) -> None:
    assert scorer.score(turns(*said)) < 0.4


def test_the_same_words_weigh_more_after_trouble(scorer: FrustrationScorer) -> None:
    trouble = (
        "my line is still dead and this is the fourth time I call", "agent: Please restart it.",
        "I have done that every single time, it doesn't help", "agent: Please restart it.",
    )  # fmt: skip
    calm = ("hello, I would like to order a router", "agent: With pleasure, which one?")
    assert scorer.score(turns(*trouble, "ok")) > scorer.score(turns(*calm, "ok"))


def test_nothing_said_scores_nothing(scorer: FrustrationScorer) -> None:
    assert scorer.score(turns("")) == 0
    assert scorer.score(turns("this is ridiculous", "agent: sorry", "   ")) == 0


def test_silent_turns_in_between_are_passed_over(scorer: FrustrationScorer) -> None:
    assert scorer.score(turns("hello there", "agent:  ", "", "where is it")) == scorer.score(
        turns("hello there", "where is it")
    )


@pytest.mark.parametrize(
    "text",
    [
        "word " * 20_000,
        "x" * 50_000,
        "Je suis très en colère, rien ne marche depuis des semaines !",
        "これはひどいです。",
        "🙃🙃🙃",
        "\x00\ud7ff ?!?!",
        "#ORDER-ID#",
    ],
)
def test_odd_text_gets_a_probability(scorer: FrustrationScorer, text: str) -> None:
    assert 0 <= scorer.score(turns("hello", "agent: yes?", text)) <= 1


def test_the_last_turn_must_be_the_callers(scorer: FrustrationScorer) -> None:
    with pytest.raises(ValueError, match="caller"):
        scorer.score([])
    with pytest.raises(ValueError, match="caller"):
        scorer.score(turns("hello", "agent: hello"))


def test_the_score_does_not_depend_on_what_was_scored_before(scorer: FrustrationScorer) -> None:
    said = turns("it broke. again!", "agent: I am sorry.", "and now? what do I do")
    used = scorer.score(said)
    assert FrustrationScorer().score(said) == used
    assert scorer.score(said) == used


def test_a_growing_dialogue_embeds_each_turn_once() -> None:
    encoder = CountingEncoder()
    scorer = FrustrationScorer(encoder)
    said = turns(*(f"{'agent: ' if i % 2 else ''}turn number {i}" for i in range(31)))
    for end in range(1, 32, 2):
        scorer.score(said[:end])
    assert sorted(encoder.asked) == sorted(turn.text for turn in said)


def test_of_a_long_call_the_newest_turns_are_looked_at() -> None:
    encoder = CountingEncoder()
    said = turns(*(f"turn number {i}" for i in range(200)))
    FrustrationScorer(encoder).score(said)
    assert len(encoder.asked) == TURNS_READ


def test_threads_get_the_same_scores(scorer: FrustrationScorer) -> None:
    calls = [
        turns(f"hello, this is caller {i}", "agent: What can I do?", f"it broke {i} times already")
        for i in range(12)
    ]
    expected = [FrustrationScorer(CountingEncoder()).score(call) for call in calls]
    shared = FrustrationScorer(CountingEncoder(), texts_remembered=5)
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(shared.score, calls * 5)) == expected * 5
    with ThreadPoolExecutor(4) as pool:
        real = list(pool.map(scorer.score, calls * 2))
    assert real[:12] == real[12:]
