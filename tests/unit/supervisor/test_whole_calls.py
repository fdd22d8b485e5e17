"""Whole calls with every kind of event: calm ones, difficult ones, and what must hold in all."""

from __future__ import annotations

from dataclasses import replace
from itertools import accumulate

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.supervisor.calls import (
    ALL_WELL,
    GERMAN,
    PAID_TWICE,
    POLICY,
    agent,
    caller,
    conversation,
    opening,
    taken,
    watch,
)
from voiceagent.domain.account import AccountRecord
from voiceagent.domain.events import (
    AnyEvent,
    FrustrationScored,
    IdentityChecked,
    SecondOpinionGiven,
    SecondOpinionMissed,
    ToolReturned,
    TurnTaken,
)
from voiceagent.domain.transcript import Speaker, Tone
from voiceagent.domain.verdict import Action, Repair, TriggerKind, Verdict
from voiceagent.supervisor.scores import RANK

pytestmark = pytest.mark.unit

C, O, H = Action.CONTINUE, Action.OFFER_PERSON, Action.HAND_OVER  # noqa: E741
SOFT = {
    TriggerKind.ANGER,
    TriggerKind.MISUNDERSTANDING,
    TriggerKind.CONTRADICTION,
    TriggerKind.FRUSTRATION,
    TriggerKind.VOICE,
    TriggerKind.NO_PROGRESS,
    TriggerKind.TOOL_FAILED,
    TriggerKind.SECOND_OPINION,
}

CALM_CALL = [
    "Hello?",
    "A: Hello, this is the automated assistant, an AI. Am I speaking with Maria Alvarez?",
    "Yes, this is Maria.",
    "A: Thank you. Please tell me the ZIP code of your billing address.",
    "It is nine seven two one four.",
    "A: Thank you, that matches. What would you like to know?",
    "I wanted to ask when my next invoice is due.",
    "A: Your November invoice is due on December 15th. It is $49.90.",
    "Okay, and was the one before that paid?",
    "A: Yes, your October invoice was paid on November 10th by bank transfer.",
    "Good. How can I pay this one?",
    "A: You can transfer the amount, or we collect it from your account.",
    "A transfer is fine. Which number do I put on it?",
    "A: Please use the invoice number, INV-2041.",
    "Let me write that down.",
    "A: Take your time.",
    "I have it. Could I get the invoice by mail?",
    "A: I can ask the billing team to send it to you.",
    "That would be nice.",
    "A: I have written it down for the billing team.",
    "Sorry, I was distracted for a moment by the door.",
    "A: No problem.",
    "Does the price stay the same next year?",
    "A: Your plan Fiber 200 costs $49.90 a month. I have no change on record.",
    "And if I move to another town?",
    "A: Then we would need your new address.",
    "I see. It is not decided yet.",
    "A: Just let us know.",
    "Is my email on file?",
    "A: I only see your postal address.",
    "That is fine, I prefer letters anyway.",
    "A: All right.",
    "What are the opening hours of the shop?",
    "A: I do not have that on record.",
    "No worries, I can look it up.",
    "A: Is there anything else I can do for you?",
    "Let me think.",
    "A: Of course.",
    "Ah, one more thing, can my husband call on my behalf?",
    "A: He would need the ZIP code as well.",
    "He knows it.",
    "A: Then that works.",
    "Wonderful.",
    "A: Is there anything else I can do for you?",
    "No, that was all.",
    "A: Thank you for your time.",
    "Thanks to you too, you have been very helpful.",
    "A: My pleasure.",
    "Have a nice evening.",
    "A: You too. Goodbye.",
    "Bye bye.",
    "A: Goodbye.",
    "Oh wait, which month was that invoice for?",
    "A: For November.",
    "Right, thank you.",
    "A: You are welcome.",
    "And it is 49.90, yes?",
    "A: Yes, $49.90.",
    "Great, then I am done.",
    "A: Goodbye.",
    "Bye.",
]
CALM_CALL_IN_GERMAN = [
    "Hallo?",
    "A: Guten Tag, hier ist der automatische Assistent, eine KI. Spreche ich mit Frau Weber?",
    "Ja, am Apparat.",
    "A: Danke. Bitte nennen Sie mir die Postleitzahl Ihrer Rechnungsanschrift.",
    "Fünf null sechs sechs sieben.",
    "A: Danke, das stimmt überein. Was möchten Sie wissen?",
    "Ich wollte fragen, wann die Rechnung fällig ist.",
    "A: Ihre Rechnung vom November ist am 12. Dezember fällig. Sie beträgt 39,90 Euro.",
    "Gut, und wie kann ich zahlen?",
    "A: Sie können überweisen oder wir buchen den Betrag ab.",
    "Ich überweise lieber. Was gebe ich als Verwendungszweck an?",
    "A: Bitte die Rechnungsnummer INV-4410.",
    "Moment, ich schreibe mit.",
    "A: Lassen Sie sich Zeit.",
    "So, das habe ich. Kann ich die Rechnung auch per Post bekommen?",
    "A: Ich notiere das für die Buchhaltung.",
    "Das wäre nett.",
    "A: Erledigt.",
    "Bleibt der Preis im nächsten Jahr gleich?",
    "A: Ihr Tarif kostet 39,90 Euro im Monat. Eine Änderung sehe ich nicht.",
    "Und wenn ich umziehe?",
    "A: Dann brauchen wir Ihre neue Anschrift.",
    "Das steht noch nicht fest.",
    "A: Melden Sie sich einfach.",
    "Mache ich.",
    "A: Kann ich noch etwas für Sie tun?",
    "Nein, das war alles.",
    "A: Vielen Dank für Ihre Zeit.",
    "Danke auch, schönen Tag noch.",
    "A: Auf Wiederhören.",
    "Auf Wiederhören.",
]


def acted(verdicts: list[Verdict]) -> list[Action]:
    return [v.action for v in verdicts if v.action is not C]


@pytest.mark.parametrize(
    ("lines", "record"), [(CALM_CALL, ALL_WELL), (CALM_CALL_IN_GERMAN, GERMAN)], ids=["en", "de"]
)
def test_a_long_calm_call_offers_nobody(lines: list[str], record: AccountRecord) -> None:
    verdicts = watch(conversation(*lines, record=record))
    assert acted(verdicts) == []
    assert {v.repair for v in verdicts} == {Repair.NONE}
    assert max(v.frustration for v in verdicts) < 0.2
    # Not every turn of a friendly talk settles something.
    assert {t.kind for v in verdicts for t in v.triggers} <= {TriggerKind.NO_PROGRESS}


def test_the_calm_call_is_long_enough() -> None:
    assert sum(not line.startswith("A:") for line in CALM_CALL) >= 30


def test_who_takes_over_learns_why_a_person_was_offered() -> None:
    lines = ["You are an idiot.", "A: Would you like to talk to a colleague?", "Yes please."]
    verdict = watch(conversation(*lines))[-1]
    assert verdict.action is H
    assert [t.kind for t in verdict.triggers[:2]] == [
        TriggerKind.ASKED_FOR_PERSON,
        TriggerKind.ANGER,
    ]


def test_an_offer_declined_is_not_followed_by_a_handover_for_the_same() -> None:
    offered = ["You are an idiot.", "A: Would you like to talk to a colleague?"]
    more = "This is ridiculous."
    assert watch(conversation(*offered, "The lamp blinks.", more))[-1].action is H
    declined = watch(conversation(*offered, "No thanks.", *[more] * 7))
    rests = POLICY.offering.declined_rests_turns
    assert [v.action for v in declined[1 : rests + 1]] == [C] * rests
    # Then a person is offered again, before anything else.
    assert next(v.action for v in declined[1:] if v.action is not C) is O
    asked = watch(conversation(*offered, "No thanks.", "Let me talk to a person."))
    assert asked[-1].action is H


# What must hold in any call.

TONE = Tone(
    loudness_db=-20.0, pitch_hz=180.0, pitch_range_semitones=8.0, rate_per_s=6.0, voiced_ms=900
)
SOFT_LINES = st.sampled_from(
    [
        "What?",
        "This is ridiculous.",
        "You are an idiot.",
        "That's wrong.",
        "You told me it was 12 dollars.",
        "I paid 80 dollars.",
        "I already paid that invoice.",
        "Why is my internet so slow in the evening?",
        "In the evening the connection is slow, why?",
        "I see.",
        "Was?",
        "Das stimmt nicht.",
        "Ich habe die Nase voll.",
        "The lamp on the box blinks.",
        "Yes.",
        "No.",
        "Thank you.",
    ]
)
AGENT_LINES = st.sampled_from(
    [
        "Your November invoice is $12.00.",
        "I did not understand that.",
        "It is due on December 15th.",
        "I am looking that up.",
    ]
)
EVENTS = st.lists(
    st.one_of(
        st.tuples(st.just("caller"), SOFT_LINES, st.floats(0, 1)),
        st.tuples(st.just("agent"), AGENT_LINES, st.just(1.0)),
        st.tuples(st.just("tool"), st.sampled_from(["a", "b"]), st.floats(0, 1)),
        st.tuples(st.just("opinion"), st.just(""), st.floats(0, 1)),
        st.tuples(st.just("scored"), st.just(""), st.floats(0, 1)),
        st.tuples(st.just("missed"), st.just(""), st.just(1.0)),
        st.tuples(st.just("verified"), st.just(""), st.just(1.0)),
    ),
    max_size=25,
)


def events_of(script: list[tuple[str, str, float]]) -> list[AnyEvent]:
    events = opening(ALL_WELL)
    number = 0
    for kind, text, level in script:
        at_ms = 10 * (len(events) + 1)
        match kind:
            case "caller":
                number += 1
                turn = caller(number, text, confidence=0.3 + 0.7 * level)
                tone = replace(TONE, loudness_db=-30 + 20 * level)
                turn = replace(turn, tone=tone, overlap_ms=int(2_000 * level))
                events.append(taken(turn))
            case "agent":
                number += 1
                events.append(taken(agent(number, text)))
            case "tool":
                ok = level > 0.5
                result = {"ok": ok, "status": "found" if ok else "unavailable"}
                events.append(ToolReturned(at_ms=at_ms, tool=text, ok=ok, result=result))
            case "opinion":
                events.append(
                    SecondOpinionGiven(
                        at_ms=at_ms, turn=number, person_needed=level, frustrated=level
                    )
                )
            case "scored":
                events.append(FrustrationScored(at_ms=at_ms, turn=number, score=level))
            case "missed":
                events.append(SecondOpinionMissed(at_ms=at_ms, turn=number, code="llm.slow"))
            case _:
                events.append(IdentityChecked(at_ms=at_ms, verified=True, method="postal_code"))
    return events


@settings(deadline=None, max_examples=120)
@given(EVENTS)
def test_soft_grounds_offer_before_they_hand_over(script: list[tuple[str, str, float]]) -> None:
    events = events_of(script)
    verdicts = watch(events)
    for at, verdict in enumerate(verdicts):
        kinds = {t.kind for t in verdict.triggers}
        assert kinds <= SOFT | {TriggerKind.ASKED_FOR_PERSON}
        if verdict.action is H and TriggerKind.ASKED_FOR_PERSON not in kinds:
            earlier = [v for v in verdicts[:at] if v.action is O]
            assert any(v.turn < verdict.turn for v in earlier)
        assert 0.0 <= verdict.frustration <= 1.0


@settings(deadline=None, max_examples=80)
@given(EVENTS)
def test_the_same_log_gives_the_same_verdicts(script: list[tuple[str, str, float]]) -> None:
    events = events_of(script)
    whole = watch(events)
    assert watch(events) == whole
    for cut in range(0, len(events), 5):
        part = watch(events[:cut])
        assert part == whole[: len(part)]


@settings(deadline=None, max_examples=80)
@given(EVENTS)
def test_every_citation_can_be_checked(script: list[tuple[str, str, float]]) -> None:
    events = events_of(script)
    turns = {e.turn.number: e.turn for e in events if isinstance(e, TurnTaken)}
    for verdict in watch(events):
        for trigger in verdict.triggers:
            for citation in trigger.citations:
                turn = turns[citation.turn]
                assert citation.speaker is turn.speaker
                assert citation.quote in turn.text
            said = trigger.contradiction
            if said is not None and said.agent_said:
                agents = [t.text for t in turns.values() if t.speaker is Speaker.AGENT]
                assert any(said.agent_said in text for text in agents)


@settings(deadline=None, max_examples=80)
@given(EVENTS, st.floats(0.5, 1), st.integers(0, 24))
def test_a_frustrated_score_never_lowers_what_is_called_for(
    script: list[tuple[str, str, float]], score: float, at: int
) -> None:
    # With "no" as an answer a call that offers sooner is another call.
    answers = ("Yes.", "No.", "Thank you.")
    without = [e for e in script if e[0] != "scored" and e[1] not in answers]
    more = [*without[:at], ("scored", "", score), *without[at:]]
    assert all(
        greater >= lesser for lesser, greater in zip(_by_turn(without), _by_turn(more), strict=True)
    )


def _by_turn(script: list[tuple[str, str, float]]) -> list[int]:
    """The weightiest action called for up to each turn of the caller, later events included."""
    verdicts = watch(events_of(script))
    turns = sorted({v.turn for v in verdicts if v.turn})
    weightiest = [
        max((RANK[v.action] for v in verdicts if v.turn <= turn), default=0) for turn in turns
    ]
    return list(accumulate(weightiest, max))


@settings(deadline=None, max_examples=60)
@given(EVENTS)
def test_models_change_nothing_but_what_they_add(script: list[tuple[str, str, float]]) -> None:
    """With no model at all there is a verdict after each turn, and the hard grounds stand."""
    alone = [entry for entry in script if entry[0] not in ("opinion", "scored", "missed")]
    verdicts = watch(events_of(alone))
    said = sum(kind == "caller" for kind, _, _ in alone)
    assert len({v.turn for v in verdicts if v.turn}) == said
    asked = [*events_of(script), taken(caller(99, "I want to speak to a real person."))]
    assert watch(asked)[-1].action is H


def test_a_borne_out_contradiction_needs_no_offer() -> None:
    (verdict,) = watch(conversation("I was charged twice for October.", record=PAID_TWICE))
    assert verdict.action is H
    assert POLICY.offering.before_hand_over
