"""Whether a caller has raised their voice, against their own first turns.

In: the caller's turns with their measured tone. Out: how raised the voice is, 0..1, and in what.
Nobody's loudness or pitch says anything by itself: lines, telephones and people differ more from
each other than calm from angry. So each turn is held against the median of the caller's own first
turns; a caller who begins in anger is not noticed here.

Louder, higher, faster and with a wider range of pitch is how anger sounds across languages
(Banse and Scherer 1996, doi:10.1037/0022-3514.70.3.614). Pure state, no clock.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import log2
from statistics import median

from voiceagent.domain.transcript import Tone, Turn
from voiceagent.supervisor.policy_sections import VoiceChange

SEMITONES_PER_OCTAVE = 12


@dataclass(frozen=True, slots=True)
class RaisedVoice:
    """How raised (0..1), and what was, in words: "6 dB louder, 3 semitones higher"."""

    strength: float
    detail: str


CALM = RaisedVoice(0.0, "")


class VoiceStart:
    """The caller's voice at the beginning of one call, and how far it has moved from there."""

    def __init__(self, policy: VoiceChange) -> None:
        self._policy = policy
        self._first: list[Tone] = []

    def caller_said(self, turn: Turn) -> RaisedVoice:
        """How raised the voice is in this turn; calm while the beginning is being measured."""
        rule = self._policy
        overlap = rule.overlap_ms.of(turn.overlap_ms)
        changes = [(overlap, f"{turn.overlap_ms} ms over the agent")]
        tone = turn.tone
        if tone is not None and tone.voiced_ms >= rule.voiced_from_ms:
            if len(self._first) < rule.start_turns:
                self._first.append(tone)
            else:
                changes += self._against_start(tone)
        strength = min(1.0, sum(weight for weight, _ in changes))
        if strength <= 0:
            return CALM
        return RaisedVoice(round(strength, 3), ", ".join(d for weight, d in changes if weight > 0))

    def _against_start(self, tone: Tone) -> list[tuple[float, str]]:
        rule, first = self._policy, self._first
        louder = tone.loudness_db - median(t.loudness_db for t in first)
        wider = tone.pitch_range_semitones - median(t.pitch_range_semitones for t in first)
        pitch = [t.pitch_hz for t in first if t.pitch_hz > 0]
        higher = 0.0
        if pitch and tone.pitch_hz > 0:
            higher = SEMITONES_PER_OCTAVE * log2(tone.pitch_hz / median(pitch))
        rates = [t.rate_per_s for t in first if t.rate_per_s > 0]
        faster = tone.rate_per_s / median(rates) if rates else 1.0
        return [
            (rule.louder_db.of(louder), f"{louder:.0f} dB louder"),
            (rule.higher_semitones.of(higher), f"{higher:.0f} semitones higher"),
            (rule.faster_ratio.of(faster), f"{faster:.1f} times as fast"),
            (rule.wider_semitones.of(wider), f"range of pitch {wider:.0f} semitones wider"),
        ]
