"""The sentences of a turn, word for word, each with its place in the call.

In: a turn. Out: its sentences, so that a packet can quote one thing said and cite where.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from voiceagent.domain.transcript import Citation, Turn
from voiceagent.supervisor.signals import cite

_MONTH = r"(?:[Jj]an|[Ff]eb|[Mm]är|[Aa]pr|[Mm]ai|[Jj]un|[Jj]ul|[Aa]ug|[Ss]ep|[Oo]kt|[Nn]ov|[Dd]ez)"
_TITLES = ("Mr", "Mrs", "Ms", "Dr", "St", "Nr", "nr", "bzw", "ca", "Str", "inkl", "approx")
_INSIDE = (
    rf"\.(?=[^\s.!?\"”')])|(?<=\b\d)\.(?= {_MONTH})"
    rf"|(?<=\b\d\d)\.(?= {_MONTH})|(?<=\.\d\d)\.(?= [a-zäöüß])"
)
_AFTER_TITLE = "|".join(rf"(?<=\b{title})\.(?= )" for title in _TITLES)
_SENTENCE = re.compile(rf"\S(?:[^.!?]|{_INSIDE}|{_AFTER_TITLE}|[!?](?=\w))*[.!?]*")

_QUESTION = re.compile(
    r"^(?:(?:and|so|but|but then|und|aber|also)\s+)?(?:what|why|when|where|who|how|which|can you|"
    r"could you|do you|did you|will you|is (?:it|that|there|my)|are (?:there|you|my)|am i|was|"
    r"warum|wieso|weshalb|wann|wer|wie|wo|welche\w*|können sie|haben sie|ist (?:das|es|die)|"
    r"gibt es|bin ich)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence of a turn, with the exact words."""

    turn: Turn
    citation: Citation

    @property
    def text(self) -> str:
        """The words as they were said."""
        return self.citation.quote


def sentences_of(turn: Turn) -> list[Sentence]:
    """Split at closing marks; a point inside a word, after a title or a day's number ends none."""
    found = []
    for match in _SENTENCE.finditer(turn.text):
        end = match.start() + len(match.group().rstrip())
        found.append(Sentence(turn, cite(turn, match.start(), end, sentence=False)))
    return found


def is_question(sentence: str) -> bool:
    """Whether a sentence asks something; recognisers often leave the mark out."""
    return sentence.endswith("?") or bool(_QUESTION.match(sentence))
