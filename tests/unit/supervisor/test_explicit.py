"""What is said outright: by phrases alone, by the classifier's word, and both together."""

from __future__ import annotations

import pytest
import yaml

from tests.unit.supervisor.calls import (
    ALL_WELL,
    GERMAN,
    POLICY,
    POLICY_PATH,
    caller,
    conversation,
    opening,
    taken,
    watch,
)
from voiceagent.domain.account import AccountRecord
from voiceagent.domain.events import AnyEvent, TurnClassified
from voiceagent.domain.verdict import Action, TriggerKind, Verdict
from voiceagent.supervisor.explicit import CLASSIFIER
from voiceagent.supervisor.policy import parse_policy
from voiceagent.supervisor.watcher import Supervisor

pytestmark = pytest.mark.unit

PERSON, LEGAL = TriggerKind.ASKED_FOR_PERSON, TriggerKind.LEGAL
LEAVING, VULNERABLE = TriggerKind.LEAVING, TriggerKind.VULNERABLE


def said(text: str, language: str, confidence: float = 0.9) -> Verdict:
    events: list[AnyEvent] = [*opening(), taken(caller(1, text, confidence, language))]
    (verdict,) = watch(events)
    return verdict


@pytest.mark.parametrize(
    ("language", "text", "kind"),
    [
        ("en", "can one of your colleagues take over please", PERSON),
        ("en", "is there a human", PERSON),
        ("en", "put me on to somebody that can read a receipt", PERSON),
        ("en", "i'd rather deal with a real person on this", PERSON),
        ("de", "gibt es bei euch einen menschen", PERSON),
        ("de", "geben sie mir bitte die person die das entscheiden darf", PERSON),
        ("de", "ich würde gern mit jemandem persönlich sprechen", PERSON),
        ("en", "you'll be hearing from my solicitor", LEGAL),
        ("en", "that goes straight to the financial ombudsman", LEGAL),
        ("de", "dann übergebe ich das meinem anwalt", LEGAL),
        ("de", "danach geht das ganze an die verbraucherzentrale", LEGAL),
        ("en", "then i'll take my business elsewhere", LEAVING),
        ("en", "sort it out or i walk", LEAVING),
        ("en", "you've just lost a customer", LEAVING),
        ("de", "dann gehen wir zur anderen bank", LEAVING),
        ("de", "ich bestelle das woanders", LEAVING),
        ("en", "my husband died last month", VULNERABLE),
        ("en", "i can't afford food this week", VULNERABLE),
        ("en", "i want to kill myself", VULNERABLE),
        ("de", "meine frau ist im mai gestorben", VULNERABLE),
        ("de", "ich habe kein geld mehr und die kinder haben hunger", VULNERABLE),
        ("de", "ich bring mich um", VULNERABLE),
    ],
)
def test_said_outright(language: str, text: str, kind: TriggerKind) -> None:
    verdict = said(text, language)
    assert verdict.action is Action.HAND_OVER
    assert kind in {trigger.kind for trigger in verdict.triggers}


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "my lawyer moved the appointment so thursday is fine"),
        ("en", "i talked to a person yesterday and she was nice"),
        ("en", "is a person needed at home when the technician comes"),
        ("en", "can i cancel the appointment on wednesday"),
        ("en", "please cancel my order i picked the wrong colour"),
        ("en", "i'd like to cancel my subscription at the end of the term please"),
        ("en", "i was ill last week that's why i'm late paying"),
        ("en", "i don't need a person thank you"),
        ("en", "i don't want to sue anybody"),
        ("en", "i switched to you from another provider last year"),
        ("en", "my phone died in the middle of the call"),
        ("en", "can the delivery person ring the bell"),
        ("en", "you sound like a real person very impressive"),
        ("en", "our data protection officer needs the processing agreement"),
        ("en", "please send the invoice to the county court purchasing department"),
        ("en", "my solicitor's address is where the deeds go"),
        ("en", "leave it with the concierge if i'm out"),
        ("en", "i had a heart attack when i saw the price it's brilliant"),
        ("de", "ich arbeite am landgericht da bin ich erst nach fünf erreichbar"),
        ("de", "meine anwältin hat morgen geburtstag kommt der blumenstrauß bis mittags"),
        ("de", "ist rechtsschutz in dem paket mit drin oder kostet der extra"),
        ("de", "ich war letztes jahr bei der konkurrenz und bin zurückgekommen"),
        ("de", "wir sind ein hospiz und bestellen immer am monatsanfang"),
        ("de", "mein anwalt hat den termin verschoben"),
        ("de", "muss jemand zu hause sein wenn der techniker kommt"),
        ("de", "ich brauche keinen mitarbeiter danke"),
        ("de", "ich will niemanden verklagen"),
        ("de", "ich bin letztes jahr von einem anderen anbieter zu ihnen gewechselt"),
        ("de", "ich möchte mein abo zum ende der laufzeit kündigen bitte"),
        ("de", "ich war letzte woche krank deshalb kommt die zahlung später"),
        ("de", "der hund ist letztes jahr gestorben das futter brauche ich nicht mehr"),
    ],
)
def test_near_misses_are_no_ground(language: str, text: str) -> None:
    verdict = said(text, language)
    assert (verdict.action, verdict.triggers) == (Action.CONTINUE, ())


@pytest.mark.parametrize("text", ["i want to kill myself", "you've just lost a customer"])
def test_words_the_recogniser_doubts_are_offered(text: str) -> None:
    assert said(text, "en", confidence=0.2).action is Action.OFFER_PERSON


def classified(turn: int = 1, **probabilities: float) -> TurnClassified:
    return TurnClassified(at_ms=9_000, turn=turn, probabilities=probabilities)


UNHEARD = "could we possibly arrange that otherwise"


@pytest.mark.parametrize("kind", [PERSON, LEGAL, LEAVING, VULNERABLE])
def test_the_classifier_alone_is_a_ground(kind: TriggerKind) -> None:
    certain = getattr(POLICY.explicit_classifier, kind)
    for probability, action in ((certain.act, Action.HAND_OVER), (1.0, Action.HAND_OVER)):
        events = [*conversation(UNHEARD), classified(**{kind: probability})]
        heard, verdict = watch(events)
        assert heard.action is Action.CONTINUE
        assert verdict.action is action
        assert [t.kind for t in verdict.triggers] == [kind]
        (trigger,) = verdict.triggers
        assert trigger.detail == CLASSIFIER
        assert trigger.citations[0].quote == UNHEARD


def test_unlikely_is_nothing() -> None:
    certain = POLICY.explicit_classifier.leaving
    nothing = watch([*conversation(UNHEARD), classified(leaving=certain.offer - 0.01)])
    assert [v.action for v in nothing] == [Action.CONTINUE]


def test_between_offer_and_act_a_person_is_offered() -> None:
    document = yaml.safe_load(POLICY_PATH.read_text(encoding="utf-8"))
    document["explicit_classifier"]["leaving"] = {"offer": 0.4, "act": 0.6}
    supervisor = Supervisor(parse_policy(document))
    for event in conversation(UNHEARD):
        supervisor.observe(event)
    verdict = supervisor.observe(classified(leaving=0.5))
    assert verdict is not None
    assert verdict.action is Action.OFFER_PERSON


def test_what_a_phrase_said_is_not_said_again() -> None:
    events = [*conversation("I'm going to sue you."), classified(legal=1.0)]
    assert [v.action for v in watch(events)] == [Action.HAND_OVER]


def test_a_second_kind_in_the_same_turn_is_said() -> None:
    events = [*conversation("I'm going to sue you."), classified(legal=1.0, leaving=1.0)]
    first, second = watch(events)
    assert first.action is second.action is Action.HAND_OVER
    assert [t.kind for t in second.triggers] == [LEAVING]


def test_a_certain_classifier_outdoes_an_offer() -> None:
    events = [*conversation("I want to escalate this."), classified(asked_for_person=1.0)]
    assert [v.action for v in watch(events)] == [Action.OFFER_PERSON, Action.HAND_OVER]


@pytest.mark.parametrize(
    ("text", "record"),
    [
        ("Am I talking to a real person?", ALL_WELL),
        ("Spreche ich mit einem Menschen oder mit einer Maschine?", GERMAN),
    ],
)
def test_asking_what_one_talks_with_is_no_wish_whatever_the_classifier_makes_of_it(
    text: str, record: AccountRecord
) -> None:
    verdicts = watch([*conversation(text, record=record), classified(asked_for_person=1.0)])
    assert [v.action for v in verdicts] == [Action.OFFER_PERSON]


def test_the_classifier_says_each_thing_once() -> None:
    events = [*conversation(UNHEARD), classified(legal=1.0), classified(legal=1.0)]
    assert [v.action for v in watch(events)] == [Action.CONTINUE, Action.HAND_OVER]


def test_the_classifier_is_not_believed_on_words_that_may_not_have_been_said() -> None:
    events = [*opening(), taken(caller(1, UNHEARD, confidence=0.1)), classified(vulnerable=1.0)]
    assert [v.action for v in watch(events)] == [Action.CONTINUE]


def test_the_word_on_an_earlier_turn_still_counts_and_on_no_turn_does_not() -> None:
    events = conversation("Hello.", UNHEARD)
    late = watch([*events, classified(turn=1, legal=1.0)])
    assert late[-1].action is Action.HAND_OVER
    assert late[-1].triggers[0].citations[0].turn == 1
    unknown = watch([*events, classified(turn=99, legal=1.0)])
    assert len(unknown) == 2


def test_kinds_it_does_not_know_are_passed_over() -> None:
    supervisor = Supervisor(POLICY)
    for event in conversation(UNHEARD):
        supervisor.observe(event)
    assert supervisor.observe(classified(boredom=1.0)) is None
