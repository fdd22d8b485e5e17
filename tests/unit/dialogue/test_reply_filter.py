"""What of a reply may be said, and when."""

from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from voiceagent.accounts.sample import sample_records
from voiceagent.dialogue.grounding import Evidence
from voiceagent.dialogue.openers import opener_length
from voiceagent.dialogue.reply_filter import Replacements, ReplyFilter, Verdict, split_sentences

pytestmark = pytest.mark.unit

JAMES = next(r for r in sample_records() if r.customer.id == "C-1002")
LINES = Replacements("Let me not guess.", "but let me not guess.")


def fresh(language: str = "en", lines: Replacements = LINES) -> ReplyFilter:
    evidence = Evidence(language, date(2026, 12, 1))
    evidence.add_record(JAMES)
    made = ReplyFilter(evidence, lines)
    made.begin()
    return made


def said_of(made: ReplyFilter, *pieces: str) -> list[str]:
    """What is said after each piece."""
    return ["".join(verdict.say for verdict in made.take(piece)) for piece in pieces]


@pytest.mark.parametrize(
    ("language", "clause"),
    [
        ("en", "Thank you,"),
        ("en", "Thank you so much for your patience,"),
        ("en", "I understand,"),
        ("en", "I understand your frustration,"),
        ("en", "I’m really sorry to hear that,"),
        ("en", "Okay –"),
        ("en", "I appreciate that;"),
        ("de", "Gern,"),
        ("de", "Vielen Dank für Ihre Geduld,"),
        ("de", "Ich verstehe,"),
        ("de", "Das tut mir sehr leid,"),
    ],
)
def test_courtesies_go_ahead_of_their_sentence(language: str, clause: str) -> None:
    assert said_of(fresh(language), f"{clause} ") == [clause]
    assert said_of(fresh(language), *clause, " ", "w") == [
        *[""] * (len(clause) - 1),
        clause,
        "",
        "",
    ]


@pytest.mark.parametrize(
    ("language", "beginning"),
    [
        # Statements, however harmless they look.
        ("en", "Your payment arrived on Monday, "),
        ("en", "Your payment arrived, "),
        ("en", "I can see your payment, "),
        ("en", "Ihre Zahlung ist da, "),
        ("de", "Ihre Zahlung ist am Montag eingegangen, "),
        ("de", "Ihre Zahlung ist da, "),
        # They state what was asked.
        ("en", "Yes, "),
        ("en", "No, "),
        ("en", "Exactly, "),
        ("en", "That is right, "),
        ("en", "Of course, "),
        ("en", "Certainly, "),
        ("en", "Absolutely, "),
        ("de", "Ja, "),
        ("de", "Nein, "),
        ("de", "Genau, "),
        ("de", "Natürlich, "),
        ("de", "Doch, "),
        # Promises and deeds.
        ("en", "I will refund that, "),
        ("en", "Sure I will refund it, "),
        ("en", "I have opened a case, "),
        ("en", "Thank you for the payment, "),
        ("en", "Thank you for paying $70, "),
        ("en", "Thank you for the two payments, "),
        ("en", "I understand you paid twice, "),
        ("en", "I understand that you were charged, "),
        ("en", "I am sorry for the double charge, "),
        ("de", "Das erstatten wir, "),
        ("de", "Danke für Ihre Zahlung, "),
        ("de", "Vielen Dank für die zwei Zahlungen, "),
        ("de", "Es tut mir leid für die doppelte Abbuchung, "),
        # What may still turn.
        ("en", "Not a problem with your bill, "),
        ("en", "I understand that not, "),
        ("de", "Das verstehe ich nicht, "),
        ("de", "Das tut mir nicht leid, "),
        # No clause yet, or none that ends at a mark.
        ("en", "Sure"),
        ("en", "Sure it "),
        ("en", "Thank you: "),
        ("en", "Thank you,70 dollars "),
        ("en", ", "),
        ("en", "surely, "),
        ("en", "Thank you, sure"[:9]),
        # One language's courtesy is not the other's.
        ("en", "Gern, "),
        ("de", "Sure, "),
        ("fr", "Merci, "),
    ],
)
def test_nothing_else_goes_ahead(language: str, beginning: str) -> None:
    assert opener_length(beginning, language) == 0
    assert said_of(fresh(language), beginning) == [""]


def test_only_the_first_clause_of_a_reply_goes_ahead() -> None:
    made = fresh()
    assert said_of(made, "Thank you, ", "sure, ", "it is paid. ", "Sure, ", "fine.") == [
        "Thank you,",
        "",
        " sure, it is paid. ",
        "",
        "Sure, fine.",
    ]
    made.begin()
    assert said_of(made, "Sure, ") == ["Sure,"]


def test_a_sentence_is_judged_with_the_clause_that_went_ahead() -> None:
    # "I understand, you said sixty-five": the caller's words may be repeated as the caller's.
    evidence = Evidence("de", date(2026, 12, 1))
    evidence.add_caller("Ich habe 70 Euro bezahlt.")
    made = ReplyFilter(evidence, LINES)
    assert said_of(made, "Ich verstehe, ", "dass Sie 70 Euro bezahlt haben.") == [
        "Ich verstehe,",
        " dass Sie 70 Euro bezahlt haben.",
    ]


@pytest.mark.parametrize(
    ("lines", "rest"),
    [
        (LINES, " but let me not guess. "),
        (Replacements("Let me not guess."), " Let me not guess. "),
    ],
)
def test_the_rest_of_a_sentence_that_may_not_be_said(lines: Replacements, rest: str) -> None:
    made = fresh(lines=lines)
    assert made.take("Sure, your invoice ") == [Verdict("Sure,", ends_sentence=False)]
    assert made.take("is $65. ") == [Verdict(rest, "your invoice is $65.", ("$65",))]
    assert made.take("It is $66. ") == [Verdict("", "It is $66.", ("$66",))]


def test_a_sentence_that_came_at_once_is_replaced_whole() -> None:
    assert said_of(fresh(), "Sure, your invoice is $65. ") == ["Let me not guess. "]


def test_what_is_left_is_judged_in_the_end() -> None:
    made = fresh()
    assert said_of(made, "Sure, it is") == ["Sure,"]
    assert made.holds
    assert made.release() == [Verdict(" it is")]
    assert not made.holds
    assert made.release() == []


COURTEOUS = ("Sure,", "Thank you for waiting,", "I see,", "Okay –", "I am sorry,")
TAILS = (" your invoice is $64.50.", " it is $65.", " we will refund it.", " it is paid.")


@settings(max_examples=60, deadline=None)
@given(opener=st.sampled_from(COURTEOUS), tail=st.sampled_from(TAILS), data=st.data())
def test_however_it_is_cut_only_the_supported_is_said(
    opener: str, tail: str, data: st.DataObject
) -> None:
    text = f"{opener}{tail} "
    cut = data.draw(st.integers(0, len(text)))
    made = fresh()
    said = "".join(said_of(made, text[:cut], text[cut:]))
    said += "".join(verdict.say for verdict in made.release())
    # A blank more or less between two pieces is not heard.
    said = " ".join(said.split())
    if "$65" in tail or "refund" in tail:
        # The clause is said first, or not at all.
        assert said in (f"{opener} but let me not guess.", "Let me not guess.")
    else:
        assert said == text.strip()


@pytest.mark.parametrize(
    ("text", "language", "sentences", "rest"),
    [
        ("Hello there.", "en", ["Hello there."], ""),
        ("Is it?", "en", ["Is it?"], ""),
        ("It is $64.", "en", [], "It is $64."),
        ("It is $64.50. And", "en", ["It is $64.50. "], "And"),
        ("Due on December 15. Then", "en", ["Due on December 15. "], "Then"),
        ("At 10 a.m. on Friday.", "en", ["At 10 a.m. on Friday."], ""),
        ("At 10 a.m. Does it", "en", ["At 10 a.m. "], "Does it"),
        ("Dr. Stone is", "en", [], "Dr. Stone is"),
        ("Due Dec. 15 or", "en", [], "Due Dec. 15 or"),
        ("Am 15. Dezember fällig. Gut", "de", ["Am 15. Dezember fällig. "], "Gut"),
        ("Das sind 39,90. Und", "de", ["Das sind 39,90. "], "Und"),
        ("Rechnung INV-4410. Und", "de", ["Rechnung INV-4410. "], "Und"),
        ("One\nTwo", "en", ["One\n"], "Two"),
        ("", "en", [], ""),
        ("...", "en", [], "..."),
    ],
)
def test_sentences(text: str, language: str, sentences: list[str], rest: str) -> None:
    assert split_sentences(text, language) == (sentences, rest)


@settings(deadline=None)
@given(
    text=st.text(alphabet="aB1$.,?! \n…\"'", max_size=60), language=st.sampled_from(["en", "de"])
)
def test_splitting_loses_nothing(text: str, language: str) -> None:
    sentences, rest = split_sentences(text, language)
    assert "".join(sentences) + rest == text
