"""How well both sides understand each other, and the steps of repair."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.supervisor.calls import GERMAN, POLICY, agent, caller, conversation, taken, watch
from voiceagent.domain.account import AccountRecord
from voiceagent.domain.events import AnyEvent, IdentityChecked
from voiceagent.domain.transcript import Turn
from voiceagent.domain.verdict import Action, Repair, Trigger, TriggerKind, Verdict
from voiceagent.supervisor.misunderstanding import MisunderstandingMeter
from voiceagent.supervisor.policy import Score
from voiceagent.supervisor.scores import Scores

pytestmark = pytest.mark.unit

STEPS = list(Repair)


def details(verdict: Verdict) -> set[str]:
    return {t.detail for t in verdict.triggers if t.kind is TriggerKind.MISUNDERSTANDING}


def last(*lines: str, language: str = "en") -> Verdict:
    record = {"record": GERMAN} if language == "de" else {}
    return watch(conversation(*lines, **record))[-1]


@pytest.mark.parametrize(
    ("language", "lines"),
    [
        (
            "en",
            [
                "Why is my internet so slow in the evening?",
                "A: Your account is in good order.",
                "No, the connection, in the evenings, it is slow.",
            ],
        ),
        (
            "de",
            [
                "Warum ist mein Internet abends so langsam?",
                "A: Ihr Konto ist in Ordnung.",
                "Nein, die Verbindung ist langsam, am Abend.",
            ],
        ),
    ],
)
def test_a_request_put_in_other_words(language: str, lines: list[str]) -> None:
    verdict = last(*lines, language=language)
    assert details(verdict) == {"said the same in other words"}
    assert {c.turn for t in verdict.triggers for c in t.citations} == {1, 3}
    assert (verdict.action, verdict.repair) == (Action.CONTINUE, Repair.SLOW_DOWN)


@pytest.mark.parametrize(
    "lines",
    [
        # An answer to the agent's own question.
        [
            "The router in the hall blinks red.",
            "A: So the router in the hall blinks red?",
            "Right, the router in the hall, red, it blinks.",
        ],
        # A yes that takes the words up again.
        [
            "Please send the invoice to my office in Berlin.",
            "A: I will do that.",
            "Yes, send the invoice to the Berlin office.",
        ],
        # Short turns are alike by nature.
        ["The November invoice.", "A: I see.", "The invoice from November."],
        # Another number is another thing.
        [
            "I paid 60 dollars for the router repair.",
            "A: I see.",
            "I paid 80 dollars for the router repair.",
        ],
    ],
)
def test_what_only_sounds_like_a_rephrased_request(lines: list[str]) -> None:
    assert details(last(*lines)) == set()


def test_what_was_answered_by_progress_is_not_open_any_more() -> None:
    first = "Why is my internet so slow in the evening?"
    again = "The connection in the evenings, why is it slow?"
    events = conversation(first, "A: Please tell me your ZIP code.")
    assert details(watch([*events, taken(caller(3, again))])[-1])
    verified = IdentityChecked(at_ms=9_000, verified=True, method="postal_code")
    assert not details(watch([*events, verified, taken(caller(3, again))])[-1])


@pytest.mark.parametrize(
    ("language", "line"),
    [
        ("en", "I am sorry, I did not understand that. Could you say it again?"),
        ("en", "Sorry, I didn't catch that."),
        ("de", "Entschuldigung, das habe ich nicht verstanden. Sagen Sie es bitte noch einmal?"),
        ("de", "Können Sie das bitte wiederholen?"),
    ],
)
def test_the_agent_did_not_understand(language: str, line: str) -> None:
    said = "The blue box." if language == "en" else "Die blaue Kiste."
    verdict = last(said, f"A: {line}", "In the hall then.", language=language)
    assert details(verdict) == {"the agent did not understand"}
    assert [c.turn for t in verdict.triggers for c in t.citations] == [2]


@pytest.mark.parametrize(
    "line",
    [
        "I understand. Your invoice is open.",
        "Could you spell the street name for me?",
        "I will repeat the address.",
    ],
)
def test_the_agent_understood(line: str) -> None:
    assert details(last("The blue box.", f"A: {line}", "In the hall then.")) == set()


def test_the_agent_says_the_same_twice_in_a_row() -> None:
    line = "A: Your November invoice is open and will be collected soon."
    lines = ["The blue box.", line, "It has a lamp on top.", line, "There are stairs too."]
    verdict = last(*lines)
    assert details(verdict) == {"the agent said the same again"}
    assert {c.turn for t in verdict.triggers for c in t.citations} == {2, 4}


@pytest.mark.parametrize(
    "lines",
    [
        # Because it was asked to.
        ["A: Your invoice is open and will be collected soon.", "Sorry, what was that?"] * 2
        + ["Thanks."],
        # With something else in between.
        [
            "A: Is there anything else I can do for you?",
            "The blue box.",
            "A: It is open.",
            "I see.",
            "A: Is there anything else I can do for you?",
            "The lamp too.",
        ],
        # Too short to mean anything.
        ["A: One moment, please.", "Sure.", "A: One moment, please.", "Fine by me."],
    ],
)
def test_repetition_that_says_nothing(lines: list[str]) -> None:
    assert "the agent said the same again" not in details(last(*lines))


def overlapping(number: int, text: str, overlap_ms: int) -> Turn:
    return replace(caller(number, text), overlap_ms=overlap_ms)


def test_talking_at_once_in_two_turns_in_a_row() -> None:
    events: list[AnyEvent] = [
        taken(overlapping(1, "The box in the hall.", 1500)),
        taken(overlapping(2, "It has a lamp.", 200)),
        taken(overlapping(3, "And it is blue.", 1500)),
        taken(overlapping(4, "There on the wall.", 1500)),
    ]
    found = [details(v) for v in watch(events)]
    assert found == [set(), set(), set(), {"both talked at once"}]


@pytest.mark.parametrize(
    ("language", "question", "answer"),
    [
        ("en", "Did you say 64 dollars and 50 cents?", "No, that's wrong."),
        ("de", "Sagten Sie 64 Euro 50?", "Nein, das stimmt nicht."),
    ],
)
def test_the_agent_had_heard_something_else(language: str, question: str, answer: str) -> None:
    verdict = last("Hello.", f"A: {question}", answer, language=language)
    assert details(verdict) == {"misheard"}
    assert not [t for t in verdict.triggers if t.contradiction]


@pytest.mark.parametrize(
    ("lines", "record"),
    [
        (["What?", "Pardon?", "Excuse me?", "I said October.", "Huh?"], None),
        (["Wie bitte?", "Was?", "Hä?", "Das war nicht meine Frage.", "Wie bitte?"], GERMAN),
    ],
)
def test_every_step_comes_before_a_person(lines: list[str], record: AccountRecord | None) -> None:
    verdicts = watch(conversation(*lines, **({"record": record} if record else {})))
    assert [v.repair for v in verdicts[:3]] == STEPS[1:]
    assert [v.action for v in verdicts[:3]] == [Action.CONTINUE] * 3
    assert [v.action for v in verdicts[3:]] == [Action.OFFER_PERSON, Action.HAND_OVER]


def test_steps_are_taken_back_one_at_a_time() -> None:
    calm = [
        f"That is point {word}." for word in ["one", "two", "three", "four", "five", "six", "seven"]
    ]
    verdicts = watch(conversation("What?", "Pardon?", "Huh?", *(calm * 3)))
    steps = [STEPS.index(v.repair) for v in verdicts]
    assert steps[2] == 3
    assert steps[-1] == 0
    falls = [before - after for before, after in pairwise(steps[2:])]
    assert set(falls) == {0, 1}
    # Hysteresis: nothing changes at once, and not at the threshold the step was reached at.
    assert falls[0] == 0


def test_progress_takes_the_edge_off() -> None:
    events = conversation("What?", "Pardon?", "Huh?")
    verified = IdentityChecked(at_ms=9_000, verified=True, method="postal_code")
    with_progress = watch([*events, verified, verified, taken(caller(9, "The lamp is green."))])
    without = watch([*events, taken(caller(9, "The lamp is green."))])
    assert STEPS.index(with_progress[-1].repair) < STEPS.index(without[-1].repair)


@given(st.lists(st.booleans(), max_size=40))
def test_the_step_follows_the_score_and_falls_by_one(understood: list[bool]) -> None:
    scores = Scores(POLICY)
    meter = MisunderstandingMeter(POLICY, scores)
    before = 0
    turns: list[Turn] = []
    for number, well in enumerate(understood, start=1):
        scores.next_turn()
        turn = caller(number, "Yes." if well else "What?")
        meter.caller_said(turn, ("en",), turns)
        meter.take_step()
        turns.append(turn)
        step = STEPS.index(meter.repair)
        value = scores.value(Score.MISUNDERSTANDING)
        assert step >= sum(value >= threshold for _, threshold in POLICY.repair.thresholds())
        assert before - step <= 1
        before = step


def test_after_a_handover_nothing_is_left() -> None:
    scores = Scores(POLICY)
    meter = MisunderstandingMeter(POLICY, scores)
    meter.agent_said(agent(1, "I did not understand that."), ("en",))
    scores.count(
        Score.MISUNDERSTANDING, "unclear", Trigger(TriggerKind.MISUNDERSTANDING, 0.5), share=1.0
    )
    meter.take_step()
    before = meter.repair
    scores.clear()
    meter.start_afresh()
    assert (before, meter.repair) == (Repair.SLOW_DOWN, Repair.NONE)
    assert not meter.caller_said(caller(2, "The blue box."), ("en",), ()).found
