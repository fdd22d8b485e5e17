"""What one turn of a caller claims about the account, read once, and what a comparison finds.

In: the turn, the record it may point at and the policy's claim phrases. Out: the turn's sentences,
amounts, days, months and numbers, ready to be held against the record by ``payment_claims`` and
``billing_claims``. Days without a year are placed near the record's newest day: nothing here knows
today's date.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from voiceagent.domain.account import AccountRecord, Invoice
from voiceagent.domain.spoken_words import Found
from voiceagent.domain.transcript import Turn
from voiceagent.domain.verdict import Contradiction
from voiceagent.supervisor.claimed_values import Claimed, Sentence, claimed_amounts, sentences
from voiceagent.supervisor.phrases import Match, PhraseSet
from voiceagent.supervisor.policy import ClaimKind, ClaimWords
from voiceagent.supervisor.policy_sections import Limits
from voiceagent.supervisor.spoken import dates, months, numbers

ClaimPhrases = Mapping[ClaimWords, Mapping[str, PhraseSet]]


@dataclass(frozen=True, slots=True)
class Finding:
    """A contradiction and where in the turn the caller's side of it was said."""

    kind: ClaimKind
    contradiction: Contradiction
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class TurnClaims:
    """One turn, read once: its sentences and everything in it that points at a record."""

    turn: Turn
    language: str
    sentences: tuple[Sentence, ...]
    amounts: tuple[Claimed, ...]
    found_days: tuple[Found[date], ...]
    found_months: tuple[Found[str], ...]
    found_numbers: tuple[Found[Decimal], ...]

    @property
    def days(self) -> tuple[date, ...]:
        """The days named, in order."""
        return tuple(found.value for found in self.found_days)

    def with_words(self, claim: ClaimWords) -> Sentence | None:
        """The first sentence that makes this kind of claim."""
        return next((s for s in self.sentences if s.has(claim)), None)

    def named(self, invoices: Sequence[Invoice]) -> tuple[Invoice, ...]:
        """The invoices the caller's words point at: by number or by month; else none."""
        return _named(invoices, self.found_numbers, self.found_months)

    def named_in(self, invoices: Sequence[Invoice], place: Match) -> tuple[Invoice, ...]:
        """The invoices named inside ``place``; the month of a day ("due on May 5") names none."""
        return _named(
            invoices,
            [n for n in self.found_numbers if n.overlaps(place.start, place.end)],
            [
                m
                for m in self.found_months
                if m.overlaps(place.start, place.end)
                and not any(d.overlaps(m.start, m.end) for d in self.found_days)
            ],
        )

    def finding(
        self,
        kind: ClaimKind,
        place: Match,
        about: str,
        records: tuple[str, str],
        sources: Iterable[str],
        *,
        supports: bool,
    ) -> Finding:
        """What was said in ``place``, beside the record and, or empty, a second record.

        ``supports``: the records bear the caller out.
        """
        contradiction = Contradiction(
            about=about,
            said=self.turn.text[place.start : place.end],
            record=records[0],
            other_record=records[1],
            supports_caller=supports,
            sources=tuple(sources),
        )
        return Finding(kind, contradiction, place.start, place.end)


def read_claims(
    turn: Turn,
    languages: Iterable[str],
    record: AccountRecord,
    phrases: ClaimPhrases,
    limits: Limits,
) -> TurnClaims:
    """Read a turn for what it may claim; ``languages`` are those the turn may be in."""
    tongues = tuple(dict.fromkeys(languages))
    language = turn.language if turn.language in tongues else next(iter(tongues), "en")
    today = record.newest_day
    days = dates(turn.text, language, today)
    parts = sentences(turn.text, tongues, phrases)
    ids = {_digits_of(i.id) for i in record.invoices} | {_digits_of(record.customer.postal_code)}
    amounts = claimed_amounts(
        turn.text, language, record.plan.monthly_price.currency, parts, limits.approximate_share
    )
    return TurnClaims(
        turn=turn,
        language=language,
        sentences=parts,
        amounts=tuple(
            c
            for c in amounts
            if not any(d.overlaps(c.start, c.end) for d in days)
            and not (c.bare and c.money.minor // 100 in ids)
        ),
        found_days=days,
        found_months=months(turn.text, language, today),
        found_numbers=numbers(turn.text, language),
    )


def latest(invoices: Iterable[Invoice]) -> Invoice | None:
    """The invoice of the latest month, or None."""
    return max(invoices, key=lambda i: (i.period, i.due), default=None)


def _named(
    invoices: Iterable[Invoice], said: Iterable[Found[Decimal]], named: Iterable[Found[str]]
) -> tuple[Invoice, ...]:
    every = tuple(invoices)
    plain_numbers, periods = {int(n.value) for n in said}, {m.value for m in named}
    by_number = tuple(i for i in every if _digits_of(i.id) in plain_numbers)
    return by_number or tuple(i for i in every if i.period in periods)


def _digits_of(text: str) -> int:
    return int("".join(c for c in text if c.isdecimal()) or -1)
