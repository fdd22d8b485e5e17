"""The pages at their addresses, asked for anew each time, and the way to one's own."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from tests.unit.desk.house import House, opened_house
from tests.unit.desk.scene import Browser
from voiceagent.desk.pages import STATIC
from voiceagent.desk.security_headers import CONTENT_SECURITY_POLICY
from voiceagent.desk.web import make_app
from voiceagent.store.desk_records import Role

pytestmark = pytest.mark.unit

AGENT, SUPERVISOR, ADMIN = Role.AGENT, Role.SUPERVISOR, Role.ADMIN


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with opened_house(tmp_path) as house:
        yield house


def open_to_customers(house: House) -> Browser:
    settings = house.desk.settings.model_copy(update={"customer_page": True})
    app = make_app(replace(house.desk, settings=settings))
    return Browser(transport=httpx.ASGITransport(app=app), base_url="http://desk.test")


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/sign-in", "sign-in.html"),
        ("/desk", "desk.html"),
        ("/board", "board.html"),
        ("/calls", "calls.html"),
        ("/calls/20261122-090000-1a2b", "report.html"),
        ("/prompts", "prompts.html"),
        ("/call", "call.html"),
        ("/static/js/board.js", "js/board.js"),
        ("/static/css/base.css", "css/base.css"),
        ("/static/icons/icons.svg", "icons/icons.svg"),
    ],
)
async def test_a_page_and_what_it_is_made_of(house: House, path: str, name: str) -> None:
    async with open_to_customers(house) as browser:
        answer = await browser.get(path)
        head = await browser.head(path)
        again = await browser.get(path, headers={"If-None-Match": answer.headers["etag"]})
    assert answer.status_code == 200
    assert answer.content == (STATIC / name).read_bytes()
    types = {".html": "text/html", ".js": "javascript", ".css": "text/css", ".svg": "image/svg"}
    assert types[Path(name).suffix] in answer.headers["content-type"]
    assert answer.headers["cache-control"] == "no-cache"
    assert answer.headers["content-security-policy"] == CONTENT_SECURITY_POLICY
    assert (head.status_code, head.content) == (200, b"")
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["cache-control"] == "no-cache"


async def test_everything_the_pages_ask_for_is_there(house: House) -> None:
    async with open_to_customers(house) as browser:
        for page in STATIC.glob("*.html"):
            for part in page.read_text("utf-8").split('"'):
                if part.startswith("/static/"):
                    answer = await browser.get(part.partition("#")[0])
                    assert answer.status_code == 200, part


async def test_the_customers_page_is_closed_unless_it_is_open(house: House) -> None:
    async with house.browser() as browser:
        answer = await browser.get("/call")
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


@pytest.mark.parametrize(
    ("roles", "where"),
    [
        ((AGENT,), "/desk"),
        ((SUPERVISOR,), "/board"),
        ((ADMIN,), "/board"),
        ((AGENT, SUPERVISOR), "/board"),
        (None, "/sign-in"),
    ],
)
async def test_the_start_leads_to_ones_own_page(
    house: House, roles: Iterable[Role] | None, where: str
) -> None:
    async with house.browser() as browser:
        if roles is not None:
            house.add_user("dana", roles)
            await browser.sign_in("dana")
        answer = await browser.get("/")
    assert (answer.status_code, answer.headers["location"]) == (303, where)
    assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    "path",
    [
        "/static/../web.py",
        "/static/%2e%2e/web.py",
        "/static/..%2fweb.py",
        "/static//etc/passwd",
        "/static/js/",
        "/static/nothing.js",
        "/static/%00",
        "/board.html",
    ],
)
async def test_nothing_else_is_served(house: House, path: str) -> None:
    async with house.browser() as browser:
        answer = await browser.get(path)
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
