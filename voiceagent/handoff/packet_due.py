"""When a promise falls due, as it was said and as a moment.

In: a sentence of somebody who promises something, the moment it was said and the callee's time
zone. Out: the words that say until when ("by Friday", "bis Ende des Monats"), copied, and the
moment by which the promise is to be kept, where the words leave no doubt: the end of the day where
no hour is said, the longest time where a range is said.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from voiceagent.dialogue.callback_time import Unclear, parse_callback_time
from voiceagent.domain.spoken_numbers import numbers

_MONTHS = (
    "january|february|march|april|may|june|july|august|september|october|november|december|"
    "januar|februar|märz|mai|juni|juli|oktober|dezember"
)
_WEEKDAYS = {
    "en": "monday|tuesday|wednesday|thursday|friday|saturday|sunday",
    "de": "montag|dienstag|mittwoch|donnerstag|freitag|samstag|sonnabend|sonntag",
}
_NUMBER = {
    "en": r"(?:\d+|an?|one|two|three|four|five|six|seven|eight|nine|ten|twelve|twenty|thirty"
    r"|twenty[- ]four|forty[- ]eight|a few|a couple of|several)",
    "de": r"(?:\d+|eine[rmn]?|zwei|drei|vier|fünf|sechs|sieben|acht|neun|zehn|zwölf|vierzehn"
    r"|zwanzig|dreißig|vierundzwanzig|achtundvierzig|wenigen|ein paar)",
}
_UNIT = {
    "en": r"(?:(?:business|working|full)[ -])?(?:minutes?|hours?|days?|weeks?|months?)",
    "de": r"(?:minuten?|stunden?|tage?n?|werktage?n?|arbeitstage?n?|bankarbeitstage?n?|wochen?"
    r"|monate?n?)",
}
_CLOCK = {
    "en": r"(?:noon|midday|midnight|\d{1,2}(?:[:.]\d\d)?\s?(?:[ap]\.?m\.?|o'?clock)?"
    r"|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve)",
    "de": r"(?:\d{1,2}(?:[:.]\d\d)?(?: uhr(?: \d\d)?)?|(?:ein|zwei|drei|vier|fünf|sechs|sieben|acht"
    r"|neun|zehn|elf|zwölf)(?: uhr)?)",
}
_DATE = {
    "en": rf"(?:(?:{_MONTHS}) (?:the )?\d{{1,2}}(?:st|nd|rd|th)?|(?:the )?\d{{1,2}}(?:st|nd|rd|th)?"
    rf" (?:of )?(?:{_MONTHS})|the \d{{1,2}}(?:st|nd|rd|th)|\d{{4}}-\d\d-\d\d|\d{{1,2}}/\d{{1,2}})",
    "de": rf"(?:\d{{1,2}}\. ?(?:{_MONTHS}|\d{{1,2}}\.(?:\d{{4}}|\d\d)?))",
}
_PATTERNS = {
    "en": re.compile(
        rf"(?:\b(?:by|before|until|on|no later than|from|at) )?\b(?:the )?"
        rf"(?:{_DATE['en']}|(?:this |next |coming )?(?:{_WEEKDAYS['en']})|tomorrow|tonight|later"
        rf" today|today|end of (?:the |this |next )?(?:day|week|month|year)"
        rf"|next (?:week|month|year)|this (?:week|month|morning|afternoon|evening))\b"
        rf"(?:,? (?:at |before |by |around |between |from )?(?:the )?(?:morning|afternoon|evening|"
        rf"(?:noon|midday)|(?<=at ){_CLOCK['en']}|(?<=before ){_CLOCK['en']}|(?<=by )"
        rf"{_CLOCK['en']}|(?<=around ){_CLOCK['en']}|(?<=between ){_CLOCK['en']} and"
        rf" {_CLOCK['en']}|(?<=from ){_CLOCK['en']} to {_CLOCK['en']})\b)?"
        rf"|(?:\b(?:within|in|up to|after|takes) (?:up to |about |the next )?)"
        rf"{_NUMBER['en']}(?:\s?(?:to|or|-|–)\s?{_NUMBER['en']})? {_UNIT['en']}\b",
        re.IGNORECASE,
    ),
    "de": re.compile(
        rf"(?:\b(?:bis(?: zum| spätestens)?|am|ab|vor|spätestens(?: am| bis)?|zum|im|noch) )?\b"
        rf"(?:{_DATE['de']}|(?:diesen |kommenden |nächsten )?(?:{_WEEKDAYS['de']})(?:vormittag|"
        rf"nachmittag|abend)?|übermorgen|morgen|heute(?: noch| abend)?|ende (?:des monats|der woche"
        rf"|des jahres|der nächsten woche)|(?:nächste[nrs]?|kommende[nrs]?|diese[nrs]?) (?:woche|"
        rf"monat|jahr)|laufe (?:des tages|der woche|der nächsten woche))(?![\w])"
        rf"(?: (?:(?:um|gegen|ab|bis|vor) {_CLOCK['de']}|zwischen {_CLOCK['de']} und"
        rf" {_CLOCK['de']}|früh|vormittag|nachmittag|mittag|abend))?"
        rf"|\b(?:innerhalb (?:von|der nächsten)|innerhalb|binnen|in|bis zu|nach|dauert)"
        rf" (?:den nächsten |etwa |bis zu )?{_NUMBER['de']}(?:\s?(?:bis|oder|-|–)\s?"
        rf"{_NUMBER['de']})? {_UNIT['de']}\b",
        re.IGNORECASE,
    ),
}
_SPAN = re.compile(
    r"(?P<kind>business |working |bank)?(?P<unit>minute|hour|day|week|month|stunde|werktag"
    r"|arbeitstag|bankarbeitstag|tag|woche|monat)",
    re.IGNORECASE,
)
_UNIT_DAYS = {"day": 1, "tag": 1, "week": 7, "woche": 7, "month": 30, "monat": 30}
_VAGUE = re.compile(r"\b(?:few|couple|several|wenigen|paar)\b", re.IGNORECASE)
_END_OF_DAY = time(23, 59)


def due_words(sentence: str, language: str) -> str:
    """The words of a sentence that say until when, or empty."""
    tongue = "de" if language == "de" else "en"
    found = [m.group().strip(" ,") for m in _PATTERNS[tongue].finditer(sentence)]
    return max(found, key=len, default="")


def due_moment(words: str, said_at: datetime, zone: ZoneInfo, language: str) -> datetime | None:
    """The moment (UTC) by which a promise is to be kept; None where the words leave doubt.

    Args:
        words: what :func:`due_words` found.
        said_at: when it was said, aware.
        zone: where the callee lives, which the words are taken to be in.
        language: ``de``, or English for anything else.
    """
    tongue = "de" if language == "de" else "en"
    said = words.lower()
    if not said or _VAGUE.search(said):
        return None
    here = said_at.astimezone(zone)
    if moment := _after_a_span(said, here, tongue) or _end_of_period(said, here):
        return moment.astimezone(UTC)
    lead = r"^(?:no later than|by|before|until|on|from|at|spätestens(?: am| bis)?|bis(?: zum)?)\s+"
    plain = re.sub(lead, "", said)
    # "Between 8 and 12": it is kept by the end of it.
    plain = re.sub(r"\b(?:between|zwischen) .*? (?:and|und) ", "um " * (tongue == "de"), plain)
    plain = plain.removeprefix("the ")
    # "12 March" might be a clock and a verb; "March 12" is a day.
    plain = (
        re.sub(rf"\b(\d{{1,2}})(?:st|nd|rd|th)? (?:of )?({_MONTHS})\b", r"\2 \1", plain)
        if (tongue == "en")
        else plain
    )
    meant = parse_callback_time(plain, here, zone, tongue)
    if meant is Unclear.TIME:
        end = " um 23:59 uhr" if tongue == "de" else " at 23:59"
        meant = parse_callback_time(plain + end, here, zone, tongue)
    return None if isinstance(meant, Unclear) else meant.astimezone(UTC)


def _after_a_span(said: str, here: datetime, language: str) -> datetime | None:
    """ "Within 48 hours", "in 5 to 7 days": the longest time counts; working days skip weekends."""
    lead = r"^(?:within|in|up to|after|takes|innerhalb|binnen|bis zu|nach|dauert)\b"
    unit = _SPAN.search(said) if re.search(lead, said) else None
    if unit is None:
        return None
    counts = [int(n.value) for n in numbers(said, language)]
    one = re.search(r"\b(?:an?|one|eine[rmn]?)\b", said)
    many = max(counts) if counts else 1 if one else 0
    if not 0 < many <= 400:
        return None
    name = unit["unit"].lower()
    if name in ("minute", "hour", "stunde"):
        minutes = many if name == "minute" else 60 * many
        return here + timedelta(minutes=minutes)
    if unit["kind"] or name in ("werktag", "arbeitstag", "bankarbeitstag"):
        day = here.date()
        while many:
            day += timedelta(days=1)
            many -= day.weekday() < 5
        return datetime.combine(day, _END_OF_DAY, here.tzinfo)
    day = here.date() + timedelta(days=many * _UNIT_DAYS[name])
    return datetime.combine(day, _END_OF_DAY, here.tzinfo)


def _end_of_period(said: str, here: datetime) -> datetime | None:
    """ "Next week", "by the end of the month", "later today"."""
    day: date | None = None
    sunday = here.date() + timedelta(days=6 - here.weekday())
    first = here.date().replace(day=1)
    next_month = (first + timedelta(days=32)).replace(day=1)
    if re.search(r"next week|(?:nächste|kommende)[nrs]? woche", said):
        day = sunday + timedelta(days=7)
    elif re.search(
        r"this week|end of (?:the )?week|diese[r]? woche|(?:ende|laufe) der woche", said
    ):
        day = sunday
    elif re.search(r"next month|(?:nächste|kommende)[nrs]? monat", said):
        day = (next_month + timedelta(days=32)).replace(day=1) - timedelta(days=1)
    elif re.search(r"this month|end of (?:the |this )?month|ende des monats|diese[nr] monat", said):
        day = next_month - timedelta(days=1)
    elif re.search(r"end of (?:the )?year|ende des jahres", said):
        day = date(here.year, 12, 31)
    elif re.fullmatch(
        r"(?:by )?(?:later )?today|(?:noch )?heute(?: noch)?|by (?:the )?end of (?:the )?day"
        r"|im laufe des tages",
        said,
    ):
        day = here.date()
    weekday = re.search("|".join(_WEEKDAYS.values()), said)
    if day is None or weekday:
        return None
    return datetime.combine(day, _END_OF_DAY, here.tzinfo)
