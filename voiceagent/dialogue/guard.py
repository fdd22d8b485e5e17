"""Stands between the language model and the voice and lets nothing unfounded be said.

In: the model's words as they come. Out: whole sentences, unchanged where everything they state is
backed by the evidence of the call, and otherwise a line of the playbook in their place, spoken once
per reply. A courtesy at the beginning of a reply goes ahead of its sentence. Every sentence
withheld is reported as ``ReplyGuarded``. The decisions are those of
:mod:`voiceagent.dialogue.reply_filter`.

Words are held for as long as it takes the model to finish a sentence, and no longer: a full stop
after a plain word ends the sentence at once, without waiting for the next one to begin. Frames keep
their order; only the call's own announcements (``TTSSpeakFrame``), which no model wrote, go past
words that are held.
"""

from __future__ import annotations

import asyncio
import logging

from pipecat.frames.frames import (
    EndFrame,
    Frame,
    InterruptionFrame,
    LLMFullResponseEndFrame,
    LLMFullResponseStartFrame,
    LLMTextFrame,
    StopFrame,
    SystemFrame,
    TTSSpeakFrame,
)
from pipecat.processors.frame_processor import FrameDirection, FrameProcessor

from voiceagent.dialogue.grounding import Evidence
from voiceagent.dialogue.reply_filter import Replacements, ReplyFilter, Verdict
from voiceagent.dialogue.tool_options import Reporter
from voiceagent.domain.events import ReplyGuarded

_log = logging.getLogger(__name__)

_REPORT_DEADLINE_S = 5.0
_MOST_FRAMES_BEHIND = 64
_ENDS_A_REPLY = (LLMFullResponseStartFrame, LLMFullResponseEndFrame, EndFrame, StopFrame)


class ReplyGuard(FrameProcessor):
    """The guard of one call.

    Args:
        evidence: what may be stated; filled by the call from its events, and read here.
        replacements: what is said in place of the first sentence withheld of a reply.
        report: takes ``ReplyGuarded``.
        longest_chars: a sentence that has not ended by then is judged as it is.
    """

    def __init__(
        self,
        evidence: Evidence,
        replacements: Replacements,
        report: Reporter,
        longest_chars: int = 600,
    ) -> None:
        super().__init__()
        self._evidence = evidence
        self._replacements = replacements
        self._report = report
        self._longest_chars = longest_chars
        self._filter = self.preview()
        self._behind: list[Frame] = []

    def preview(self) -> ReplyFilter:
        """A filter that decides as this guard does, for looking at a reply ahead of it."""
        return ReplyFilter(self._evidence, self._replacements, self._longest_chars)

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        """Hold words until they can be judged; pass everything else on in its order."""
        await super().process_frame(frame, direction)
        if direction is not FrameDirection.DOWNSTREAM:
            await self.push_frame(frame, direction)
        elif isinstance(frame, InterruptionFrame):
            await self._discard()
            await self.push_frame(frame)
        elif isinstance(frame, SystemFrame | TTSSpeakFrame):
            await self.push_frame(frame)
        elif isinstance(frame, LLMTextFrame) and not frame.skip_tts:
            await self._act_on(self._filter.take(frame.text))
        elif isinstance(frame, _ENDS_A_REPLY):
            await self._release()
            self._filter.begin()
            await self.push_frame(frame)
        elif self._filter.holds:
            self._behind.append(frame)
            if len(self._behind) > _MOST_FRAMES_BEHIND:
                await self._release()
        else:
            await self.push_frame(frame)

    async def _act_on(self, verdicts: list[Verdict]) -> None:
        for verdict in verdicts:
            if verdict.say:
                await self.push_frame(LLMTextFrame(verdict.say))
            if verdict.withheld:
                await self._note(verdict)
        if any(verdict.ends_sentence for verdict in verdicts):
            await self._push_behind()

    async def _release(self) -> None:
        """Judge what is held though it may be no whole sentence, and let go of what waits."""
        await self._act_on(self._filter.release())
        await self._push_behind()

    async def _discard(self) -> None:
        """The caller spoke: what is held will not be said, what must arrive does."""
        self._filter.begin()
        self._behind = [frame for frame in self._behind if not frame.interruptible]
        await self._push_behind()

    async def _push_behind(self) -> None:
        behind, self._behind = self._behind, []
        for frame in behind:
            await self.push_frame(frame)

    async def _note(self, verdict: Verdict) -> None:
        try:
            async with asyncio.timeout(_REPORT_DEADLINE_S):
                await self._report(
                    lambda at_ms: ReplyGuarded(
                        at_ms=at_ms,
                        withheld=verdict.withheld,
                        unsupported=verdict.unsupported,
                        said_instead=verdict.say.strip(),
                    )
                )
        except Exception as error:  # the words stay withheld whatever becomes of the note
            _log.error("A withheld sentence is not recorded: %s", type(error).__name__)
