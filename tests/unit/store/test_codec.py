"""Every event reads back exactly as it was written, or is refused."""

from __future__ import annotations

import dataclasses
import json
import types
from datetime import UTC, date, datetime, timedelta, timezone
from enum import StrEnum
from typing import Any, Union, get_args, get_origin, get_type_hints

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from voiceagent.domain.events import (
    AnyEvent,
    CallbackBooked,
    CallEnded,
    CallPlaced,
    KeyPressed,
    LoggedEvent,
    ToolCalled,
    ToolReturned,
    TurnTaken,
)
from voiceagent.domain.transcript import Speaker, Turn
from voiceagent.store.codec import (
    EVENT_KINDS,
    decode_event,
    encode_event,
    event_json,
    kind_of,
)
from voiceagent.store.errors import (
    UnknownEventKindError,
    UnreadableEventError,
    UnstorableEventError,
)
from voiceagent.store.store import to_json_text

pytestmark = pytest.mark.unit

FINITE = st.floats(allow_nan=False, allow_infinity=False)
JSON_VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | FINITE | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
ZONES = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
LEAVES: dict[Any, st.SearchStrategy[Any]] = {
    Any: JSON_VALUES,
    bool: st.booleans(),
    date: st.dates(),
    datetime: st.datetimes(
        min_value=datetime(1, 1, 3),
        max_value=datetime(9999, 12, 29),
        timezones=ZONES,
    ),
    float: FINITE,
    int: st.integers(),
    str: st.text(),
}


def values_of(hint: Any) -> st.SearchStrategy[Any]:
    """A strategy for everything a type hint of the domain allows."""
    if hint in LEAVES:
        return LEAVES[hint]
    if isinstance(hint, type) and issubclass(hint, StrEnum):
        return st.sampled_from(hint)
    if isinstance(hint, type) and dataclasses.is_dataclass(hint):
        hints = get_type_hints(hint)
        fields = {field.name: values_of(hints[field.name]) for field in dataclasses.fields(hint)}
        return st.builds(hint, **fields)
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is tuple:
        return st.lists(values_of(arguments[0]), max_size=3).map(tuple)
    if origin is dict:
        return st.dictionaries(values_of(arguments[0]), values_of(arguments[1]), max_size=3)
    if origin in (Union, types.UnionType):
        return st.one_of([values_of(argument) for argument in arguments])
    if hint is type(None):
        return st.none()
    raise AssertionError(f"no strategy for {hint}")


@pytest.mark.parametrize("event_class", get_args(AnyEvent), ids=kind_of)
@settings(deadline=None, max_examples=50, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_every_event_reads_back_equal(event_class: type[Any], data: st.DataObject) -> None:
    event = data.draw(values_of(event_class))
    encoded = encode_event(event)
    through_text = json.loads(to_json_text(encoded.payload))
    again = decode_event(encoded.kind, through_text)
    assert type(again) is event_class
    assert again == event


def test_kinds_are_a_contract_with_logs_that_are_already_written() -> None:
    assert EVENT_KINDS == (
        "call_placed",
        "call_moved",
        "account_loaded",
        "disclosure_played",
        "identity_checked",
        "turn_taken",
        "interim_heard",
        "barge_in",
        "key_pressed",
        "tool_called",
        "tool_returned",
        "reply_guarded",
        "language_model_troubled",
        "frustration_scored",
        "turn_classified",
        "second_opinion_given",
        "second_opinion_missed",
        "verdict_given",
        "handoff_moved",
        "human_rung",
        "whisper_played",
        "hold_wished",
        "sent_back",
        "packet_written",
        "handoff_ended",
        "callback_booked",
        "do_not_call_entered",
        "call_summed",
        "operator_acted",
        "bridge_held",
        "call_ended",
    )


def test_field_names_are_a_contract_with_logs_that_are_already_written() -> None:
    turn = Turn(3, Speaker.CALLER, "I paid that.", 1200, 2400, confidence=0.9)
    encoded = encode_event(TurnTaken(at_ms=2500, turn=turn))
    assert encoded.kind == "turn_taken"
    assert encoded.payload == {
        "at_ms": 2500,
        "turn": {
            "number": 3,
            "speaker": "caller",
            "text": "I paid that.",
            "start_ms": 1200,
            "end_ms": 2400,
            "confidence": 0.9,
            "interrupted": False,
            "intended": "",
            "language": "en",
            "tone": None,
            "overlap_ms": 0,
        },
    }


def test_no_event_has_a_field_that_hides_one_of_the_envelope() -> None:
    envelope = {"call_id", "seq", "recorded_at", "kind"}
    for event_class in get_args(AnyEvent):
        assert not envelope & {field.name for field in dataclasses.fields(event_class)}


def test_a_logged_event_as_one_json_object() -> None:
    at = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
    assert event_json(LoggedEvent("c-1", 7, at, KeyPressed(at_ms=5, key="0"))) == {
        "call_id": "c-1",
        "seq": 7,
        "recorded_at": "2026-11-22T09:00:00+00:00",
        "kind": "key_pressed",
        "at_ms": 5,
        "key": "0",
    }


def test_an_unknown_kind_is_named() -> None:
    with pytest.raises(UnknownEventKindError) as caught:
        decode_event("caller_sneezed", {"at_ms": 1})
    assert caught.value.kind == "caller_sneezed"
    assert "caller_sneezed" in str(caught.value)


def test_a_damaged_event_names_its_fields_but_not_what_was_said() -> None:
    with pytest.raises(UnreadableEventError) as caught:
        decode_event("key_pressed", {"at_ms": "my secret", "unrelated": 1})
    assert "key_pressed" in str(caught.value)
    assert "at_ms" in str(caught.value)
    assert "key" in str(caught.value)
    assert "my secret" not in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None


@pytest.mark.parametrize("payload", [None, [], "text", 3])
def test_a_payload_that_is_no_object_is_damaged(payload: Any) -> None:
    with pytest.raises(UnreadableEventError):
        decode_event("barge_in", payload)


@pytest.mark.parametrize(
    "value",
    [
        float("nan"),
        float("inf"),
        (1, 2),
        date(2026, 1, 2),
        {1: "a"},
        {"deep": [object()]},
        b"a",
        "\ud83d",
    ],
    ids=ascii,
)
def test_what_would_not_read_back_equal_is_refused(value: Any) -> None:
    for event in (
        ToolCalled(at_ms=1, tool="invoice", arguments={"secret value": value}),
        ToolReturned(at_ms=1, tool="invoice", ok=True, result={"secret value": value}),
    ):
        with pytest.raises(UnstorableEventError) as caught:
            encode_event(event)
        assert kind_of(type(event)) in str(caught.value)
        assert "secret value" not in str(caught.value)


def test_half_a_surrogate_pair_is_no_text() -> None:
    with pytest.raises(UnstorableEventError):
        encode_event(TurnTaken(at_ms=1, turn=Turn(1, Speaker.AGENT, "\ud83d", 0, 1)))


def test_nesting_without_end_is_refused() -> None:
    arguments: dict[str, Any] = {}
    arguments["itself"] = arguments
    with pytest.raises(UnstorableEventError):
        encode_event(ToolCalled(at_ms=1, tool="invoice", arguments=arguments))


def test_a_moment_without_a_zone_is_refused() -> None:
    due = datetime(2026, 11, 22, 9, 0)
    event = CallbackBooked(at_ms=1, callback_id="cb", due_at=due, reason="", priority=0)
    with pytest.raises(UnstorableEventError):
        encode_event(event)


def test_what_is_no_event_of_a_call_is_refused() -> None:
    with pytest.raises(UnstorableEventError):
        encode_event(Turn(1, Speaker.AGENT, "Hello", 0, 1))  # type: ignore[arg-type]


def test_a_field_that_a_later_version_added_does_not_stop_an_earlier_one() -> None:
    payload = {"at_ms": 1, "outcome": "resolved", "reason": "", "added_later": True}
    event = decode_event("call_ended", payload)
    assert isinstance(event, CallEnded)


def test_a_missing_field_stops_reading() -> None:
    encoded = encode_event(
        CallPlaced(at_ms=0, account_id="A", playbook="p", language="en", reason="r", leg="l")
    )
    for name in encoded.payload:
        rest = {key: value for key, value in encoded.payload.items() if key != name}
        with pytest.raises(UnreadableEventError, match=name):
            decode_event(encoded.kind, rest)
