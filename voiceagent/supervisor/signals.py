"""What a caller's words say beside the matter: a wish for a person, a threat, anger, confusion.

In: one turn, the turns before it, the policy's phrases and limits. Out: signals with the place of
the words they rest on. Everything here is pure and looks at words and recogniser confidence only;
tone of voice and trained classifiers are further detectors beside these.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from rapidfuzz import fuzz

from voiceagent.domain.transcript import Citation, Turn
from voiceagent.supervisor.phrases import PhraseSet
from voiceagent.supervisor.policy import Heard
from voiceagent.supervisor.policy_sections import Limits
from voiceagent.supervisor.spoken import numbers
from voiceagent.supervisor.words import sentence_around, split_words


@dataclass(frozen=True, slots=True)
class Signal:
    """Something heard in ``turn.text[start:end]``."""

    heard: Heard
    start: int
    end: int


def heard_in(
    text: str,
    languages: Iterable[str],
    phrases: Mapping[Heard, Mapping[str, PhraseSet]],
    wanted: Iterable[Heard],
) -> tuple[Signal, ...]:
    """Every phrase of the wanted kinds, in any of these languages, in order of appearance."""
    words = split_words(text)
    tongues = sorted(set(languages))
    found = {
        Signal(heard, match.start, match.end)
        for heard in wanted
        for language in tongues
        if language in phrases[heard]
        for match in phrases[heard][language].find(words)
    }
    return tuple(sorted(found, key=lambda s: (s.start, s.end, s.heard)))


def earlier_request(turn: Turn, earlier: Sequence[Turn], limits: Limits) -> Turn | None:
    """The caller's own earlier turn that this one says again, or None.

    Tiny turns ("yes", a postal code) are alike by nature and are left out.
    """
    said = plain(turn.text)
    if len(said.split()) < limits.repeated_from_words:
        return None
    best: Turn | None = None
    best_ratio = limits.repeated_from_similarity
    for before in earlier[-limits.repeated_within_turns :]:
        other = plain(before.text)
        if len(other.split()) < limits.repeated_from_words:
            continue
        ratio = max(fuzz.ratio(said, other), fuzz.token_sort_ratio(said, other))
        if ratio >= best_ratio and same_numbers(turn, before):
            best, best_ratio = before, ratio
    return best


def same_numbers(one: Turn, other: Turn) -> bool:
    """Whether two turns hold the same numbers: with others, alike words are about another thing."""
    said = [{n.value for n in numbers(turn.text, turn.language)} for turn in (one, other)]
    return said[0] == said[1]


def unclear(turn: Turn, previous: Turn | None, limits: Limits) -> bool:
    """Whether this turn and the caller's previous one were both badly recognised."""
    floor = limits.unclear_below_confidence
    return previous is not None and max(turn.confidence, previous.confidence) < floor


def cite(turn: Turn, start: int, end: int, *, sentence: bool = True) -> Citation:
    """The words at ``turn.text[start:end]``, or their sentence, with their place in the audio.

    The place is an estimate: as far into the turn's audio as the words are into its text.
    """
    if sentence:
        start, end = sentence_around(turn.text, start, end)
    length_ms = max(0, turn.end_ms - turn.start_ms)
    at_ms = turn.start_ms + (length_ms * start // len(turn.text) if turn.text else 0)
    return Citation(turn.number, turn.speaker, turn.text[start:end], at_ms)


def cite_turn(turn: Turn) -> Citation:
    """All words of a turn."""
    return Citation(turn.number, turn.speaker, turn.text, turn.start_ms)


def plain(text: str) -> str:
    """The words of a text without marks, capitals and fillers, one blank between two."""
    return " ".join(word.text for word in split_words(text))
