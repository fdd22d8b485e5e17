"""What the words alone tell: complete short answers, words that break off, digits at the end."""

import pytest

from voiceagent.speech.turn_words import (
    digits_at_end,
    is_short_answer,
    names_time,
    never_ends_so,
    seldom_ends_so,
)

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "Yes."),
        ("en", "Yes, please."),
        ("en", "No, thank you."),
        ("en", "Yeah, that’s right."),
        ("en", "Speaking."),
        ("en", "Yes, it is."),
        ("en", "I don't know."),
        ("en", "Goodbye."),
        ("de", "Ja, gerne."),
        ("de", "Nein danke, das war's."),
        ("de", "Ja, das bin ich."),
        ("de", "Am Apparat."),
        ("de", "Das weiß ich nicht."),
        ("de", "Stimmt."),
    ],
)
def test_short_answers(language: str, text: str) -> None:
    assert is_short_answer(text, language)


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", ""),
        ("en", "Yes, but"),
        ("en", "No, I was charged twice."),
        ("en", "The bill."),
        ("en", "Ja."),
        ("de", "Ja, und"),
        ("de", "Die Rechnung."),
        ("fr", "Oui."),
    ],
)
def test_no_short_answers(language: str, text: str) -> None:
    assert not is_short_answer(text, language)


@pytest.mark.parametrize(
    ("language", "text", "digits"),
    [
        ("en", "zero two one three nine", 5),
        ("en", "60614", 5),
        ("en", "6, 0, 6", 3),
        ("en", "sixty four fifty", 4),
        ("en", "in 2026 it was", 0),
        ("en", "account 12, it is three oh one", 3),
        ("en", "Oh.", 0),
        ("en", "One.", 1),
        ("de", "null vier zwo", 3),
        ("de", "neununddreißig", 2),
    ],
)
def test_digits_at_the_end(language: str, text: str, digits: int) -> None:
    assert digits_at_end(text, language) == digits


@pytest.mark.parametrize(
    ("language", "text", "never", "seldom"),
    [
        ("en", "I paid and.", True, False),
        ("en", "He said \u201cbut\u201d", True, False),
        ("en", "My number is.", True, True),
        ("en", "I do not know what my number is.", False, True),
        ("en", "Who am I talking to?", False, False),
        ("en", "I was charged twice.", False, False),
        ("de", "Meine Kundennummer lautet", True, False),
        ("de", "Rufen Sie mich an.", False, True),
        ("de", "Das glaube ich ja.", False, False),
        ("fr", "et", False, False),
        ("fr", "et,", True, False),
        ("en", "", False, False),
    ],
)
def test_words_that_break_off(language: str, text: str, never: bool, seldom: bool) -> None:
    assert never_ends_so(text, language) is never
    assert seldom_ends_so(text, language) is seldom


@pytest.mark.parametrize("text", ["On Friday.", "in the evening", "am fünften", "Heute Abend."])
def test_times_in_words(text: str) -> None:
    assert names_time(text)


@pytest.mark.parametrize("text", ["With my wife.", "Ich möchte warten.", ""])
def test_no_times(text: str) -> None:
    assert not names_time(text)
