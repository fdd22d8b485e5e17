"""A caller and a human at a browser, with real connections: they hear each other, and music."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import aioice.ice
import pytest

from tests.unit.desk.office import Office, open_office, until
from tests.unit.legs.browsers import (
    HALF_SECOND,
    Browsers,
    level,
    loudest,
    pitch_hz,
    tone_pcm,
    until_heard,
)
from voiceagent.bench.browser_peer import BrowserPeer, silence, tone
from voiceagent.desk.customer_calls import CustomerCall, CustomerCalls, CustomerOptions
from voiceagent.desk.desk_routes import desk_router
from voiceagent.handoff.coordinator import HandoffOutcome
from voiceagent.legs.leg import Gone, Key
from voiceagent.legs.webrtc import WebRtcLeg

pytestmark = pytest.mark.unit


@pytest.fixture
async def browsers(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Browsers]:
    monkeypatch.setattr(aioice.ice, "get_host_addresses", lambda **_: ["127.0.0.1"])
    opened = Browsers()
    yield opened
    await opened.close()


@pytest.fixture
async def office(tmp_path: Path, browsers: Browsers) -> AsyncIterator[Office]:
    async with open_office(tmp_path, make_media=browsers.media) as opened:
        opened.desk.app.include_router(desk_router(opened.seats))
        yield opened


async def caller(browsers: Browsers) -> tuple[BrowserPeer, WebRtcLeg]:
    """A customer whose microphone picks up 440 Hz."""
    browser = browsers.browser(tone(440))
    leg = WebRtcLeg(browsers.media())
    connecting = asyncio.create_task(leg.connect(20))
    await browser.connect(leg._line.answer)
    await connecting
    return browser, leg


def hears(browser: BrowserPeer, pitch_hz: float) -> bool:
    """Whether a browser has heard a tone of this pitch for the last half second."""
    latest = browser.heard_samples[-HALF_SECOND:]
    return latest.size == HALF_SECOND and level(latest, 48_000, pitch_hz) > 4000


def hears_nothing(browser: BrowserPeer) -> bool:
    latest = browser.heard_samples[-HALF_SECOND:]
    return latest.size == HALF_SECOND and loudest(latest) < 50


async def test_from_the_line_to_the_wrap_up_over_http(office: Office, browsers: Browsers) -> None:
    office.desk.add_user("dana")
    web = office.desk.browser()
    await web.sign_in("dana")
    human = browsers.browser(tone(1000))

    async def answer(sdp: str) -> str:
        response = await web.post("/api/desk/media", json={"sdp": sdp, "type": "offer"})
        return str(response.json()["sdp"])

    await web.put("/api/desk/availability", json={"availability": "available"})
    await human.connect(answer)
    seat = office.seats.seat_of(office.principal("dana"))
    await until(lambda: seat.line.is_up)

    customer, leg = await caller(browsers)
    call = office.call()
    call.caller = leg
    call.hand_over()
    await until(lambda: seat.life == "offered")
    assert loudest(await until_heard(human, HALF_SECOND)) < 50
    offer = (await web.get("/api/desk")).json()["offer"]
    await web.post(f"/api/desk/offers/{offer['id']}/accept")
    await until(lambda: seat.life == "bridged")
    await until(lambda: hears(human, 440))
    await until(lambda: hears(customer, 1000))
    assert pitch_hz(await until_heard(human, HALF_SECOND), 48_000) == pytest.approx(440, abs=3)

    held = await web.post("/api/desk/calls/c1/hold", json={"on": True})
    assert held.json()["call"]["stage"] == "on_hold"
    # Music for the caller, nothing for the human.
    await until(lambda: hears_nothing(human))
    music = await until_heard(customer, 4 * HALF_SECOND)
    assert loudest(music) > 200
    assert level(music, 48_000, 1000) < 400

    await web.post("/api/desk/calls/c1/hold", json={"on": False})
    await until(lambda: hears(human, 440))
    ended = await web.post("/api/desk/calls/c1/end", json={})
    assert ended.json()["wrap_up"]["call_id"] == "c1"
    assert await call.over() is HandoffOutcome.BRIDGED
    # The line stays open, and silent.
    await until(lambda: hears_nothing(human))
    assert seat.line.is_up
    await leg.hang_up()


async def test_a_browser_that_vanishes_while_they_talk(office: Office, browsers: Browsers) -> None:
    dana = office.seats.deeds_of(office.principal("dana"))
    human = browsers.browser(silence)
    await human.connect(dana.seat.line.open)
    await until(lambda: dana.seat.line.is_up)
    call = office.call()
    call.hand_over(only="u-dana")
    await until(lambda: dana.seat.life == "offered")
    offer = dana.seat.state().offer
    assert offer is not None
    await dana.accept(offer.id)
    await until(lambda: dana.seat.life == "bridged")
    human.vanish()
    await until(lambda: dana.seat.life == "wrap_up")
    wrap_up = dana.seat.state().wrap_up
    assert wrap_up is not None
    assert wrap_up.call_id == "c1"
    await call.over()


async def test_a_customer_is_called_back_in_the_browser(browsers: Browsers) -> None:
    heard: list[object] = []

    async def place(call: CustomerCall) -> None:
        call.started("call-1")
        await call.leg.connect(20)
        call.leg.playout.background = lambda: frame
        while not isinstance(item := await call.leg.receive(), Gone):
            if isinstance(item, Key):
                heard.append(item.key)
        heard.append(item.lost)

    frame = tone_pcm(1000, 0.02)
    calls = CustomerCalls(place, browsers.media, str, CustomerOptions())
    customer = browsers.browser(silence)

    async def answer(sdp: str) -> str:
        _, told = await calls.call("C-1002", sdp)
        return told

    await customer.connect(answer)
    call = calls.get("call-1")
    assert call is not None
    await until(lambda: call.leg.is_up)
    await until(lambda: hears(customer, 1000))
    call.leg.press("0")
    call.leg.far_end_hung_up()
    await until(lambda: call.is_over)
    assert heard == ["0", False]
    await until(lambda: customer.connection.connectionState == "closed")
    await calls.close()
