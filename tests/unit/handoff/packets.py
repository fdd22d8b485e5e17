"""Calls with the supervisor's verdicts, and packets made of them, for the tests of the packet."""

from __future__ import annotations

from tests.unit.supervisor.calls import POLICY, opening, taken
from voiceagent.domain.account import AccountRecord
from voiceagent.domain.events import (
    AnyEvent,
    IdentityChecked,
    ToolCalled,
    ToolReturned,
    VerdictGiven,
)
from voiceagent.domain.packet import Packet
from voiceagent.domain.transcript import Turn
from voiceagent.handoff.packet_builder import build_packet
from voiceagent.supervisor.watcher import Supervisor


def tool(name: str, result: dict[str, object], *, ok: bool = True) -> list[AnyEvent]:
    return [
        ToolCalled(at_ms=1, tool=name, arguments={}),
        ToolReturned(at_ms=2, tool=name, ok=ok, result={"ok": ok, **result}),
    ]


VERIFIED: list[AnyEvent] = [
    ToolCalled(at_ms=1, tool="confirm_identity", arguments={"postal_code": "60614"}),
    IdentityChecked(at_ms=2, verified=True, method="postal_code"),
    ToolReturned(at_ms=2, tool="confirm_identity", ok=True, result={"status": "verified"}),
]


def call(record: AccountRecord, *happened: Turn | AnyEvent | list[AnyEvent]) -> list[AnyEvent]:
    """The events of a call with the real supervisor's verdicts in between."""
    events: list[AnyEvent] = []
    supervisor = Supervisor(POLICY)
    flat: list[AnyEvent] = [*opening(record)]
    for item in happened:
        if isinstance(item, list):
            flat += item
        else:
            flat.append(taken(item) if isinstance(item, Turn) else item)
    for event in flat:
        events.append(event)
        if verdict := supervisor.observe(event):
            events.append(VerdictGiven(at_ms=event.at_ms, verdict=verdict))
    return events


def packet_of(events: list[AnyEvent]) -> Packet:
    return build_packet("call-1", events, 1)
