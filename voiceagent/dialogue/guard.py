"""Stands between the language model and the voice and lets nothing unfounded be said.

In: the model's words as they come. Out: whole sentences, unchanged where everything they state is
backed by the evidence of the call, and otherwise a line of the playbook in their place, spoken once
per reply. Every sentence withheld is reported as ``ReplyGuarded``.

A sentence has to be complete before it can be judged, so words are held for as long as it takes
the model to finish one, and no longer: a full stop after a plain word ends the sentence at once,
without waiting for the next one to begin. Frames keep their order; only the call's own
announcements (``TTSSpeakFrame``), which no model wrote, go past words that are held.
"""

from __future__ import annotations

import asyncio
import logging
import re

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

from voiceagent.dialogue.grounding import Evidence, check
from voiceagent.dialogue.tool_options import Reporter
from voiceagent.domain.events import ReplyGuarded

_log = logging.getLogger(__name__)

_REPORT_DEADLINE_S = 5.0
_MOST_FRAMES_BEHIND = 64
_ENDS_A_REPLY = (LLMFullResponseStartFrame, LLMFullResponseEndFrame, EndFrame, StopFrame)

_END = re.compile(r"[.!?…]+[\"'”’»)\]]*|\n+")
_ABBREVIATION = re.compile(
    r"(?:\b(?:dr|mr|mrs|ms|prof|st|no|nr|inc|ltd|co|dept|approx|etc|vs|ca|bzw|usw|evtl|inkl|zzgl"
    r"|str|hr|fr|jan|feb|mar|apr|jun|jul|aug|sep|sept|oct|okt|nov|dec|dez)|\b[^\W\d_])$",
    re.IGNORECASE,
)
_HALF_DAY = re.compile(r"\b[ap]\.m$", re.IGNORECASE)
_ORDINAL = re.compile(r"(?<![\d.,])\d{1,2}$")
_PLAIN_WORD = re.compile(r"[^\W\d_]{2,}$")


def split_sentences(text: str, language: str) -> tuple[list[str], str]:
    """The complete sentences at the beginning of a text, and the rest.

    Joined together they are the text again. The last sentence counts as complete without anything
    behind it where its end leaves no doubt.
    """
    sentences: list[str] = []
    start = 0
    for match in _END.finditer(text):
        before, after = text[start : match.start()], text[match.end() :]
        if not _is_end(match.group(), before, after, language):
            continue
        spaces = len(after) - len(after.lstrip())
        sentences.append(text[start : match.end() + spaces])
        start = match.end() + spaces
    return sentences, text[start:]


def _is_end(mark: str, before: str, after: str, language: str) -> bool:
    if not before.strip():
        return False
    if mark[0] == "\n":
        return True
    if after and not after[0].isspace():
        return False
    if mark[0] != ".":
        return bool(after) or mark[0] != "…"
    if _HALF_DAY.search(before):
        return bool(re.match(r"\s+[^\W\d_]", after)) and after.lstrip()[0].isupper()
    if _ABBREVIATION.search(before) or (language == "de" and _ORDINAL.search(before)):
        return False
    return bool(after) or bool(_PLAIN_WORD.search(before))


class ReplyGuard(FrameProcessor):
    """The guard of one call.

    Args:
        evidence: what may be stated; filled by the call from its events, and read here.
        replacement: what is said in place of the first sentence withheld of a reply.
        report: takes ``ReplyGuarded``.
        longest_chars: a sentence that has not ended by then is judged as it is.
    """

    def __init__(
        self, evidence: Evidence, replacement: str, report: Reporter, longest_chars: int = 600
    ) -> None:
        super().__init__()
        self._evidence = evidence
        self._replacement = replacement
        self._report = report
        self._longest_chars = longest_chars
        self._held = ""
        self._behind: list[Frame] = []
        self._replaced = False

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
            await self._take(frame.text)
        elif isinstance(frame, _ENDS_A_REPLY):
            await self._release()
            self._replaced = False
            await self.push_frame(frame)
        elif self._held:
            self._behind.append(frame)
            if len(self._behind) > _MOST_FRAMES_BEHIND:
                await self._release()
        else:
            await self.push_frame(frame)

    async def _take(self, text: str) -> None:
        self._held += text
        sentences, self._held = split_sentences(self._held, self._evidence.language)
        for sentence in sentences:
            await self._judge(sentence)
        if sentences:
            await self._push_behind()
        if len(self._held) > self._longest_chars:
            await self._release()

    async def _release(self) -> None:
        """Judge what is held though it may be no whole sentence, and let go of what waits."""
        held, self._held = self._held, ""
        if held:
            await self._judge(held)
        await self._push_behind()

    async def _discard(self) -> None:
        """The caller spoke: what is held will not be said, what must arrive does."""
        self._held = ""
        self._replaced = False
        self._behind = [frame for frame in self._behind if not frame.interruptible]
        await self._push_behind()

    async def _push_behind(self) -> None:
        behind, self._behind = self._behind, []
        for frame in behind:
            await self.push_frame(frame)

    async def _judge(self, sentence: str) -> None:
        try:
            unsupported = tuple(value.text for value in check(sentence, self._evidence))
        except Exception as error:  # what cannot be judged is not said
            _log.error("A sentence could not be checked: %s", type(error).__name__)
            unsupported = (type(error).__name__,)
        if not unsupported:
            await self.push_frame(LLMTextFrame(sentence))
            return
        instead = "" if self._replaced else self._replacement
        self._replaced = True
        if instead:
            lead = sentence[: len(sentence) - len(sentence.lstrip())]
            await self.push_frame(LLMTextFrame(f"{lead}{instead} "))
        await self._note(sentence.strip(), unsupported, instead)

    async def _note(self, withheld: str, unsupported: tuple[str, ...], instead: str) -> None:
        try:
            async with asyncio.timeout(_REPORT_DEADLINE_S):
                await self._report(
                    lambda at_ms: ReplyGuarded(
                        at_ms=at_ms,
                        withheld=withheld,
                        unsupported=unsupported,
                        said_instead=instead,
                    )
                )
        except Exception as error:  # the words stay withheld whatever becomes of the note
            _log.error("A withheld sentence is not recorded: %s", type(error).__name__)
