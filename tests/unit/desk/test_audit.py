"""The audit says who did what, when."""

from __future__ import annotations

import pytest

from tests.unit.desk.scene import START, Clock
from voiceagent.desk.audit import Audit, Deed
from voiceagent.domain.errors import StoreError
from voiceagent.store import DeskStore
from voiceagent.store.desk_records import AuditEvent

pytestmark = pytest.mark.unit


async def test_a_deed_is_written_with_its_moment(store: DeskStore, clock: Clock) -> None:
    audit = Audit(store, clock)
    await audit.record("u-1", Deed.RECORDING_HEARD, "c-1", from_ms=0, to_ms=500)
    clock.advance(5)
    audit.write("", Deed.SIGN_IN_FAILED)
    failed, heard = store.audit_events()
    detail = {"from_ms": 0, "to_ms": 500}
    assert heard == AuditEvent(START, "u-1", "recording_heard", "c-1", detail, heard.id)
    assert failed == AuditEvent(clock(), "", "sign_in_failed", "", {}, heard.id + 1)


async def test_what_cannot_be_written_is_told(store: DeskStore, clock: Clock) -> None:
    audit = Audit(store, clock)
    with pytest.raises(StoreError):
        await audit.record("u-1", Deed.RECORDING_HEARD, "c-1", what=float("nan"))
    assert store.audit_events() == ()
