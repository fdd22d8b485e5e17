"""Whether a caller asks for the same thing again in other words.

In: texts and the policy's stop words and synonyms. Out: the words of a text that carry its meaning,
and how alike two such sets are. A set of words has no order, so "why is the bill so high" and "the
bill is higher, why?" are alike, which letter-by-letter comparison does not see. Pure.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

from voiceagent.supervisor.policy_sections import Rephrasing
from voiceagent.supervisor.words import normalise, split_words

STEM_LETTERS = 4
"""A word is not cut below this many letters: short words are told apart by their endings."""

DIGITS_FROM = 3
"""Fewer digits carry no meaning of their own: postal codes and dates are read out one by one."""

_ENDINGS = {
    "en": ("ings", "ing", "ied", "ies", "ed", "es", "ly", "s", "e"),
    "de": ("ungen", "ung", "ern", "est", "en", "er", "em", "es", "et", "e", "n", "s", "t"),
}


class ContentWords:
    """Picks the words that carry meaning, by the policy's lists."""

    def __init__(self, section: Rephrasing) -> None:
        self._stop = {
            language: frozenset(normalise(word) for word in words)
            for language, words in section.stop_words.items()
        }
        self._synonyms = {
            language: {normalise(word): normalise(group[0]) for group in groups for word in group}
            for language, groups in section.synonyms.items()
        }

    def of(self, text: str, languages: Iterable[str]) -> frozenset[str]:
        """The content words of a text, inflections cut off and synonyms taken for one word."""
        tongues = tuple(languages)
        stop = [self._stop[tongue] for tongue in tongues if tongue in self._stop]
        words = {word.text for word in split_words(text)}
        return frozenset(
            self._stem(word, tongues)
            for word in words
            if len(word) > 1
            and not any(word in among for among in stop)
            and not (word.isdecimal() and len(word) < DIGITS_FROM)
        )

    def _stem(self, word: str, tongues: Collection[str]) -> str:
        for tongue in tongues:
            if known := self._synonyms.get(tongue, {}).get(word):
                return known
        for tongue in tongues:
            for ending in _ENDINGS.get(tongue, ()):
                if word.endswith(ending) and len(word) - len(ending) >= STEM_LETTERS:
                    return word[: -len(ending)]
        return word


def alike(one: frozenset[str], other: frozenset[str]) -> float:
    """The Sørensen-Dice coefficient of two sets of words: 0 nothing in common, 1 the same."""
    together = len(one) + len(other)
    return 2 * len(one & other) / together if together else 0.0
