"""The stages of the live call's pipeline that are ours: where the call looks in and steps in.

Each is a thin pipecat processor that tells the call what passes and asks it what may pass. They
stand, in order, before the user aggregator (:class:`HeardTap`), between it and the language model
(:class:`~voiceagent.calls.turn_gate.TurnGate`), behind the model (:class:`ReplyGate`), and behind
the leg's output (:class:`SpokenTap`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from pipecat.frames.frames import (
    DataFrame,
    EagerTranscriptionFrame,
    Frame,
    InputDTMFFrame,
    LLMFullResponseEndFrame,
    LLMFullResponseStartFrame,
    LLMTextFrame,
    TranscriptionFrame,
)
from pipecat.processors.frame_processor import FrameDirection, FrameProcessor

from voiceagent.speech.listening import NothingHeardFrame
from voiceagent.speech.utterances import Utterance


@dataclass
class PlayoutMarker(DataFrame):
    """Reaches the end of the pipeline once everything queued before it was handed to the leg."""

    passed: asyncio.Future[bool] = field(default_factory=asyncio.Future)


class HeardTap(FrameProcessor):
    """Sees what was heard of every turn, and every key, before the turn is made of them.

    Args:
        on_interim: told of what a turn holds so far.
        on_turn_heard: told of the words of a turn that is over.
        on_nothing_heard: told of a turn without recognised words, and its milliseconds of sound.
        on_key: told of every key.
    """

    def __init__(
        self,
        on_interim: Callable[[str], None],
        on_turn_heard: Callable[[Utterance], None],
        on_nothing_heard: Callable[[int], Awaitable[None]],
        on_key: Callable[[str], Awaitable[None]],
    ) -> None:
        super().__init__()
        self._on_interim = on_interim
        self._on_turn_heard = on_turn_heard
        self._on_nothing_heard = on_nothing_heard
        self._on_key = on_key

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        """Note what was heard and pass everything on."""
        await super().process_frame(frame, direction)
        if isinstance(frame, TranscriptionFrame) and isinstance(frame.result, Utterance):
            self._on_turn_heard(frame.result)
        elif isinstance(frame, EagerTranscriptionFrame):
            self._on_interim(frame.text)
        elif isinstance(frame, InputDTMFFrame):
            await self._on_key(str(frame.button.value))
        await self.push_frame(frame, direction)
        if isinstance(frame, NothingHeardFrame):
            await self._on_nothing_heard(frame.spoken_ms)


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
