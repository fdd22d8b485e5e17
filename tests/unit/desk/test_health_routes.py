"""Whether the service lives and can place calls, and what pages may know before a sign-in."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.unit.desk.house import DEADLINE_S, House, opened_house

pytestmark = pytest.mark.unit


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with opened_house(tmp_path) as house:
        yield house


async def yes() -> bool:
    return True


async def no() -> bool:
    return False


async def broken() -> bool:
    raise ValueError("the password is hunter2")


async def stuck() -> bool:
    await asyncio.Event().wait()
    return True


async def test_alive(house: House) -> None:
    house.checks["store"] = stuck
    async with house.browser() as browser:
        answer = await browser.get("/healthz")
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


async def test_ready(house: House) -> None:
    house.checks.update(store=yes, prompts=yes)
    async with house.browser() as browser:
        answer = await browser.get("/readyz")
    told = {"ready": True, "checks": {"store": True, "prompts": True}}
    assert (answer.status_code, answer.json()) == (200, told)


async def test_not_ready(house: House, caplog: pytest.LogCaptureFixture) -> None:
    house.checks.update(store=yes, speech=no, language_model=broken, prompts=stuck)
    async with asyncio.timeout(DEADLINE_S), house.browser() as browser:
        answer = await browser.get("/readyz")
    told = {"store": True, "speech": False, "language_model": False, "prompts": False}
    assert (answer.status_code, answer.json()) == (503, {"ready": False, "checks": told})
    assert "hunter2" not in caplog.text + answer.text
    assert "language_model" in caplog.text


async def test_what_pages_need_to_know(house: House) -> None:
    async with house.browser() as browser:
        answer = await browser.get("/api/settings")
    assert answer.json() == {
        "company": "Larkfield Broadband",
        "ice_servers": [],
        "wrap_up_s": 120.0,
        "customer_page": False,
        "ring_timeout_s": 20.0,
        "version": "0.1.0",
    }
