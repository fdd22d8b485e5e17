"""Which events say why a ring ended, and to whom."""

from __future__ import annotations

import pytest

from voiceagent.desk.offer_endings import declined, ending_of, now_paused, withdrawn
from voiceagent.domain.call import CallOutcome
from voiceagent.domain.event import Event
from voiceagent.domain.events import CallEnded, KeyPressed
from voiceagent.domain.handoff import HandoffEvent, HandoffOutcome, HandoffState
from voiceagent.domain.handoff_events import HandoffEnded, HandoffMoved, HumanRung

pytestmark = pytest.mark.unit

NAMES = {"u-dana": "Dana", "u-noor": "Noor"}


def rung(human: str, result: str) -> HumanRung:
    return HumanRung(at_ms=0, handoff_id="h", human=human, result=result)


def moved(event: str, human: str = "") -> HandoffMoved:
    return HandoffMoved(
        at_ms=0,
        handoff_id="h",
        source=HandoffState.RINGING,
        event=HandoffEvent(event),
        target=HandoffState.SEEKING,
        human=human,
    )


@pytest.mark.parametrize(
    ("event", "code", "word"),
    [
        (rung("u-dana", "no_answer"), "timed_out", "James"),
        (rung("u-dana", "agent_lost"), "withdrawn", "line"),
        (rung("u-dana", "trunk_fault"), "withdrawn", "line"),
        (rung("u-dana", "busy"), "withdrawn", "line"),
        (rung("u-noor", "accept"), "taken_by_other", "Noor"),
        (moved("accept", "u-noor"), "taken_by_other", "Noor"),
        (moved("agent_lost", "u-dana"), "withdrawn", "line"),
        (moved("caller_hung_up"), "caller_left", "hung up"),
        (moved("caller_cancelled"), "withdrawn", "assistant"),
        (moved("caller_chose_callback"), "withdrawn", "called back"),
        (moved("nobody_free"), "withdrawn", "waited"),
        (
            HandoffEnded(at_ms=0, handoff_id="h", outcome=HandoffOutcome.TRUNK_FAULT),
            "withdrawn",
            "James",
        ),
        (CallEnded(at_ms=0, outcome=CallOutcome.FAILED, reason=""), "call_ended", "James"),
    ],
)
def test_what_tells(event: Event, code: str, word: str) -> None:
    notice = ending_of(event, "u-dana", "James", NAMES.__getitem__)
    assert notice is not None
    assert notice.code == code
    assert word in notice.text


@pytest.mark.parametrize(
    "event",
    [
        rung("u-dana", "withdrawn"),
        rung("u-dana", "accept"),
        rung("u-noor", "declined"),
        rung("u-noor", "no_answer"),
        moved("accept", "u-dana"),
        moved("agent_lost", "u-noor"),
        moved("ring", "u-dana"),
        KeyPressed(at_ms=0, key="1"),
    ],
)
def test_what_does_not_tell(event: Event) -> None:
    assert ending_of(event, "u-dana", "James", NAMES.__getitem__) is None


def test_a_caller_without_a_name() -> None:
    notice = ending_of(moved("caller_hung_up"), "u-dana", "", NAMES.__getitem__)
    assert notice is not None
    assert notice.text == "The caller has hung up."
    assert withdrawn("").text == "The caller no longer rings."
    assert "the caller" in declined("").text
    assert "2 calls in a row" in now_paused(2).text
