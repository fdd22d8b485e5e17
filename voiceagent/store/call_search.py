"""Finding past calls: by what people remember of them, page by page.

Text is looked for in the call's identifier, the account's, the phone number and the customer's
name, as a part of any of them. Nothing in it is a pattern: ``%`` and ``_`` mean themselves.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, func, or_, select

from voiceagent.domain.call import CallOutcome
from voiceagent.domain.handoff import HandoffOutcome
from voiceagent.store.records import StoredCall, canonical_phone, folded
from voiceagent.store.store import Store, call_of
from voiceagent.store.tables import call, call_event, utc

LONGEST_TEXT = 200
"""Signs; nothing that is searched is longer, and patterns have a limit in SQLite."""

LARGEST_PAGE = 200
"""Calls on one page."""

_PHONE = re.compile(r"[+0-9() ./-]*[0-9][+0-9() ./-]*")


@dataclass(frozen=True, slots=True)
class FoundCall:
    """A call and how far its log tells of its audio, in milliseconds since it was answered."""

    call: StoredCall
    duration_ms: int


def search_calls(
    store: Store,
    text: str = "",
    outcome: CallOutcome | None = None,
    handoff: HandoffOutcome | None = None,
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    account: str = "",
    page: int = 1,
    page_size: int = 50,
) -> tuple[tuple[FoundCall, ...], int]:
    """One page of the calls that fit everything given, the latest first, and how many fit in all.

    Args:
        store: where to look; blocks on the disk.
        text: a part of identifier, account, phone or name, whatever its case; empty fits all.
        outcome: what the call came to.
        handoff: what its last handoff came to.
        since: started then or later; aware.
        until: started before then; aware.
        account: exactly this account.
        page: from 1; one behind the last is empty.
        page_size: 1 to ``LARGEST_PAGE``.

    Raises:
        ValueError: the page or its size is out of range.
        NaiveDatetimeError: a moment has no time zone.
        StoreError: the database cannot be read.
    """
    if page < 1 or not 1 <= page_size <= LARGEST_PAGE:
        raise ValueError(f"pages count from 1 and hold 1 to {LARGEST_PAGE} calls")
    text = text.strip()
    # Postgres takes no NUL, not even to compare with.
    if len(text) > LONGEST_TEXT or "\0" in text + account:
        return (), 0
    wanted: list[ColumnElement[bool]] = []
    if text:
        wanted.append(_mentions(text))
    if outcome is not None:
        wanted.append(call.c.outcome == outcome.value)
    if handoff is not None:
        wanted.append(call.c.handoff_outcome == handoff.value)
    if since is not None:
        wanted.append(call.c.started_at >= utc(since))
    if until is not None:
        wanted.append(call.c.started_at < utc(until))
    if account:
        wanted.append(call.c.account_id == account)
    total = int(store.read(count_calls(wanted))[0]["total"])
    offset = (page - 1) * page_size
    if offset >= total:
        return (), total
    rows = store.read(page_of_calls(wanted, page_size, offset))
    return tuple(FoundCall(call_of(row), row["duration_ms"] or 0) for row in rows), total


def count_calls(wanted: list[ColumnElement[bool]]) -> Select[Any]:
    """How many calls fit."""
    return select(func.count().label("total")).select_from(call).where(*wanted)


def page_of_calls(wanted: list[ColumnElement[bool]], limit: int, offset: int) -> Select[Any]:
    """The calls of one page with how far their logs tell; only their logs are looked into."""
    page = (
        select(call)
        .where(*wanted)
        .order_by(call.c.started_at.desc(), call.c.id)
        .limit(limit)
        .offset(offset)
        .subquery("page")
    )
    told = (
        select(func.max(call_event.c.at_ms))
        .where(call_event.c.call_id == page.c.id)
        .scalar_subquery()
    )
    return select(page, told.label("duration_ms")).order_by(page.c.started_at.desc(), page.c.id)


def _mentions(text: str) -> ColumnElement[bool]:
    places = [
        call.c.id.icontains(text, autoescape=True),
        call.c.account_id.icontains(text, autoescape=True),
        call.c.phone.icontains(text, autoescape=True),
        call.c.customer_name_folded.contains(folded(text), autoescape=True),
    ]
    if _PHONE.fullmatch(text):
        # However it is written: (030) 123 and 0049 30 123 find +4930123.
        digits = canonical_phone(text).lstrip("0")
        if digits:
            places.append(call.c.phone.contains(digits, autoescape=True))
    return or_(*places)
