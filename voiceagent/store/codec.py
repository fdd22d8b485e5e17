"""Events to JSON and back, exactly.

In goes an event of ``domain.events``; out comes its kind (the class name in snake_case, which is
the discriminator) and its fields as JSON values. Decoding gives an equal event or a typed error.
What would not read back equal (NaN, a tuple or a date inside a tool's result, a naive moment) is
refused when it is encoded, so that whoever reads the log later sees what was seen live.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast, get_args

from pydantic import TypeAdapter, ValidationError
from pydantic_core import PydanticSerializationError

from voiceagent.domain.event import Event
from voiceagent.domain.events import AnyEvent, LoggedEvent
from voiceagent.store.errors import (
    UnknownEventKindError,
    UnreadableEventError,
    UnstorableEventError,
)


@dataclass(frozen=True, slots=True)
class EncodedEvent:
    """An event with its kind and its fields as JSON values."""

    event: AnyEvent
    kind: str
    payload: dict[str, Any]


def kind_of(event_class: type[Event]) -> str:
    """The discriminator of an event class: ``CallPlaced`` is ``call_placed``."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", event_class.__name__).lower()


_ADAPTERS: dict[str, TypeAdapter[Any]] = {
    kind_of(event_class): TypeAdapter(event_class) for event_class in get_args(AnyEvent)
}

EVENT_KINDS: tuple[str, ...] = tuple(_ADAPTERS)
"""Every kind this version reads and writes."""


def encode_event(event: AnyEvent) -> EncodedEvent:
    """The event's kind and its fields as JSON values.

    Raises:
        UnstorableEventError: it would not read back as it is; nothing of its content is told.
    """
    kind = kind_of(type(event))
    adapter = _ADAPTERS.get(kind)
    if adapter is None:
        raise UnstorableEventError(f"'{type(event).__name__}' is no event of a call.")
    try:
        payload = adapter.dump_python(event, mode="json")
        same = adapter.validate_python(payload) == event
        # Half of a surrogate pair is no text: no file or console could take it later.
        json.dumps(payload, ensure_ascii=False, allow_nan=False).encode("utf-8")
    except (PydanticSerializationError, ValidationError, ValueError, RecursionError):
        same = False
    if not same or _has_naive_moment(event):
        raise UnstorableEventError(
            f"An event of the kind '{kind}' holds a value that would not read back as it is.",
            "Use JSON values only (whole text, finite numbers, true, false, null, lists, objects "
            "with text keys) and time-zone aware moments.",
        )
    return EncodedEvent(event, kind, payload)


def decode_event(kind: str, payload: Mapping[str, Any]) -> AnyEvent:
    """The event of this kind with these fields.

    Raises:
        UnknownEventKindError: this version has no such kind.
        UnreadableEventError: fields are missing or of the wrong type.
    """
    adapter = _ADAPTERS.get(kind)
    if adapter is None:
        raise UnknownEventKindError(kind)
    try:
        return cast(AnyEvent, adapter.validate_python(payload))
    except ValidationError as error:
        # The validator's own message quotes the value, which may be what somebody said.
        where = ", ".join(
            ".".join(str(step) for step in problem["loc"]) or "(all of it)"
            for problem in error.errors(include_input=False, include_url=False)
        )
    raise UnreadableEventError(
        f"A stored event of the kind '{kind}' cannot be read; wrong or missing: {where}.",
        "The database was edited or damaged; restore it from a copy.",
    )


def event_json(logged: LoggedEvent) -> dict[str, Any]:
    """A logged event as one JSON object: the envelope, ``kind`` and the event's own fields."""
    encoded = encode_event(logged.event)
    return {
        "call_id": logged.call_id,
        "seq": logged.seq,
        "recorded_at": logged.recorded_at.isoformat(),
        "kind": encoded.kind,
        **encoded.payload,
    }


def _has_naive_moment(event: AnyEvent) -> bool:
    moments = (getattr(event, name) for name in event.__dataclass_fields__)
    return any(isinstance(moment, datetime) and moment.tzinfo is None for moment in moments)
