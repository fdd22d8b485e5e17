"""A person who was recorded: says the next line when the other side has finished.

What enters: every 20 ms, what this person hears, and cues it could not hear. What leaves: every
20 ms, what this person says, keys pressed, a human agent's order to take the caller back, and the
hang-up. Counted in audio time, without a clock of its own, so that it behaves the same at any speed
and can be tested without waiting.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from voiceagent.legs.leg import FRAME_MS

# -45 dB full scale: above line noise, below quiet speech.
_AUDIBLE_RMS = 184.0
# "One moment, please" is shorter than this, and whoever hears it waits on for the answer.
_REMARK_MS = 1000
_WAIT_AFTER_REMARK_MS = 9000
# Sound after so long a pause is a remark of its own.
_NEW_REMARK_MS = 600


class Moment(StrEnum):
    """When a line is due."""

    ANSWERED = "answered"
    """So long after picking up."""
    AGENT_FINISHED = "agent_finished"
    """The other side was heard since this person's last line and has been quiet so long."""
    AGENT_SPEAKING = "agent_speaking"
    """The other side has been speaking so long: a barge-in."""
    BRIDGED = "bridged"
    """The two people have been connected so long."""
    OTHER_FINISHED = "other_finished"
    """Like ``agent_finished``, for a human who talks with a caller."""


@dataclass(frozen=True, slots=True)
class Line:
    """One thing this person does: say a clip, press keys, send the caller back, or hang up.

    Attributes:
        when, wait_ms: when it is due.
        pcm: what is said, 16-bit mono at the leg's rate; empty for keys or a hang-up.
        keys: keys pressed, one per 200 ms.
        send_back: a human agent sends the caller back to the AI with this instruction, which may
            be empty; None for lines that do not.
        hang_up: the person puts the phone down.
        text: the words of the clip, for reading along.
    """

    when: Moment
    wait_ms: int
    pcm: bytes = b""
    keys: str = ""
    hang_up: bool = False
    text: str = ""
    send_back: str | None = None


@dataclass(frozen=True, slots=True)
class Said:
    """What the person does in one frame."""

    pcm: bytes
    keys: str = ""
    hung_up: bool = False
    sent_back: str | None = None


class RecordedPerson:
    """Plays the lines of a script at the right moments.

    Args:
        lines: in order.
        bytes_per_frame: of 20 ms at the leg's rate.
        patience_ms: if the other side's turn is due and nothing is heard for so long, the next
            line is said anyway, as a person would.
    """

    def __init__(self, lines: Sequence[Line], bytes_per_frame: int, patience_ms: int) -> None:
        self._lines = list(lines)
        self._size = bytes_per_frame
        self._patience = patience_ms
        self._next = 0
        self._saying = b""
        self._position = 0
        self._now_ms = 0
        self._quiet_ms = 0
        self._sounding_ms = 0
        self._heard_since_line = False
        self._heard_ms = 0
        self._idle_ms = 0
        self._bridged_at: int | None = None
        self.speaking = False

    def cue(self, name: str) -> None:
        """Take note of something this person cannot hear, such as being connected."""
        if name == Moment.BRIDGED:
            self._bridged_at = self._now_ms
            # What this person meant to say to whoever put them on hold has lost its point.
            while self._next < len(self._lines) and any(
                line.when is Moment.BRIDGED for line in self._lines[self._next + 1 :]
            ):
                if self._lines[self._next].when is Moment.BRIDGED:
                    break
                self._next += 1
            # The waiting music is no answer to the last line.
            self._heard_since_line = False
            self._heard_ms = 0
            self._sounding_ms = 0

    def tick(self, heard: bytes) -> Said:
        """One frame: hear 20 ms, do what is due."""
        self._listen(heard)
        self._now_ms += FRAME_MS
        if self._saying:
            return Said(self._speak())
        if self._next < len(self._lines) and self._due(self._lines[self._next]):
            line = self._lines[self._next]
            self._next += 1
            self._heard_since_line = False
            self._heard_ms = 0
            self._idle_ms = 0
            if line.hang_up:
                return Said(bytes(self._size), hung_up=True)
            if line.send_back is not None:
                return Said(bytes(self._size), sent_back=line.send_back)
            if line.keys:
                return Said(bytes(self._size), keys=line.keys)
            self._saying, self._position = line.pcm, 0
            return Said(self._speak())
        return Said(bytes(self._size))

    def _listen(self, heard: bytes) -> None:
        samples = np.frombuffer(heard, np.int16).astype(np.float32)
        if float(np.sqrt(np.mean(samples * samples))) > _AUDIBLE_RMS:
            # A gap inside a sentence does not start a new stretch of speech.
            self._sounding_ms += self._quiet_ms + FRAME_MS if self._quiet_ms < 300 else FRAME_MS
            if self._quiet_ms >= _NEW_REMARK_MS:
                self._heard_ms = 0
            self._quiet_ms = self._idle_ms = 0
            if not self._saying:
                self._heard_since_line = True
                self._heard_ms += FRAME_MS
        else:
            self._quiet_ms += FRAME_MS
            self._idle_ms += FRAME_MS
            if self._quiet_ms >= 300:
                self._sounding_ms = 0

    def _speak(self) -> bytes:
        frame = self._saying[self._position : self._position + self._size]
        self._position += self._size
        self.speaking = True
        if self._position >= len(self._saying):
            self._saying = b""
            self.speaking = False
            # What was audible while this person spoke does not count as an answer.
            self._quiet_ms = 0
            self._idle_ms = 0
        return frame.ljust(self._size, b"\x00")

    def _due(self, line: Line) -> bool:
        if line.when is Moment.ANSWERED:
            return self._now_ms >= line.wait_ms
        if line.when is Moment.BRIDGED:
            return self._bridged_at is not None and (
                self._now_ms - self._bridged_at >= line.wait_ms
            )
        if line.when is Moment.AGENT_SPEAKING:
            return self._sounding_ms >= line.wait_ms
        if self._heard_since_line:
            remark = self._heard_ms < _REMARK_MS and line.when is not Moment.OTHER_FINISHED
            return self._quiet_ms >= (_WAIT_AFTER_REMARK_MS if remark else line.wait_ms)
        return self._idle_ms >= self._patience
