"""Days and times as the callee lives them."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voiceagent.calls.promises import callee_day, next_callback_moment

pytestmark = pytest.mark.unit

ZONES = ["America/Chicago", "Europe/Berlin", "Asia/Tokyo", "Pacific/Auckland", "Pacific/Honolulu"]
MOMENTS = st.datetimes(datetime(2025, 1, 1), datetime(2030, 1, 1)).map(
    lambda d: d.replace(tzinfo=UTC)
)


@given(MOMENTS, st.sampled_from(ZONES))
def test_the_promise_is_a_later_weekday_at_ten_for_the_callee(now: datetime, zone: str) -> None:
    due = next_callback_moment(now, zone)
    local = due.astimezone(ZoneInfo(zone))
    assert due > now
    assert (local.hour, local.minute) == (10, 0)
    assert local.weekday() < 5
    assert 1 <= (local.date() - callee_day(now, zone)).days <= 3


def test_the_callees_day_is_not_ours() -> None:
    evening = datetime(2026, 11, 22, 23, 30, tzinfo=UTC)
    assert callee_day(evening, "Asia/Tokyo") == date(2026, 11, 23)
    assert callee_day(evening, "America/Chicago") == date(2026, 11, 22)
