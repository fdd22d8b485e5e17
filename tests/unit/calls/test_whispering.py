"""The spoken briefing is heard to its end, or made shorter, never cut off."""

from __future__ import annotations

import pytest

from voiceagent.calls.whispering import LONGEST_S, whisper
from voiceagent.domain.packet import Claim, Packet
from voiceagent.legs.far_end import RecordedPerson
from voiceagent.legs.recorded import RecordedLeg

pytestmark = pytest.mark.unit

PACKET = Packet(
    1,
    "c-1",
    customer_name="Dana Whitfield",
    identity_verified=True,
    why_called="asked about the October invoice",
    matter="Dana Whitfield says she was charged twice for October.",
    facts=tuple(Claim(f"Payment {n} of $64.50 arrived.", "record", True) for n in range(9)),
    mood="annoyed",
)


class Voice:
    """Silence of a fixed length per character."""

    def __init__(self, seconds_per_character: float) -> None:
        self.asked: list[str] = []
        self._pace = seconds_per_character

    async def __call__(self, text: str, rate_hz: int) -> bytes:
        self.asked.append(text)
        return bytes(2 * int(self._pace * len(text) * rate_hz))


async def connected_leg() -> RecordedLeg:
    leg = RecordedLeg(RecordedPerson((), 160, 8000))
    await leg.connect(30)
    return leg


async def test_a_briefing_that_fits_is_played_to_its_end() -> None:
    leg, voice = await connected_leg(), Voice(0.002)
    try:
        told = await whisper(leg, PACKET, "en", voice)
    finally:
        await leg.hang_up()
    assert told.heard
    assert voice.asked == [told.text]
    assert "charged twice" in told.text
    assert leg.playout.played_frames > 0


async def test_a_slow_voice_gets_a_shorter_text() -> None:
    leg, voice = await connected_leg(), Voice(0.13)
    try:
        told = await whisper(leg, PACKET, "en", _without_playing(voice))
    finally:
        await leg.hang_up()
    assert len(voice.asked) > 1
    assert len(voice.asked[-1]) < len(voice.asked[0])
    assert told.text in ("", voice.asked[-1])
    assert len(told.text) * 0.13 <= LONGEST_S


async def test_a_human_who_has_left_has_not_heard_it() -> None:
    leg = await connected_leg()
    await leg.hang_up()
    told = await whisper(leg, PACKET, "en", Voice(0.002))
    assert not told.heard


def _without_playing(voice: Voice):  # type: ignore[no-untyped-def]
    """Too long stays too long; what fits is cut short, since nobody wants to wait for it here."""

    async def speak(text: str, rate_hz: int) -> bytes:
        pcm = await voice(text, rate_hz)
        return pcm if len(pcm) > LONGEST_S * rate_hz * 2 else pcm[: rate_hz // 5]

    return speak
