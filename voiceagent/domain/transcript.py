"""Who said what, when in audio time, and what was really heard."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Speaker(StrEnum):
    """Whose words a turn holds."""

    CALLER = "caller"
    AGENT = "agent"
    HUMAN = "human"


@dataclass(frozen=True, slots=True)
class Tone:
    """How a turn sounded, measured on its voiced sound; compare it only within one call.

    Attributes:
        loudness_db: mean level of the voiced frames, in dB below full scale (so negative).
        pitch_hz: median fundamental frequency; 0 where nothing voiced was found.
        pitch_range_semitones: from the 10th to the 90th percentile of the fundamental frequency.
        rate_per_s: syllables in a second of speech, pauses left out; 0 where unknown.
        voiced_ms: how much voiced sound this rests on; little of it says little.
    """

    loudness_db: float
    pitch_hz: float
    pitch_range_semitones: float
    rate_per_s: float
    voiced_ms: int


@dataclass(frozen=True, slots=True)
class Turn:
    """One turn of the transcript.

    Attributes:
        number: position in the call's transcript, from 1; what citations point at.
        speaker: whose words these are.
        text: for the caller and the human what was recognised; for the agent what was really
            heard, which after a barge-in is less than what it meant to say.
        start_ms: first sound, in milliseconds of the call's audio.
        end_ms: last sound, likewise.
        confidence: of the recogniser, 0..1; 1 for the agent's own words.
        interrupted: the agent was cut off here by a barge-in.
        intended: for an interrupted turn of the agent, all it had meant to say.
        language: BCP 47 primary tag.
        tone: how it sounded; None where it was not measured.
        overlap_ms: how long the speaker talked while the other side was still talking.
    """

    number: int
    speaker: Speaker
    text: str
    start_ms: int
    end_ms: int
    confidence: float = 1.0
    interrupted: bool = False
    intended: str = ""
    language: str = "en"
    tone: Tone | None = None
    overlap_ms: int = 0


@dataclass(frozen=True, slots=True)
class Citation:
    """Where a claim can be checked: words of a turn, and their place in the recording."""

    turn: int
    speaker: Speaker
    quote: str
    at_ms: int
