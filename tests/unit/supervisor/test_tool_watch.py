"""Tools that fail."""

from __future__ import annotations

import pytest

from tests.unit.supervisor.calls import conversation, watch
from voiceagent.domain.events import AnyEvent, ToolReturned
from voiceagent.domain.verdict import Action, TriggerKind, Verdict

pytestmark = pytest.mark.unit

HELLO = conversation("I have a question about the plan.")


def failed(tool: str = "look_up_plan", status: str = "unavailable") -> ToolReturned:
    return ToolReturned(at_ms=1, tool=tool, ok=False, result={"ok": False, "status": status})


def worked(tool: str) -> ToolReturned:
    return ToolReturned(at_ms=1, tool=tool, ok=True, result={"ok": True, "status": "found"})


def after(*events: AnyEvent) -> list[Verdict]:
    return watch([*HELLO, *events])[1:]


def test_one_failure_offers_nobody_the_same_tool_again_does() -> None:
    assert after(failed()) == []
    (verdict,) = after(failed(), failed())
    assert verdict.action is Action.OFFER_PERSON
    (trigger,) = verdict.triggers
    assert trigger.kind is TriggerKind.TOOL_FAILED
    assert trigger.detail == "look_up_plan: unavailable"
    assert [c.turn for c in trigger.citations] == [1]


def test_failures_of_several_tools_weigh_a_little_less() -> None:
    assert [v.action for v in after(failed(), failed("open_case"))] == [Action.OFFER_PERSON]
    # A tool that works takes back its failure, but not that of another.
    assert after(failed(), worked("look_up_plan"), failed("open_case")) == []
    assert after(failed(), worked("open_case"), failed()) != []


def test_a_further_failure_after_the_offer_hands_over() -> None:
    more = conversation("Then what is my plan?", "Is it working now?")[2:]
    verdicts = watch([*HELLO, failed(), failed(), *more, failed(), failed()])
    assert [v.action for v in verdicts if v.action is not Action.CONTINUE] == [
        Action.OFFER_PERSON,
        Action.HAND_OVER,
    ]


@pytest.mark.parametrize("status", ["identity_not_verified"])
def test_what_the_caller_does_not_notice_is_no_ground(status: str) -> None:
    assert after(*[failed(status=status)] * 5) == []


@pytest.mark.parametrize("status", ["unclear", "wrong", "incomplete", "too_far", "outside_hours"])
def test_being_asked_again_weighs_less_than_a_failure(status: str) -> None:
    assert after(*[failed("confirm_identity", status)] * 3) == []
    assert after(*[failed("confirm_identity", status)] * 4) != []


def test_a_failure_without_a_status_is_a_failure() -> None:
    bare = ToolReturned(at_ms=1, tool="look_up_plan", ok=False, result={})
    assert [v.action for v in after(bare, bare)] == [Action.OFFER_PERSON]
