"""Days and times as the callee lives them, for promises made on a call."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

# Ten in the morning: within every country's calling hours, and most people are up.
_OPENING = time(10)
_SATURDAY = 5


def next_callback_moment(now: datetime, time_zone: str) -> datetime:
    """The next weekday at ten in the callee's own zone, in UTC.

    Args:
        now: aware.
        time_zone: IANA name.
    """
    local = now.astimezone(ZoneInfo(time_zone))
    day = local.date() + timedelta(days=1)
    while day.weekday() >= _SATURDAY:
        day += timedelta(days=1)
    return datetime.combine(day, _OPENING, ZoneInfo(time_zone)).astimezone(UTC)


def callee_day(now: datetime, time_zone: str) -> date:
    """The callee's calendar day at an aware moment; ``time_zone`` is an IANA name."""
    return now.astimezone(ZoneInfo(time_zone)).date()
