"""One connection with a browser: sound both ways, loss, goodbye, and nothing left behind."""

from __future__ import annotations

import asyncio

import pytest
from aiortc import RTCConfiguration, RTCPeerConnection
from av import AudioFrame

from tests.unit.legs.browsers import (
    DEADLINE_S,
    HALF_SECOND,
    Browsers,
    endless_tone,
    level,
    loudest,
    pitch_hz,
    until,
    until_heard,
)
from voiceagent.bench.browser_peer import silence, tone
from voiceagent.domain.errors import InputError, LegLostError, LegUnreachableError
from voiceagent.legs.webrtc_connection import IceServer, OfferError
from voiceagent.legs.webrtc_media import MediaPeer, MediaState

pytestmark = pytest.mark.unit


class Ear:
    """A source that sends silence and keeps what the microphone heard."""

    def __init__(self, media: MediaPeer) -> None:
        self.frames: list[bytes | None] = []
        self._media = media
        self._silence = bytes(media.sample_rate_hz // 50 * 2)
        media.source = self

    def __call__(self) -> bytes:
        self.frames.append(self._media.next_frame())
        return self._silence

    async def next(self, frames: int) -> bytes:
        start = len(self.frames)
        await until(lambda: len(self.frames) >= start + frames)
        return b"".join(f or b"" for f in self.frames[start : start + frames])


# Sound.


@pytest.mark.parametrize("rate", [8000, 24_000, 48_000])
async def test_sound_goes_both_ways(browsers: Browsers, rate: int) -> None:
    browser, media = browsers.browser(tone(440)), browsers.media(rate)
    await browser.connect(media.answer)
    await media.wait_up(DEADLINE_S)
    ear = Ear(media)
    await ear.next(10)
    heard = await ear.next(50)
    assert pitch_hz(heard, rate) == pytest.approx(440, abs=3)
    media.source = endless_tone(1000, rate)
    await until_heard(browser, HALF_SECOND)
    got = await until_heard(browser, HALF_SECOND)
    assert pitch_hz(got, 48_000) == pytest.approx(1000, abs=3)
    assert level(got, 48_000, 1000) == pytest.approx(8000, rel=0.2)


async def test_without_a_source_silence_is_sent_and_nothing_piles_up(browsers: Browsers) -> None:
    browser, media = await browsers.connected(tone(440))
    assert loudest(await until_heard(browser, HALF_SECOND)) < 20
    assert media._arrivals.buffer.queued_frames <= 6
    ear = Ear(media)
    assert pitch_hz(await ear.next(50), 24_000) == pytest.approx(440, abs=3)


async def test_what_was_heard_before_can_be_forgotten(browsers: Browsers) -> None:
    loud = tone(440)
    quiet_from = 100
    _, media = await browsers.connected(lambda n: loud(n) if n < quiet_from else silence(n))
    await until(lambda: media._arrivals.buffer.queued_frames >= 1)
    media.forget_heard()
    assert media.next_frame() is None


async def test_a_source_that_breaks_does_not_end_the_line(browsers: Browsers) -> None:
    browser, media = await browsers.connected(silence)
    calls = 0

    def broken() -> bytes:
        nonlocal calls
        calls += 1
        raise RuntimeError

    media.source = broken
    await until(lambda: calls > 5)
    media.source = endless_tone(500)
    await until_heard(browser, HALF_SECOND)
    assert pitch_hz(await until_heard(browser, HALF_SECOND), 48_000) == pytest.approx(500, abs=3)


async def test_a_lost_packet_costs_its_own_sound_and_no_delay(
    browsers: Browsers, monkeypatch: pytest.MonkeyPatch
) -> None:
    # aiortc's own jitter buffer would be 300 ms behind from here on.
    browser, media = await browsers.connected(tone(440))
    assert media._connection is not None
    transport = media._connection.getTransceivers()[0].receiver.transport
    real = transport._handle_rtp_data
    lose = 0

    async def lossy(data: bytes, arrival_time_ms: int) -> None:
        nonlocal lose
        if lose:
            lose -= 1
            return
        await real(data, arrival_time_ms)

    monkeypatch.setattr(transport, "_handle_rtp_data", lossy)
    came = 0
    push = media._arrivals.push

    def counted(frame: AudioFrame) -> None:
        nonlocal came
        came += 1
        push(frame)

    monkeypatch.setattr(media._arrivals, "push", counted)
    ear = Ear(media)
    await until(lambda: came >= 20)
    lose = 1
    await until(lambda: lose == 0)
    came, said = 0, len(browser.said_at)
    await until(lambda: len(browser.said_at) >= said + 100)
    # All said meanwhile but for the few on their way.
    assert came >= 92
    assert pitch_hz(await ear.next(50), 24_000) == pytest.approx(440, abs=3)


async def test_a_late_clock_catches_up_a_little_and_skips_the_rest(browsers: Browsers) -> None:
    _, media = await browsers.connected(silence)
    ticks = 0

    def source() -> bytes:
        nonlocal ticks
        ticks += 1
        return bytes(960)

    media.source = source
    await until(lambda: ticks > 5)
    skipped = media.skipped_frames
    loop = asyncio.get_running_loop()
    stalled_until = loop.time() + 1.0
    while loop.time() < stalled_until:
        pass
    await until(lambda: media.skipped_frames > skipped)
    # Of the fifty frames of that second, no more than a few are made up for.
    assert media.skipped_frames - skipped >= 40
    ticked = ticks
    await until(lambda: ticks > ticked + 25)
    assert media.is_up


# Offers.


@pytest.mark.parametrize("sdp", ["", "nonsense", "v=0\r\no=- 0 0 IN IP4 0.0.0.0\r\ns=-\r\n"])
async def test_what_is_no_offer_is_refused(browsers: Browsers, sdp: str) -> None:
    media = browsers.media()
    with pytest.raises(OfferError) as caught:
        await media.answer(sdp)
    assert isinstance(caught.value, InputError)
    assert caught.value.code == "input.webrtc_offer"
    assert media.state is MediaState.CLOSED


async def test_an_endless_offer_is_refused(browsers: Browsers) -> None:
    with pytest.raises(OfferError):
        await browsers.media().answer("v=0\r\n" * 100_000)


async def test_an_offer_without_a_microphone_is_refused(browsers: Browsers) -> None:
    listener = browsers.browser(None)
    with pytest.raises(OfferError, match="sends no sound"):
        await browsers.media().answer(await listener.offer())


async def test_an_offer_of_pictures_only_is_refused(browsers: Browsers) -> None:
    offering = RTCPeerConnection(RTCConfiguration(iceServers=[]))
    offering.addTransceiver("video")
    await offering.setLocalDescription(await offering.createOffer())
    try:
        with pytest.raises(OfferError):
            await browsers.media().answer(offering.localDescription.sdp)
    finally:
        await offering.close()


async def test_an_offer_without_opus_is_refused(browsers: Browsers) -> None:
    sdp = await browsers.browser(silence).offer()
    with pytest.raises(OfferError):
        await browsers.media().answer(sdp.replace("opus/48000/2", "other/48000/2"))


async def test_pictures_beside_the_sound_are_not_taken(browsers: Browsers) -> None:
    browser, media = browsers.browser(tone(440)), browsers.media()
    browser.connection.addTransceiver("video")
    await browser.connect(media.answer)
    await media.wait_up(DEADLINE_S)
    video = browser.connection.getTransceivers()[1]
    assert video.currentDirection == "inactive"
    await Ear(media).next(10)


async def test_a_connection_answers_one_offer(browsers: Browsers) -> None:
    _, media = await browsers.connected(silence)
    with pytest.raises(OfferError):
        await media.answer(await browsers.browser(silence).offer())
    assert media.is_up


def test_a_rate_opus_does_not_take_is_refused() -> None:
    with pytest.raises(ValueError, match="44100"):
        MediaPeer((), 44_100)


# Coming up, loss, goodbye.


async def test_states_in_order_and_each_told(browsers: Browsers) -> None:
    browser, media = browsers.browser(silence), browsers.media()
    states = [media.state]
    media.on_change = lambda: states.append(media.state)
    await browser.connect(media.answer)
    await media.wait_up(DEADLINE_S)
    await media.close()
    await media.close()
    assert states == [
        MediaState.NEW,
        MediaState.CONNECTING,
        MediaState.UP,
        MediaState.CLOSED,
    ]


async def test_an_observer_that_breaks_harms_nobody(browsers: Browsers) -> None:
    browser, media = browsers.browser(silence), browsers.media()

    def broken() -> None:
        raise RuntimeError

    media.on_change = broken
    await browser.connect(media.answer)
    await media.wait_up(DEADLINE_S)
    await media.close()
    assert media.state is MediaState.CLOSED


async def test_a_browser_that_never_comes_is_waited_for_so_long(browsers: Browsers) -> None:
    media = browsers.media()
    await media.answer(await browsers.browser(silence).offer())
    with pytest.raises(TimeoutError):
        await media.wait_up(0.2)
    assert media.state is MediaState.CONNECTING


async def test_waiting_for_a_closed_connection_ends(browsers: Browsers) -> None:
    media = browsers.media()
    await media.answer(await browsers.browser(silence).offer())
    waiting = asyncio.create_task(media.wait_up(DEADLINE_S))
    await asyncio.sleep(0)
    await media.close()
    with pytest.raises(LegUnreachableError):
        await waiting


async def test_a_browser_that_vanishes_is_lost(browsers: Browsers) -> None:
    browser, media = await browsers.connected(tone(440))
    browser.vanish()
    async with asyncio.timeout(DEADLINE_S):
        assert await media.wait_over() is MediaState.LOST
    with pytest.raises(LegLostError):
        await media.wait_up(1)


async def test_a_muted_microphone_is_not_a_lost_one(browsers: Browsers) -> None:
    browser, media = await browsers.connected(silence)
    # Twice as long as nothing may come.
    said = len(browser.said_at)
    await until(lambda: len(browser.said_at) >= said + 100)
    assert media.is_up


async def test_a_closed_tab_is_a_goodbye(browsers: Browsers) -> None:
    browser, media = await browsers.connected(silence)
    await browser.close()
    async with asyncio.timeout(DEADLINE_S):
        assert await media.wait_over() is MediaState.CLOSED


async def test_a_closed_data_channel_is_a_goodbye(browsers: Browsers) -> None:
    browser, media = browsers.browser(silence), browsers.media()
    channel = browser.connection.createDataChannel("line")
    await browser.connect(media.answer)
    await media.wait_up(DEADLINE_S)
    await until(lambda: channel.readyState == "open")
    channel.close()
    async with asyncio.timeout(DEADLINE_S):
        assert await media.wait_over() is MediaState.CLOSED


async def test_our_close_reaches_the_browser(browsers: Browsers) -> None:
    browser, media = await browsers.connected(silence)
    await media.close()
    await until(lambda: browser.connection.connectionState == "closed")


async def test_closing_a_connection_that_was_never_opened(browsers: Browsers) -> None:
    media = browsers.media()
    await media.close()
    with pytest.raises(OfferError):
        await media.answer(await browsers.browser(silence).offer())


async def test_closing_while_it_connects(browsers: Browsers) -> None:
    browser, media = browsers.browser(silence), browsers.media()
    connecting = asyncio.create_task(browser.connect(media.answer))
    await until(lambda: media.state is MediaState.CONNECTING)
    await media.close()
    assert media.state is MediaState.CLOSED
    connecting.cancel()
    await asyncio.wait({connecting})


async def test_being_torn_down_in_the_middle_of_closing_still_closes(browsers: Browsers) -> None:
    browser, media = await browsers.connected(silence)
    closing = asyncio.create_task(media.close())
    await asyncio.sleep(0)
    closing.cancel()
    await asyncio.wait({closing})
    await until(lambda: browser.connection.connectionState == "closed")


# A listener.


async def test_a_listener_hears_and_is_up_without_sending(browsers: Browsers) -> None:
    listener, media = browsers.browser(None), browsers.media(microphone=False)
    await listener.connect(media.answer)
    await media.wait_up(DEADLINE_S)
    media.source = endless_tone(1000)
    await until_heard(listener, HALF_SECOND)
    assert pitch_hz(await until_heard(listener, HALF_SECOND), 48_000) == pytest.approx(1000, abs=3)
    # Longer than a microphone may be silent: receiver reports keep it up.
    await until_heard(listener, 2 * 48_000)
    assert media.is_up
    assert media._packets_seen > 0


async def test_a_listener_who_closes_the_tab_is_gone(browsers: Browsers) -> None:
    listener, media = browsers.browser(None), browsers.media(microphone=False)
    await listener.connect(media.answer)
    await media.wait_up(DEADLINE_S)
    await listener.close()
    async with asyncio.timeout(DEADLINE_S):
        assert await media.wait_over() is MediaState.CLOSED


async def test_a_listener_whose_packets_stop_is_lost(
    browsers: Browsers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("voiceagent.legs.webrtc_media._REPORTS_LOST_AFTER_S", 3.0)
    listener, media = browsers.browser(None), browsers.media(microphone=False)
    await listener.connect(media.answer)
    await media.wait_up(DEADLINE_S)
    listener.vanish()
    async with asyncio.timeout(DEADLINE_S):
        assert await media.wait_over() is MediaState.LOST


async def test_a_listener_sends_nothing_even_if_it_offers_to(browsers: Browsers) -> None:
    browser, media = browsers.browser(tone(440)), browsers.media(microphone=False)
    await browser.connect(media.answer)
    await media.wait_up(DEADLINE_S)
    ear = Ear(media)
    assert await ear.next(25) == b""


# Settings.


@pytest.mark.parametrize("url", ["http://example.org", "stun:", "turn:host:port"])
def test_what_is_no_ice_server_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="uri"):
        IceServer((url,))


async def test_a_stun_server_that_does_not_answer_only_delays(browsers: Browsers) -> None:
    # Port 9 discards; gathering gives up on it, and the candidates of the host are enough.
    server = IceServer(("stun:127.0.0.1:9",))
    browser, media = browsers.browser(silence), MediaPeer((server,))
    try:
        await browser.connect(media.answer)
        await media.wait_up(DEADLINE_S)
    finally:
        await media.close()


async def test_no_public_server_is_asked_unless_told_to(browsers: Browsers) -> None:
    media = browsers.media()
    answer = await media.answer(await browsers.browser(silence).offer())
    assert {line.split()[7] for line in answer.splitlines() if "a=candidate" in line} == {"host"}


async def test_a_source_of_another_length_is_not_sent(browsers: Browsers) -> None:
    browser, media = await browsers.connected(silence)
    calls = 0

    def short() -> bytes:
        nonlocal calls
        calls += 1
        return b"\x00\x40" * 7

    media.source = short
    await until(lambda: calls > 25)
    assert loudest(await until_heard(browser, HALF_SECOND)) < 50
    assert media.is_up
