"""The pattern language of the policy's phrases."""

from __future__ import annotations

import pytest

from voiceagent.supervisor.phrases import Phrase, PhraseError, PhraseSet
from voiceagent.supervisor.words import sentence_around, split_words

pytestmark = pytest.mark.unit

WORDS = {"person": ["human", "(team )?manager", "real person"], "talk": ["speak", "talk"]}


def finds(pattern: str, text: str) -> list[str]:
    matches = Phrase(pattern, WORDS).matches(split_words(text))
    return [text[m.start : m.end] for m in matches]


@pytest.mark.parametrize(
    ("pattern", "text", "found"),
    [
        ("speak to", "I speak to you", ["speak to"]),
        ("speak to", "I speak with you", []),
        ("(speak|talk) to", "talk to me, speak to me", ["talk to", "speak to"]),
        ("a real? person", "a person, a real person", ["a person", "a real person"]),
        ("{talk} to ... {person}", "talk to a nice human", ["talk to a nice human"]),
        ("{talk} to ... {person}", "talk to my wife, dear human", []),
        ("{talk} to ... {person}", "talk to one two three four human", []),
        ("{person}", "my team manager", ["team manager", "manager"]),
        ("^ human $", "Human.", ["Human"]),
        ("^ human $", "No. Human! Now.", ["Human"]),
        ("^ human $", "a human", []),
        ("unverschämt*", "Unverschämtheit", ["Unverschämtheit"]),
        ("unverschämt", "unverschämd", ["unverschämd"]),
        ("verbraucherzentrale", "zur Verbraucher Zentrale", ["Verbraucher Zentrale"]),
        ("scheiße", "SCHEISSE", ["SCHEISSE"]),
        ("don't call", "Don’t call", ["Don’t call"]),
        ("speak to", "speak um to", ["speak um to"]),
        ("lawyer", "layer", []),
    ],
)
def test_patterns(pattern: str, text: str, found: list[str]) -> None:
    assert finds(pattern, text) == found


@pytest.mark.parametrize(
    ("pattern", "problem"),
    [
        ("(a|b", "without ')'"),
        ("a)", "without '('"),
        ("? a", "follows nothing"),
        ("{nobody}", "nobody"),
        ("", "silence"),
        ("a?", "silence"),
        ("...", "silence"),
    ],
)
def test_patterns_that_cannot_be_read(pattern: str, problem: str) -> None:
    with pytest.raises(PhraseError, match=problem.replace("(", r"\(").replace(")", r"\)")):
        Phrase(pattern, WORDS)


def test_a_list_that_names_itself_is_refused() -> None:
    with pytest.raises(PhraseError):
        Phrase("{a}", {"a": ["{b}"], "b": ["{a}"]})


def test_unless_cancels_what_it_overlaps_only() -> None:
    phrases = PhraseSet((Phrase("my lawyer"),), (Phrase("lawyer friend"),))
    text = "my lawyer friend called my lawyer"
    assert [m.start for m in phrases.find(split_words(text))] == [24]


def test_overlapping_finds_are_one() -> None:
    phrases = PhraseSet((Phrase("a b"), Phrase("b c")))
    (match,) = phrases.find(split_words("a b c"))
    assert (match.start, match.end) == (0, 5)


@pytest.mark.parametrize(
    ("text", "words", "sentence"),
    [
        ("Hello. It is $3.50 too much. Bye.", "$3.50", "It is $3.50 too much."),
        ("no marks at all", "marks", "no marks at all"),
        ("One! Two?", "Two", "Two?"),
    ],
)
def test_the_sentence_around(text: str, words: str, sentence: str) -> None:
    at = text.index(words)
    start, end = sentence_around(text, at, at + len(words))
    assert text[start:end] == sentence


def test_a_sentence_too_long_to_cite_is_cut_to_the_words() -> None:
    text = "word " * 60 + "human"
    at = text.index("human")
    assert sentence_around(text, at, at + 5) == (at, at + 5)
