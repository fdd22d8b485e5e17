"""The spoken briefing of a human who has just accepted.

What enters: the packet, the human's leg. What leaves: the briefing, played on that leg alone, and
whether it was heard to its end. It is made shorter rather than cut off: half a sentence about money
is worse than none.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from voiceagent.domain.packet import Packet
from voiceagent.handoff.caller_side import Whispered
from voiceagent.handoff.packet_whisper import whisper_text
from voiceagent.legs.leg import Leg

Synthesise = Callable[[str, int], Awaitable[bytes]]
"""A text as 16-bit mono PCM at a rate in Hz."""

LONGEST_S = 15.0
# The length of speech is estimated from its words; where that was too hopeful, try less.
_ATTEMPTS = (1.0, 0.75, 0.5)
_BYTES_PER_SAMPLE = 2


async def whisper(leg: Leg, packet: Packet, language: str, synthesise: Synthesise) -> Whispered:
    """Speak the packet's whisper to the human on this leg.

    Args:
        leg: of the human, connected; only played to, never read.
        packet: what to tell.
        language: of the briefing (BCP 47 primary tag).
        synthesise: the voice.

    Raises:
        SpeechError: the voice failed.
    """
    text, pcm = "", b""
    for share in _ATTEMPTS:
        text = whisper_text(packet, language, LONGEST_S * share)
        pcm = await synthesise(text, leg.sample_rate_hz)
        if len(pcm) <= LONGEST_S * leg.sample_rate_hz * _BYTES_PER_SAMPLE:
            break
    else:
        return Whispered("", heard=False)
    if not text or not leg.is_up:
        return Whispered(text, heard=False)
    played = await leg.playout.send(pcm)
    await leg.playout.drained()
    return Whispered(text, heard=played and leg.is_up)
