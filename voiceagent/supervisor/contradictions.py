"""What a caller says about the account, held against the company's record.

In: one turn, the record and the policy's claim phrases. Out: findings, each a contradiction with
both accounts side by side and the place of the caller's words. Two kinds matter differently: the
caller's word against the record, which may be a slip of the tongue or of the recogniser, and one
record against another, where the company's own books bear the caller out.

Pure. ``claims`` reads the turn, ``payment_claims`` and ``billing_claims`` compare.
"""

from __future__ import annotations

from collections.abc import Sequence

from voiceagent.domain.account import AccountRecord
from voiceagent.domain.transcript import Turn
from voiceagent.supervisor import billing_claims, payment_claims
from voiceagent.supervisor.claims import ClaimPhrases, Finding, TurnClaims, read_claims
from voiceagent.supervisor.policy_sections import Limits
from voiceagent.supervisor.record_wording import RecordWording


def find_contradictions(
    turn: Turn,
    languages: Sequence[str],
    record: AccountRecord,
    phrases: ClaimPhrases,
    limits: Limits,
    wording: RecordWording,
) -> tuple[Finding, ...]:
    """Everything in this turn that the record speaks against, or that it bears out.

    At most one finding per kind of claim; none for what agrees with the record, is asked, or is
    said of another company. ``languages`` are those the turn may be in; what the record says is
    put in the words of ``wording``.
    """
    said = read_claims(turn, languages, record, phrases, limits)
    return compare(said, record, limits, wording)


def compare(
    said: TurnClaims, record: AccountRecord, limits: Limits, wording: RecordWording
) -> tuple[Finding, ...]:
    """As :func:`find_contradictions`, for a turn that has been read."""
    found = (
        payment_claims.paid_more_than_once(said, record, wording),
        billing_claims.monthly_price(said, record, wording),
        billing_claims.billed_amount(said, record, wording),
        billing_claims.open_promise(said, record, wording),
        payment_claims.already_paid(said, record, wording),
        payment_claims.paid_on_another_day(said, record, wording, limits),
        billing_claims.open_invoices(said, record, wording),
        payment_claims.due_on_another_day(said, record, wording),
    )
    kept = [f for f in found if f is not None]
    # A complaint about two payments or a price is not also a wrong amount.
    if any(f.contradiction.supports_caller for f in kept):
        kept = [f for f in kept if f.contradiction.supports_caller]
    return tuple(kept)
