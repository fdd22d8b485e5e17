"""Whether a language model's statement about a call is borne out by the call.

In: a drafted statement with the turns it claims to rest on, and the call's reading. Out: the
statement with its values copied from the source and the place in the call it rests on, or None:
nothing supports it, and the packet goes without.

A statement stands if

* it rests on words of the one who is said to have said or done it (the cited turn, or else another
  turn of that side, which is then cited instead);
* every amount, date, time, number, identifier and name in it is in those words, or in the record
  or a tool's result;
* nearly all of its content words are in those words;
* it denies what they deny, and nothing else.

Whoever rewords too freely is dropped too: a packet that says less is better than one that errs.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from voiceagent.domain.packet import Claim
from voiceagent.domain.transcript import Citation, Speaker, Turn
from voiceagent.handoff.agent_actions import promise_due_at, promises, says_done
from voiceagent.handoff.call_reading import CallReading
from voiceagent.handoff.caller_statements import SOME_DAY
from voiceagent.handoff.packet_due import due_words
from voiceagent.handoff.packet_sources import record_texts
from voiceagent.handoff.packet_values import Holdings, values_in
from voiceagent.handoff.packet_words import (
    REPORTING,
    Content,
    alike,
    clauses,
    content_words,
    sounds_negative,
)
from voiceagent.handoff.sentences import Sentence, is_question, sentences_of

ENOUGH_WORDS = 0.75
"""Share of a statement's content words that its source must hold."""
TURNS_TOGETHER = 3
"""How many turns one sentence of the summary may rest on."""
_CALLER = re.compile(
    r"^\W*(?:the |der |die |ein |eine )?(?:customer|caller|client|user|kundin|kunde|anrufer(?:in)?"
    r"|anrufende person)\b",
    re.IGNORECASE,
)
_HELPER = re.compile(
    r"^\W*(?:the |der |die |ein |eine )?(?:agent|assistant|company|representative|support"
    r"|mitarbeiter(?:in)?|firma|colleague|kollege|kollegin)\b",
    re.IGNORECASE,
)
_OPEN = re.compile(
    r"\b(?:complain\w*|about|ask(?:s|ed|ing)?|whether|if|inquir\w+|question\w*|problem\w*|issues?|"
    r"trouble|regarding|beschwert|fragt\w*|ob|frage|wegen)\b",
    re.IGNORECASE,
)
_PARTS = re.compile(
    r"(?:[,;.]\s*|\s)(?:and |but |while |so |und |aber |während )?"
    r"(?=(?:the |der |die )?(?:agent|customer|kunde|kundin|caller)\b(?!'s))",
    re.IGNORECASE,
)
_AHEAD = re.compile(
    r"\b(?:will|'ll|would|going to|can|could|to be|promis\w*|offer\w*|said|says|inform\w*|told"
    r"|tells|advis\w*|explain\w*|confirm\w*|is \w+ing|are \w+ing|werden?|wird|verspr\w*|sagt\w*"
    r"|kündigt|bietet|erklärt\w*|teilt)\b",
    re.IGNORECASE,
)
_GERMAN_DONE = re.compile(
    r"\b(?:hat|haben|wurden?|ist|sind)\b.*\b\w*ge?\w+(?:t|en)\b", re.IGNORECASE
)
HELPERS = (Speaker.AGENT, Speaker.HUMAN)


@dataclass(frozen=True, slots=True)
class Draft:
    """A statement as the model wrote it, with the numbers of the turns it says it rests on."""

    text: str
    turns: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Checked:
    """A statement that is borne out, its values copied, and where."""

    text: str
    sentence: Sentence

    @property
    def citation(self) -> Citation:
        """Its place in the call."""
        return self.sentence.citation


class PacketCheck:
    """Checks statements about one call.

    Args:
        reading: the call so far.
    """

    def __init__(self, reading: CallReading) -> None:
        self._reading = reading
        self._language = reading.language
        self._today = reading.record.newest_day if reading.record else SOME_DAY
        self._record = record_texts(reading)

    def statement(self, draft: Draft, speakers: Sequence[Speaker] = ()) -> Checked | None:
        """One fact or deed, resting on one turn of ``speakers``, or of whom it names itself."""
        text = " ".join(draft.text.split())
        allowed = self._speakers(text, speakers)
        for turn in self._in_order(text, draft.turns, allowed):
            if (checked := self._checked(text, (turn,))) is not None:
                return checked
        return None

    def prose(self, draft: Draft, speakers: Sequence[Speaker]) -> Checked | None:
        """A sentence of the summary: each part of it, told of one side, rests on that side's words.

        Parts are told apart where a new subject begins ("... and the agent offered ...").
        """
        text = " ".join(draft.text.split())
        places = [0, *(m.end() for m in _PARTS.finditer(text)), len(text)]
        checked: list[Checked] = []
        whole = ""
        for start, end in pairwise(places):
            part = text[start:end]
            if not content_words(part):
                whole += part
                continue
            mine = self._speakers(part, speakers if not checked else ())
            turns = self._in_order(part, draft.turns, mine)[:TURNS_TOGETHER]
            for many in range(1, len(turns) + 1):
                if (found := self._checked(part, turns[:many])) is not None:
                    checked.append(found)
                    whole += found.text
                    break
            else:
                return None
        return replace(checked[0], text=whole) if checked else None

    def promise(self, draft: Draft) -> Claim | None:
        """A promise of the agent or a human: their sentence must itself promise something."""
        checked = self.statement(draft, HELPERS)
        if checked is None:
            return None
        turn = checked.sentence.turn
        if not promises(checked.sentence.text, turn.language):
            return None
        due = due_words(checked.sentence.text, turn.language)
        return Claim(
            checked.text,
            turn.speaker.value,
            verified=False,
            citation=checked.citation,
            due=due,
            due_at=promise_due_at(due, turn, self._reading),
        )

    def open_question(self, draft: Draft) -> Claim | None:
        """A question of the caller that no later turn of the other side takes up."""
        checked = self.statement(draft, (Speaker.CALLER,))
        if checked is None or not is_question(checked.sentence.text):
            return None
        asked = {c.stem for c in content_words(checked.sentence.text, REPORTING)}
        later = [
            t
            for t in self._reading.turns
            if t.number > checked.sentence.turn.number and t.speaker in HELPERS
        ]
        answered = {c.stem for t in later for c in content_words(t.text, REPORTING)}
        if later and (not asked or len(asked & answered) * 3 >= len(asked) or len(later) > 1):
            return None
        return Claim(checked.text, "caller", verified=False, citation=checked.citation)

    def claim(self, draft: Draft, speakers: Sequence[Speaker] = ()) -> Claim | None:
        """A checked statement as a claim of the packet; what only people say is unverified."""
        checked = self.statement(draft, speakers)
        if checked is None:
            return None
        source = checked.sentence.turn.speaker.value
        return Claim(checked.text, source, verified=False, citation=checked.citation)

    # The grounds.

    def _speakers(self, text: str, speakers: Sequence[Speaker]) -> tuple[Speaker, ...]:
        """Whose words a statement may rest on; empty where it names another side than it must."""
        named: tuple[Speaker, ...] = ()
        if _CALLER.match(text):
            named = (Speaker.CALLER,)
        elif _HELPER.match(text):
            named = HELPERS
        if not named:
            return tuple(speakers) or tuple(Speaker)
        return tuple(s for s in named if not speakers or s in speakers)

    def _in_order(self, text: str, cited: Iterable[int], speakers: Sequence[Speaker]) -> list[Turn]:
        """Turns of these speakers: the cited ones, then those that share most words with it."""
        turns = [t for t in self._reading.turns if t.speaker in speakers]
        wanted = content_words(text, REPORTING)
        numbers_cited = set(cited)

        def rank(turn: Turn) -> tuple[bool, int]:
            held = {c.stem for c in content_words(turn.text)}
            shared = sum(any(alike(w.stem, h) for h in held) for w in wanted)
            return turn.number not in numbers_cited, -shared

        return sorted(turns, key=rank)

    def _checked(self, text: str, turns: Sequence[Turn]) -> Checked | None:
        """The statement with where it rests, if these turns bear it out."""
        copied = self._supported(text, turns)
        if copied is None:
            return None
        sentence = self._nearest(copied, turns)
        if sentence.turn.speaker in HELPERS and _takes_for_done(copied, sentence):
            return None
        return Checked(copied, sentence)

    def _supported(self, text: str, turns: Sequence[Turn]) -> str | None:
        """The statement with its values copied from these turns, or None."""
        said = [t.text for t in turns]
        holdings = Holdings((*said, *self._record), self._language, self._today)
        if not text or holdings.missing(text):
            return None
        source = [c for t in said for c in content_words(t)]
        wanted = self._weighed(text)
        shared = [w for w in wanted if any(alike(w.stem, s.stem) for s in source)]
        if len(shared) < ENOUGH_WORDS * len(wanted):
            return None
        if not shared and not values_in(text, self._language, self._today):
            return None
        if self._contradicts(text, said):
            return None
        return holdings.copied(text)

    def _weighed(self, text: str) -> list[Content]:
        """Content words outside values, which are compared by themselves."""
        values = values_in(text, self._language, self._today)
        return [
            c
            for c in content_words(text, REPORTING)
            if not any(v.start <= c.start < v.end for v in values)
        ]

    def _contradicts(self, text: str, said: Sequence[str]) -> bool:
        """Whether a clause affirms what its source only denies, or the other way round."""
        source = [c for t in said for c in content_words(t)]
        negative = {
            c.stem
            for t in said
            for start, end in clauses(t)
            if sounds_negative(t[start:end])
            for c in content_words(t[start:end])
        }
        for start, end in clauses(text):
            clause = text[start:end]
            neutral = sounds_negative(clause) or bool(_OPEN.search(clause))
            conflicts, shared = 0, 0
            for word in content_words(clause, REPORTING):
                same = [s for s in source if alike(word.stem, s.stem)]
                if not same:
                    continue
                shared += 1
                if word.denied:
                    conflicts += not any(s.denied or s.stem in negative for s in same)
                elif not neutral and all(s.denied for s in same):
                    return True
            if conflicts and conflicts * 2 >= shared:
                return True
        return False

    def _nearest(self, text: str, turns: Sequence[Turn]) -> Sentence:
        """The sentence of these turns that shares most with the statement."""
        wanted = content_words(text, REPORTING)
        values = {v.text.lower() for v in values_in(text, self._language, self._today)}

        def shared(sentence: Sentence) -> int:
            held = [c.stem for c in content_words(sentence.text)]
            words = sum(any(alike(w.stem, h) for h in held) for w in wanted)
            return words + 2 * sum(v in sentence.text.lower() for v in values)

        return max((s for t in turns for s in sentences_of(t)), key=shared)


def names_its_side(text: str) -> bool:
    """Whether a statement begins with whom it tells of: the customer, or the agent."""
    return bool(_CALLER.match(text) or _HELPER.match(text)) and ":" not in text[:12]


def _takes_for_done(text: str, sentence: Sentence) -> bool:
    """Whether a statement tells as done what was only promised."""
    language = sentence.turn.language
    if not promises(sentence.text, language) or says_done(sentence.text):
        return False
    if language == "de":  # The present tense is its future.
        return bool(_GERMAN_DONE.search(text)) and not _AHEAD.search(text)
    return not _AHEAD.search(text)
