"""When somebody wants to be called back, from what they said.

In: words such as "tomorrow at ten", "next Monday afternoon", "morgen um halb zehn", the present
moment and the callee's time zone. Out: a moment in that zone, or what is missing to know it. A
promise to call at the wrong time is worse than one more question, so wherever the words leave two
days or no hour, this module says so and picks nothing.

Hours without "am" or "pm" are read as a caller means them in office talk: one to seven are in the
afternoon and evening, eight to eleven in the morning.
"""

from __future__ import annotations

import re
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from voiceagent.domain.spoken_dates import dates
from voiceagent.domain.spoken_numbers import numbers


class Unclear(StrEnum):
    """What has to be asked before a callback can be booked."""

    DAY = "day"
    """No day, or words that fit two."""
    TIME = "time"
    """A day, but no time of it."""
    PAST = "past"
    """That moment is over."""


_WEEKDAYS = {
    "en": ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"],
    "de": ["montag", "dienstag", "mittwoch", "donnerstag", "freitag", "samstag", "sonntag"],
}
_WEEKDAY_ALIASES = {"sonnabend": "samstag"}
_DAY_PARTS: dict[str, tuple[tuple[str, int, bool], ...]] = {
    # words, the hour taken when none is said, whether hours below twelve mean the afternoon
    "en": (
        (r"noon|midday|lunch\s?time", 12, True),
        (r"afternoon", 14, True),
        (r"evening|tonight", 18, True),
        (r"morning", 9, False),
    ),
    "de": (
        (r"nachmittags?", 14, True),
        (r"vormittags?", 10, False),
        (r"mittags?", 12, True),
        (r"abends?", 18, True),
        (r"(?:am|heute|jeden) morgen|morgens|früh", 9, False),
    ),
}
_ANY_TIME = r"\b(?:any\s?time|whenever|egal wann|irgendwann|jederzeit)\b"
_ANY_TIME_HOUR = 10
_NEXT = r"(?:next|nächste[nrsm]?)"
_NEXT_WEEK = r"\b(?:next week|nächste[rn]? woche|kommende[rn]? woche)\b"
_UNITS = {
    "minutes": r"minutes?|minuten?",
    "hours": r"hours?|stunden?",
    "days": r"days?|tage?n?",
    "weeks": r"weeks?|wochen?",
}
_HALF_HOUR = r"\bin (?:half an hour|a half hour|einer halben stunde)\b"
_TIME_LEAD = r"(?:at|around|about|after|before|by|from|between|um|gegen|ab|nach|vor|zwischen)"
_CLOCK = r"(?P<h>\d{1,2})"


def parse_callback_time(
    words: str, now: datetime, zone: ZoneInfo, language: str
) -> datetime | Unclear:
    """The moment meant, aware and in ``zone``, or what has to be asked.

    Args:
        words: what the caller said, or an ISO 8601 date and time.
        now: the present moment, aware.
        zone: the callee's time zone, which the words are taken to be in.
        language: ``de``, or English for anything else.
    """
    try:
        return _parse(words, now.astimezone(zone), zone, "de" if language == "de" else "en")
    except OverflowError:  # "in a million years"
        return Unclear.DAY


def _parse(words: str, here: datetime, zone: ZoneInfo, language: str) -> datetime | Unclear:
    if exact := _iso(words, zone):
        return exact if exact > here else Unclear.PAST
    said = " ".join(words.lower().replace("’", "'").split())
    if moment := _from_now(_in_digits(said, language), here):
        return moment
    days, rest = _days(said, here.date(), language)
    if len(days) > 1:
        return Unclear.DAY
    at = _time_of_day(_in_digits(rest, language), said, language)
    if not days:
        return _next_time(at, here) if isinstance(at, time) else Unclear.DAY
    (day,) = days
    if at is None:
        return Unclear.TIME
    moment = datetime.combine(day, at, tzinfo=zone)
    return moment if moment > here else Unclear.PAST


def _iso(words: str, zone: ZoneInfo) -> datetime | None:
    try:
        moment = datetime.fromisoformat(words.strip())
    except ValueError:
        return None
    if len(words.strip()) <= len("2026-12-03"):
        return None
    return moment.astimezone(zone) if moment.tzinfo else moment.replace(tzinfo=zone)


def _in_digits(text: str, language: str) -> str:
    """The text with its number words as digits: "half past nine" becomes "half past 9"."""
    text = re.sub(r"\bein uhr\b", "1 uhr", text)
    for found in reversed(numbers(text, language)):
        if found.value == int(found.value) and not text[found.start].isdecimal():
            text = f"{text[: found.start]}{int(found.value)}{text[found.end :]}"
    return text


def _from_now(text: str, here: datetime) -> datetime | None:
    """ "in two hours", "in einer halben Stunde": the exact moment. Days are left to ``_days``."""
    if re.search(_HALF_HOUR, text):
        return _whole_minute(here + timedelta(minutes=30))
    for unit in ("minutes", "hours"):
        match = re.search(rf"\bin (an?|eine[rn]?|\d+) (?:{_UNITS[unit]})\b", text)
        if match:
            many = int(match[1]) if match[1].isdecimal() else 1
            return _whole_minute(here + timedelta(**{unit: many}))
    return None


def _whole_minute(moment: datetime) -> datetime:
    return (moment + timedelta(seconds=59)).replace(second=0, microsecond=0)


def _days(said: str, today: date, language: str) -> tuple[set[date], str]:
    """The days the words may mean, and the words without them."""
    days: set[date] = set()
    rest = said

    def take(pattern: str, *meant: date) -> None:
        nonlocal rest
        if re.search(pattern, rest):
            days.update(meant)
            rest = re.sub(pattern, " ", rest)

    take(r"\b(?:the )?day after tomorrow\b|\bübermorgen\b", today + timedelta(days=2))
    take(r"\b(?:tonight|this (?:morning|afternoon|evening))\b", today)
    digits = _in_digits(rest, language)
    for unit in ("days", "weeks"):
        match = re.search(rf"\bin (an?|eine[rnm]?|\d+) (?:{_UNITS[unit]})\b", digits)
        if match:
            many = int(match[1]) if match[1].isdecimal() else 1
            days.add(today + timedelta(**{unit: many}))
            rest = digits.replace(match[0], " ")
    for weekday, name in enumerate(_WEEKDAYS[language]):
        names = "|".join([name, *(a for a, of in _WEEKDAY_ALIASES.items() if of == name)])
        if re.search(rf"\b(?:{names})", rest):
            days.update(_weekday(weekday, names, rest, today))
            rest = re.sub(rf"\b(?:{names})", " ", rest)
    for found in reversed(dates(rest, language, today)):
        days.add(found.value)
        rest = f"{rest[: found.start]} {rest[found.end :]}"
    return days, rest


def _weekday(weekday: int, names: str, said: str, today: date) -> set[date]:
    monday = today - timedelta(days=today.weekday())
    this_week = monday + timedelta(days=weekday)
    next_week = this_week + timedelta(days=7)
    if re.search(_NEXT_WEEK, said):
        return {next_week}
    if this_week > today:
        # "Next Friday", said on a Tuesday: people differ on which one that is.
        either = re.search(rf"\b{_NEXT} (?:{names})", said)
        return {this_week, next_week} if either else {this_week}
    if this_week == today and not re.search(rf"\b{_NEXT} (?:{names})", said):
        return {today, next_week}
    return {next_week}


def _time_of_day(text: str, said: str, language: str) -> time | None:
    """The time of day; ``text`` has digits and no dates, ``said`` is all that was said."""
    begin = "" if language == "de" else r"\b"  # "Freitagnachmittag" is one word
    part = next((p for p in _DAY_PARTS[language] if re.search(rf"{begin}(?:{p[0]})\b", said)), None)
    clock = _clock(text, language)
    if clock is None:
        if part:
            return time(part[1])
        return time(_ANY_TIME_HOUR) if re.search(_ANY_TIME, said) else None
    hour, minute, meridiem = clock
    if hour > 23 or minute > 59:
        return None
    if meridiem == "p" or (not meridiem and part and part[2]):
        hour += 12 if hour < 12 else 0
    elif meridiem == "a":
        hour %= 12
    elif hour < 8 and not part:
        hour += 12 if hour else 0
    return time(hour, minute)


def _clock(text: str, language: str) -> tuple[int, int, str] | None:
    """Hour, minute and "a" or "p" (or "") as the words have them."""
    meridiem = r"\s*(?P<ap>[ap])\.?\s?m\b"
    for pattern, minutes in (
        (rf"\bhalf past {_CLOCK}", 30),
        (rf"\bquarter (?:past|after) {_CLOCK}", 15),
        (rf"\bquarter (?:to|of|before) {_CLOCK}", -15),
        (rf"\bviertel nach {_CLOCK}", 15),
        (rf"\bviertel vor {_CLOCK}", -15),
        (rf"\bhalb {_CLOCK}", -30),
    ):
        if match := re.search(rf"{pattern}(?:{meridiem})?", text):
            return _shifted(int(match["h"]), minutes, match["ap"] or "")
    if match := re.search(rf"\b(?P<m>\d{{1,2}})(?: minutes?)? (?P<d>past|to) {_CLOCK}\b", text):
        sign = 1 if match["d"] == "past" else -1
        if int(match["m"]) in {5, 10, 20, 25} or sign > 0:
            return _shifted(int(match["h"]), sign * int(match["m"]), "")
    for pattern in (
        rf"\b(?:between|from|zwischen|von) {_CLOCK}\b(?![:.]\d)",
        rf"\b{_CLOCK}[:.](?P<m>\d\d)(?!\d)(?:{meridiem})?",
        rf"\b{_CLOCK} uhr(?: (?P<m>\d{{1,2}}))?\b",
        rf"\b{_CLOCK}\s?h\b",
        rf"\b{_CLOCK}(?: (?P<m>[0-5]\d))?{meridiem}",
        rf"\b{_CLOCK} o'?\s?clock\b",
        rf"\b{_CLOCK} (?P<m>[0-5]\d)\b",
        rf"\b{_TIME_LEAD} {_CLOCK}\b",
        rf"^\D*\b{_CLOCK}\b\D*$",
    ):
        if match := re.search(pattern, text):
            groups = match.groupdict()
            said_later = re.search(rf"\d{meridiem}", text) if language == "en" else None
            ap = groups.get("ap") or (said_later["ap"] if said_later else "")
            return int(match["h"]), int(groups.get("m") or 0), ap
    return None


def _shifted(hour: int, minutes: int, meridiem: str) -> tuple[int, int, str]:
    if minutes >= 0:
        return hour, minutes, meridiem
    return (hour - 1) or 12, 60 + minutes, meridiem


def _next_time(at: time, here: datetime) -> datetime:
    moment = datetime.combine(here.date(), at, tzinfo=here.tzinfo)
    return moment if moment > here else moment + timedelta(days=1)
