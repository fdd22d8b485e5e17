"""The supervisor's board, past calls and prompts, with real calls going on."""

from __future__ import annotations

import json
import re

import pytest
from playwright.async_api import expect

from tests.browser.conftest import PASSWORD, Browsers, RunningService, clip
from tests.browser.pages import BoardPage, CallsPage, ReportPage, SignInPage
from tests.browser.test_handoff import ended_folder, events_of, until

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

CALLER, ACCOUNT = "Maria Alvarez", "C-1001"
SAYS = "satisfied/02.wav"


async def board(service: RunningService, browsers: Browsers) -> BoardPage:
    page = await browsers.page()
    sign_in = SignInPage(page, service.address)
    await sign_in.open()
    await sign_in.sign_in("kim", PASSWORD)
    await page.wait_for_url(re.compile(r"/(desk|board)$"))
    opened = BoardPage(page, service.address)
    await opened.open()
    return opened


async def test_a_call_is_followed_heard_hinted_and_ended(
    service: RunningService, browsers: Browsers
) -> None:
    kim = await board(service, browsers)
    customer = await browsers.customer(ACCOUNT, 9.0, clip(SAYS), 4.0)
    await kim.open_call(CALLER)
    # The transcript as it happens: the disclosure first, then what the caller says.
    await kim.wait_for_words("an AI")
    await customer.wait_for_state("You are talking to an AI")
    turns = [turn for turn in await kim.said() if turn.speaker == "caller"]

    async def more() -> bool:
        return len([t for t in await kim.said() if t.speaker == "caller"]) > len(turns)

    await until(more, "no further turn of the caller appears")
    await kim.listen()

    async def heard() -> bool:
        return await kim.heard_level() > 0.003

    await until(heard, "the supervisor hears nothing")
    await kim.stop_listening()
    await kim.hint("Offer a callback.")
    await kim.show("Verdicts")
    await kim.end_call()
    folder = await ended_folder(service)
    acted = [(event["action"], event["text"]) for event in events_of(service, "operator_acted")]
    assert acted == [("hint", "Offer a callback."), ("end", "")]
    summary = json.loads((folder / "summary.json").read_text("utf-8"))
    assert summary["reason"] == "operator"


async def test_a_past_call_is_found_heard_and_judged(
    service: RunningService, browsers: Browsers
) -> None:
    customer = await browsers.customer(ACCOUNT, 9.0, clip(SAYS), 4.0)
    await customer.wait_for_state("You are talking to an AI")
    # The assistant has answered the caller's first turn, so that was judged.
    await customer.wait_for_words("ZIP code")
    await customer.hang_up()
    folder = await ended_folder(service)
    kim = await board(service, browsers)
    calls = CallsPage(kim.page, service.address)
    await calls.open()
    await calls.search(CALLER.split(maxsplit=1)[0].lower())
    await expect(calls.found.first).to_contain_text(CALLER)
    report = ReportPage(kim.page, service.address)
    await report.open(folder.name)
    await report.wait_for_words("an AI")
    said = [turn for turn in await report.said() if turn.speaker == "agent"]
    await report.hear_turn(said[0].number)

    async def playing() -> bool:
        return await report.position_ms() > 300

    await until(playing, "the recording does not play")
    verdict = events_of(service, "verdict_given")[0]["verdict"]
    turn = verdict["turn"]
    await report.mark_verdict(turn, right=False)
    await report.page.reload()
    marked = report.page.get_by_role("button", name=f"The verdict of turn {turn} was wrong")
    await expect(marked).to_have_attribute("aria-pressed", "true")
    export = await report.page.request.get(f"{service.address}/api/calls/{folder.name}/export")
    assert export.status == 200
    assert (await export.json())["call"]["id"] == folder.name


async def test_a_broken_prompt_keeps_the_last_good_one_and_says_so(
    service: RunningService, browsers: Browsers
) -> None:
    phrases = service.prompts / "phrases" / "en.yaml"
    good = phrases.read_text("utf-8")
    kim = await board(service, browsers)
    try:
        phrases.write_text(good.replace("disclosure:", "dizclosure:", 1), "utf-8")
        await kim.page.goto(f"{service.address}/prompts")
        await (
            kim.page.get_by_role("link", name="en.yaml")
            .or_(kim.page.get_by_role("button", name="en.yaml"))
            .first.wait_for()
        )
        await expect(kim.page.get_by_text("dizclosure").first).to_be_visible()
        # A call goes on with the last good one.
        customer = await browsers.customer(ACCOUNT, 9.0, clip(SAYS), 4.0)
        await customer.wait_for_words("an AI")
        await customer.hang_up()
        # An edited line is spoken by the next call, without a restart.
        edited = good.replace("Hello, this is the automated", "Good day, an automated", 1)
        phrases.write_text(edited, "utf-8")
        customer = await browsers.customer(ACCOUNT, 9.0, clip(SAYS), 4.0)
        await customer.wait_for_words("Good day")
        await customer.hang_up()
        await kim.page.goto(f"{service.address}/prompts?file=phrases/en.yaml")
        await expect(kim.page.get_by_text("Good day").first).to_be_visible()
        await expect(kim.page.get_by_text("dizclosure")).to_have_count(0)
    finally:
        phrases.write_text(good, "utf-8")
