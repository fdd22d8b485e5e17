"""A customer at a browser: a leg like any other, over real WebRTC."""

from __future__ import annotations

import asyncio

import pytest

from tests.unit.legs.browsers import (
    DEADLINE_S,
    HALF_SECOND,
    Browsers,
    endless_tone,
    level,
    loudest,
    pitch_hz,
    tone_pcm,
    until,
    until_gone,
    until_heard,
    until_sounds,
)
from voiceagent.bench.browser_peer import BrowserPeer, silence, tone
from voiceagent.domain.errors import LegError, LegNoAnswerError, LegUnreachableError
from voiceagent.legs.leg import Gone, HoldCaller, Key, Leg, SendBack, Sound
from voiceagent.legs.webrtc import WebRtcLeg
from voiceagent.legs.webrtc_media import MediaState

pytestmark = pytest.mark.unit


async def answered(browsers: Browsers, microphone: object = None) -> tuple[BrowserPeer, WebRtcLeg]:
    browser = browsers.browser(microphone or tone(440))  # type: ignore[arg-type]
    leg = WebRtcLeg(browsers.media())
    connecting = asyncio.create_task(leg.connect(DEADLINE_S))
    await browser.connect(leg._line.answer)
    await connecting
    return browser, leg


async def test_it_is_a_leg(browsers: Browsers) -> None:
    leg: Leg = WebRtcLeg(browsers.media())
    assert (leg.kind, leg.sample_rate_hz, leg.audio_ms, leg.is_up) == ("webrtc", 24_000, 0, False)
    await leg.hang_up()


async def test_both_hear_each_other_and_taps_see_both(browsers: Browsers) -> None:
    browser, leg = await answered(browsers)
    assert leg.is_up
    seen: list[tuple[bytes, bytes]] = []
    leg.add_tap(lambda inbound, outbound: seen.append((inbound, outbound)))
    leg.playout.background = endless_tone(1000)
    await until(lambda: len(seen) >= 80)
    got = await until_heard(browser, HALF_SECOND)
    assert pitch_hz(got, 48_000) == pytest.approx(1000, abs=3)
    inbound = b"".join(a for a, _ in seen[20:80])
    outbound = b"".join(b for _, b in seen[20:80])
    assert pitch_hz(inbound, 24_000) == pytest.approx(440, abs=3)
    assert pitch_hz(outbound, 24_000) == pytest.approx(1000, abs=3)
    assert level(inbound, 24_000, 1000) < 100
    await leg.hang_up()


async def test_the_playout_is_played_and_can_be_waited_for(browsers: Browsers) -> None:
    browser, leg = await answered(browsers, silence)
    async with asyncio.timeout(DEADLINE_S):
        assert await leg.playout.send(tone_pcm(800, 1.0))
        await leg.playout.drained()
    await until(lambda: loudest(browser.heard_samples[-4800:]) < 200)
    assert leg.playout.played_frames == 50
    assert pitch_hz(browser.heard_samples, 48_000) == pytest.approx(800, abs=3)
    await leg.hang_up()


async def test_sounds_come_in_order_from_the_moment_it_was_answered(browsers: Browsers) -> None:
    _, leg = await answered(browsers)
    heard = b""
    times: list[int] = []
    async with asyncio.timeout(DEADLINE_S):
        while len(times) < 100:
            item = await leg.receive()
            assert isinstance(item, Sound)
            assert len(item.pcm) == 960
            times.append(item.at_ms)
            heard += item.pcm
    assert times == list(range(0, 2000, 20))
    assert leg.audio_ms >= 2000
    assert pitch_hz(heard[960 * 20 :], 24_000) == pytest.approx(440, abs=3)
    await leg.hang_up()


async def test_keys_and_orders_of_the_page(browsers: Browsers) -> None:
    _, leg = await answered(browsers)
    for key in "1#":
        leg.press(key)
    leg.send_back("Ask for the meter reading.")
    leg.far_end_hung_up()
    heard = await until_gone(leg)
    keys = [item.key for item in heard if isinstance(item, Key)]
    orders = [item.instruction for item in heard if isinstance(item, SendBack)]
    assert (keys, orders) == (["1", "#"], ["Ask for the meter reading."])
    assert heard[-1] == Gone(leg.audio_ms)
    assert await leg.receive() == heard[-1]
    leg.press("2")
    leg.send_back("")
    assert await leg.receive() == heard[-1]
    await leg.hang_up()


async def test_the_caller_is_put_on_hold_and_fetched_back(browsers: Browsers) -> None:
    _, leg = await answered(browsers)
    leg.hold_caller(True)
    leg.hold_caller(False)
    leg.far_end_hung_up()
    leg.hold_caller(True)
    heard = await until_gone(leg)
    assert [item.on for item in heard if isinstance(item, HoldCaller)] == [True, False]
    assert isinstance(heard[-1], Gone)
    await leg.hang_up()


async def test_a_removed_tap_sees_nothing_more(browsers: Browsers) -> None:
    _, leg = await answered(browsers)
    first: list[bytes] = []
    second: list[bytes] = []

    def tap(inbound: bytes, _outbound: bytes) -> None:
        first.append(inbound)

    leg.add_tap(tap)
    leg.add_tap(lambda inbound, _outbound: second.append(inbound))
    await until(lambda: first)
    leg.remove_tap(tap)
    leg.remove_tap(tap)
    count = len(first)
    until_now = len(second)
    await until(lambda: len(second) > until_now + 10)
    assert len(first) == count
    await leg.hang_up()


async def test_a_receiver_far_behind_loses_the_oldest(browsers: Browsers) -> None:
    _, leg = await answered(browsers)
    for _ in range(400):
        leg.press("5")
    leg.press("9")
    leg.far_end_hung_up()
    heard = await until_gone(leg)
    assert len(heard) == 250
    keys = [item.key for item in heard if isinstance(item, Key)]
    assert keys[-1] == "9"
    await leg.hang_up()


# Nobody there.


async def test_a_browser_that_never_comes_is_no_answer(browsers: Browsers) -> None:
    media = browsers.media()
    await media.answer(await browsers.browser(silence).offer())
    leg = WebRtcLeg(media)
    with pytest.raises(LegNoAnswerError):
        await leg.connect(0.2)
    assert not leg.is_up
    await leg.hang_up()


async def test_a_connection_that_ended_is_unreachable(browsers: Browsers) -> None:
    media = browsers.media()
    await media.close()
    leg = WebRtcLeg(media)
    with pytest.raises(LegUnreachableError):
        await leg.connect(DEADLINE_S)
    await leg.hang_up()


@pytest.mark.parametrize("ours", [True, False])
async def test_hung_up_while_it_rings(browsers: Browsers, ours: bool) -> None:
    leg = WebRtcLeg(browsers.media())
    connecting = asyncio.create_task(leg.connect(DEADLINE_S))
    await asyncio.sleep(0)
    if ours:
        await leg.hang_up()
    else:
        leg.far_end_hung_up()
    with pytest.raises(LegUnreachableError):
        await connecting
    assert await leg.receive() == Gone(0)
    await leg.hang_up()


async def test_hung_up_before_it_rings(browsers: Browsers) -> None:
    leg = WebRtcLeg(browsers.media())
    await leg.hang_up()
    with pytest.raises(LegUnreachableError):
        await leg.connect(DEADLINE_S)


async def test_a_cancelled_ring_leaves_nothing(browsers: Browsers) -> None:
    leg = WebRtcLeg(browsers.media())
    connecting = asyncio.create_task(leg.connect(DEADLINE_S))
    await asyncio.sleep(0)
    connecting.cancel()
    await asyncio.wait({connecting})
    assert connecting.cancelled()
    await leg.hang_up()


async def test_a_leg_is_connected_once(browsers: Browsers) -> None:
    _, leg = await answered(browsers)
    with pytest.raises(LegError):
        await leg.connect(DEADLINE_S)
    assert leg.is_up
    await leg.hang_up()


# The end.


async def test_a_closed_tab_is_a_goodbye(browsers: Browsers) -> None:
    browser, leg = await answered(browsers)
    await until_sounds(leg, 10)
    await browser.close()
    heard = await until_gone(leg)
    assert heard[-1] == Gone(leg.audio_ms, lost=False)
    assert not leg.is_up
    await leg.hang_up()


async def test_a_browser_that_vanishes_is_lost(browsers: Browsers) -> None:
    browser, leg = await answered(browsers)
    await until_sounds(leg, 10)
    browser.vanish()
    heard = await until_gone(leg)
    assert heard[-1] == Gone(leg.audio_ms, lost=True)
    await leg.hang_up()


async def test_hanging_up_twice_is_harmless_and_frees_the_sender(browsers: Browsers) -> None:
    browser, leg = await answered(browsers)
    sending = asyncio.create_task(leg.playout.send(bytes(960 * 500)))
    await until(lambda: leg.playout.played_frames)
    await leg.hang_up()
    await leg.hang_up()
    assert await asyncio.wait_for(sending, DEADLINE_S) is False
    assert isinstance((await until_gone(leg))[-1], Gone)
    await until(lambda: browser.connection.connectionState == "closed")


async def test_a_connection_that_is_not_the_legs_own_stays(browsers: Browsers) -> None:
    browser, media = await browsers.connected(silence)
    leg = WebRtcLeg(media, owns_media=False)
    await leg.connect(DEADLINE_S)
    leg.playout.background = endless_tone(1000)
    await until(lambda: loudest(browser.heard_samples[-960:]) > 4000)
    await leg.hang_up()
    assert media.state is MediaState.UP
    await until(lambda: loudest(browser.heard_samples[-960:]) < 50)
    assert loudest(await until_heard(browser, HALF_SECOND)) < 50
