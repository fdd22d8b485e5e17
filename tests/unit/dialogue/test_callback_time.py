"""Words for a moment, in English and German, and the words that leave a question open."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from voiceagent.dialogue.callback_time import Unclear, parse_callback_time

pytestmark = pytest.mark.unit

CHICAGO = ZoneInfo("America/Chicago")
BERLIN = ZoneInfo("Europe/Berlin")
# A Tuesday, twenty past two in the afternoon, in both zones.
TUESDAY = datetime(2026, 12, 1, 14, 20, tzinfo=CHICAGO)
DIENSTAG = datetime(2026, 12, 1, 14, 20, tzinfo=BERLIN)


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("tomorrow at ten", "12-02 10:00"),
        ("tomorrow at 10", "12-02 10:00"),
        ("tomorrow at 10 am", "12-02 10:00"),
        ("tomorrow at ten thirty", "12-02 10:30"),
        ("tomorrow at 10:30 a.m.", "12-02 10:30"),
        ("Tomorrow, half past nine in the morning.", "12-02 09:30"),
        ("tomorrow at a quarter to four", "12-02 15:45"),
        ("tomorrow at twenty past three", "12-02 15:20"),
        ("tomorrow at three", "12-02 15:00"),
        ("tomorrow at seven in the evening", "12-02 19:00"),
        ("tomorrow afternoon", "12-02 14:00"),
        ("tomorrow morning", "12-02 09:00"),
        ("tomorrow around noon", "12-02 12:00"),
        ("any time tomorrow", "12-02 10:00"),
        ("the day after tomorrow at 4 pm", "12-03 16:00"),
        ("next Monday afternoon", "12-07 14:00"),
        ("on Friday at 11", "12-04 11:00"),
        ("this Friday at eleven o'clock", "12-04 11:00"),
        ("Friday next week at 9", "12-11 09:00"),
        ("December 3rd at 5 pm", "12-03 17:00"),
        ("December third at five", "12-03 17:00"),
        ("2026-12-03 16:30", "12-03 16:30"),
        ("2026-12-03T16:30:00", "12-03 16:30"),
        ("2026-12-03T22:30:00+00:00", "12-03 16:30"),
        ("this evening at six", "12-01 18:00"),
        ("tonight", "12-01 18:00"),
        ("in two hours", "12-01 16:20"),
        ("in an hour", "12-01 15:20"),
        ("in half an hour", "12-01 14:50"),
        ("in 20 minutes", "12-01 14:40"),
        ("in three days at noon", "12-04 12:00"),
        ("in a week at ten", "12-08 10:00"),
        ("at four", "12-01 16:00"),
        ("at ten", "12-02 10:00"),
        ("tomorrow between 2 and 4 pm", "12-02 14:00"),
        ("tomorrow after 3", "12-02 15:00"),
        ("tomorrow at eight p.m.", "12-02 20:00"),
    ],
)
def test_english(words: str, expected: str) -> None:
    moment = parse_callback_time(words, TUESDAY, CHICAGO, "en")
    assert moment == datetime.strptime(f"2026-{expected}", "%Y-%m-%d %H:%M").replace(tzinfo=CHICAGO)


def test_a_day_before_its_month_is_a_day_and_no_hour() -> None:
    moment = parse_callback_time("12 March at ten", TUESDAY, CHICAGO, "en")
    assert moment == datetime(2027, 3, 12, 10, tzinfo=CHICAGO)
    assert parse_callback_time("12 March", TUESDAY, CHICAGO, "en") is Unclear.TIME


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("morgen um zehn", "12-02 10:00"),
        ("morgen um zehn Uhr dreißig", "12-02 10:30"),
        ("morgen um halb zehn", "12-02 09:30"),
        ("morgen um Viertel nach neun", "12-02 09:15"),
        ("morgen um viertel vor elf", "12-02 10:45"),
        ("morgen früh", "12-02 09:00"),
        ("morgen Vormittag", "12-02 10:00"),
        ("morgen Nachmittag um drei", "12-02 15:00"),
        ("morgen Mittag", "12-02 12:00"),
        ("morgen Abend", "12-02 18:00"),
        ("heute Abend um sieben", "12-01 19:00"),
        ("heute um 16 Uhr", "12-01 16:00"),
        ("übermorgen um 11 Uhr", "12-03 11:00"),
        ("am Montag um 9", "12-07 09:00"),
        ("nächsten Montag Nachmittag", "12-07 14:00"),
        ("am Freitagvormittag", "12-04 10:00"),
        ("am Sonnabend um zwölf Uhr", "12-05 12:00"),
        ("Freitag nächster Woche um 15 Uhr", "12-11 15:00"),
        ("am 3. Dezember um 14:30 Uhr", "12-03 14:30"),
        ("am dritten Dezember um vierzehn Uhr", "12-03 14:00"),
        ("in zwei Stunden", "12-01 16:20"),
        ("in einer halben Stunde", "12-01 14:50"),
        ("in drei Tagen um ein Uhr", "12-04 13:00"),
        ("um siebzehn Uhr", "12-01 17:00"),
    ],
)
def test_german(words: str, expected: str) -> None:
    moment = parse_callback_time(words, DIENSTAG, BERLIN, "de")
    assert moment == datetime.strptime(f"2026-{expected}", "%Y-%m-%d %H:%M").replace(tzinfo=BERLIN)


@pytest.mark.parametrize(
    ("words", "language", "expected"),
    [
        ("tomorrow", "en", Unclear.TIME),
        ("on Friday", "en", Unclear.TIME),
        ("next Friday at ten", "en", Unclear.DAY),  # this week's or next week's?
        ("Tuesday at five", "en", Unclear.DAY),  # said on a Tuesday
        ("Thursday or Friday at ten", "en", Unclear.DAY),
        ("next week", "en", Unclear.DAY),
        ("later", "en", Unclear.DAY),
        ("", "en", Unclear.DAY),
        ("in 99999999999 hours", "en", Unclear.DAY),
        ("in 99999999 days at ten", "en", Unclear.DAY),
        ("today at ten in the morning", "en", Unclear.PAST),
        ("2026-11-30T10:00:00+00:00", "en", Unclear.PAST),
        ("November 3rd at noon", "en", Unclear.PAST),
        ("tomorrow at 27:00", "en", Unclear.TIME),
        ("morgen", "de", Unclear.TIME),
        ("nächste Woche", "de", Unclear.DAY),
        ("nächsten Freitag um zehn", "de", Unclear.DAY),
        ("heute Morgen um neun", "de", Unclear.PAST),
    ],
)
def test_what_has_to_be_asked(words: str, language: str, expected: Unclear) -> None:
    zone = BERLIN if language == "de" else CHICAGO
    now = DIENSTAG if language == "de" else TUESDAY
    assert parse_callback_time(words, now, zone, language) is expected


def test_the_hour_is_the_callees_on_both_sides_of_a_clock_change() -> None:
    saturday = datetime(2027, 3, 13, 20, 0, tzinfo=UTC)
    moment = parse_callback_time("tomorrow at ten", saturday, CHICAGO, "en")
    assert isinstance(moment, datetime)
    assert moment.astimezone(UTC) == datetime(2027, 3, 14, 15, 0, tzinfo=UTC)


@settings(deadline=None)
@given(words=st.text(max_size=60), language=st.sampled_from(["en", "de"]))
def test_any_words_give_a_future_moment_or_a_question(words: str, language: str) -> None:
    moment = parse_callback_time(words, TUESDAY, CHICAGO, language)
    assert isinstance(moment, Unclear) or moment > TUESDAY
