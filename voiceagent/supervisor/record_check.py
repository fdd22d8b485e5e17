"""Holds a call's claims against the record, and remembers what became of each contradiction.

In: the caller's turns and the record, in whatever order they come, results of tools, and whether a
handover has begun. Out: grounds. A contradiction that the record bears out is handed over at once,
unless a tool may settle it first, or it has been handed over before and came back.
"""

from __future__ import annotations

from collections.abc import Iterable

from voiceagent.domain.account import AccountRecord
from voiceagent.domain.transcript import Turn
from voiceagent.domain.verdict import Trigger, TriggerKind
from voiceagent.supervisor.claims import Finding, TurnClaims, read_claims
from voiceagent.supervisor.contradictions import compare
from voiceagent.supervisor.grounds import Grounds, counted, heard_well, languages_of, weighed
from voiceagent.supervisor.policy import ClaimKind, Policy, Score
from voiceagent.supervisor.record_wording import RecordWording
from voiceagent.supervisor.scores import Scores
from voiceagent.supervisor.signals import cite

TURNS_UNCOMPARED = 50
"""Turns kept while the record is not there yet."""


class RecordCheck:
    """The claims of one call. ``scores`` are the call's; a claim that only counts goes there."""

    def __init__(self, policy: Policy, scores: Scores) -> None:
        self._policy = policy
        self._scores = scores
        self._record: AccountRecord | None = None
        self.read: TurnClaims | None = None
        """The claims of the turn compared last."""

        self._uncompared: list[Turn] = []
        self._called_for: set[str] = set()
        self._handed_over_for: set[str] = set()
        self._waiting_for_tool: dict[ClaimKind, Trigger] = {}

    def record_loaded(self, record: AccountRecord, call_language: str) -> Grounds:
        """Claims made before the record was there are compared now."""
        self._record = record
        turns, self._uncompared = self._uncompared, []
        grounds = Grounds()
        for turn in turns:
            grounds += self.caller_said(turn, call_language)
        return grounds

    def caller_said(self, turn: Turn, call_language: str) -> Grounds:
        """What this turn claims, compared at once or as soon as there is a record."""
        if self._record is None:
            self._uncompared = [*self._uncompared, turn][-TURNS_UNCOMPARED:]
            return Grounds()
        languages, limits = languages_of(turn, call_language), self._policy.limits
        self.read = read_claims(turn, languages, self._record, self._policy.claims, limits)
        grounds = Grounds()
        for finding in compare(self.read, self._record, limits, RecordWording(call_language)):
            grounds += self._contradicted(turn, finding)
        return grounds

    def _contradicted(self, turn: Turn, finding: Finding) -> Grounds:
        contradiction = finding.contradiction
        rule = weighed(self._policy.at_once.supported_contradiction, turn)
        trigger = Trigger(
            TriggerKind.CONTRADICTION,
            rule.confidence if contradiction.supports_caller else heard_well(turn, 0.6),
            (cite(turn, finding.start, finding.end),),
            contradiction,
            str(finding.kind),
        )
        known = contradiction.about in self._handed_over_for
        if not contradiction.supports_caller or known:
            return counted(self._scores, Score.CONTRADICTION, finding.kind, trigger)
        if self._policy.settled_by_tools.get(finding.kind):
            self._waiting_for_tool[finding.kind] = trigger
            return counted(self._scores, Score.CONTRADICTION, finding.kind, trigger)
        return Grounds(((rule.action, trigger),))

    def tool_returned(self, tool: str, *, ok: bool) -> Grounds:
        """A tool that settles a kind of contradiction, or has failed to."""
        grounds = Grounds()
        for kind, tools in self._policy.settled_by_tools.items():
            if tool in tools and kind in self._waiting_for_tool:
                trigger = self._waiting_for_tool.pop(kind)
                if ok:
                    self._scores.clear(Score.CONTRADICTION)
                else:
                    action = self._policy.at_once.supported_contradiction.action
                    grounds += Grounds(((action, trigger),))
        return grounds

    def called_for_handover(self, triggers: Iterable[Trigger]) -> None:
        """A verdict calls for a handover on these grounds."""
        self._called_for = {t.contradiction.about for t in triggers if t.contradiction}

    def handover_begun(self) -> None:
        """What the handover was called for need not be handed over a second time."""
        self._handed_over_for |= self._called_for
