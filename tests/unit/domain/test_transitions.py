"""The three machines: every legal step, every illegal one, and where the ways lead."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from voiceagent.domain.call import CALL_TRANSITIONS, CallEvent, CallState, new_call
from voiceagent.domain.callback import (
    CALLBACK_TRANSITIONS,
    CallbackEvent,
    CallbackState,
    new_callback,
)
from voiceagent.domain.errors import IllegalTransitionError
from voiceagent.domain.handoff import (
    HANDOFF_TRANSITIONS,
    HandoffEvent,
    HandoffState,
    new_handoff,
)
from voiceagent.domain.transitions import Machine, mermaid

pytestmark = pytest.mark.unit

Table = Mapping[tuple[Any, Any], Any]


@dataclass(frozen=True)
class Subject:
    name: str
    new: Callable[[], Machine[Any, Any]]
    states: type[StrEnum]
    events: type[StrEnum]
    table: Table
    terminal: frozenset[StrEnum]


SUBJECTS = (
    Subject("call", new_call, CallState, CallEvent, CALL_TRANSITIONS, frozenset({CallState.ENDED})),
    Subject(
        "callback",
        new_callback,
        CallbackState,
        CallbackEvent,
        CALLBACK_TRANSITIONS,
        frozenset({CallbackState.DONE, CallbackState.GIVEN_UP, CallbackState.CANCELLED}),
    ),
    Subject(
        "handoff",
        new_handoff,
        HandoffState,
        HandoffEvent,
        HANDOFF_TRANSITIONS,
        frozenset({HandoffState.FINISHED, HandoffState.FAILED, HandoffState.RETURNED_TO_AI}),
    ),
)

every_machine = pytest.mark.parametrize("subject", SUBJECTS, ids=lambda subject: subject.name)

LEGAL = [(subject, *key) for subject in SUBJECTS for key in subject.table]
ILLEGAL = [
    (subject, state, event)
    for subject in SUBJECTS
    for state in subject.states
    for event in subject.events
    if (state, event) not in subject.table
]


def _id(value: object) -> str:
    return value.name if isinstance(value, Subject) else str(value)


def ways(table: Table, initial: StrEnum) -> dict[StrEnum, list[StrEnum]]:
    """Every reachable state with the shortest list of events that leads there (breadth first)."""
    found: dict[StrEnum, list[StrEnum]] = {initial: []}
    edge = [initial]
    while edge:
        source = edge.pop(0)
        for (state, event), target in table.items():
            if state is source and target not in found:
                found[target] = [*found[source], event]
                edge.append(target)
    return found


def machine_in(subject: Subject, state: StrEnum) -> Machine[Any, Any]:
    """A new machine brought into ``state`` by legal events alone."""
    machine = subject.new()
    for event in ways(subject.table, machine.state)[state]:
        machine.take(event)
    assert machine.state is state
    return machine


@pytest.mark.parametrize(("subject", "state", "event"), LEGAL, ids=_id)
def test_every_entry_of_the_table_leads_where_it_says(
    subject: Subject, state: StrEnum, event: StrEnum
) -> None:
    machine = machine_in(subject, state)
    assert machine.allows(event)
    target = subject.table[state, event]
    assert machine.take(event) is target
    assert machine.state is target


@pytest.mark.parametrize(("subject", "state", "event"), ILLEGAL, ids=_id)
def test_every_other_event_is_an_error_and_moves_nothing(
    subject: Subject, state: StrEnum, event: StrEnum
) -> None:
    machine = machine_in(subject, state)
    assert not machine.allows(event)
    with pytest.raises(IllegalTransitionError) as caught:
        machine.take(event)
    assert machine.state is state
    assert caught.value.code == "domain.illegal_transition"
    for word in (subject.name, state.value, event.value):
        assert word in str(caught.value)


@every_machine
def test_every_state_can_be_reached(subject: Subject) -> None:
    assert set(ways(subject.table, subject.new().state)) == set(subject.states)


@every_machine
def test_every_event_is_of_use(subject: Subject) -> None:
    assert {event for _state, event in subject.table} == set(subject.events)


@every_machine
def test_terminal_states_and_only_they_have_no_way_out(subject: Subject) -> None:
    assert set(subject.states) - {state for state, _event in subject.table} == subject.terminal


@every_machine
def test_an_end_can_be_reached_from_every_state(subject: Subject) -> None:
    for state in subject.states:
        assert subject.terminal & set(ways(subject.table, state)), state


def test_a_connected_call_can_be_hung_up_and_can_fail_in_any_state() -> None:
    for state in set(CallState) - {CallState.ENDED}:
        assert CALL_TRANSITIONS[state, CallEvent.HUNG_UP] is CallState.ENDED
        assert CALL_TRANSITIONS[state, CallEvent.FAILED] is CallState.ENDED


def test_nobody_is_bridged_who_was_not_told_that_this_is_an_ai() -> None:
    """Without the disclosure there is no way to the conversation, the hold or the bridge."""
    without = {
        key: target
        for key, target in CALL_TRANSITIONS.items()
        if key[1] is not CallEvent.DISCLOSURE_PLAYED
    }
    reachable = set(ways(without, CallState.CONNECTING))
    assert reachable == {
        CallState.CONNECTING,
        CallState.ANSWERING,
        CallState.WRAPPING_UP,
        CallState.ENDED,
    }


def test_no_human_is_bridged_who_has_not_accepted_and_been_briefed() -> None:
    for needed in (HandoffEvent.ANNOUNCE, HandoffEvent.ACCEPT, HandoffEvent.BRIEFED):
        without = {
            key: target for key, target in HANDOFF_TRANSITIONS.items() if key[1] is not needed
        }
        assert HandoffState.BRIDGED not in ways(without, HandoffState.PROPOSED)


def test_the_caller_can_leave_a_handoff_in_every_state_that_is_not_over() -> None:
    over = {HandoffState.FINISHED, HandoffState.FAILED, HandoffState.RETURNED_TO_AI}
    for state in set(HandoffState) - over:
        target = HANDOFF_TRANSITIONS[state, HandoffEvent.CALLER_HUNG_UP]
        assert target in (HandoffState.FINISHED, HandoffState.FAILED)


def test_an_attempt_whose_end_is_unknown_is_not_dialled_as_it_is() -> None:
    after_unknown = {
        target
        for (state, _event), target in CALLBACK_TRANSITIONS.items()
        if state is CallbackState.UNKNOWN
    }
    assert CallbackState.DIALLING not in after_unknown
    assert CallbackState.LIVE not in after_unknown


@every_machine
@settings(deadline=None)
@given(data=st.data())
def test_any_sequence_of_events_follows_the_table_or_changes_nothing(
    subject: Subject, data: st.DataObject
) -> None:
    machine = subject.new()
    for event in data.draw(st.lists(st.sampled_from(list(subject.events)), max_size=40)):
        before = machine.state
        target = subject.table.get((before, event))
        if target is None:
            with pytest.raises(IllegalTransitionError):
                machine.take(event)
            assert machine.state is before
        else:
            assert machine.take(event) is target


@every_machine
def test_the_drawing_holds_every_transition_once(subject: Subject) -> None:
    initial = subject.new().state
    lines = mermaid(subject.table, initial).splitlines()
    assert lines[:2] == ["stateDiagram-v2", f"    [*] --> {initial}"]
    expected = [f"    {key[0]} --> {target}: {key[1]}" for key, target in subject.table.items()]
    assert lines[2:] == expected
    assert len(set(lines)) == len(lines)
