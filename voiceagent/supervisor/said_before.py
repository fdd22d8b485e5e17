"""What was said in this call, held against what was said before: by the agent and by the caller.

In: the turns of both sides and the record, once it is there. Out: soft grounds. Four things differ:
the agent's word and the record; the agent's word and what the caller says the agent said; the
agent's last statement and the caller's flat denial of it; the caller's word and the caller's own
earlier one. None of them shows who is right, so none acts by itself; each cites both turns.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal

from voiceagent.domain.account import AccountRecord
from voiceagent.domain.transcript import Citation, Turn
from voiceagent.domain.verdict import Contradiction, Trigger, TriggerKind
from voiceagent.supervisor.agent_check import agent_against_record
from voiceagent.supervisor.claimed_values import sentences
from voiceagent.supervisor.claims import TurnClaims
from voiceagent.supervisor.grounds import Grounds, counted, heard_well
from voiceagent.supervisor.own_words import OwnWords
from voiceagent.supervisor.policy import ClaimKind, ClaimWords, Heard, Policy, Score
from voiceagent.supervisor.record_wording import RecordWording, Subject
from voiceagent.supervisor.rephrasing import ContentWords, alike
from voiceagent.supervisor.scores import Scores
from voiceagent.supervisor.signals import cite, cite_turn, heard_in
from voiceagent.supervisor.spoken import months
from voiceagent.supervisor.statements import Statement, ValueKind, statements

STATEMENTS_KEPT = 60
COUNTS_TO = 20
"""A number from here on is rather a label or a code than a count."""

SOME_DAY = date(2000, 1, 1)
_SUBJECT = {
    ValueKind.AMOUNT: Subject.AMOUNT_NAMED,
    ValueKind.DAY: Subject.DAY_NAMED,
    ValueKind.NUMBER: Subject.NUMBER_NAMED,
}


class SaidBefore:
    """What was stated in one call. ``scores`` are the call's."""

    def __init__(self, policy: Policy, scores: Scores) -> None:
        self._policy = policy
        self._scores = scores
        self._content = ContentWords(policy.rephrasing)
        self._own_words = OwnWords(policy)
        self._record: AccountRecord | None = None
        self._stated: list[Statement] = []
        self._latest: tuple[Statement, ...] = ()
        self._pending: list[Trigger] = []

    def record_loaded(self, record: AccountRecord) -> None:
        """The company's record of the caller, as it stands from now on."""
        self._record = record

    def agent_said(self, turn: Turn, languages: Sequence[str], call_language: str) -> None:
        """Remember what the agent stated; what the record denies shows after the next turn."""
        self._latest = self._statements(turn, call_language)
        self._stated = [*self._stated, *self._latest][-STATEMENTS_KEPT:]
        if self._record is None:
            return
        wording = RecordWording(call_language)
        for finding in agent_against_record(turn, languages, self._record, self._policy, wording):
            cited = (cite(turn, finding.start, finding.end),)
            self._pending.append(_trigger(0.7, cited, finding.contradiction, finding.kind))

    def caller_said(
        self, turn: Turn, languages: Sequence[str], call_language: str, read: TurnClaims | None
    ) -> Grounds:
        """The grounds in this turn of the caller; ``read`` is its claims, if there is a record."""
        triggers, self._pending = self._pending, []
        wording = RecordWording(call_language)
        quoted = self._quoted(turn, languages, call_language, wording)
        triggers += quoted or self._denied(turn, languages, wording)
        if self._record is not None and read is not None:
            for before, now, about in self._own_words.caller_said(read, languages, self._record):
                contradiction = Contradiction(about=wording.about(_SUBJECT[about]), said=now.quote)
                sure = heard_well(turn, 0.5)
                triggers.append(_trigger(sure, (before, now), contradiction, ClaimKind.OWN_WORDS))
        grounds = Grounds()
        for trigger in triggers:
            grounds += counted(self._scores, Score.CONTRADICTION, trigger.detail, trigger)
        grounds += self._misheard(turn, languages)
        self._latest = ()
        return grounds

    def _statements(self, turn: Turn, call_language: str) -> tuple[Statement, ...]:
        record = self._record
        currency = "EUR" if call_language == "de" else "USD"
        if record is not None:
            currency = record.plan.monthly_price.currency
        today = record.newest_day if record else SOME_DAY
        return statements(turn, turn.language, currency, today)

    def _quoted(
        self, turn: Turn, languages: Sequence[str], call_language: str, wording: RecordWording
    ) -> list[Trigger]:
        """The caller says that the agent said a value, and the agent said others of its kind."""
        spoken_of = sentences(turn.text, languages, self._policy.claims)
        spoken_of = tuple(s for s in spoken_of if s.found.get(ClaimWords.SAID_BY_AGENT))
        if not spoken_of:
            return []
        for claimed in self._statements(turn, call_language):
            inside = any(s.start <= claimed.sentence.start < s.end for s in spoken_of)
            rivals = [s for s in self._stated if s.kind is claimed.kind and not s.asked]
            if claimed.kind is ValueKind.NUMBER:
                # A number says what it counts: "two invoices" is held against invoices only.
                rivals = [s for s in rivals if self._count_same(claimed, s, languages)]
            if not inside or not rivals:
                continue
            if any(claimed.agrees(rival) for rival in rivals):
                continue
            meant = self._nearest(claimed.words, rivals, languages)
            return [self._against_agent(turn, claimed, meant, wording, ClaimKind.SAID_OTHERWISE)]
        return []

    def _denied(
        self, turn: Turn, languages: Sequence[str], wording: RecordWording
    ) -> list[Trigger]:
        """A flat denial right after the agent has stated a value."""
        stated = [s for s in self._latest if not s.asked]
        signals = heard_in(turn.text, languages, self._policy.phrases, (Heard.DENIES,))
        if not stated or not signals:
            return []
        # People dispute amounts and days; of several the one they speak of, else the last.
        kinds = (ValueKind.AMOUNT, ValueKind.DAY)
        weighty = [s for s in stated if s.kind in kinds] or stated
        meant = self._nearest(turn.text, weighty, languages)
        place = cite(turn, signals[0].start, signals[0].end)
        return [self._against_agent(turn, place, meant, wording, ClaimKind.DENIED)]

    def _misheard(self, turn: Turn, languages: Sequence[str]) -> Grounds:
        """ "Was that 64.50?" "No, that's wrong": the agent had heard something else."""
        if not self._latest or not all(s.asked for s in self._latest):
            return Grounds()
        signals = heard_in(turn.text, languages, self._policy.phrases, (Heard.DENIES,))
        if not signals:
            return Grounds()
        cited = (cite_turn(self._latest[-1].turn), cite(turn, signals[0].start, signals[0].end))
        trigger = Trigger(
            TriggerKind.MISUNDERSTANDING, heard_well(turn, 0.7), cited, detail="misheard"
        )
        return counted(self._scores, Score.MISUNDERSTANDING, "not_understood", trigger)

    def _count_same(self, one: Statement, other: Statement, languages: Sequence[str]) -> bool:
        """Whether two small numbers are followed by the same word."""
        values = [s.value for s in (one, other) if isinstance(s.value, Decimal)]
        if len(values) < 2 or max(values) >= COUNTS_TO:
            return False
        counted = [self._content.of(s.followed_by, languages) for s in (one, other)]
        return bool(counted[0] & counted[1])

    def _nearest(
        self, words: str, rivals: Iterable[Statement], languages: Sequence[str]
    ) -> Statement:
        """The statement that shares most words with these; of equals the latest."""
        content = self._content.of(words, languages)
        ranked = [(alike(content, self._content.of(s.words, languages)), s) for s in rivals]
        best = max(likeness for likeness, _ in ranked)
        return next(s for likeness, s in reversed(ranked) if likeness == best)

    def _against_agent(
        self,
        turn: Turn,
        claimed: Statement | Citation,
        meant: Statement,
        wording: RecordWording,
        kind: ClaimKind,
    ) -> Trigger:
        here = claimed
        if isinstance(here, Statement):
            here = cite(turn, here.sentence.start, here.sentence.end)
        there = cite(meant.turn, meant.sentence.start, meant.sentence.end)
        about, line, source = self._on_record(meant, wording)
        contradiction = Contradiction(
            about=about,
            said=here.quote,
            record=line,
            agent_said=meant.words,
            sources=(source,) if source else (),
        )
        return _trigger(heard_well(turn, 0.6), (there, here), contradiction, kind)

    def _on_record(self, meant: Statement, wording: RecordWording) -> tuple[str, str, str]:
        """What the agent's value is of, the record's line on it, and its number."""
        record = self._record
        if record is None:
            return wording.about(_SUBJECT[meant.kind]), "", ""
        told = months(meant.words, meant.turn.language, record.newest_day)
        periods = {month.value for month in told}
        # Of several invoices with this amount the one named, else the latest.
        latest_first = sorted(
            record.invoices, key=lambda i: (i.period in periods, i.period), reverse=True
        )
        for invoice in latest_first:
            if meant.value == invoice.amount:
                about = wording.about(Subject.AMOUNT_OF, invoice.id)
                return about, wording.invoice(invoice), invoice.id
            if meant.value == invoice.due:
                about = wording.about(Subject.DUE_DAY_OF, invoice.id)
                return about, wording.due(invoice), invoice.id
        if meant.value == record.plan.monthly_price:
            plan = record.plan
            return wording.about(Subject.MONTHLY_PRICE), wording.plan(plan), plan.name
        return wording.about(_SUBJECT[meant.kind]), "", ""


def _trigger(
    confidence: float, cited: tuple[Citation, ...], contradiction: Contradiction, kind: ClaimKind
) -> Trigger:
    return Trigger(TriggerKind.CONTRADICTION, confidence, cited, contradiction, kind.value)
