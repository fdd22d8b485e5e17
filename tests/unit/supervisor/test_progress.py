"""Calls that get ahead, and calls that do not."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from tests.unit.supervisor.calls import GERMAN, POLICY, conversation, watch
from voiceagent.domain.account import AccountRecord
from voiceagent.domain.events import AnyEvent, CallbackBooked, IdentityChecked, ToolReturned
from voiceagent.domain.verdict import Action, TriggerKind

pytestmark = pytest.mark.unit

FROM = POLICY.progress.stalled_from_turns
NOTHING_NEW = [
    "The lamp on the box is blinking.",
    "It makes a strange sound too.",
    "My wife cannot watch her film.",
    "The children are complaining already.",
    "And the neighbour has none of this.",
    "That box stands next to the door.",
    "Somebody must have changed a cable.",
    "There is dust on the cover.",
    "The screen stays black as well.",
    "Nobody touched it since Monday.",
]
IN_GERMAN = [
    "Die Lampe am Kasten blinkt.",
    "Er macht auch ein komisches Geräusch.",
    "Meine Frau will ihren Film sehen.",
    "Die Kinder beschweren sich.",
    "Der Nachbar hat davon nichts gemerkt.",
    "Der Kasten steht neben der Tür.",
    "Irgendwer hat ein Kabel umgesteckt.",
    "Auf dem Deckel liegt Staub.",
    "Der Bildschirm bleibt schwarz.",
]
BOOKED = CallbackBooked(
    at_ms=1, callback_id="c", due_at=datetime(2026, 12, 1, tzinfo=UTC), reason="r", priority=0
)


def returned(tool: str = "look_up_plan", ok: bool = True, **result: object) -> ToolReturned:
    return ToolReturned(at_ms=1, tool=tool, ok=ok, result={"ok": ok, **result})


def stalled(events: list[AnyEvent]) -> list[int]:
    """The turns at which the lack of progress is a ground."""
    return [
        v.turn for v in watch(events) if any(t.kind is TriggerKind.NO_PROGRESS for t in v.triggers)
    ]


@pytest.mark.parametrize(
    ("lines", "record"), [(NOTHING_NEW, None), (IN_GERMAN, GERMAN)], ids=["en", "de"]
)
def test_talk_that_settles_nothing(lines: list[str], record: AccountRecord | None) -> None:
    events = conversation(*lines, **({"record": record} if record else {}))
    assert stalled(events)[0] == FROM + 1
    verdicts = watch(events)
    offered = [v.turn for v in verdicts if v.action is Action.OFFER_PERSON]
    assert offered == [FROM + 2]
    assert not [v for v in verdicts if v.action is Action.HAND_OVER]
    grounds = [t for t in verdicts[FROM].triggers if t.kind is TriggerKind.NO_PROGRESS]
    assert [c.turn for c in grounds[0].citations] == [1, FROM + 1]


@pytest.mark.parametrize(
    "progress",
    [
        returned(price="49.90"),
        IdentityChecked(at_ms=1, verified=True, method="postal_code"),
        BOOKED,
    ],
    ids=["tool", "identity", "booking"],
)
def test_what_gets_a_call_ahead(progress: AnyEvent) -> None:
    events = conversation(*NOTHING_NEW)
    half = 2 + FROM
    assert stalled([*events[:half], progress, *events[half:]]) == []


@pytest.mark.parametrize(
    "no_progress",
    [
        returned(ok=False, status="unavailable"),
        IdentityChecked(at_ms=1, verified=False, method="postal_code"),
    ],
    ids=["failed tool", "not verified"],
)
def test_what_does_not(no_progress: AnyEvent) -> None:
    events = conversation(*NOTHING_NEW)
    half = 2 + FROM
    assert stalled([*events[:half], no_progress, *events[half:]])


def test_the_same_result_again_is_nothing_new() -> None:
    events = conversation(*NOTHING_NEW)
    again = returned(price="49.90")
    assert stalled([*events[:2], again, *events[2 : 2 + FROM], again, *events[2 + FROM :]])


@pytest.mark.parametrize(
    "line",
    ["It was 64 dollars.", "Since October 5th.", "In November.", "Yes.", "Okay, please do that."],
)
def test_a_new_value_or_a_yes_is_progress(line: str) -> None:
    lines = [*NOTHING_NEW[:FROM], line, *NOTHING_NEW[FROM:]]
    assert stalled(conversation(*lines)) == []


def test_a_value_of_the_agent_is_progress_too_and_each_only_once() -> None:
    lines = [*NOTHING_NEW[:FROM], "A: Your invoice is $49.90.", *NOTHING_NEW[FROM:]]
    assert stalled(conversation(*lines)) == []
    again = [
        "A: Your invoice is $49.90.",
        *NOTHING_NEW[:FROM],
        "A: It is $49.90.",
        *NOTHING_NEW[FROM:],
    ]
    assert stalled(conversation(*again))


@pytest.mark.parametrize(
    ("line", "record"),
    [
        ("Hello, good morning to you all.", None),
        ("Hold on, the door bell rings.", None),
        ("Let me look for the letter.", None),
        ("Thank you for your patience.", None),
        ("Hm.", None),
        ("Guten Morgen zusammen hier.", GERMAN),
        ("Moment, es klingelt gerade.", GERMAN),
        ("Vielen Dank für die Mühe.", GERMAN),
    ],
)
def test_greetings_and_waiting_are_no_turns(line: str, record: AccountRecord | None) -> None:
    events = conversation(*[line] * (FROM * 3), **({"record": record} if record else {}))
    assert stalled(events) == []
