"""The board, and what supervisors may do with a call in progress."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from itertools import product
from pathlib import Path

import numpy as np
import pytest

from tests.unit.desk.house import DEADLINE_S, House, Line, opened_house
from tests.unit.desk.scene import Browser
from tests.unit.legs import conftest as legs
from tests.unit.legs.browsers import HALF_SECOND, Browsers, endless_tone, level, until, until_heard
from voiceagent.bench.browser_peer import BrowserPeer
from voiceagent.desk.listeners import ListenerOptions
from voiceagent.desk.parts import DeskOptions
from voiceagent.domain.call import CallOutcome
from voiceagent.domain.errors import StoreError
from voiceagent.domain.handoff import HandoffOutcome
from voiceagent.handoff.roster import Availability
from voiceagent.store.desk_records import Role

pytestmark = pytest.mark.unit

browsers, loopback = legs.browsers, legs.loopback


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with opened_house(tmp_path) as house:
        yield house


# Who may.

ROUTES = [
    ("GET", "/api/board", None),
    ("GET", "/api/board/events", None),
    ("GET", "/api/calls/c-1/stream", None),
    ("POST", "/api/calls/c-1/listen", {"sdp": "v=0", "type": "offer"}),
    ("DELETE", "/api/calls/c-1/listen/x", None),
    ("POST", "/api/calls/c-1/hint", {"text": "Offer a credit."}),
    ("POST", "/api/calls/c-1/take-over", {}),
    ("POST", "/api/calls/c-1/end", {}),
    ("GET", "/api/calls", None),
    ("GET", "/api/calls/c-1", None),
    ("GET", "/api/calls/c-1/export", None),
    ("GET", "/api/calls/c-1/recording?token=x", None),
    ("GET", "/api/calls/c-1/audio?from_ms=0&to_ms=5&token=x", None),
    ("GET", "/api/calls/c-1/peaks?token=x", None),
    ("PUT", "/api/calls/c-1/verdicts/1/mark", {"right": True}),
    ("DELETE", "/api/calls/c-1/verdicts/1/mark", None),
    ("GET", "/api/prompts", None),
]


@pytest.mark.parametrize(("method", "path", "body"), ROUTES)
async def test_nobody_who_is_not_signed_in(
    house: House, method: str, path: str, body: object
) -> None:
    async with house.browser() as browser:
        answer = await browser.request(method, path, json=body)
    assert (answer.status_code, answer.json()["code"]) == (401, "not_signed_in")


@pytest.mark.parametrize(("method", "path", "body"), ROUTES)
async def test_no_agent(house: House, method: str, path: str, body: object) -> None:
    await house.ended_call()
    async with house.signed_in("agent") as browser:
        answer = await browser.request(method, path, json=body)
    assert (answer.status_code, answer.json()["code"]) == (403, "not_allowed")
    assert house.deeds() == []


@pytest.mark.parametrize(
    ("role", "route"),
    product(["supervisor", "admin"], [r for r in ROUTES if r[1] != "/api/board/events"]),
)
async def test_supervisors_and_admins(
    house: House, role: str, route: tuple[str, str, object]
) -> None:
    await house.ended_call()
    method, path, body = route
    async with house.signed_in(role) as browser:
        answer = await browser.request(method, path, json=body)
    if answer.status_code == 403:
        assert answer.json()["code"] == "media_token_wrong"
    else:
        assert answer.status_code in {200, 202, 204, 404, 409}


@pytest.mark.parametrize(
    ("method", "path", "body"), [route for route in ROUTES if route[0] != "GET"]
)
async def test_nothing_is_done_for_another_site(
    house: House, method: str, path: str, body: object
) -> None:
    await house.ended_call()
    async with house.signed_in("admin") as browser:
        del browser.headers["X-CSRF-Token"]
        answer = await browser.request(method, path, json=body)
    assert (answer.status_code, answer.json()["code"]) == (403, "foreign_request")


async def test_a_machine_with_a_token(house: House) -> None:
    house.add_token("secret", [Role.SUPERVISOR])
    call = house.call()
    await call.opens()
    headers = {"Authorization": "Bearer secret"}
    async with house.browser() as browser:
        board = await browser.get("/api/board", headers=headers)
        done = await browser.post("/api/calls/c-1/hint", json={"text": "x"}, headers=headers)
        no_line = await browser.post("/api/calls/c-1/take-over", headers=headers)
    assert (board.status_code, done.status_code) == (200, 202)
    assert (no_line.status_code, no_line.json()["code"]) == (409, "no_media")
    assert house.deeds() == [("token:t-1", "hint_given", "c-1")]


# The board.


async def test_calls_people_and_numbers(house: House) -> None:
    dana = house.join(house.add_user("dana", [Role.AGENT]))
    house.join(house.add_user("lee", [Role.AGENT]), Availability.PAUSED)
    house.add_user("never-here", [Role.AGENT])
    held, bridged = house.call("c-1"), house.call("c-2")
    for call in (held, bridged):
        await call.opens()
        await call.talks()
        await call.holds()
    house.roster.engage(dana)
    await bridged.bridges("u-dana")
    await house.ended_call("c-3")
    async with house.signed_in("supervisor") as browser:
        board = (await browser.get("/api/board")).json()
    assert [(c["call_id"], c["state"], c["human"]) for c in board["calls"]] == [
        ("c-1", "holding", None),
        ("c-2", "bridged", "Dana"),
    ]
    row = board["calls"][0]
    assert row["started_at"].startswith("2026-11-22T09:00:00")
    assert set(row["last_verdict"]) == {"action", "confidence", "triggers", "turn"}
    assert set(row["last_words"]) == {"speaker", "text"}
    assert all(0 <= mood <= 1 for mood in row["mood"])
    assert board["humans"] == [
        {
            "id": "u-dana",
            "name": "Dana",
            "availability": "available",
            "engaged": True,
            "call_id": "c-2",
        },
        {
            "id": "u-lee",
            "name": "Lee",
            "availability": "paused",
            "engaged": False,
            "call_id": None,
        },
    ]
    counts = board["counts"]
    assert counts == {
        "live": 2,
        "on_hold": 1,
        "bridged": 1,
        "ended_today": 1,
        "handed_over_today": 0,
    }


async def test_todays_numbers_are_of_today(house: House) -> None:
    await house.ended_call("c-1", outcome=CallOutcome.HANDED_OVER)
    house.clock.advance(2 * 24 * 3600)
    async with house.signed_in("supervisor") as browser:
        counts = (await browser.get("/api/board")).json()["counts"]
        assert (counts["ended_today"], counts["handed_over_today"]) == (0, 0)
        await house.ended_call("c-2")
        live = house.call("c-3")
        await live.opens()
        await live.holds()
        await live.bridges("u-dana")
        await live.ends(CallOutcome.HANDED_OVER, HandoffOutcome.BRIDGED)
        counts = (await browser.get("/api/board")).json()["counts"]
    assert (counts["ended_today"], counts["handed_over_today"]) == (2, 1)


# Helping.


async def test_a_hint_an_end_and_a_take_over_reach_the_call(house: House) -> None:
    call = house.call()
    await call.opens()
    house.lines.lines["u-supervisor"] = Line()
    async with house.signed_in("supervisor") as browser:
        answers = [
            await browser.post("/api/calls/c-1/hint", json={"text": "Offer a credit."}),
            await browser.post("/api/calls/c-1/take-over", json={}),
            await browser.post("/api/calls/c-1/end", json={}),
        ]
    assert [answer.status_code for answer in answers] == [202, 202, 202]
    assert call.deeds.done == [
        ("hint", "Offer a credit."),
        ("put_through", "u-supervisor"),
        ("close",),
    ]
    assert house.lines.on_roster == ["u-supervisor"]
    assert house.deeds() == [
        ("u-supervisor", "hint_given", "c-1"),
        ("u-supervisor", "call_taken_over", "c-1"),
        ("u-supervisor", "call_ended", "c-1"),
    ]
    assert "credit" not in str(house.desk_store.audit_events())


@pytest.mark.parametrize("line", ["none", "down", "busy"])
async def test_nobody_is_announced_who_cannot_come(house: House, line: str) -> None:
    call = house.call()
    await call.opens()
    if line != "none":
        own = house.lines.lines["u-supervisor"] = Line()
        own.is_up = line != "down"
        own.leg = object() if line == "busy" else None
    async with house.signed_in("supervisor") as browser:
        answer = await browser.post("/api/calls/c-1/take-over", json={})
    code = "line_busy" if line == "busy" else "no_media"
    assert (answer.status_code, answer.json()["code"]) == (409, code)
    assert call.deeds.done == []
    assert house.lines.on_roster == []


@pytest.mark.parametrize("wish", ["hint", "take-over", "end"])
async def test_what_does_not_fit_the_moment_is_refused_in_the_calls_own_words(
    house: House, wish: str
) -> None:
    call = house.call()
    await call.opens()
    call.deeds.with_person = True
    house.lines.lines["u-supervisor"] = Line()
    async with house.signed_in("supervisor") as browser:
        answer = await browser.post(f"/api/calls/c-1/{wish}", json={"text": "x"})
    assert answer.status_code == 409
    assert answer.json()["code"] == "call.control"
    assert "agent" in answer.json()["problem"] or "caller" in answer.json()["problem"]
    assert call.deeds.done == []
    assert house.deeds() == []


@pytest.mark.parametrize("wish", ["hint", "take-over", "end", "listen"])
@pytest.mark.parametrize(
    ("call_id", "status", "code"),
    [("c-1", 409, "not_live"), ("nothing", 404, "store.call_not_found")],
)
async def test_a_call_that_is_over_or_never_was(
    house: House, wish: str, call_id: str, status: int, code: str
) -> None:
    await house.ended_call()
    body = {"text": "x", "sdp": "v=0"}
    async with house.signed_in("supervisor") as browser:
        answer = await browser.post(f"/api/calls/{call_id}/{wish}", json=body)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


@pytest.mark.parametrize("text", ["", " \n", "x" * 2001])
async def test_a_hint_has_bounds(house: House, text: str) -> None:
    call = house.call()
    await call.opens()
    async with house.signed_in("supervisor") as browser:
        answer = await browser.post("/api/calls/c-1/hint", json={"text": text})
    assert answer.status_code == 422
    assert call.deeds.done == []


# Listening in.


@pytest.fixture
async def sounding(tmp_path: Path, browsers: Browsers) -> AsyncIterator[House]:
    options = DeskOptions(listeners=ListenerOptions(at_most=2, check_s=0.05))
    media = lambda: browsers.media(microphone=False)  # noqa: E731
    async with opened_house(tmp_path, options=options, make_media=media) as house:
        call = house.call()
        await call.leg.connect(DEADLINE_S)
        call.leg.playout.background = endless_tone(1000, 8000)
        await call.opens()
        yield house


async def listens(browser: Browser, peer: BrowserPeer, call_id: str = "c-1") -> str:
    found: list[str] = []

    async def answer(sdp: str) -> str:
        body = {"sdp": sdp, "type": "offer"}
        told = await browser.post(f"/api/calls/{call_id}/listen", json=body)
        assert told.status_code == 200, told.text
        assert told.json()["type"] == "answer"
        found.append(told.json()["listen_id"])
        return str(told.json()["sdp"])

    await peer.connect(answer)
    return found[0]


def tone_level(heard: np.ndarray) -> float:
    return level(heard, 48_000, 1000)


async def test_two_listeners_each_end_by_themselves(sounding: House, browsers: Browsers) -> None:
    first, second = browsers.browser(None), browsers.browser(None)
    async with (
        sounding.signed_in("supervisor") as one,
        sounding.signed_in("admin") as other,
    ):
        listen_id = await listens(one, first)
        await listens(other, second)
        for peer in (first, second):
            await until_heard(peer, HALF_SECOND)
            assert tone_level(await until_heard(peer, HALF_SECOND)) > 4000
        assert sounding.parts.listeners.count("c-1") == 2
        # There is room for two, and nobody ends another's listening.
        offer = {"sdp": await browsers.browser(None).offer(), "type": "offer"}
        full = await one.post("/api/calls/c-1/listen", json=offer)
        assert (full.status_code, full.json()["code"]) == (409, "too_many_listeners")
        theirs = await other.delete(f"/api/calls/c-1/listen/{listen_id}")
        assert (theirs.status_code, theirs.json()["code"]) == (404, "listener_not_found")
        elsewhere = await one.delete(f"/api/calls/c-2/listen/{listen_id}")
        assert (elsewhere.status_code, elsewhere.json()["code"]) == (404, "listener_not_found")
        assert sounding.parts.listeners.count("c-1") == 2
        for _ in range(2):
            assert (await one.delete(f"/api/calls/c-1/listen/{listen_id}")).status_code == 204
        await until_heard(second, HALF_SECOND)
        assert tone_level(await until_heard(second, HALF_SECOND)) > 4000
        assert sounding.parts.listeners.count("c-1") == 1
    heard = [deed for deed in sounding.deeds() if deed[1] == "call_listened"]
    assert {who for who, _, _ in heard} == {"u-supervisor", "u-admin"}


async def test_listening_ends_with_the_call(sounding: House, browsers: Browsers) -> None:
    peer = browsers.browser(None)
    async with sounding.signed_in("supervisor") as browser:
        await listens(browser, peer)
        await until_heard(peer, HALF_SECOND)
        followed = sounding.live_calls.get("c-1")
        assert followed is not None
        await followed.controls.leg.hang_up()
        await until(lambda: sounding.parts.listeners.count("c-1") == 0)
        await until(lambda: peer.connection.connectionState == "closed")
        answer = await browser.post(
            "/api/calls/c-1/listen", json={"sdp": await browsers.browser(None).offer()}
        )
    assert (answer.status_code, answer.json()["code"]) == (409, "not_answered")


async def test_listening_ends_with_the_session(sounding: House, browsers: Browsers) -> None:
    peer = browsers.browser(None)
    async with sounding.signed_in("supervisor") as browser:
        await listens(browser, peer)
        await until_heard(peer, HALF_SECOND)
        await asyncio.to_thread(sounding.desk_store.set_disabled, "u-supervisor", True)
        await until(lambda: sounding.parts.listeners.count("c-1") == 0)
        await until(lambda: peer.connection.connectionState == "closed")
    followed = sounding.live_calls.get("c-1")
    assert followed is not None
    assert followed.controls.leg.is_up


async def test_a_bad_offer_is_refused_and_listens_to_nothing(sounding: House) -> None:
    async with sounding.signed_in("supervisor") as browser:
        answer = await browser.post("/api/calls/c-1/listen", json={"sdp": "v=0 nonsense"})
    assert (answer.status_code, answer.json()["code"]) == (400, "input.webrtc_offer")
    assert sounding.parts.listeners.count("c-1") == 0
    followed = sounding.live_calls.get("c-1")
    assert followed is not None
    assert followed.controls.leg._taps == []  # type: ignore[attr-defined]


async def test_what_cannot_be_written_down_is_not_heard(
    sounding: House, browsers: Browsers, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_args: object) -> None:
        raise StoreError("The disk is gone.")

    async with sounding.signed_in("supervisor") as browser:
        monkeypatch.setattr(sounding.desk_store, "append_audit", fails)
        body = {"sdp": await browsers.browser(None).offer()}
        answer = await browser.post("/api/calls/c-1/listen", json=body)
    assert answer.status_code == 503
    assert sounding.parts.listeners.count("c-1") == 0
