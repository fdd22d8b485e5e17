"""Phrases a prompt engineer can write down, matched against recognised speech.

In: patterns such as ``(speak|talk) (to|with) ... {person}`` from the policy file, and the words of
a turn. Out: the places where one occurs. It exists so that what the supervisor listens for is
data, and so that recogniser errors are forgiven in one place:

* ``word`` matches itself; from eight letters on also with a small error, or heard as two or three
  words ("Verbraucher Zentrale"). Capitals, "ß" and the kind of apostrophe do not matter.
* ``word*`` matches every word that begins so.
* ``(a|b c)`` is a choice; a ``?`` behind a word or a choice makes it optional.
* ``...`` is up to three words of the clause it follows.
* ``{name}`` is a choice kept under ``words`` in the policy.
* ``^`` and ``$`` are the beginning and the end of a sentence.

Fillers ("um", "äh") are passed over. All functions are pure.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from rapidfuzz import fuzz

from voiceagent.supervisor.words import OPENING_LETTERS, Word, normalise, split_words

__all__ = ["Match", "Phrase", "PhraseError", "PhraseIndex", "PhraseSet", "Word", "split_words"]

GAP_WORDS = 3
FUZZY_FROM_LETTERS = 8
FUZZY_RATIO = 88.0
"""Normalised indel similarity (0..100): "representive" passes, "sprachen" for "sprechen" not."""

_ELEMENT = re.compile(r"\.\.\.|\{(\w+)\}|[()|^$?]|[^\s()|^$?{}]+")


@dataclass(frozen=True, slots=True)
class Match:
    """Where a phrase occurs: ``text[start:end]``."""

    start: int
    end: int

    def overlaps(self, other: Match) -> bool:
        """Whether both share a character."""
        return self.start < other.end and other.start < self.end


class PhraseError(ValueError):
    """A pattern that cannot be read; the message says what is wrong with it."""


@dataclass(frozen=True, slots=True)
class _Literal:
    text: str
    prefix: bool

    def ends(self, words: Sequence[Word], at: int) -> Iterator[int]:
        if at >= len(words):
            return
        said = words[at].text
        if said[:OPENING_LETTERS] != self.text[:OPENING_LETTERS]:
            return
        if said == self.text or (self.prefix and said.startswith(self.text)):
            yield at + 1
        elif len(self.text) >= FUZZY_FROM_LETTERS:
            for after in range(at + 1, min(at + 3, len(words)) + 1):
                joined = "".join(w.text for w in words[at:after])
                if self.prefix:
                    joined = joined[: len(self.text)]
                if fuzz.ratio(self.text, joined) >= FUZZY_RATIO:
                    yield after
                    return

    @property
    def exact(self) -> bool:
        """Whether no other word than this one matches."""
        return not self.prefix and len(self.text) < FUZZY_FROM_LETTERS

    def openings(self) -> Iterator[str | None]:
        yield self.text if self.exact else self.text[:OPENING_LETTERS] + "*"


@dataclass(frozen=True, slots=True)
class _Gap:
    def ends(self, words: Sequence[Word], at: int) -> Iterator[int]:
        yield at
        for after in range(at + 1, min(at + GAP_WORDS, len(words)) + 1):
            if at and words[after - 1].clause != words[at - 1].clause:
                return
            yield after

    def openings(self) -> Iterator[str | None]:
        yield None


@dataclass(frozen=True, slots=True)
class _Edge:
    """Beginning or end of a sentence."""

    end: bool

    def ends(self, words: Sequence[Word], at: int) -> Iterator[int]:
        inside = 0 < at < len(words) and words[at - 1].sentence == words[at].sentence
        outermost = at == len(words) if self.end else at == 0
        if outermost or (0 < at < len(words) and not inside):
            yield at

    def openings(self) -> Iterator[str | None]:
        yield None


class _Choice:
    """One of several options; only those that can begin with the word at hand are tried."""

    def __init__(self, options: tuple[_Sequence, ...], optional: bool = False) -> None:
        self._options, self._optional = options, optional
        self._words = frozenset(word for o in options if (word := o.single_word()) is not None)
        self._by_opening: dict[str, list[_Sequence]] = {}
        self._anywhere: list[_Sequence] = []
        for option in (o for o in options if o.single_word() is None):
            openings = frozenset(option.openings())
            if None in openings:
                self._anywhere.append(option)
                continue
            for opening in openings - {None}:
                self._by_opening.setdefault(str(opening), []).append(option)

    def ends(self, words: Sequence[Word], at: int) -> Iterator[int]:
        if at < len(words):
            word = words[at]
            if word.text in self._words:
                yield at + 1
            if self._by_opening:
                for option in self._by_opening.get(word.text, ()):
                    yield from option.ends(words, at)
                for option in self._by_opening.get(word.opening, ()):
                    yield from option.ends(words, at)
        for option in self._anywhere:
            yield from option.ends(words, at)
        if self._optional:
            yield at

    def openings(self) -> Iterator[str | None]:
        for option in self._options:
            yield from option.openings()
        if self._optional:
            yield None


@dataclass(frozen=True, slots=True)
class _Sequence:
    parts: tuple[_Literal | _Gap | _Edge | _Choice, ...]

    def single_word(self) -> str | None:
        """The word it is, if it is one that must be heard exactly."""
        first = self.parts[0] if len(self.parts) == 1 else None
        return first.text if isinstance(first, _Literal) and first.exact else None

    def ends(self, words: Sequence[Word], at: int, part: int = 0) -> Iterator[int]:
        if part == len(self.parts):
            yield at
            return
        for middle in self.parts[part].ends(words, at):
            yield from self.ends(words, middle, part + 1)

    def openings(self) -> Iterator[str | None]:
        """What the first word can be: itself, its first letters with ``*``, or anything (None)."""
        for part in self.parts:
            anything = False
            for opening in part.openings():
                if opening is None:
                    anything = True
                else:
                    yield opening
            if not anything:
                return
            if isinstance(part, _Gap):
                break
        yield None


class Phrase:
    """One compiled pattern.

    Raises:
        PhraseError: unbalanced brackets, an unknown ``{name}``, or nothing to match.
    """

    def __init__(self, pattern: str, words: Mapping[str, Sequence[str]] | None = None) -> None:
        self.pattern = pattern
        self._words = words or {}
        self._elements = [m.group() for m in _ELEMENT.finditer(pattern)]
        self._at = 0
        options = self._choice()
        if self._at < len(self._elements):
            raise PhraseError(f"'{pattern}' has a ')' without '('.")
        self._root = options[0] if len(options) == 1 else _Sequence((_Choice(options),))
        if next(self._root.ends((), 0), None) is not None:
            raise PhraseError(f"'{pattern}' would match silence.")
        known = tuple(self._root.openings())
        said = frozenset(opening for opening in known if opening is not None)
        self._openings = said if len(said) == len(set(known)) else None

    @property
    def openings(self) -> frozenset[str] | None:
        """What its first word can be: words, and first letters with ``*``; None for any word."""
        return self._openings

    def match_at(self, words: Sequence[Word], first: int) -> Match | None:
        """The longest place where it occurs from this word on."""
        after = max(self._root.ends(words, first), default=first)
        return Match(words[first].start, words[after - 1].end) if after > first else None

    def matches(self, words: Sequence[Word]) -> Iterator[Match]:
        """Every place where it occurs, the longest from each first word."""
        yield from PhraseIndex((self,)).matches(words)

    def _peek(self) -> str:
        return self._elements[self._at] if self._at < len(self._elements) else ""

    def _choice(self) -> tuple[_Sequence, ...]:
        options = [self._sequence()]
        while self._peek() == "|":
            self._at += 1
            options.append(self._sequence())
        return tuple(options)

    def _sequence(self) -> _Sequence:
        parts: list[_Literal | _Gap | _Edge | _Choice] = []
        while (element := self._peek()) and element not in "|)":
            self._at += 1
            part = self._part(element)
            if self._peek() == "?":
                self._at += 1
                part = _Choice((_Sequence((part,)),), optional=True)
            parts.append(part)
        return _Sequence(tuple(parts))

    def _part(self, element: str) -> _Literal | _Gap | _Edge | _Choice:
        if element == "...":
            return _Gap()
        if element in "^$":
            return _Edge(end=element == "$")
        if element == "(":
            options = self._choice()
            if self._peek() != ")":
                raise PhraseError(f"'{self.pattern}' has a '(' without ')'.")
            self._at += 1
            return _Choice(options)
        if element == "?":
            raise PhraseError(f"'{self.pattern}' has a '?' that follows nothing.")
        if element.startswith("{"):
            name = element[1:-1]
            if name not in self._words:
                raise PhraseError(f"'{self.pattern}' names '{name}', which 'words' does not hold.")
            others = {k: v for k, v in self._words.items() if k != name}
            return _Choice(tuple(Phrase(option, others)._root for option in self._words[name]))
        return _Literal(normalise(element.rstrip("*")), element.endswith("*"))


class PhraseIndex:
    """Phrases by what they can begin with, so that a word is tried only where it can match."""

    def __init__(self, phrases: Iterable[Phrase]) -> None:
        self._by_opening: dict[str, list[Phrase]] = {}
        self._by_any_word: list[Phrase] = []
        for phrase in phrases:
            if phrase.openings is None:
                self._by_any_word.append(phrase)
            for opening in phrase.openings or ():
                self._by_opening.setdefault(opening, []).append(phrase)

    def matches(self, words: Sequence[Word]) -> Iterator[Match]:
        """Every place where one of the phrases occurs, for each the longest from its first word."""
        opening = self._by_opening.get
        for first, word in enumerate(words):
            exactly, roughly = opening(word.text, ()), opening(word.opening, ())
            if not (exactly or roughly or self._by_any_word):
                continue
            for phrase in (*exactly, *roughly, *self._by_any_word):
                if (match := phrase.match_at(words, first)) is not None:
                    yield match


class PhraseSet:
    """Phrases that count, unless they overlap one of those that do not."""

    def __init__(self, phrases: Iterable[Phrase], unless: Iterable[Phrase] = ()) -> None:
        self._phrases = PhraseIndex(phrases)
        self._unless = PhraseIndex(unless)

    def find(self, words: Sequence[Word]) -> tuple[Match, ...]:
        """Where the phrases occur, in order; overlapping finds are joined into one."""
        found = list(self._phrases.matches(words))
        if not found:
            return ()
        barred = list(self._unless.matches(words))
        joined: list[Match] = []
        for match in sorted(found, key=lambda m: (m.start, m.end)):
            if any(match.overlaps(bar) for bar in barred):
                continue
            if joined and match.overlaps(joined[-1]):
                joined[-1] = Match(joined[-1].start, max(joined[-1].end, match.end))
            else:
                joined.append(match)
        return tuple(joined)
