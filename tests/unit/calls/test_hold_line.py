"""Wishes of a caller on hold come out in order, and too many of them hold up nothing."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from voiceagent.calls.hold_line import HoldLine
from voiceagent.domain.handoff_events import HoldWish
from voiceagent.domain.transcript import Speaker, Turn
from voiceagent.handoff.caller_side import HeardOnHold
from voiceagent.handoff.hold_wishes import load_hold_wishes

pytestmark = pytest.mark.unit


@pytest.fixture
def line() -> HoldLine:
    return HoldLine(load_hold_wishes(Path(__file__).parents[3] / "prompts"), "en")


def turn(number: int, text: str, language: str = "en", confidence: float = 0.9) -> Turn:
    return Turn(number, Speaker.CALLER, text, 0, 900, confidence, language=language)


async def next_of(line: HoldLine) -> HeardOnHold:
    return await asyncio.wait_for(line.next(), 30)


async def test_words_and_keys_come_out_in_order(line: HoldLine) -> None:
    line.said(turn(4, "How long will this take?"))
    line.keyed("5")
    line.keyed("*")
    line.said(turn(6, "It was invoice three one zero seven."))
    assert [await next_of(line) for _ in range(3)] == [
        HeardOnHold(HoldWish.HOW_LONG, turn=4),
        HeardOnHold(HoldWish.CANCEL, key="*"),
        HeardOnHold(HoldWish.ADDED, turn=6),
    ]


async def test_both_the_calls_and_the_turns_language_are_understood(line: HoldLine) -> None:
    line.said(turn(2, "Wie lange dauert das noch?", "de"))
    line.said(turn(3, "Call me back please.", "de"))
    assert (await next_of(line)).wish is HoldWish.HOW_LONG
    assert (await next_of(line)).wish is HoldWish.CALLBACK


async def test_a_waiting_coordinator_is_woken(line: HoldLine) -> None:
    waiting = asyncio.create_task(next_of(line))
    await asyncio.sleep(0)
    line.keyed("1")
    assert (await waiting).wish is HoldWish.CALLBACK


async def test_what_was_wanted_before_is_forgotten_with_a_new_hold(line: HoldLine) -> None:
    line.keyed("*")
    line.clear()
    line.keyed("2")
    assert (await next_of(line)).wish is HoldWish.HOW_LONG


async def test_a_caller_who_never_stops_fills_a_bounded_queue(line: HoldLine) -> None:
    for number in range(500):
        line.said(turn(number, "and another thing about my bill"))
    heard = 0
    while True:
        try:
            await asyncio.wait_for(line.next(), 0.05)
        except TimeoutError:
            break
        heard += 1
    assert 1 < heard < 50
