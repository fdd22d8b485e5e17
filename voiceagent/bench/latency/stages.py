"""A pipecat observer that notes when each stage of a turn was done; the same for both systems."""

from __future__ import annotations

import time

from pipecat.frames.frames import (
    Frame,
    LLMContextFrame,
    LLMTextFrame,
    TranscriptionFrame,
    TTSAudioRawFrame,
    UserStoppedSpeakingFrame,
    VADUserStoppedSpeakingFrame,
)
from pipecat.observers.base_observer import BaseObserver, FramePushed

from voiceagent.bench.latency.record import Observed, Stage

_STAGES: tuple[tuple[type[Frame], Stage], ...] = (
    (VADUserStoppedSpeakingFrame, Stage.HEARD_END),
    (TranscriptionFrame, Stage.RECOGNISED),
    (UserStoppedSpeakingFrame, Stage.COMMITTED),
    (LLMContextFrame, Stage.ASKED),
    (LLMTextFrame, Stage.LLM_TEXT),
    (TTSAudioRawFrame, Stage.SYNTHESISED),
)


class StageObserver(BaseObserver):
    """Notes every frame that marks a stage once, when it is first pushed."""

    def __init__(self) -> None:
        super().__init__(observe_every_push=False)
        self.observed: list[Observed] = []
        """In the order seen; moments of the monotonic clock."""

    async def on_push_frame(self, data: FramePushed) -> None:
        """Note a frame."""
        for kind, stage in _STAGES:
            if isinstance(data.frame, kind):
                text = data.frame.text if isinstance(data.frame, TranscriptionFrame) else ""
                self.observed.append(Observed(time.monotonic(), stage, text))
                return
