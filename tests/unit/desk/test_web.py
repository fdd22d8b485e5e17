"""The application as a whole: its description, and that no route is left unguarded."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from fastapi import APIRouter

from tests.unit.desk.house import House, opened_house
from voiceagent.desk.web import make_app

pytestmark = pytest.mark.unit

OPEN = {"/healthz", "/readyz", "/api/settings"}


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with opened_house(tmp_path) as house:
        yield house


async def test_the_description_is_whole_and_public(house: House) -> None:
    async with house.browser() as browser:
        answer = await browser.get("/api/openapi.json")
        assert (await browser.get("/docs")).status_code == 404
        assert (await browser.get("/redoc")).status_code == 404
    paths = answer.json()["paths"]
    for path, methods in paths.items():
        for method, route in methods.items():
            assert route.get("summary"), (method, path)
            if path not in OPEN and (path, method) != ("/api/session", "post"):
                assert route.get("security"), (method, path)
    assert {"/api/board", "/api/calls/{call_id}", "/api/calls/{call_id}/audio"} <= paths.keys()
    schemas = answer.json()["components"]["schemas"]
    assert {"BoardState", "CallReport", "Packet", "PromptsView", "Problem"} <= schemas.keys()
    names = {p["name"] for p in paths["/api/calls"]["get"]["parameters"]}
    assert names == {"text", "outcome", "handoff", "from", "to", "account", "page"}


async def test_every_route_but_the_open_ones_wants_to_know_who_asks(house: House) -> None:
    paths = house.app.openapi()["paths"]
    async with house.browser() as browser:
        for path, methods in paths.items():
            for method in methods:
                if path in OPEN or path == "/api/session":
                    continue
                address = path.format(call_id="c-1", seq=1, listen_id="x")
                answer = await browser.request(method.upper(), address)
                assert answer.status_code == 401, (method, path)


async def test_more_routes_are_taken_in_and_guarded_alike(house: House) -> None:
    router = APIRouter()

    @router.get("/api/desk")
    async def desk() -> str:
        return "here"

    app = make_app(replace(house.desk, routers=(router,)))
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://desk.test") as client:
        answer = await client.get("/api/desk")
    assert answer.json() == "here"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-content-type-options"] == "nosniff"


async def test_an_answer_without_content_names_no_type_of_it(house: House) -> None:
    async with house.signed_in("admin") as browser:
        answer = await browser.delete("/api/session")
    assert answer.status_code == 204
    assert "content-type" not in answer.headers
    assert answer.headers["cache-control"] == "no-store"
