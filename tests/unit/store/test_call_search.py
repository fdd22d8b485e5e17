"""Past calls found by what people remember of them, in a real database."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest

from voiceagent.domain.account import AccountRecord, Customer, Money, Plan
from voiceagent.domain.call import CallOutcome
from voiceagent.domain.events import AccountLoaded, CallEnded, KeyPressed
from voiceagent.domain.handoff import HandoffOutcome
from voiceagent.domain.handoff_events import HandoffEnded
from voiceagent.store import LogEntry, NaiveDatetimeError, NewCall, Store
from voiceagent.store.call_search import LARGEST_PAGE, LONGEST_TEXT, search_calls

pytestmark = pytest.mark.unit

MakeEntry = Callable[..., LogEntry]
HOUR = timedelta(hours=1)


def loaded(name: str, account_id: str = "A-1") -> AccountLoaded:
    customer = Customer(account_id, name, "+15550100", "en", "UTC", "1 Main St", "Here", "1")
    return AccountLoaded(at_ms=0, record=AccountRecord(customer, Plan("Fibre", Money(6450, "USD"))))


@pytest.fixture
def calls(
    store: Store, new_call: Callable[[str], NewCall], entry: MakeEntry, now: datetime
) -> Store:
    """Four calls, an hour apart, ``c-4`` the latest; ``c-4`` has not got as far as a name."""
    people = [("A-1", "+15550100", "Dana Reyes"), ("A_2", "+4930123", "Jürgen Weiß")]
    people += [("A%3", "", "100% Net_Works"), ("A-1", "+15550100", "")]
    for number, (account_id, phone, name) in enumerate(people, start=1):
        call_id = f"c-{number}"
        begun = replace(new_call(call_id), account_id=account_id, phone=phone)
        store.begin_call(replace(begun, started_at=now + number * HOUR))
        if name:
            store.append_events([entry(call_id, 1, loaded(name, account_id))])
    ended = CallEnded(at_ms=61_000, outcome=CallOutcome.RESOLVED, reason="done")
    handed = HandoffEnded(at_ms=4_000, handoff_id="h-1", outcome=HandoffOutcome.BRIDGED)
    store.append_events([entry("c-1", 2, handed), entry("c-1", 3, ended)])
    store.append_events([entry("c-2", 2, KeyPressed(at_ms=7, key="1"))])
    return store


def ids(store: Store, text: str = "", **wanted: object) -> list[str]:
    rows, total = search_calls(store, text, **wanted)  # type: ignore[arg-type]
    assert total == len(rows)
    return [row.call.id for row in rows]


def test_without_a_wish_all_are_found_the_latest_first(calls: Store) -> None:
    assert ids(calls) == ["c-4", "c-3", "c-2", "c-1"]


def test_a_row_tells_the_name_and_how_long_the_call_was(calls: Store) -> None:
    rows, _total = search_calls(calls)
    told = [(row.call.customer_name, row.duration_ms) for row in rows]
    assert told == [
        ("", 0),
        ("100% Net_Works", 0),
        ("Jürgen Weiß", 7),
        ("Dana Reyes", 61_000),
    ]
    assert calls.call("c-1").customer_name == "Dana Reyes"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("C-2", ["c-2"]),
        ("a-1", ["c-4", "c-1"]),
        ("  rEYES ", ["c-1"]),
        ("JÜRGEN", ["c-2"]),
        ("ju\u0308rgen", ["c-2"]),
        ("weiss", ["c-2"]),
        ("+4930", ["c-2"]),
        ("(030) 123", ["c-2"]),
        ("0049 30", ["c-2"]),
        ("00", ["c-4", "c-3", "c-1"]),
        ("1 (555) 01-00", ["c-4", "c-1"]),
        ("nobody", []),
        ("dana\0", []),
        ("a" * (LONGEST_TEXT + 1), []),
    ],
)
def test_text_is_looked_for_everywhere_whatever_its_case(
    calls: Store, text: str, found: list[str]
) -> None:
    assert ids(calls, text) == found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("%", ["c-3"]),
        ("_", ["c-3", "c-2"]),
        ("a_2", ["c-2"]),
        ("a%3", ["c-3"]),
        ("t_W", ["c-3"]),
        ("0% n", ["c-3"]),
        ("/", []),
        ("\\", []),
        ("d%s", []),
    ],
)
def test_signs_that_mean_something_to_like_mean_themselves(
    calls: Store, text: str, found: list[str]
) -> None:
    assert ids(calls, text) == found


def test_a_name_read_again_replaces_the_one_before(calls: Store, entry: MakeEntry) -> None:
    calls.append_events([entry("c-1", 4, loaded("Dana Meyer"))])
    assert ids(calls, "meyer") == ["c-1"]
    assert ids(calls, "reyes") == []


def test_outcome_handoff_account_and_time_narrow_it(calls: Store, now: datetime) -> None:
    assert ids(calls, outcome=CallOutcome.RESOLVED) == ["c-1"]
    assert ids(calls, outcome=CallOutcome.FAILED) == []
    assert ids(calls, handoff=HandoffOutcome.BRIDGED) == ["c-1"]
    assert ids(calls, account="A-1") == ["c-4", "c-1"]
    assert ids(calls, account="A-") == []
    assert ids(calls, since=now + 2 * HOUR) == ["c-4", "c-3", "c-2"]
    assert ids(calls, since=now + 2 * HOUR, until=now + 3 * HOUR) == ["c-2"]
    assert ids(calls, "reyes", account="A-1", outcome=CallOutcome.RESOLVED) == ["c-1"]
    with pytest.raises(NaiveDatetimeError):
        search_calls(calls, since=datetime.combine(date(2026, 1, 1), datetime.min.time()))


def test_pages_follow_each_other_without_gap_or_repeat(calls: Store) -> None:
    pages = [search_calls(calls, page=number, page_size=3) for number in (1, 2, 3)]
    assert [[row.call.id for row in rows] for rows, _total in pages] == [
        ["c-4", "c-3", "c-2"],
        ["c-1"],
        [],
    ]
    assert [total for _rows, total in pages] == [4, 4, 4]


@pytest.mark.parametrize(("page", "size"), [(0, 10), (1, 0), (1, LARGEST_PAGE + 1)])
def test_a_page_that_cannot_be_is_refused(calls: Store, page: int, size: int) -> None:
    with pytest.raises(ValueError, match="page"):
        search_calls(calls, page=page, page_size=size)
