"""Whether a call gets ahead, or goes round in circles.

In: the turns of both sides, results of tools and what was verified or booked. Out: a ground for
every turn of the caller beyond the policy's number without progress. Progress is a tool's new
result, a verified identity, a booking, the caller's yes, or a value nobody has said before; talk
without any of these settles nothing, however friendly it is.
"""

from __future__ import annotations

import json
from collections.abc import Hashable, Sequence
from datetime import date

from voiceagent.domain.events import ToolReturned
from voiceagent.domain.transcript import Citation, Turn
from voiceagent.domain.verdict import Trigger, TriggerKind
from voiceagent.supervisor.grounds import Grounds, counted
from voiceagent.supervisor.policy import Heard, Policy, Score
from voiceagent.supervisor.scores import Scores
from voiceagent.supervisor.signals import cite_turn, heard_in
from voiceagent.supervisor.spoken import months, numbers
from voiceagent.supervisor.words import split_words

SOME_DAY = date(2000, 1, 1)
"""Fills in years: values are only compared with each other, so any day will do."""

BARE_WORDS = 2
"""A turn this short says too little to be held against the call."""

AGREEMENT_WORDS = 6
"""A longer turn that begins with "please" or "okay" goes on to something else."""

_SETTLES = (Heard.ACCEPTS, Heard.SMALL_TALK)


class ProgressMeter:
    """The progress of one call. ``scores`` are the call's."""

    def __init__(self, policy: Policy, scores: Scores) -> None:
        self._policy = policy
        self._scores = scores
        self._values: set[Hashable] = set()
        self._results: set[str] = set()
        self._stalled: list[Citation] = []

    def agent_said(self, turn: Turn) -> None:
        """A turn of the agent; a value nobody had said before is progress."""
        if self._new_values(turn):
            self.made()

    def caller_said(self, turn: Turn, languages: Sequence[str]) -> Grounds:
        """The ground in a turn that is one too many without progress."""
        if self._new_values(turn):
            self.made()
            return Grounds()
        heard = {s.heard for s in heard_in(turn.text, languages, self._policy.phrases, _SETTLES)}
        words = len(split_words(turn.text))
        if Heard.ACCEPTS in heard and words <= AGREEMENT_WORDS:
            self.made()
            return Grounds()
        if Heard.SMALL_TALK in heard or words <= BARE_WORDS:
            return Grounds()
        from_turns = self._policy.progress.stalled_from_turns
        self._stalled = [*self._stalled, cite_turn(turn)][-(from_turns + 1) :]
        if len(self._stalled) <= from_turns:
            return Grounds()
        cited = (self._stalled[0], self._stalled[-1])
        detail = f"more than {from_turns} turns without progress"
        trigger = Trigger(TriggerKind.NO_PROGRESS, 0.6, cited, detail=detail)
        return counted(self._scores, Score.NO_PROGRESS, "stalled", trigger)

    def tool_returned(self, event: ToolReturned) -> bool:
        """Whether a tool brought something new."""
        if not event.ok:
            return False
        result = f"{event.tool} {json.dumps(event.result, sort_keys=True, default=str)}"
        if result in self._results and not event.changed:
            return False
        self._results.add(result)
        self.made()
        return True

    def made(self) -> None:
        """Progress of any kind: what went before no longer counts."""
        self._stalled.clear()
        self._scores.clear(Score.NO_PROGRESS)

    def _new_values(self, turn: Turn) -> bool:
        found: set[Hashable] = {n.value for n in numbers(turn.text, turn.language)}
        found |= {m.value for m in months(turn.text, turn.language, SOME_DAY)}
        new = found - self._values
        self._values |= new
        return bool(new)
