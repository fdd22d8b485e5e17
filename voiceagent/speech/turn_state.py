"""Where one turn of the caller stands, from its first sound to its last pause."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from voiceagent.speech.caller_turn import TurnAudio
from voiceagent.speech.utterances import Segment, Utterance


@dataclass(frozen=True, slots=True)
class TurnDraft:
    """What a pause was found to hold. ``utterance`` is None if there were no words."""

    utterance: Utterance | None
    needed_ms: int


@dataclass(slots=True)
class CallerTurn:
    """A turn of the caller that is going on.

    Attributes:
        onset: sample at which it began.
        announced: whether the rest of the pipeline knows of it; over the agent, not at once.
        speaking: whether the caller speaks now.
        end: sample at which they last stopped.
        longest_pause_ms: after which they went on, so far.
        part: the audio that is being recognised, in a pause.
        draft: what came of it.
        drafting: the recognition of ``part``.
        finishing: how finished the turn sounds up to here.
        waiting: waits for both, and decides.
        guess: the words that were passed on as perhaps all of the turn; empty if none are.
        guessing: passes them on.
        settled: recognitions of earlier parts, which are not looked at again.
    """

    onset: int
    announced: bool = False
    speaking: bool = True
    end: int = 0
    longest_pause_ms: int = 0
    part: Segment | None = None
    draft: TurnDraft | None = None
    drafting: asyncio.Task[Utterance | None] | None = None
    finishing: asyncio.Task[float] | None = None
    waiting: asyncio.Task[None] | None = None
    guess: str = ""
    guessing: asyncio.Task[None] | None = None
    settled: list[asyncio.Task[Utterance | None]] = field(default_factory=list)

    def resume(self, audio: TurnAudio) -> None:
        """The caller goes on: what the pause held is void, or settled where it is long enough."""
        for task in (self.waiting, self.finishing):
            if task is not None:
                task.cancel()
        if self.drafting is not None and self.part is not None:
            if audio.is_long(self.part):
                self.settled.append(self.drafting)
                audio.settle(self.part.end)
            else:
                self.drafting.cancel()
        self.speaking, self.draft, self.part = True, None, None
        self.drafting = self.finishing = self.waiting = None

    def cancel(self) -> None:
        """End everything that runs for it."""
        running = (self.waiting, self.guessing, self.finishing, self.drafting)
        for task in (*running, *self.settled):
            if task is not None:
                task.cancel()
