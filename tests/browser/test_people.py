"""Who may do what at the desk, in a real browser; and every page as people see it."""

from __future__ import annotations

import re

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import ConsoleMessage, expect

from tests.browser.conftest import PASSWORD, SCREENSHOTS, Browsers, RunningService
from tests.browser.pages import SignInPage

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]


async def test_a_wrong_password_is_refused_and_the_right_one_not(
    service: RunningService, browsers: Browsers
) -> None:
    page = await browsers.page()
    sign_in = SignInPage(page, service.address)
    await sign_in.open()
    await sign_in.sign_in("dana", "something else entirely")
    await expect(sign_in.troubles.first).to_be_visible()
    assert page.url.endswith("/sign-in")
    await sign_in.sign_in("dana", PASSWORD)
    await page.wait_for_url("**/desk")
    cookies = await page.context.cookies()
    session = next(cookie for cookie in cookies if cookie["name"] == "voiceagent")
    assert session["httpOnly"]
    assert session["sameSite"] == "Strict"


async def test_nobody_gets_past_the_door_unsigned(
    service: RunningService, browsers: Browsers
) -> None:
    page = await browsers.page()
    for path in ("/desk", "/board", "/calls", "/prompts"):
        await page.goto(service.address + path)
        await page.wait_for_url(re.compile("/sign-in"))
    for path in ("/api/board", "/api/desk", "/api/calls", "/api/prompts"):
        answer = await page.request.get(service.address + path)
        assert answer.status == 401, path


async def test_an_agent_is_no_supervisor(service: RunningService, browsers: Browsers) -> None:
    dana = await browsers.desk("Dana")
    for path in ("/api/board", "/api/calls", "/api/prompts"):
        answer = await dana.page.request.get(service.address + path)
        assert answer.status == 403, path


async def test_signed_out_is_signed_out(service: RunningService, browsers: Browsers) -> None:
    dana = await browsers.desk("Dana")
    session = await dana.page.request.get(service.address + "/api/session")
    token = (await session.json())["csrf"]
    refused = await dana.page.request.delete(service.address + "/api/session")
    assert refused.status == 403
    done = await dana.page.request.delete(
        service.address + "/api/session", headers={"X-CSRF-Token": token}
    )
    assert done.status == 204
    after = await dana.page.request.get(service.address + "/api/desk")
    assert after.status == 401


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
async def test_every_page_is_accessible_and_fits(
    service: RunningService, browsers: Browsers, scheme: str, width: int
) -> None:
    page = await browsers.page(
        color_scheme=scheme, viewport={"width": width, "height": 900 if width > 400 else 844}
    )
    problems: list[str] = []

    def note(message: ConsoleMessage) -> None:
        if message.type == "error":
            problems.append(message.text)

    page.on("console", note)
    page.on("pageerror", lambda error: problems.append(str(error)))
    sign_in = SignInPage(page, service.address)
    await sign_in.open()
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    found: list[str] = []

    async def look(name: str) -> None:
        await page.screenshot(path=SCREENSHOTS / f"{name}-{scheme}-{width}.png", full_page=True)
        wide = await page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
        if wide > 0:
            found.append(f"{name}: {wide} px too wide")
        results = await Axe().run(page)
        for violation in results.response["violations"]:
            found.append(f"{name}: {violation['id']}: {violation['help']}")

    await look("sign-in")
    await sign_in.sign_in("kim", PASSWORD)
    await page.wait_for_url(re.compile("/(desk|board)$"))
    for name in ("desk", "board", "calls", "prompts", "call"):
        await page.goto(f"{service.address}/{name}")
        await page.wait_for_load_state("networkidle" if name == "call" else "load")
        await expect(page.get_by_role("heading", level=1)).to_be_visible()
        await page.wait_for_timeout(500)
        await look(name)
    assert not found
    # The browser notes the 401 of whoever is not signed in yet; that is no trouble of a page.
    assert [problem for problem in problems if "401" not in problem] == []
