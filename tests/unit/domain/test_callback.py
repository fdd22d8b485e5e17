"""A callback's promise names a moment, not a clock reading without a place."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from voiceagent.domain.callback import CallbackRequest

pytestmark = pytest.mark.unit


def test_a_due_time_without_a_zone_is_rejected() -> None:
    with pytest.raises(ValueError, match="time-zone aware"):
        CallbackRequest("cb-1", "A-1", "+15550100", datetime(2026, 11, 22, 9, 0), "billing")


def test_an_aware_due_time_is_kept() -> None:
    due = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
    assert CallbackRequest("cb-1", "A-1", "+15550100", due, "billing").due_at == due
