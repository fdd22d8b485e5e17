"""Listening in: both sides are heard, nothing is put in."""

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
    tone_pcm,
    until,
    until_heard,
    until_sounds,
)
from voiceagent.bench.browser_peer import BrowserPeer, silence, tone
from voiceagent.legs.far_end import Line, Moment, RecordedPerson
from voiceagent.legs.leg import Leg
from voiceagent.legs.listen_line import ListenLine
from voiceagent.legs.recorded import RecordedLeg, RecordedLegOptions
from voiceagent.legs.webrtc import WebRtcLeg
from voiceagent.legs.webrtc_connection import OfferError
from voiceagent.legs.webrtc_media import MediaState

pytestmark = pytest.mark.unit


async def listening(browsers: Browsers, leg: Leg) -> tuple[BrowserPeer, ListenLine]:
    listener = browsers.browser(None)
    line = ListenLine(leg, browsers.media(microphone=False))
    await listener.connect(line.open)
    await line.media.wait_up(DEADLINE_S)
    return listener, line


async def call(browsers: Browsers) -> tuple[BrowserPeer, WebRtcLeg]:
    caller, media = await browsers.connected(tone(440))
    leg = WebRtcLeg(media)
    await leg.connect(DEADLINE_S)
    leg.playout.background = endless_tone(1000)
    return caller, leg


async def test_both_sides_are_heard(browsers: Browsers) -> None:
    _, leg = await call(browsers)
    listener, line = await listening(browsers, leg)
    await until_heard(listener, HALF_SECOND)
    heard = await until_heard(listener, HALF_SECOND)
    assert level(heard, 48_000, 440) > 4000
    assert level(heard, 48_000, 1000) > 6000
    await line.close()
    await leg.hang_up()


@pytest.mark.parametrize("rate", [8000, 16_000])
async def test_a_leg_of_another_rate_is_heard_at_its_pitch(browsers: Browsers, rate: int) -> None:
    person = RecordedPerson(
        [Line(Moment.ANSWERED, 0, pcm=tone_pcm(500, 30.0, rate))], rate // 50 * 2, 10_000
    )
    leg = RecordedLeg(person, RecordedLegOptions(sample_rate_hz=rate, ring_ms=10))
    await leg.connect(DEADLINE_S)
    leg.playout.background = endless_tone(1000, rate)
    listener, line = await listening(browsers, leg)
    await until_heard(listener, HALF_SECOND)
    heard = await until_heard(listener, HALF_SECOND)
    assert level(heard, 48_000, 500) > 6000
    assert level(heard, 48_000, 1000) > 6000
    await line.close()
    await leg.hang_up()


async def test_loud_sides_are_clipped_and_do_not_wrap(browsers: Browsers) -> None:
    leg = RecordedLeg(RecordedPerson([], 320, 10_000))
    line = ListenLine(leg, browsers.media(8000, microphone=False))
    loud = (30_000).to_bytes(2, "little", signed=True) * 160
    low = (-30_000).to_bytes(2, "little", signed=True) * 160
    line._tap(loud, loud)
    line._tap(low, low)
    assert line._mix.next_frame() == (32_767).to_bytes(2, "little", signed=True) * 160
    assert line._mix.next_frame() == (-32_768).to_bytes(2, "little", signed=True) * 160
    await line.close()


async def test_a_listener_puts_nothing_into_the_call(browsers: Browsers) -> None:
    caller, media = await browsers.connected(silence)
    leg = WebRtcLeg(media)
    await leg.connect(DEADLINE_S)
    # One that offers a microphone and talks all the time.
    talker = browsers.browser(tone(700))
    line = ListenLine(leg, browsers.media(microphone=False))
    await talker.connect(line.open)
    await line.media.wait_up(DEADLINE_S)
    assert loudest(await until_heard(caller, 2 * HALF_SECOND)) < 50
    assert loudest(await until_sounds(leg, 50)) < 50
    assert leg.playout.background is None
    assert leg.playout.queued_frames == 0
    await line.close()
    await leg.hang_up()


async def test_two_listeners_on_one_leg(browsers: Browsers) -> None:
    _, leg = await call(browsers)
    first, one = await listening(browsers, leg)
    second, other = await listening(browsers, leg)
    await until_heard(first, HALF_SECOND)
    await one.close()
    await until_heard(second, HALF_SECOND)
    heard = await until_heard(second, HALF_SECOND)
    assert level(heard, 48_000, 1000) > 6000
    assert not one.is_open
    assert other.is_open
    await other.close()
    await leg.hang_up()


async def test_it_ends_when_the_leg_ends(browsers: Browsers) -> None:
    _, leg = await call(browsers)
    listener, line = await listening(browsers, leg)
    await until_heard(listener, HALF_SECOND)
    await leg.hang_up()
    async with asyncio.timeout(DEADLINE_S):
        await line.wait_over()
    assert not line.is_open
    assert line.media.state is MediaState.CLOSED
    await until(lambda: listener.connection.connectionState == "closed")
    await line.close()


async def test_it_ends_when_the_listener_leaves_and_the_call_goes_on(browsers: Browsers) -> None:
    caller, leg = await call(browsers)
    listener, line = await listening(browsers, leg)
    await listener.close()
    async with asyncio.timeout(DEADLINE_S):
        await line.wait_over()
    assert leg._taps == []
    assert leg.is_up
    assert level(await until_heard(caller, HALF_SECOND), 48_000, 1000) > 6000
    await leg.hang_up()


async def test_closing_takes_the_tap_away_and_is_harmless_when_repeated(
    browsers: Browsers,
) -> None:
    _, leg = await call(browsers)
    _, line = await listening(browsers, leg)
    assert len(leg._taps) == 1
    await line.close()
    await line.close()
    assert leg._taps == []
    assert leg.is_up
    await leg.hang_up()


async def test_closed_before_it_was_opened(browsers: Browsers) -> None:
    _, leg = await call(browsers)
    line = ListenLine(leg, browsers.media(microphone=False))
    await line.close()
    with pytest.raises(OfferError):
        await line.open(await browsers.browser(None).offer())
    assert leg._taps == []
    await leg.hang_up()


async def test_a_bad_offer_leaves_no_tap(browsers: Browsers) -> None:
    _, leg = await call(browsers)
    line = ListenLine(leg, browsers.media(microphone=False))
    with pytest.raises(OfferError):
        await line.open("nonsense")
    assert leg._taps == []
    assert not line.is_open
    await leg.hang_up()


async def test_what_a_listener_does_not_take_is_bounded(browsers: Browsers) -> None:
    _, leg = await call(browsers)
    line = ListenLine(leg, browsers.media(microphone=False))
    # The offer is answered, and the browser never comes.
    await line.open(await browsers.browser(None).offer())
    await until(lambda: line._mix.dropped_frames > 20)
    assert line._mix.queued_frames <= 6
    await line.close()
    await leg.hang_up()
