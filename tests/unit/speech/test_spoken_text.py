"""Written forms and what is said for them, in both languages."""

import pytest

from voiceagent.speech.spoken_text import spoken_text

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("It comes to $64.50.", "It comes to 64 dollars and 50 cents."),
        ("That is $1.", "That is 1 dollar."),
        ("Only $0.99 more.", "Only 99 cents more."),
        ("A fee of $0.01", "A fee of 1 cent"),
        ("You paid $1,250.00, right?", "You paid 1250 dollars, right?"),
        ("It is $5, not $6.", "It is 5 dollars, not 6 dollars."),
        ("Refund: -$12.05", "Refund: minus 12 dollars and 5 cents"),
        ("12.50 EUR or £3.01", "12 euros and 50 cents or 3 pounds and 1 penny"),
        ("Invoice INV-3107 is paid.", "Invoice I N V 3 1 0 7 is paid."),
        ("Case AB-12-2026", "Case A B 1 2, 2 0 2 6"),
        ("Order A10442", "Order A 1 0 4 4 2"),
        ("due on 2026-03-05", "due on March 5th, 2026"),
        ("from 2026-01-01 to 2026-12-22", "from January 1st, 2026 to December 22nd, 2026"),
        ("on 2026-05-12", "on May 12th, 2026"),
        ("Call +1 415-555-0132.", "Call plus 1, 4 1 5, 5 5 5, 0 1 3 2."),
        ("(415) 555-0132", "4 1 5, 5 5 5, 0 1 3 2"),
        ("555-0132, please", "5 5 5, 0 1 3 2, please"),
        ("Your number is 4155550132.", "Your number is 4 1 5, 5 5 5, 0 1 3 2."),
        ("This is **important**.", "This is important."),
    ],
)
def test_english(written: str, said: str) -> None:
    assert spoken_text(written, "en") == said


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("Das macht 64,50 €.", "Das macht 64 Euro 50."),
        ("Es sind 1.250,00 EUR.", "Es sind 1250 Euro."),
        ("Nur 0,99 € mehr", "Nur 99 Cent mehr"),
        ("Genau 1 €", "Genau ein Euro"),
        ("$64.50 insgesamt", "64 Dollar 50 insgesamt"),
        ("Rechnung INV-3107", "Rechnung I N V 3 1 0 7"),
        ("fällig am 2026-03-05", "fällig am fünften März 2026"),
        ("Termin: 2026-03-05", "Termin: fünfter März 2026"),
        ("der 2026-12-21", "der einundzwanzigste Dezember 2026"),
        ("um 14:30 Uhr", "um 14 Uhr 30"),
        ("um 9:00", "um 9 Uhr"),
        ("+49 30 1234567", "plus 4 9, 3 0, 1 2 3 4 5 6 7"),
        ("unter 030 1234567", "unter 0 3 0, 1 2 3 4 5 6 7"),
    ],
)
def test_german(written: str, said: str) -> None:
    assert spoken_text(written, "de-DE") == said


@pytest.mark.parametrize(
    "text",
    [
        "I have 3 invoices and 12 items.",
        "Version 2.5 costs 10% more.",
        "The COVID-19 years, the A4 page and a B2B deal.".replace("COVID-19", "two"),
        "On 2026-13-45 nothing happens.",
        "It is a well-known, state-of-the-art answer.",
        "In 2026 we had 150000 visitors.",
    ],
)
def test_ordinary_text_is_left_alone(text: str) -> None:
    assert spoken_text(text, "en") == text


def test_other_languages_are_left_alone_but_for_markup() -> None:
    assert spoken_text("*Cela* coûte $64.50", "fr") == "Cela coûte $64.50"
