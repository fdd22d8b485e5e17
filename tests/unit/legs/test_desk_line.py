"""A human's standing line: rung, accepted, declined, lost; and never heard before they accept."""

from __future__ import annotations

import asyncio

import pytest

from tests.unit.legs.browsers import (
    DEADLINE_S,
    HALF_SECOND,
    Browsers,
    endless_tone,
    loudest,
    pitch_hz,
    until,
    until_gone,
    until_heard,
    until_sounds,
)
from voiceagent.bench.browser_peer import BrowserPeer, Microphone, silence, tone
from voiceagent.domain.errors import (
    LegBusyError,
    LegDeclinedError,
    LegError,
    LegLostError,
    LegNoAnswerError,
    LegUnreachableError,
)
from voiceagent.legs.desk_line import DeskLeg, DeskLine, RingState
from voiceagent.legs.leg import Gone, Leg, SendBack, Sound
from voiceagent.legs.webrtc_connection import OfferError
from voiceagent.legs.webrtc_media import MediaPeer, MediaState

pytestmark = pytest.mark.unit


class Desk:
    """One human's line, and what its observer saw."""

    def __init__(self, browsers: Browsers) -> None:
        self._browsers = browsers
        self.line = DeskLine(browsers.media, self._changed, reopen_s=2.0)
        self.seen: list[tuple[bool, RingState | None]] = []

    def _changed(self) -> None:
        now = (self.line.is_up, self.line.leg.state if self.line.leg else None)
        if not self.seen or self.seen[-1] != now:
            self.seen.append(now)

    async def open(self, microphone: Microphone) -> BrowserPeer:
        browser = self._browsers.browser(microphone)
        await browser.connect(self.line.open)
        await until(lambda: self.line.is_up)
        return browser

    async def ringing(self, call_id: str = "c1") -> tuple[DeskLeg, asyncio.Task[None]]:
        leg = self.line.ring(call_id)
        connecting = asyncio.create_task(leg.connect(DEADLINE_S))
        await until(lambda: leg.state is RingState.RINGING)
        return leg, connecting

    async def talking(self) -> DeskLeg:
        leg, connecting = await self.ringing()
        assert leg.accept()
        await connecting
        return leg


@pytest.fixture
def desk(browsers: Browsers) -> Desk:
    return Desk(browsers)


# Accepting.


async def test_accepted_sound_goes_both_ways(desk: Desk) -> None:
    browser = await desk.open(tone(440))
    leg = await desk.talking()
    line: Leg = leg
    assert (line.kind, line.is_up, leg.call_id, leg.offer_kind) == ("webrtc", True, "c1", "handoff")
    leg.playout.background = endless_tone(1000)
    heard = await until_sounds(leg, 60)
    assert pitch_hz(heard[960 * 10 :], 24_000) == pytest.approx(440, abs=3)
    await until_heard(browser, HALF_SECOND)
    assert pitch_hz(await until_heard(browser, HALF_SECOND), 48_000) == pytest.approx(1000, abs=3)
    await leg.hang_up()


async def test_the_observer_sees_every_step(desk: Desk) -> None:
    await desk.open(silence)
    leg = await desk.talking()
    await leg.hang_up()
    await desk.line.close()
    assert desk.seen == [
        (False, None),
        (True, None),
        (True, RingState.RINGING),
        (True, RingState.ACCEPTED),
        (True, None),
        (False, None),
    ]


async def test_nothing_is_heard_before_they_accept(desk: Desk) -> None:
    # The human's room is loud until they accept, and still then.
    loud_until = 10**9
    loud = tone(440)
    browser = await desk.open(lambda n: loud(n) if n < loud_until else silence(n))
    leg, connecting = await desk.ringing()
    tapped: list[bytes] = []
    leg.add_tap(lambda inbound, _outbound: tapped.append(inbound))
    leg.playout.background = endless_tone(1000)
    receiving = asyncio.create_task(leg.receive())
    heard_by_human = await until_heard(browser, 2 * HALF_SECOND)
    assert loudest(heard_by_human) < 50
    assert (tapped, receiving.done(), leg.audio_ms) == ([], False, 0)
    loud_until = len(browser.said_at)
    # What was said before is out of the codec and off the line.
    await until(lambda: len(browser.said_at) > loud_until + 20)
    leg.accept()
    await connecting
    await until(lambda: len(tapped) >= 50)
    assert loudest(b"".join(tapped)) < 50
    first = await receiving
    assert isinstance(first, Sound)
    assert first.at_ms == 0
    await leg.hang_up()


async def test_what_was_said_just_before_is_not_in_the_first_frame(desk: Desk) -> None:
    await desk.open(tone(440))
    media = desk.line.media
    assert media is not None
    leg, connecting = await desk.ringing()
    await until(lambda: media._arrivals.buffer.queued_frames >= 1)
    leg.accept()
    await connecting
    assert media._arrivals.buffer.queued_frames == 0
    await leg.hang_up()


async def test_two_rings_one_after_the_other_on_one_connection(desk: Desk) -> None:
    browser = await desk.open(tone(440))
    media = desk.line.media
    for pitch in (1000, 600):
        leg = await desk.talking()
        leg.playout.background = endless_tone(pitch)
        heard = await until_sounds(leg, 60)
        assert pitch_hz(heard[960 * 10 :], 24_000) == pytest.approx(440, abs=3)
        await until_heard(browser, HALF_SECOND)
        got = await until_heard(browser, HALF_SECOND)
        assert pitch_hz(got, 48_000) == pytest.approx(pitch, abs=3)
        await leg.hang_up()
        assert leg.state is RingState.OVER
        await until(lambda: loudest(browser.heard_samples[-960:]) < 50)
        assert loudest(await until_heard(browser, HALF_SECOND)) < 50
    assert desk.line.media is media
    assert desk.line.is_up


async def test_the_human_sends_the_caller_back(desk: Desk) -> None:
    await desk.open(silence)
    leg = await desk.talking()
    leg.send_back("Read the meter.")
    async with asyncio.timeout(DEADLINE_S):
        while not isinstance(item := await leg.receive(), SendBack):
            pass
    assert item.instruction == "Read the meter."
    await leg.hang_up()


async def test_the_human_hangs_up(desk: Desk) -> None:
    await desk.open(silence)
    leg = await desk.talking()
    leg.far_end_hung_up()
    assert (await until_gone(leg))[-1] == Gone(leg.audio_ms, lost=False)
    assert desk.line.leg is None
    assert desk.line.is_up
    await leg.hang_up()


# Not accepting.


async def test_declined(desk: Desk) -> None:
    await desk.open(silence)
    leg, connecting = await desk.ringing()
    assert leg.decline()
    assert not leg.accept()
    with pytest.raises(LegDeclinedError):
        await connecting
    assert desk.line.leg is None
    assert desk.line.is_up


async def test_nobody_answers(desk: Desk) -> None:
    await desk.open(silence)
    leg = desk.line.ring("c1")
    with pytest.raises(LegNoAnswerError):
        await leg.connect(0.1)
    assert not leg.accept()
    assert not leg.decline()
    assert desk.line.leg is None


async def test_withdrawn_while_it_rings(desk: Desk) -> None:
    await desk.open(silence)
    leg, connecting = await desk.ringing()
    await leg.hang_up()
    await leg.hang_up()
    with pytest.raises(LegNoAnswerError):
        await connecting
    assert not leg.accept()
    assert desk.line.leg is None
    again = await desk.talking()
    assert again.is_up
    await again.hang_up()


async def test_withdrawn_before_it_rings(desk: Desk) -> None:
    await desk.open(silence)
    leg = desk.line.ring("c1")
    await leg.hang_up()
    with pytest.raises(LegError):
        await leg.connect(DEADLINE_S)
    assert desk.line.leg is None


async def test_a_cancelled_ring_frees_the_line(desk: Desk) -> None:
    await desk.open(silence)
    leg, connecting = await desk.ringing()
    connecting.cancel()
    await asyncio.wait({connecting})
    assert connecting.cancelled()
    assert (desk.line.leg, leg.state) == (None, RingState.OVER)


async def test_two_at_once_are_refused(desk: Desk) -> None:
    await desk.open(silence)
    early = desk.line.ring("c0")
    leg, connecting = await desk.ringing()
    with pytest.raises(LegBusyError):
        desk.line.ring("c2")
    with pytest.raises(LegBusyError):
        await early.connect(DEADLINE_S)
    await early.hang_up()
    leg.accept()
    await connecting
    with pytest.raises(LegBusyError):
        desk.line.ring("c3")
    assert leg.is_up
    await leg.hang_up()
    assert desk.line.ring("c4").state is RingState.NEW


async def test_a_leg_rings_once(desk: Desk) -> None:
    await desk.open(silence)
    leg = await desk.talking()
    with pytest.raises(LegError):
        await leg.connect(DEADLINE_S)
    assert leg.is_up
    await leg.hang_up()


# The connection comes and goes.


async def test_a_line_that_was_never_opened_is_unreachable(desk: Desk) -> None:
    with pytest.raises(LegUnreachableError):
        await desk.line.ring("c1").connect(DEADLINE_S)
    assert desk.line.leg is None


async def test_a_line_that_was_lost_before_is_unreachable(desk: Desk) -> None:
    browser = await desk.open(silence)
    await browser.close()
    await until(lambda: not desk.line.is_up)
    with pytest.raises(LegUnreachableError):
        await desk.line.ring("c1").connect(DEADLINE_S)


async def test_a_line_lost_while_it_rings(desk: Desk) -> None:
    browser = await desk.open(silence)
    _, connecting = await desk.ringing()
    browser.vanish()
    with pytest.raises(LegLostError):
        await connecting
    assert desk.line.leg is None


async def test_a_page_loaded_anew_while_it_rings(desk: Desk) -> None:
    browser = await desk.open(silence)
    leg, connecting = await desk.ringing()
    await browser.close()
    await until(lambda: not desk.line.is_up)
    await desk.open(tone(440))
    leg.accept()
    await connecting
    heard = await until_sounds(leg, 60)
    assert pitch_hz(heard[960 * 10 :], 24_000) == pytest.approx(440, abs=3)
    await leg.hang_up()


async def test_accepted_while_the_page_is_loaded_anew(desk: Desk) -> None:
    browser = await desk.open(silence)
    leg, connecting = await desk.ringing()
    await browser.close()
    await until(lambda: not desk.line.is_up)
    assert leg.accept()
    await desk.open(silence)
    await connecting
    assert leg.is_up
    await leg.hang_up()


async def test_a_vanished_human_is_lost_while_they_talk(desk: Desk) -> None:
    browser = await desk.open(silence)
    leg = await desk.talking()
    browser.vanish()
    assert (await until_gone(leg))[-1] == Gone(leg.audio_ms, lost=True)
    assert (desk.line.leg, desk.line.is_up) == (None, False)
    await leg.hang_up()


async def test_a_tab_closed_while_they_talk_is_a_loss(desk: Desk) -> None:
    browser = await desk.open(silence)
    leg = await desk.talking()
    await browser.close()
    assert (await until_gone(leg))[-1] == Gone(leg.audio_ms, lost=True)
    await leg.hang_up()


async def test_a_new_offer_replaces_the_connection_and_ends_the_call_on_the_old(
    desk: Desk,
) -> None:
    old_browser = await desk.open(silence)
    leg = await desk.talking()
    old = desk.line.media
    await desk.open(silence)
    assert (await until_gone(leg))[-1] == Gone(leg.audio_ms, lost=True)
    assert old is not None
    assert old.state is MediaState.CLOSED
    assert desk.line.media is not old
    await until(lambda: old_browser.connection.connectionState == "closed")
    again = await desk.talking()
    assert again.is_up
    await leg.hang_up()
    # The end of the first does not take the line from the second.
    assert desk.line.leg is again
    await again.hang_up()


async def test_a_bad_offer_leaves_the_connection_there_was(desk: Desk) -> None:
    await desk.open(silence)
    media = desk.line.media
    with pytest.raises(OfferError):
        await desk.line.open("nonsense")
    assert desk.line.media is media
    assert desk.line.is_up


async def test_a_closed_line_can_be_opened_again(desk: Desk) -> None:
    await desk.line.close()
    await desk.open(silence)
    await desk.line.close()
    await desk.line.close()
    assert not desk.line.is_up
    await desk.open(silence)
    leg = await desk.talking()
    assert leg.is_up
    await leg.hang_up()


async def test_an_observer_that_breaks_harms_nobody(browsers: Browsers) -> None:
    def broken() -> None:
        raise RuntimeError

    line = DeskLine(browsers.media, broken)
    browser = browsers.browser(silence)
    await browser.connect(line.open)
    await until(lambda: line.is_up)
    leg = line.ring("c1")
    connecting = asyncio.create_task(leg.connect(DEADLINE_S))
    await until(lambda: leg.state is RingState.RINGING)
    leg.accept()
    await connecting
    assert leg.is_up
    await leg.hang_up()


async def test_a_connection_at_another_rate_is_a_mistake(browsers: Browsers) -> None:
    def media() -> MediaPeer:
        return browsers.media(8000)

    with pytest.raises(ValueError, match="rates"):
        await DeskLine(media, lambda: None).open(await browsers.browser(silence).offer())
