"""A customer in one browser, human agents in others: the handoff as the three of them live it."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from playwright.async_api import expect

from tests.browser.conftest import Browsers, RunningService, clip
from tests.browser.pages import CustomerPage, DeskPage

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

ASKS = "asks-for-person/02.wav"
"""I want to speak to a real person."""
CALLER, ACCOUNT = "Tom Becker", "C-1005"
HUMAN_SAYS = "double-charge/04.wav"
"""I was charged twice for October. I paid sixty four dollars and fifty cents, ..."""
PATIENCE_S = 60.0


async def until(what: Callable[[], Awaitable[bool]], why: str) -> None:
    """Wait, generously, until it is so."""
    loop = asyncio.get_running_loop()
    end = loop.time() + PATIENCE_S
    while not await what():
        assert loop.time() < end, why
        await asyncio.sleep(0.25)


async def asking(browsers: Browsers) -> CustomerPage:
    """A customer who wants a person, over and over, as people do."""
    return await browsers.customer(ACCOUNT, 9.0, clip(ASKS), 5.0)


async def audible(page: CustomerPage | DeskPage) -> None:
    """Until the other side is heard in this browser."""

    async def heard() -> bool:
        return await page.heard_level() > 0.003

    await until(heard, "nothing is heard")


def events_of(service: RunningService, kind: str) -> list[dict[str, Any]]:
    """The newest call's events of a kind, from its files."""
    folder = max((service.data_dir / "calls").iterdir(), key=lambda path: path.name)
    lines = (folder / "events.jsonl").read_text("utf-8").splitlines()
    return [event for event in map(json.loads, lines) if event["kind"] == kind]


async def ended_folder(service: RunningService) -> Path:
    """The newest call's folder, once everything is in it."""
    folder = max((service.data_dir / "calls").iterdir(), key=lambda path: path.name)

    async def there() -> bool:
        return (folder / "summary.json").is_file()

    await until(there, "the call's files are not written")
    return folder


def level_of(folder: Path, turns: Sequence[dict[str, Any]], *, channel: int) -> float:
    """Root mean square of a side of the recording while these turns were spoken."""
    audio, rate_hz = soundfile.read(folder / "call.wav")
    spoken = [
        audio[turn["start_ms"] * rate_hz // 1000 : turn["end_ms"] * rate_hz // 1000, channel]
        for turn in turns
    ]
    return float(np.sqrt(np.mean(np.concatenate(spoken) ** 2)))


async def test_a_customer_is_understood_and_handed_to_a_human(
    service: RunningService, browsers: Browsers
) -> None:
    dana = await browsers.desk("Dana", clip(HUMAN_SAYS), 1.0)
    await dana.go_available()
    customer = await asking(browsers)
    await customer.wait_for_words("real person")
    await dana.wait_for_ring(CALLER)
    # The packet is there before anybody has said a word to each other.
    await expect(dana.packet).to_contain_text(CALLER)
    await expect(dana.packet).to_contain_text("Asked for a person")
    await dana.accept()
    await dana.wait_for_stage("Talking")
    await customer.wait_for_state("You are talking to Dana")
    await audible(dana)
    await audible(customer)
    await dana.wait_for_words("real person")
    await dana.write_note("Wants a person for everything.")
    await dana.deed("Hold").click()
    await customer.wait_for_state("On hold")
    await dana.deed("Go on").click()
    await customer.wait_for_state("You are talking to Dana")
    await asyncio.sleep(12)
    await dana.end()
    await dana.wait_for_wrap_up(CALLER)
    await dana.wrap_up("Resolved")
    await dana.wait_idle()
    folder = await ended_folder(service)
    summary = json.loads((folder / "summary.json").read_text("utf-8"))
    assert summary["outcome"] == "handed_over"
    assert summary["handoff"]["outcome"] == "bridged"
    # The recording holds both: the customer left, Dana right; and what Dana said was written down.
    said = [event["turn"] for event in events_of(service, "turn_taken")]
    by_human = [turn for turn in said if turn["speaker"] == "human"]
    assert "October" in " ".join(turn["text"] for turn in by_human)
    assert level_of(folder, by_human, channel=1) > 0.01
    assert level_of(folder, [t for t in said if t["speaker"] == "caller"], channel=0) > 0.01
    held = [event["on"] for event in events_of(service, "bridge_held")]
    assert held == [True, False]


async def test_declined_by_one_the_next_is_rung(
    service: RunningService, browsers: Browsers
) -> None:
    dana = await browsers.desk("Dana", 1.0)
    await dana.go_available()
    customer = await asking(browsers)
    await dana.wait_for_ring(CALLER)
    lee = await browsers.desk("Lee", 1.0)
    await lee.go_available()
    await dana.decline()
    await lee.wait_for_ring(CALLER)
    await lee.accept()
    await customer.wait_for_state("You are talking to Lee")
    await dana.wait_idle()
    await customer.hang_up()
    await lee.wait_for_wrap_up(CALLER)
    await ended_folder(service)
    rung = [event["result"] for event in events_of(service, "human_rung")]
    assert rung == ["declined", "accept"]


async def test_two_accept_at_once_and_one_is_told(browsers: Browsers) -> None:
    dana, lee = await browsers.desk("Dana", 1.0), await browsers.desk("Lee", 1.0)
    await dana.go_available()
    await lee.go_available()
    customer = await asking(browsers)
    await dana.wait_for_ring(CALLER)
    await lee.wait_for_ring(CALLER)
    await asyncio.gather(dana.accept(), lee.accept())
    talking = customer.page.get_by_role("heading", name=re.compile("You are talking to (Dana|Lee)"))
    await expect(talking).to_be_visible(timeout=30_000)
    winner, loser = (dana, lee) if "Dana" in await talking.inner_text() else (lee, dana)
    await winner.wait_for_stage("Talking")
    await loser.wait_idle()
    await customer.hang_up()
    await winner.wait_for_wrap_up(CALLER)


async def test_nobody_accepts_and_a_callback_is_booked(
    service: RunningService, browsers: Browsers
) -> None:
    dana = await browsers.desk("Dana", 1.0)
    await dana.go_available()
    customer = await asking(browsers)
    await dana.wait_for_ring(CALLER)
    await dana.wait_idle()
    await customer.wait_for_state("You are talking to an AI")
    # The promise was made, and heard to its end.
    await customer.wait_for_words("call you back")
    await customer.hang_up()
    folder = await ended_folder(service)
    summary = json.loads((folder / "summary.json").read_text("utf-8"))
    assert summary["handoff"]["outcome"] == "no_answer"
    assert summary["callbacks"]


async def test_the_customer_leaves_while_it_rings(
    service: RunningService, browsers: Browsers
) -> None:
    dana = await browsers.desk("Dana", 1.0)
    await dana.go_available()
    customer = await asking(browsers)
    await dana.wait_for_ring(CALLER)
    # A closed tab says goodbye on its own.
    await customer.page.close(run_before_unload=True)
    await dana.wait_idle()
    folder = await ended_folder(service)
    summary = json.loads((folder / "summary.json").read_text("utf-8"))
    assert summary["outcome"] == "caller_hung_up"
    assert summary["handoff"]["outcome"] == "caller_hung_up"


async def test_a_human_whose_tab_closes_is_replaced(
    service: RunningService, browsers: Browsers
) -> None:
    dana = await browsers.desk("Dana", 1.0)
    await dana.go_available()
    customer = await asking(browsers)
    await dana.wait_for_ring(CALLER)
    await dana.accept()
    await customer.wait_for_state("You are talking to Dana")
    lee = await browsers.desk("Lee", 1.0)
    await lee.go_available()
    await dana.page.close()
    await lee.wait_for_ring(CALLER)
    await lee.accept()
    await customer.wait_for_state("You are talking to Lee")
    await customer.hang_up()
    await lee.wait_for_wrap_up(CALLER)
    await ended_folder(service)
    rung = [event["result"] for event in events_of(service, "human_rung")]
    assert rung == ["accept", "accept"]


async def test_a_caller_sent_back_to_the_assistant(
    service: RunningService, browsers: Browsers
) -> None:
    dana = await browsers.desk("Dana", 1.0)
    await dana.go_available()
    customer = await asking(browsers)
    await dana.wait_for_ring(CALLER)
    await dana.accept()
    await customer.wait_for_state("You are talking to Dana")
    await dana.send_back("Tell them when the next invoice is due.")
    await customer.wait_for_state("You are talking to an AI")
    await dana.wait_for_wrap_up(CALLER)
    await customer.hang_up()
    await ended_folder(service)
    sent = events_of(service, "sent_back")
    assert [event["instruction"] for event in sent] == ["Tell them when the next invoice is due."]
