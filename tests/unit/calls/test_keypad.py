"""Keys become a number; a lone key does not."""

from __future__ import annotations

import asyncio

import pytest

from voiceagent.calls.keypad import Keypad

pytestmark = pytest.mark.unit


async def numbers(keys: str, pause_s: float = 600.0, wait_s: float = 0.0) -> list[str]:
    found: list[str] = []
    keypad = Keypad(found.append, pause_s)
    for key in keys:
        keypad.press(key)
    if wait_s:
        await asyncio.sleep(wait_s)
    keypad.close()
    return found


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ("3107#", ["3107"]),
        ("31#07#", ["31", "07"]),
        ("99*3107#", ["3107"]),
        ("#", []),
        ("0#", []),
        ("1" * 40 + "#", ["1" * 32]),
    ],
)
async def test_hash_ends_a_number_and_star_begins_anew(keys: str, expected: list[str]) -> None:
    assert await numbers(keys) == expected


async def test_a_pause_ends_a_number() -> None:
    assert await numbers("3107", pause_s=0.05, wait_s=2.0) == ["3107"]


async def test_an_unfinished_number_is_dropped_when_the_keypad_closes() -> None:
    assert await numbers("3107") == []
