"""The roster: who is next, who may come, and how long it honestly takes."""

from __future__ import annotations

import asyncio

import pytest

from voiceagent.handoff.estimate import HandlingTimes, wait_s
from voiceagent.handoff.roster import Availability, Human, Need, Roster, Summons
from voiceagent.legs.leg import Leg

pytestmark = pytest.mark.unit


class Clock:
    def __init__(self) -> None:
        self.now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


def never(_summons: Summons) -> Leg:
    raise AssertionError("nobody is dialled here")


def human(name: str, *languages: str, skills: tuple[str, ...] = ()) -> Human:
    return Human(name, name, languages or ("en",), never, skills)


def ids(humans: tuple[Human, ...]) -> list[str]:
    return [each.id for each in humans]


@pytest.fixture
def clock() -> Clock:
    return Clock()


def talk(roster: Roster, clock: Clock, who: Human, seconds: float) -> None:
    roster.engage(who)
    roster.talking(who)
    clock.now_s += seconds
    roster.release(who)


def test_the_one_idle_longest_by_the_clock_comes_first(clock: Clock) -> None:
    kim, sam, lee = human("kim"), human("sam"), human("lee")
    roster = Roster([kim, sam, lee], clock)
    assert ids(roster.next_free(Need(), at_most=3)) == ["kim", "sam", "lee"]
    clock.now_s = 10
    talk(roster, clock, kim, 5)
    talk(roster, clock, lee, 5)
    assert ids(roster.next_free(Need(), at_most=3)) == ["sam", "kim", "lee"]
    # Back from a break, sam has not been idle meanwhile.
    roster.set_availability("sam", Availability.PAUSED)
    clock.now_s += 60
    roster.set_availability("sam", Availability.AVAILABLE)
    assert ids(roster.next_free(Need(), at_most=3)) == ["kim", "lee", "sam"]


def test_nobody_is_offered_twice_and_release_is_harmless_when_repeated(clock: Clock) -> None:
    kim = human("kim")
    roster = Roster([kim], clock)
    roster.engage(kim)
    assert roster.next_free(Need()) == ()
    assert roster.engaged == ("kim",)
    roster.release(kim)
    roster.release(kim)
    assert ids(roster.next_free(Need())) == ["kim"]
    assert roster.next_free(Need(), tried={"kim"}) == ()


def test_a_required_language_is_required_and_preferred_ones_are_ranked(clock: Clock) -> None:
    roster = Roster(
        [human("en", "en"), human("de", "de"), human("de-tr", "de", "tr"), human("tr", "tr")], clock
    )
    assert ids(roster.next_free(Need(("tr", "de")), at_most=4)) == ["de-tr", "tr", "de", "en"]
    need = Need(("tr",), required_language="de")
    assert ids(roster.next_free(need, at_most=4)) == ["de-tr", "de"]
    assert roster.next_free(Need(required_language="fr")) == ()
    assert not roster.may_become_free(Need(required_language="fr"))


def test_skills_are_required_unless_nobody_free_has_them_and_the_need_allows_it(
    clock: Clock,
) -> None:
    both = human("both", skills=("billing", "refunds"))
    one = human("one", skills=("billing",))
    roster = Roster([human("none"), one, both], clock)
    strict = Need(skills=("refunds", "billing"), skills_fallback=False)
    lenient = Need(skills=("refunds", "billing"))
    assert ids(roster.next_free(strict, at_most=3)) == ["both"]
    assert ids(roster.next_free(lenient, at_most=3)) == ["both"]
    roster.engage(both)
    assert roster.next_free(strict) == ()
    assert roster.may_become_free(strict)
    assert ids(roster.next_free(lenient, at_most=3)) == ["one"]


@pytest.mark.parametrize(
    ("availability", "rung", "waited_for"),
    [
        (Availability.AVAILABLE, True, True),
        (Availability.WRAP_UP, False, True),
        (Availability.PAUSED, False, False),
        (Availability.OFFLINE, False, False),
    ],
)
def test_availability(
    clock: Clock, availability: Availability, rung: bool, waited_for: bool
) -> None:
    kim = human("kim")
    roster = Roster([kim], clock)
    roster.set_availability("kim", availability)
    assert roster.availability("kim") is availability
    assert bool(roster.next_free(Need())) is rung
    assert roster.may_become_free(Need()) is waited_for
    with pytest.raises(KeyError):
        roster.set_availability("nobody", availability)


async def test_whoever_waits_hears_of_every_change_and_misses_none(clock: Clock) -> None:
    kim = human("kim")
    roster = Roster([kim], clock)
    since = roster.version
    roster.engage(kim)
    async with asyncio.timeout(10):
        await roster.changed(since)
        waiting = asyncio.create_task(roster.changed(roster.version))
        await asyncio.sleep(0)
        assert not waiting.done()
        roster.release(kim)
        await waiting


def test_nothing_is_claimed_where_nothing_is_known(clock: Clock) -> None:
    kim = human("kim")
    assert Roster([], clock).wait_estimate(Need()) is None
    roster = Roster([kim], clock)
    assert roster.wait_estimate(Need()) == 0
    roster.engage(kim)
    assert roster.wait_estimate(Need()) is None, "being rung is no conversation"
    roster.talking(kim)
    assert roster.wait_estimate(Need()) is None, "nobody's handling time is known"
    roster.set_availability("kim", Availability.OFFLINE)
    assert roster.wait_estimate(Need()) is None


def test_the_estimate_is_what_is_left_of_typical_conversations(clock: Clock) -> None:
    kim, sam = human("kim"), human("sam")
    roster = Roster([kim, sam], clock)
    # One outlier of an hour must not move it.
    for seconds in (100, 200, 300, 3600, 200):
        talk(roster, clock, kim, seconds)
    for who in (kim, sam):
        roster.engage(who)
        roster.talking(who)
        clock.now_s += 50
    # kim: 100 s in, of (200, 300, 3600, 200) is left (100, 200, 3500, 100); sam: 50 s in.
    assert roster.wait_estimate(Need()) == 150
    assert roster.wait_estimate(Need(), ahead=1) == 150
    assert roster.wait_estimate(Need(), ahead=2) == 150 + 200
    clock.now_s += 4000
    assert roster.wait_estimate(Need()) is None, "they have outlasted everything known"


def test_the_line_tells_who_is_ahead(clock: Clock) -> None:
    roster = Roster([], clock)
    with roster.in_line() as first, roster.in_line() as second:
        assert (first(), second()) == (0, 1)
    assert second() == 0


def test_handling_times_forget_the_oldest_and_refuse_nonsense() -> None:
    times = HandlingTimes(keep=3)
    times.add(10)
    times.add(10)
    times.add(-1)
    times.add(float("nan"))
    assert times.typical_s is None
    times.add(10)
    assert times.typical_s == 10
    for _ in range(3):
        times.add(40)
    assert (times.typical_s, times.remaining_s(15), times.remaining_s(40)) == (40, 25, None)


def test_a_wait_in_a_line() -> None:
    assert wait_s([], 0, 10) is None
    assert wait_s([30, 10], 0, None) == 10
    assert wait_s([30, 10], 1, None) == 30
    assert wait_s([30, 10], 2, None) is None
    assert wait_s([30, 10], 3, 100) == 130


def test_humans_are_named_as_callers_are_told() -> None:
    roster = Roster([Human("u-17", "Dana", ("en",), never)])
    assert (roster.name_of("u-17"), roster.name_of("u-99")) == ("Dana", "u-99")


def test_who_joins_later_is_rung_as_well(clock: Clock) -> None:
    roster = Roster([human("kim")], clock)
    since = roster.version
    roster.join(human("sam", "de"))
    assert roster.version > since
    assert ids(roster.next_free(Need(preferred_languages=("de",)), at_most=2)) == ["sam", "kim"]
    # Who is there already keeps their place and what they do.
    roster.engage(human("sam"))
    roster.join(human("sam", "fr"))
    assert roster.engaged == ("sam",)
    assert ids(roster.next_free(Need(), at_most=2)) == ["kim"]


def test_one_asked_for_by_name_is_rung_available_or_not(clock: Clock) -> None:
    roster = Roster([human("kim"), human("sam")], clock)
    roster.set_availability("sam", Availability.OFFLINE)
    need = Need(only="sam")
    assert ids(roster.next_free(need, at_most=2)) == ["sam"]
    assert ids(roster.next_free(need, ["sam"])) == []
    assert not roster.may_become_free(need, ["sam"])
    roster.engage(human("sam"))
    assert ids(roster.next_free(need)) == []
