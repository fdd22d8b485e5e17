"""What is heard in a caller's words, over tables of phrases in both languages."""

from __future__ import annotations

from pathlib import Path

import pytest

from voiceagent.domain.transcript import Speaker, Turn
from voiceagent.supervisor.policy import Heard, Policy, load_policy
from voiceagent.supervisor.signals import cite, earlier_request, heard_in, unclear

pytestmark = pytest.mark.unit

POLICY = load_policy(Path(__file__).parents[3] / "prompts" / "supervisor.yaml")

PERSON = {
    "en": [
        "I want to speak to a real person.",
        "Can I talk to someone?",
        "can i talk to someone about my bill",
        "Human please.",
        "human, please",
        "Representative.",
        "representitive",
        "a representive please",
        "Agent!",
        "Operator, please",
        "No. Representative.",
        "Let me speak to your manager.",
        "I'd like to speak with a supervisor.",
        "Get me a human.",
        "Could you put me through to somebody in billing?",
        "Please transfer me to customer service.",
        "Connect me with an agent now",
        "I don't want to talk to a machine.",
        "I do not want to talk to a robot, I want a person",
        "Is there someone I can talk to?",
        "Is there a person I could speak with?",
        "I need a live agent",
        "I'd rather talk to a human being",
        "can't I just talk to a person",
        "uh can I um speak to a um person",
        "No more bots please",
        "I want to talk to some one.",
        "can i please speak with a real live human",
        "Just give me a person",
        "I would like to talk to another colleague of yours",
    ],
    "de": [
        "Ich möchte mit einem Menschen sprechen.",
        "ich möchte bitte mit einem echten menschen sprechen",
        "Mitarbeiter.",
        "Mitarbeiter bitte",
        "Echte Person bitte.",
        "Kann ich mit jemandem sprechen?",
        "Verbinden Sie mich bitte mit einem Mitarbeiter.",
        "Ich will einen richtigen Menschen.",
        "Stellen Sie mich durch.",
        "Können Sie mich mit einem Kollegen verbinden?",
        "Geben Sie mir einen Menschen.",
        "Ich will nicht mit einer Maschine reden.",
        "Gibt es da jemanden, mit dem ich sprechen kann?",
        "Ich möchte Ihren Vorgesetzten sprechen, ich brauche einen Ansprechpartner",
        "Ich würde gern mit einer Mitarbeiterin reden.",
        "ich brauche einen Mit Arbeiter",
        "Kann ich nicht mit einem Menschen sprechen?",
        "Kundenservice bitte.",
        "Ich möchte weiterverbunden werden.",
        "Mit einem Menschen bitte.",
    ],
}
NO_PERSON = {
    "en": [
        "Am I talking to a real person?",
        "Are you a real person or a robot?",
        "I'd like to pay in person.",
        "I talked to a person yesterday and it is fine.",
        "I spoke with a representative last week, she was kind.",
        "I'm a calm person.",
        "The person who owns the account is my wife.",
        "I don't want to talk to a person, this is fine.",
        "I don't need a person.",
        "Could someone call me back tomorrow?",
        "Can you call me back tomorrow at nine?",
        "My invoice number is INV-3107.",
        "Somebody paid it for me.",
        "I need to talk to my wife first.",
        "Do I have to talk to someone to change my plan?",
        "What is my balance?",
        "Can you send me a copy of the invoice?",
        "The agent told me it was settled.",
        "Can I talk to someone tomorrow instead?",
    ],
    "de": [
        "Spreche ich mit einem echten Menschen?",
        "Sind Sie ein Mensch?",
        "Ich habe gestern mit einem Mitarbeiter gesprochen.",
        "Ich komme persönlich vorbei.",
        "Ich möchte nicht mit einem Menschen sprechen, das passt so.",
        "Kann mich morgen jemand zurückrufen?",
        "Können Sie mich morgen noch einmal anrufen?",
        "Jemand hat die Rechnung bezahlt.",
        "Ich muss erst mit meiner Frau sprechen.",
        "Mein Name ist Menschner.",
        "Wie hoch ist meine Rechnung?",
        "Der Mitarbeiter war sehr nett.",
    ],
}
# Said in ways no exact phrase foresees: enough to offer a person.
MAY_WANT_PERSON = {
    "en": [
        "look I want somebody from your team",
        "I'd like to talk to the billing department",
        "please hand me over to an agent",
        "I want to escalate this",
        "can a person handle this",
        "may I have a word with your supervisor",
        "no no no, person",
        "could a representative take over",
        "I'd rather deal with a human",
    ],
    "de": [
        "ich möchte mit der Buchhaltung sprechen",
        "gibt es bei Ihnen auch echte Menschen",
        "haben Sie einen Mitarbeiter für mich",
        "ich möchte das mit einem Kollegen besprechen",
        "jetzt geben Sie mir endlich jemanden",
        "könnte ein Berater übernehmen",
        "ich bestehe auf einen Mitarbeiter",
    ],
}
NO_OFFER = {
    "en": [
        "I need to find the invoice first.",
        "I had a manager once who did that.",
        "Ask my accountant, he is the person in charge.",
        "A colleague of mine has the same plan.",
        "I got a message from an agent.",
        "I'm a manager at a shop, so I only have five minutes.",
        "The representative said I would get a credit.",
        "I don't want to talk to a person, this is fine.",
        "It's the second time I moved this year.",
        "I talk to people all day",
        "I was talking to a person in your store.",
    ],
    "de": [
        "Mein Chef hat den Vertrag gemacht.",
        "Mein Mitarbeiter hat schon bezahlt.",
        "Ein Kollege von mir hat denselben Tarif.",
        "Meine Kollegin hat mir das erzählt.",
        "Mein Name ist Menschner.",
        "Ich möchte zum ersten Dezember kündigen.",
        "Können Sie mir die Rechnung schicken?",
    ],
}
WHETHER_AI = {
    "en": [
        "Am I talking to a real person?",
        "Are you a robot?",
        "Is this a recording?",
        "Are you human?",
        "You're not a real person, are you?",
    ],
    "de": ["Spreche ich mit einem Menschen?", "Sind Sie ein Roboter?", "Sind Sie echt?"],
}
LEGAL = {
    "en": [
        "You'll hear from my lawyer.",
        "I'm going to sue you.",
        "I will sue your company over this",
        "I'll see you in court.",
        "I'm filing an FCC complaint.",
        "I will file a complaint with the F C C",
        "I'm calling the attorney general.",
        "I am going to the press with this.",
        "I'll take legal action.",
        "I'm reporting you to the Better Business Bureau.",
        "My attorney will contact you",
        "We will take you to small claims court",
    ],
    "de": [
        "Dann hören Sie von meinem Anwalt.",
        "Ich werde Sie verklagen.",
        "Ich wende mich an die Bundesnetzagentur.",
        "ich gehe zur Bundes Netz Agentur",
        "Ich gehe zur Verbraucherzentrale.",
        "Ich gehe zur Verbraucher Zentrale",
        "Wir sehen uns vor Gericht.",
        "Ich leite rechtliche Schritte ein.",
        "Ich reiche Klage ein, ich werde Klage einreichen.",
        "Ich erstatte Strafanzeige.",
        "Damit gehe ich zur Presse.",
    ],
}
NO_LEGAL = {
    "en": [
        "It's about my lawyer friend's invoice.",
        "My name is Sue.",
        "This is Sue Miller.",
        "I live on Court Street.",
        "My wife is a lawyer.",
        "I don't want to sue anyone.",
        "Do I press one or two?",
        "We play on the tennis court.",
        "I'm sure it was ninety dollars.",
        "There is an issue with my bill.",
        "I work as a lawyer.",
        "I have power of attorney for my mother.",
        "I'd like to report this to customer support",
    ],
    "de": [
        "Mein Mann ist Anwalt.",
        "Ich kann nicht klagen, alles gut.",
        "Das war ein leckeres Gericht.",
        "Ich brauche keinen Anwalt.",
        "Die Anzeige auf dem Display ist dunkel.",
        "Das habe ich in der Zeitung gelesen.",
        "Ich arbeite bei einem Anwalt.",
    ],
}
DO_NOT_CALL = {
    "en": [
        "Stop calling me.",
        "Take me off your list.",
        "Please remove my number from your list.",
        "Don't ever call me again.",
        "Never call this number again.",
        "Put me on the do not call list.",
        "don't call me anymore",
        "I don't want you calling me",
        "No more calls.",
        "Leave me alone.",
    ],
    "de": [
        "Rufen Sie mich nie wieder an.",
        "rufen sie mich nicht mehr an",
        "Ich möchte nie wieder angerufen werden, nie wieder anrufen!",
        "Löschen Sie meine Nummer.",
        "Nehmen Sie mich von Ihrer Liste.",
        "Keine Anrufe mehr bitte.",
        "Hören Sie auf, mich anzurufen.",
        "Lassen Sie mich in Ruhe.",
    ],
}
NO_DO_NOT_CALL = {
    "en": [
        "Can you call me back tomorrow?",
        "My ex won't stop calling me.",
        "Don't call me before noon.",
        "Nobody called me.",
        "Please remove that from my bill.",
        "Call me again next week.",
        "Don't call me anymore today, tomorrow is fine.",
    ],
    "de": [
        "Rufen Sie mich bitte morgen an.",
        "Rufen Sie mich heute nicht mehr an, lieber morgen.",
        "Sie haben mich nicht wieder angerufen.",
        "Warum hat mich niemand angerufen?",
    ],
}
ANGER = {
    "en": [
        "This is ridiculous.",
        "This is the third time I call about this. Third time I'm telling you",
        "I'm sick of this.",
        "I am so fed up",
        "You are an idiot.",
        "What the hell",
        "You stupid machine",
        "this is fucking unbelievable",
        "Are you kidding me?",
        "You're wasting my time.",
        "That's just unacceptable",
        "I'm really angry",
        "For God's sake",
    ],
    "de": [
        "Das ist unverschämt.",
        "Das ist eine Unverschämtheit!",
        "So eine Frechheit.",
        "Ich habe die Nase voll.",
        "Jetzt reicht's, es reicht.",
        "Sie sind doch ein Idiot.",
        "Blöde Maschine",
        "Das ist jetzt das dritte Mal, zum dritten Mal!",
        "Was soll das?",
        "Ich bin stinksauer",
        "So ein Saftladen.",
        "Das darf doch nicht wahr sein",
    ],
}
NO_ANGER = {
    "en": [
        "My dog is killing me with joy.",
        "I'm not angry, I just have a question.",
        "That is fucking great, thank you",
        "I feel like an idiot, sorry.",
        "It may be a stupid question.",
        "This is the first time I call.",
        "It's been a crazy week.",
        "That's good enough.",
        "I pay three times a year",
    ],
    "de": [
        "Ich bin nicht sauer, ich frage nur.",
        "Das ist verdammt nett von Ihnen.",
        "Das ist vielleicht eine blöde Frage.",
        "Ich rufe zum ersten Mal an.",
        "Wie dumm von mir, ich bin ja blöd.",
        "Das reicht mir als Auskunft, danke.",
    ],
}
CONFUSED = {
    "en": [
        "What?",
        "I said October.",
        "That's not what I asked.",
        "You don't understand me.",
        "I already told you that",
        "Pardon?",
        "Are you even listening?",
        "No, I meant the other invoice.",
    ],
    "de": [
        "Wie bitte?",
        "Was?",
        "Das habe ich nicht gefragt.",
        "Ich sagte Oktober.",
        "Sie verstehen mich nicht.",
        "Das habe ich Ihnen doch schon gesagt.",
        "Das war nicht meine Frage.",
    ],
}
NOT_CONFUSED = {
    "en": [
        "What do I owe?",
        "What is the invoice for?",
        "He did what I said.",
        "I understand, thank you.",
        "Sorry, my zip code is 94107.",
    ],
    "de": ["Was kostet das?", "Wie hoch ist die Rechnung?", "Ich verstehe, danke."],
}
CALM = {
    "en": [
        "Yes, this is Dana.",
        "My zip code is 9 4 1 0 7.",
        "I have a question about my October invoice.",
        "I was charged twice in October.",
        "Okay, thank you very much, goodbye.",
        "I and V 3107",
        "Could you tell me when the payment is due?",
        "It was sixty four fifty.",
        "The weather is lovely.",
    ],
    "de": [
        "Ja, am Apparat.",
        "Meine Postleitzahl ist 10115.",
        "Ich habe eine Frage zur Rechnung vom Oktober.",
        "Es wurde zweimal abgebucht.",
        "Vielen Dank, auf Wiederhören.",
        "Neununddreißig Euro neunzig.",
        "Wann ist die Zahlung fällig?",
    ],
}
ACTED_ON = frozenset(Heard) - {
    Heard.ACCEPTS,
    Heard.DECLINES,
    Heard.AGENT_OFFERS_PERSON,
    Heard.AGENT_MENTIONS_PERSON,
    Heard.AGENT_DID_NOT_UNDERSTAND,
    Heard.AGENT_REPEATS_CALLER,
    Heard.DENIES,
    Heard.CORRECTS_SELF,
    Heard.SMALL_TALK,
}
TABLE = [
    (language, text, frozenset(kinds), heard)
    for table, kinds, heard in (
        (PERSON, {Heard.ASKED_FOR_PERSON}, True),
        (NO_PERSON, {Heard.ASKED_FOR_PERSON}, False),
        (MAY_WANT_PERSON, {Heard.ASKED_FOR_PERSON, Heard.MAY_WANT_PERSON}, True),
        (NO_OFFER, ACTED_ON, False),
        (WHETHER_AI, {Heard.ASKED_WHETHER_AI}, True),
        (LEGAL, {Heard.LEGAL}, True),
        (NO_LEGAL, {Heard.LEGAL}, False),
        (DO_NOT_CALL, {Heard.DO_NOT_CALL}, True),
        (NO_DO_NOT_CALL, {Heard.DO_NOT_CALL}, False),
        (ANGER, {Heard.ANGER_MILD, Heard.ANGER_STRONG}, True),
        (NO_ANGER, {Heard.ANGER_MILD, Heard.ANGER_STRONG}, False),
        (CONFUSED, {Heard.NOT_UNDERSTOOD}, True),
        (NOT_CONFUSED, {Heard.NOT_UNDERSTOOD}, False),
        (CALM, ACTED_ON, False),
    )
    for language, texts in table.items()
    for text in texts
]


def kinds_in(text: str, language: str, policy: Policy = POLICY) -> set[Heard]:
    return {s.heard for s in heard_in(text, (language,), policy.phrases, ACTED_ON)}


@pytest.mark.parametrize(("language", "text", "kinds", "heard"), TABLE)
def test_phrase(language: str, text: str, kinds: frozenset[Heard], heard: bool) -> None:
    assert bool(kinds & kinds_in(text, language)) is heard


@pytest.mark.parametrize(("language", "text", "kinds", "heard"), TABLE)
def test_capitals_and_marks_do_not_matter(
    language: str, text: str, kinds: frozenset[Heard], heard: bool
) -> None:
    if heard:
        assert kinds & kinds_in(text.upper().replace("SS", "ss"), language)
        assert kinds & kinds_in(text.replace("'", "’"), language)


def test_the_table_is_large() -> None:
    assert len(TABLE) >= 150


def turn(number: int, text: str, confidence: float = 0.9, language: str = "en") -> Turn:
    start_ms = number * 5000
    return Turn(
        number, Speaker.CALLER, text, start_ms, start_ms + 2000, confidence, language=language
    )


@pytest.mark.parametrize(
    ("before", "now", "repeats"),
    [
        ("why was I charged twice in October", "Why was I charged twice in October?", True),
        ("why was I charged twice in October", "Why was I charged twice, in october then?", True),
        ("why was I charged twice in October", "twice in October, why was I charged?", True),
        ("why was I charged twice in October", "what is my monthly plan then", False),
        ("yes please", "yes please", False),
        ("94107", "94107", False),
        ("Warum wurde zweimal abgebucht?", "warum wurde da zweimal abgebucht", True),
        ("My invoice is open, is it?", "My last payment is late, is it?", False),
    ],
)
def test_the_same_request_again(before: str, now: str, repeats: bool) -> None:
    found = earlier_request(turn(3, now), [turn(1, before)], POLICY.limits)
    assert (found is not None) is repeats


def test_a_request_is_only_compared_with_recent_turns() -> None:
    old = turn(1, "why was I charged twice in October")
    others = [turn(n, f"something quite different number {n}") for n in range(2, 12)]
    again = turn(20, old.text)
    assert earlier_request(again, [old, *others[:2]], POLICY.limits) == old
    assert earlier_request(again, [old, *others], POLICY.limits) is None


def test_unclear_needs_two_turns_in_a_row() -> None:
    low, high = turn(1, "mumble", 0.1), turn(2, "clear", 0.9)
    assert unclear(low, low, POLICY.limits)
    assert not unclear(low, high, POLICY.limits)
    assert not unclear(high, low, POLICY.limits)
    assert not unclear(low, None, POLICY.limits)


def test_the_citation_estimates_where_in_the_audio_the_words_are() -> None:
    spoken = turn(2, "Good morning. I want to speak to a real person.")
    (signal,) = heard_in(spoken.text, ("en",), POLICY.phrases, {Heard.ASKED_FOR_PERSON})
    citation = cite(spoken, signal.start, signal.end)
    assert citation.quote == "I want to speak to a real person."
    assert citation.at_ms == 10_000 + 2000 * 14 // len(spoken.text)
