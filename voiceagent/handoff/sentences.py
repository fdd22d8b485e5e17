"""The sentences of a turn, word for word, each with its place in the call.

In: a turn. Out: its sentences, so that a packet can quote one thing said and cite where.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from voiceagent.domain.transcript import Citation, Turn
from voiceagent.supervisor.signals import cite


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
    """Split at closing marks; a point between digits ends no sentence."""
    found = []
    for match in re.finditer(r"\S(?:[^.!?]|[.](?=\d))*[.!?]*", turn.text):
        end = match.start() + len(match.group().rstrip())
        found.append(Sentence(turn, cite(turn, match.start(), end, sentence=False)))
    return found
