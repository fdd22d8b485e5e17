"""What the agent's questions ask for; broken files say where they are broken."""

from pathlib import Path

import pytest

from voiceagent.dialogue.playbook import load_playbook
from voiceagent.dialogue.questions import Questions, load_questions
from voiceagent.domain.errors import PlaybookError
from voiceagent.speech.endpointing import Expectation

pytestmark = pytest.mark.unit

PROMPTS = Path(__file__).parents[3] / "prompts"
LANGUAGES = ("en", "de")
E = Expectation


@pytest.fixture(scope="module")
def shipped() -> dict[str, Questions]:
    return {lang: load_questions(PROMPTS / "questions" / f"{lang}.yaml") for lang in LANGUAGES}


ASKED = {
    "disclosure": E.YES_NO,
    "ask_postal_code": E.DIGITS,
    "offer_person": E.YES_NO,
    "spell_or_key": E.SPELLED,
    "still_there": E.YES_NO,
    "fallback.nobody_free_no_callback": E.DATE,
    "fallback.returned": E.YES_NO,
}
"""The lines of the phrases that ask for something; all others ask for nothing in particular."""


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_shipped_line(language: str, shipped: dict[str, Questions]) -> None:
    phrases = load_playbook(PROMPTS, "billing_callback", language).phrases
    values = {"customer_name": "Mr. J. Whitfield", "company": "Larkfield", "reason": "asked"}
    found = {
        place: shipped[language].expected(line) for place, line in phrases.filled(values).lines()
    }
    assert {place: kind for place, kind in found.items() if kind is not E.OPEN} == ASKED


@pytest.mark.parametrize(
    ("said", "expects"),
    [
        ("Am I speaking with Mr. Smith?", E.YES_NO),
        ("You paid $64.50 on October 5. Is that right?", E.YES_NO),
        ("Your ZIP code is 60614, correct?", E.YES_NO),
        ("Could you confirm that your ZIP code is 60614?", E.YES_NO),
        ("Would you like me to read your invoice number?", E.YES_NO),
        ("Shall I tell you how much you owe?", E.YES_NO),
        ("Does Friday at 10 a.m. on your landline suit you?", E.YES_NO),
        ("Okay, James, do you want a callback?", E.YES_NO),
        ("Does that answer your question?", E.YES_NO),
        ("Is there anything else?", E.YES_NO),
        ("I see you paid twice. Is the amount 50 dollars? I am looking at it now.", E.YES_NO),
        ("Do you want to pay by card or by transfer?", E.OPEN),
        ("What is your account number?", E.DIGITS),
        ("What’s your postcode?", E.DIGITS),
        ("What is the ZIP code of your billing address?", E.DIGITS),
        ("Could you tell me your account number, please?", E.DIGITS),
        ("Please say the ZIP code again, digit by digit. It is on your bill.", E.DIGITS),
        ("May I have your invoice number?", E.DIGITS),
        ("Which number can we call you on?", E.DIGITS),
        ("Could you spell your last name?", E.SPELLED),
        ("What is your name?", E.NAME),
        ("May I have your full name?", E.NAME),
        ("Who am I speaking with?", E.NAME),
        ("Which amount do you mean?", E.AMOUNT),
        ("How much did you pay?", E.AMOUNT),
        ("Do you know how much was charged?", E.AMOUNT),
        ("When did you pay it?", E.DATE),
        ("What day suits you?", E.DATE),
        ("What would be a good time to call you back?", E.DATE),
        ("Do you mean the October or the November invoice?", E.OPEN),
        ("Please tell me your street, city and postal code.", E.OPEN),
        ("At what time may we call?", E.DATE),
        ("Could you tell me when that was?", E.DATE),
        ("What happened when you called?", E.OPEN),
        ("What can I do for you?", E.OPEN),
        ("How can I help you today?", E.OPEN),
        ("Could you say that again?", E.OPEN),
        ("What is your new address?", E.OPEN),
        ("Your invoice number is 3107. The amount is $64.50.", E.OPEN),
        ("I can tell you when it is due.", E.OPEN),
        ("", E.OPEN),
    ],
)
def test_english(said: str, expects: Expectation, shipped: dict[str, Questions]) -> None:
    assert shipped["en"].expected(said) is expects


@pytest.mark.parametrize(
    ("said", "expects"),
    [
        ("Spreche ich mit Herrn Dr. Weber?", E.YES_NO),
        ("Sie haben am 5. Oktober bezahlt. Stimmt das?", E.YES_NO),
        ("Haben Sie am 5. Oktober bezahlt?", E.YES_NO),
        ("Die Postleitzahl ist 10115, richtig?", E.YES_NO),
        ("Ist das damit geklärt?", E.YES_NO),
        ("Soll ich Ihnen sagen, wie hoch der Betrag ist?", E.YES_NO),
        ("Passt Ihnen Mittwoch um zehn?", E.YES_NO),
        ("Kann ich sonst noch etwas für Sie tun?", E.YES_NO),
        ("Möchten Sie mit Karte oder per Überweisung zahlen?", E.OPEN),
        ("Wie lautet Ihre Kundennummer?", E.DIGITS),
        ("Können Sie mir Ihre Postleitzahl nennen?", E.DIGITS),
        ("Bitte sagen Sie die Postleitzahl noch einmal, Ziffer für Ziffer.", E.DIGITS),
        ("Unter welcher Nummer können wir Sie erreichen?", E.DIGITS),
        ("Dürfte ich Ihre Kundennummer haben?", E.DIGITS),
        ("Ich kann Ihnen die Rechnungsnummer nennen.", E.OPEN),
        ("Ihre Kundennummer kann ich Ihnen nicht sagen.", E.OPEN),
        ("Ich kann Ihnen sagen, an welchem Tag der Betrag fällig ist.", E.OPEN),
        ("Können Sie mir sagen, wann das war?", E.DATE),
        ("Nennen Sie mir bitte Straße, Ort und Postleitzahl.", E.OPEN),
        ("Können Sie bestätigen, dass Ihre Postleitzahl 10115 ist?", E.YES_NO),
        ("Können Sie Ihren Namen buchstabieren?", E.SPELLED),
        ("Wie ist Ihr Name?", E.NAME),
        ("Mit wem spreche ich?", E.NAME),
        ("Welchen Betrag meinen Sie?", E.AMOUNT),
        ("Wie viel haben Sie bezahlt?", E.AMOUNT),
        ("Wann haben Sie bezahlt?", E.DATE),
        ("Welcher Tag passt Ihnen?", E.DATE),
        ("Um wie viel Uhr dürfen wir anrufen?", E.DATE),
        ("Was kann ich für Sie tun?", E.OPEN),
        ("Können Sie das bitte wiederholen?", E.OPEN),
        ("Die Rechnungsnummer ist 3107. Der Betrag ist 64,50 Euro.", E.OPEN),
    ],
)
def test_german(said: str, expects: Expectation, shipped: dict[str, Questions]) -> None:
    assert shipped["de"].expected(said) is expects


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("questions: [", "not valid YAML"),
        ("questions: []", "questions: "),
        ("nothing: 1", "questions: Field required"),
        ("", "top level: "),
        ("questions:\n- {expects: maybe, pattern: a}", "questions.0.expects"),
        (
            "questions:\n- {expects: date, pattern: '('}",
            "questions.0.pattern: .*regular expression",
        ),
        ("questions:\n- {expects: date, pattern: a, more: b}", "questions.0.more"),
    ],
)
def test_a_broken_file_says_where_it_is_broken(text: str, told: str, tmp_path: Path) -> None:
    path = tmp_path / "en.yaml"
    path.write_text(text, "utf-8")
    with pytest.raises(PlaybookError, match=told) as raised:
        load_questions(path)
    assert str(path) in raised.value.problem
    assert "prompts/questions/en.yaml" in raised.value.remedy


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(PlaybookError, match=r"xx\.yaml' cannot be read"):
        load_questions(tmp_path / "xx.yaml")
