"""The moment between a human's accept and the bridge: both sides are told of each other.

What enters: the human who accepted, the packet. What leaves: words to the caller, the packet to
the human by voice and on the screen, or how the human was lost meanwhile. The caller has music all
the while, and it ends with a deadline whatever hangs.
"""

from __future__ import annotations

import asyncio
import logging
from functools import partial

from voiceagent.domain.handoff import HandoffEvent
from voiceagent.domain.packet import Packet
from voiceagent.handoff.caller_side import CallerSide, Whispered
from voiceagent.handoff.deadlines import attempt, stopped, within
from voiceagent.handoff.options import HandoffOptions, HandoffPhrases
from voiceagent.handoff.roster import Human
from voiceagent.legs.leg import Gone, Leg, SendBack

logger = logging.getLogger(__name__)

# A voice that is asked for 15 s may need a moment more to say how it went.
_SLACK_S = 2.0


class Briefing:
    """Briefs one human who has just accepted.

    Args:
        phrases: what the caller is told.
    """

    def __init__(
        self, caller: CallerSide, phrases: HandoffPhrases, options: HandoffOptions
    ) -> None:
        self._caller = caller
        self._phrases = phrases
        self._options = options
        self._deadline_s = options.whisper_deadline_s + _SLACK_S

    async def run(
        self,
        human: Human,
        leg: Leg,
        packet: Packet | None,
        listening: asyncio.Task[Gone | SendBack],
    ) -> HandoffEvent | Whispered | None:
        """Tell both sides.

        Args:
            packet: what the human is told; None if there is none.
            listening: done as soon as the human leaves or declines.

        Returns:
            What the human was told by voice, None if nothing was; or the event by which they were
            lost meanwhile.
        """
        telling = asyncio.create_task(self._tell(human, leg, packet), name="handoff-briefing")
        try:
            await asyncio.wait({telling, listening}, return_when=asyncio.FIRST_COMPLETED)
            if listening.done():
                # A human who sends back a caller they have not spoken to declines.
                declined = isinstance(listening.result(), SendBack)
                return HandoffEvent.DECLINED if declined else HandoffEvent.AGENT_LOST
            return telling.result()
        finally:
            await stopped(telling)

    async def _tell(self, human: Human, leg: Leg, packet: Packet | None) -> Whispered | None:
        brief = self._options.brief
        phrases = self._phrases
        line = phrases.here if human.reads_packet else phrases.connecting
        line = line.replace("{name}", human.name)
        steps = [attempt("say", partial(self._caller.say, line), self._deadline_s)]
        if packet is not None and brief is not None:
            steps.append(attempt("brief", partial(brief, human, packet), self._deadline_s))
        by_voice = packet is not None and not human.reads_packet
        whispering = self._whisper(leg, packet) if packet and by_voice else _nothing()
        told, *_ = await asyncio.gather(whispering, *steps)
        return told if isinstance(told, Whispered) else None

    async def _whisper(self, leg: Leg, packet: Packet) -> Whispered | None:
        try:
            told = await within(self._caller.whisper(leg, packet), self._deadline_s)
        except TimeoutError:
            logger.warning("the spoken briefing missed its deadline")
            return Whispered("", heard=False)
        except Exception as error:  # A human without a briefing is better than none.
            logger.warning("the spoken briefing failed: %s", type(error).__name__)
            return None
        return told if told.text else None


async def _nothing() -> None:
    return None
