"""What of a reply may be said, decided sentence by sentence while it is being written.

Enters: the model's words as they come. Leaves: the words to say, in order, and with them what was
withheld and why. Used twice: by the guard, which speaks by it, and ahead of the guard to know what
of a reply that is still held will be spoken. It decides and remembers; it sends and reports
nothing.

A sentence has to be complete before it can be judged. The one exception is the first clause of a
reply where it is a courtesy (:mod:`voiceagent.dialogue.openers`): it is let out at once, and the
sentence is judged whole, with it, when it has ended. If the rest may then not be said, a line that
takes back what the clause may have seemed to grant follows it.
"""

from __future__ import annotations

import logging
import re
from dataclasses import dataclass

from voiceagent.dialogue.grounding import Evidence, check
from voiceagent.dialogue.openers import opener_length

_log = logging.getLogger(__name__)

_END = re.compile(r"[.!?…]+[\"'”’»)\]]*|\n+")
_ABBREVIATION = re.compile(
    r"(?:\b(?:dr|mr|mrs|ms|prof|st|no|nr|inc|ltd|co|dept|approx|etc|vs|ca|bzw|usw|evtl|inkl|zzgl"
    r"|str|hr|fr|jan|feb|mar|apr|jun|jul|aug|sep|sept|oct|okt|nov|dec|dez)|\b[^\W\d_])$",
    re.IGNORECASE,
)
_HALF_DAY = re.compile(r"\b[ap]\.m$", re.IGNORECASE)
_ORDINAL = re.compile(r"(?<![\d.,])\d{1,2}$")
_PLAIN_WORD = re.compile(r"[^\W\d_]{2,}$")


@dataclass(frozen=True, slots=True)
class Replacements:
    """What is said in place of the first sentence withheld of a reply.

    Attributes:
        sentence: for a whole sentence.
        after_opener: for the rest of a sentence whose first clause was said already; it has to
            make sense after "Sure," as well as after "I am sorry,".
    """

    sentence: str
    after_opener: str = ""


@dataclass(frozen=True, slots=True)
class Verdict:
    """On a piece of the reply.

    Attributes:
        say: the words to say, spaces included; empty for none.
        withheld: the words not said, empty if all are.
        unsupported: the values that nothing backs.
        ends_sentence: False for an opener, whose sentence goes on.
    """

    say: str
    withheld: str = ""
    unsupported: tuple[str, ...] = ()
    ends_sentence: bool = True


class ReplyFilter:
    """Judges one reply after another.

    Args:
        evidence: what may be stated.
        replacements: said instead, once per reply.
        longest_chars: a sentence that has not ended by then is judged as it is.
    """

    def __init__(
        self, evidence: Evidence, replacements: Replacements, longest_chars: int = 600
    ) -> None:
        self._evidence = evidence
        self._replacements = replacements
        self._longest_chars = longest_chars
        self._held = ""
        self._let_out = 0
        self._at_beginning = True
        self._replaced = False

    @property
    def holds(self) -> bool:
        """Whether words wait for their sentence to end."""
        return bool(self._held)

    def begin(self) -> None:
        """A new reply; what was left of the last one is forgotten."""
        self._held = ""
        self._let_out = 0
        self._at_beginning = True
        self._replaced = False

    def take(self, text: str) -> list[Verdict]:
        """Take in words; what can be decided by now."""
        self._held += text
        sentences, self._held = split_sentences(self._held, self._evidence.language)
        verdicts = [self._judge(sentence) for sentence in sentences]
        if self._at_beginning and (opener := self._opener()):
            verdicts.append(opener)
        if len(self._held) > self._longest_chars:
            verdicts += self.release()
        return verdicts

    def release(self) -> list[Verdict]:
        """Judge what is held though it may be no whole sentence."""
        held, self._held = self._held, ""
        return [self._judge(held)] if held else []

    def _opener(self) -> Verdict | None:
        length = opener_length(self._held, self._evidence.language)
        opener = self._held[:length]
        if not opener or self._unsupported(opener):
            return None
        self._at_beginning = False
        self._let_out = length
        return Verdict(opener, ends_sentence=False)

    def _judge(self, sentence: str) -> Verdict:
        said, self._let_out = self._let_out, 0
        self._at_beginning = False
        rest = sentence[said:]
        unsupported = self._unsupported(sentence)
        if not unsupported:
            return Verdict(rest)
        instead = "" if self._replaced else self._instead(after_opener=bool(said))
        self._replaced = True
        if instead:
            lead = rest[: len(rest) - len(rest.lstrip())]
            instead = f"{lead}{instead} "
        return Verdict(instead, rest.strip(), unsupported)

    def _instead(self, *, after_opener: bool) -> str:
        lines = self._replacements
        return (after_opener and lines.after_opener) or lines.sentence

    def _unsupported(self, sentence: str) -> tuple[str, ...]:
        try:
            return tuple(value.text for value in check(sentence, self._evidence))
        except Exception as error:  # what cannot be judged is not said
            _log.error("A sentence could not be checked: %s", type(error).__name__)
            return (type(error).__name__,)


def split_sentences(text: str, language: str) -> tuple[list[str], str]:
    """The complete sentences at the beginning of a text, and the rest.

    Joined together they are the text again. The last sentence counts as complete without anything
    behind it where its end leaves no doubt.
    """
    sentences: list[str] = []
    start = 0
    for match in _END.finditer(text):
        before, after = text[start : match.start()], text[match.end() :]
        if not _is_end(match.group(), before, after, language):
            continue
        spaces = len(after) - len(after.lstrip())
        sentences.append(text[start : match.end() + spaces])
        start = match.end() + spaces
    return sentences, text[start:]


def _is_end(mark: str, before: str, after: str, language: str) -> bool:
    if not before.strip():
        return False
    if mark[0] == "\n":
        return True
    if after and not after[0].isspace():
        return False
    if mark[0] != ".":
        return bool(after) or mark[0] != "…"
    if _HALF_DAY.search(before):
        return bool(re.match(r"\s+[^\W\d_]", after)) and after.lstrip()[0].isupper()
    if _ABBREVIATION.search(before) or (language == "de" and _ORDINAL.search(before)):
        return False
    return bool(after) or bool(_PLAIN_WORD.search(before))
