"""The agent's mouth: says phrases on demand, and knows what of its words was really heard.

What enters: phrases to say, and the frames that left the pipeline for the leg. What leaves: turns
of the agent with the words that were played out before the turn ended or was cut off by a
barge-in, timed in the call's audio.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from pipecat.frames.frames import (
    BotStartedSpeakingFrame,
    BotStoppedSpeakingFrame,
    Frame,
    TTSSpeakFrame,
    TTSStartedFrame,
)

from voiceagent.calls.stages import PlayoutMarker
from voiceagent.legs.leg import FRAME_MS, Leg
from voiceagent.speech.speaking import SpeakingService

logger = logging.getLogger(__name__)

# Synthesis is several times faster than speech; a phrase that is not out by then is stuck.
_SAY_DEADLINE_S = 10.0
_SECONDS_PER_CHARACTER = 0.15


@dataclass(frozen=True, slots=True)
class AgentTurn:
    """What the agent said in one go. ``heard`` is ``intended`` unless it was interrupted."""

    intended: str
    heard: str
    start_ms: int
    end_ms: int
    interrupted: bool


class AgentVoice:
    """Speaks on one leg; used from the call's event loop."""

    def __init__(
        self,
        leg: Leg,
        speaker: SpeakingService,
        on_turn: Callable[[AgentTurn], Awaitable[None]],
    ) -> None:
        self._leg = leg
        self._speaker = speaker
        self._on_turn = on_turn
        self._context = ""
        self._started_ms = 0
        self._started_frames = 0
        self._waiting: set[asyncio.Future[bool]] = set()
        self._protected = 0
        self.last_heard = ""
        """What the caller heard of the agent's latest turn."""
        self.quiet = asyncio.Event()
        """Set while the agent is not speaking."""
        self.quiet.set()

    @property
    def speaking(self) -> bool:
        """Whether the agent is audible now."""
        return not self.quiet.is_set()

    @property
    def may_be_cut(self) -> bool:
        """Whether the agent is audible and says nothing that no barge-in may cut."""
        return self.speaking and not self._protected

    async def say(self, text: str, *, interruptible: bool = True, remember: bool = True) -> bool:
        """Say a phrase after what is already being said.

        Args:
            text: the words.
            interruptible: whether a barge-in may cut it off.
            remember: whether the language model is shown it as its own words. A filler must not
                be: a model that finds it at the end of its prompt takes it for the answer.

        Returns:
            True once it was played to its end; False if it was cut off or got stuck.
        """
        if not text or not self._leg.is_up:
            return False
        passed: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        speak = TTSSpeakFrame(text, append_to_context=remember)
        marker = PlayoutMarker(passed=passed)
        speak.interruptible = marker.interruptible = interruptible
        if interruptible:
            self._waiting.add(passed)
        else:
            self._protected += 1
        # Straight to the voice: a frame that travels the whole pipeline would wait behind a
        # language model that is still thinking.
        await self._speaker.queue_frame(speak)
        await self._speaker.queue_frame(marker)
        deadline = _SAY_DEADLINE_S + _SECONDS_PER_CHARACTER * len(text)
        try:
            played = await asyncio.wait_for(passed, deadline)
            if played:
                await asyncio.wait_for(self._leg.playout.drained(), _SAY_DEADLINE_S)
        except TimeoutError:
            logger.warning("a phrase was not played within its deadline")
            return False
        finally:
            self._waiting.discard(passed)
            if not interruptible:
                self._protected -= 1
        return played and self._leg.is_up

    async def on_frame(self, frame: Frame) -> None:
        """Take note of a frame that left for the leg."""
        if isinstance(frame, TTSStartedFrame):
            self._context = frame.context_id or ""
        elif isinstance(frame, BotStartedSpeakingFrame):
            self.quiet.clear()
            waiting = self._leg.playout.queued_frames
            self._started_ms = self._leg.audio_ms + waiting * FRAME_MS
            self._started_frames = self._leg.playout.played_frames + waiting
        elif isinstance(frame, BotStoppedSpeakingFrame):
            await self._finish(interrupted=False)

    async def interrupted(self) -> None:
        """A barge-in: whatever was being said ends here."""
        for passed in tuple(self._waiting):
            if not passed.done():
                passed.set_result(False)
        if self._protected:
            return
        await self._finish(interrupted=True)

    async def _finish(self, *, interrupted: bool) -> None:
        context, self._context = self._context, ""
        if not self.speaking or not context:
            self.quiet.set()
            return
        pieces = self._speaker.spoken(context)
        heard = intended = " ".join(piece.text.strip() for piece in pieces if piece.text.strip())
        if interrupted:
            played = self._leg.playout.played_frames - self._started_frames
            samples = played * FRAME_MS * self._leg.sample_rate_hz // 1000
            heard = self._speaker.heard(context, samples)
        self.quiet.set()
        if heard:
            self.last_heard = heard
            # What is still queued is played at once (60 ms, or 400 ms of words that could not be
            # interrupted; say() waits for it). Waiting for it here would hold up the
            # next utterance's frames, and mix up the two.
            queued_ms = 0 if interrupted else self._leg.playout.queued_frames * FRAME_MS
            end_ms = max(self._started_ms, self._leg.audio_ms + queued_ms)
            await self._on_turn(AgentTurn(intended, heard, self._started_ms, end_ms, interrupted))
