"""The stages of the live call's pipeline that are ours: where the call looks in and steps in.

Each is a thin pipecat processor that tells the call what passes and asks it what may pass. They
stand, in order, before the user aggregator (:class:`HeardTap`), between it and the language model
(:class:`TurnGate`), behind the model (:class:`ReplyGate`), and behind the leg's output
(:class:`SpokenTap`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from pipecat.frames.frames import (
    DataFrame,
    Frame,
    InputDTMFFrame,
    InterruptionFrame,
    LLMContextFrame,
    LLMFullResponseEndFrame,
    LLMFullResponseStartFrame,
    LLMTextFrame,
    TranscriptionFrame,
)
from pipecat.processors.frame_processor import FrameDirection, FrameProcessor

from voiceagent.speech.utterances import Utterance


@dataclass
class PlayoutMarker(DataFrame):
    """Reaches the end of the pipeline once everything queued before it was handed to the leg."""

    passed: asyncio.Future[bool] = field(default_factory=asyncio.Future)


class HeardTap(FrameProcessor):
    """Sees every transcription segment and every key before the turn is made of them.

    Args:
        on_segment: told of every utterance.
        on_key: told of every key.
        forget: makes the aggregator drop what it has of this turn, when a segment supersedes it.
    """

    def __init__(
        self,
        on_segment: Callable[[Utterance], None],
        on_key: Callable[[str], Awaitable[None]],
        forget: Callable[[], Awaitable[None]],
    ) -> None:
        super().__init__()
        self._on_segment = on_segment
        self._on_key = on_key
        self._forget = forget

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        """Note what was heard and pass everything on."""
        await super().process_frame(frame, direction)
        if isinstance(frame, TranscriptionFrame) and isinstance(frame.result, Utterance):
            if frame.result.supersedes:
                await self._forget()
            self._on_segment(frame.result)
        elif isinstance(frame, InputDTMFFrame):
            await self._on_key(str(frame.button.value))
        await self.push_frame(frame, direction)


class TurnGate(FrameProcessor):
    """Holds a finished turn until the call has logged it and the supervisor has judged it.

    Args:
        on_turn: told that a turn is complete; True lets the language model answer it.
        on_barge_in: the caller spoke over the agent.
    """

    def __init__(
        self,
        on_turn: Callable[[], Awaitable[bool]],
        on_barge_in: Callable[[], Awaitable[None]],
    ) -> None:
        super().__init__()
        self._on_turn = on_turn
        self._on_barge_in = on_barge_in

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        """Let everything through but turns nobody should answer."""
        await super().process_frame(frame, direction)
        if direction is FrameDirection.DOWNSTREAM:
            if isinstance(frame, LLMContextFrame) and not await self._on_turn():
                return
            if isinstance(frame, InterruptionFrame):
                await self._on_barge_in()
        await self.push_frame(frame, direction)


class ReplyGate(FrameProcessor):
    """Keeps the language model's words from a caller who is on hold or talks with a human."""

    def __init__(self, may_speak: Callable[[], bool]) -> None:
        super().__init__()
        self._may_speak = may_speak

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        """Drop replies while the agent has to be silent; its own announcements pass."""
        await super().process_frame(frame, direction)
        reply = isinstance(
            frame, LLMTextFrame | LLMFullResponseStartFrame | LLMFullResponseEndFrame
        )
        if reply and direction is FrameDirection.DOWNSTREAM and not self._may_speak():
            return
        await self.push_frame(frame, direction)


class SpokenTap(FrameProcessor):
    """Sees what really went out to the leg, in the order it went out."""

    def __init__(self, on_frame: Callable[[Frame], Awaitable[None]]) -> None:
        super().__init__()
        self._on_frame = on_frame

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        """Resolve markers, report what is spoken, pass everything on."""
        await super().process_frame(frame, direction)
        if direction is FrameDirection.DOWNSTREAM:
            if isinstance(frame, PlayoutMarker):
                if not frame.passed.done():
                    frame.passed.set_result(True)
                return
            await self._on_frame(frame)
        await self.push_frame(frame, direction)
