"""How good a packet is: what it covers of a dialogue, and how near it is to human summaries.

In: a dialogue with its summaries, and a packet made of it. Out: coverage, ROUGE-L and lengths.

**Coverage of the facts.** A fact is something the dialogue holds and at least one human summary
mentions: a value (amount, date, time, number, identifier, weekday, month; equal however worded), or
a content word (compared by its stem; words with which one tells of a talk, such as "customer" or
"says", do not count). A fact is covered if the packet holds it anywhere. Beside it stands the
coverage by the prose alone, since a packet that quotes everything covers everything.

**Coverage of the values.** The share of all amounts, dates and identifiers stated in the dialogue
that the packet holds, whether a summary mentions them or not.

**ROUGE-L** (Lin 2004, aclanthology.org/W04-1013): the F1 of the longest common subsequence of
words, in lower case, without stemming.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from rapidfuzz.distance import LCSseq

from voiceagent.bench.packet_dialogues import SummarisedDialogue
from voiceagent.domain.packet import Packet
from voiceagent.handoff.caller_statements import SOME_DAY
from voiceagent.handoff.packet_values import Held, Holdings, values_in
from voiceagent.handoff.packet_words import REPORTING, alike, content_words

_WORD = re.compile(r"[^\W_]+")
_COUNTED = (Held.AMOUNT, Held.DATE, Held.IDENTIFIER)


@dataclass(frozen=True, slots=True)
class Share:
    """``covered`` of ``of``."""

    covered: int
    of: int

    @property
    def value(self) -> float | None:
        """0..1, or None where there is nothing to cover."""
        return self.covered / self.of if self.of else None

    def __add__(self, other: Share) -> Share:
        return Share(self.covered + other.covered, self.of + other.of)


@dataclass(frozen=True, slots=True)
class Coverage:
    """What a packet covers; ``prose`` is of the facts by matter and summary alone."""

    facts: Share
    prose: Share
    values: Share


@dataclass(frozen=True, slots=True)
class RougeL:
    """F1 against the human summary nearest to the prose, and the mean over all of them."""

    best: float
    mean: float


def prose_of(packet: Packet) -> str:
    """Matter and summary; a summary that tells the matter stands for both."""
    if packet.matter and packet.matter.rstrip(" .") in packet.summary:
        return packet.summary
    return " ".join(filter(None, (packet.matter, packet.summary)))


def whole_text(packet: Packet) -> str:
    """All words of a packet, one statement a line."""
    claims = (
        *packet.facts,
        *packet.tried,
        *packet.promises,
        *packet.open_questions,
        *packet.do_not_ask_again,
    )
    sides = [
        " ".join((c.said, c.record, c.other_record, c.agent_said)) for c in packet.contradictions
    ]
    return "\n".join([prose_of(packet), *(c.text for c in claims), *sides])


def word_count(text: str) -> int:
    """Words as ROUGE counts them."""
    return len(_words(text))


def _words(text: str) -> list[str]:
    return _WORD.findall(text.lower())


def rouge_l(prose: str, summaries: Sequence[str]) -> RougeL:
    """ROUGE-L F1 of the prose against each summary."""
    scores = [_f1(_words(prose), _words(summary)) for summary in summaries]
    return RougeL(max(scores), sum(scores) / len(scores)) if scores else RougeL(0.0, 0.0)


def _f1(mine: list[str], theirs: list[str]) -> float:
    common = LCSseq.similarity(mine, theirs)
    if not common:
        return 0.0
    precision, recall = common / len(mine), common / len(theirs)
    return 2 * precision * recall / (precision + recall)


def coverage(dialogue: SummarisedDialogue, packet: Packet) -> Coverage:
    """What the packet holds of the dialogue's facts and values."""
    language = dialogue.language
    said = "\n".join(t.text for t in dialogue.turns)
    told = "\n".join(dialogue.summaries)
    told_holds, said_values = _Held(told, language), values_in(said, language, SOME_DAY)
    mentioned = _unique(v.text for v in said_values if told_holds.value(v.text))
    said_stems = {
        c.stem: c.form
        for c in content_words(said, REPORTING)
        if not any(v.start <= c.start < v.end for v in said_values)
    }
    words = [stem for stem in said_stems if told_holds.word(stem)]
    stated = _unique(v.text for v in said_values if v.kind in _COUNTED)
    whole, prose = _Held(whole_text(packet), language), _Held(prose_of(packet), language)
    many = len(mentioned) + len(words)

    def covers(held: _Held) -> int:
        return sum(map(held.value, mentioned)) + sum(map(held.word, words))

    return Coverage(
        facts=Share(covers(whole), many),
        prose=Share(covers(prose), many),
        values=Share(sum(map(whole.value, stated)), len(stated)),
    )


def _unique(texts: Iterable[str]) -> list[str]:
    return list({t.lower(): t for t in texts}.values())


class _Held:
    """What a text holds, asked value by value and word by word."""

    def __init__(self, text: str, language: str) -> None:
        self._holdings = Holdings((text,), language, SOME_DAY)
        self._stems = {c.stem for c in content_words(text)}

    def value(self, text: str) -> bool:
        return not self._holdings.missing(text)

    def word(self, stem: str) -> bool:
        return any(alike(stem, held) for held in self._stems)
