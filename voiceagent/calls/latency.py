"""How long callers waited, measured on the recording, not on our own good opinion.

What enters: both channels of a call as they were on the wire. What leaves: for every turn, the
time from the last sample of the caller's speech to the first audible sample of the agent (voice
to voice), and its p50 and p95. Pure; it works on any stereo recording.
"""

from __future__ import annotations

import wave
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

_STEP_MS = 10
# -46 dB full scale for the agent's clean channel; the caller's threshold follows its own noise.
_AGENT_AUDIBLE = 0.005
# A reply begins after at least so much quiet of the agent; less is a breath within its turn.
_NEW_REPLY_QUIET_MS = 400
# The caller answered after so long did not get a reply but a new remark of the agent.
_LONGEST_WAIT_MS = 15_000


@dataclass(frozen=True, slots=True)
class Answered:
    """One turn of the caller and when the agent was heard after it, in ms of the recording."""

    caller_end_ms: int
    agent_start_ms: int

    @property
    def voice_to_voice_ms(self) -> int:
        """How long the caller waited."""
        return self.agent_start_ms - self.caller_end_ms


@dataclass(frozen=True, slots=True)
class LatencyLedger:
    """Every answered turn of a call."""

    turns: tuple[Answered, ...]

    def percentile_ms(self, share: float) -> int | None:
        """The given percentile (0..100) of voice to voice, or None without a turn."""
        waits = [turn.voice_to_voice_ms for turn in self.turns]
        return round(float(np.percentile(waits, share))) if waits else None

    def as_json(self) -> dict[str, object]:
        """For ``summary.json``."""
        return {
            "unit": "ms",
            "measure": "voice_to_voice",
            "p50": self.percentile_ms(50),
            "p95": self.percentile_ms(95),
            "turns": [
                {
                    "caller_end_ms": turn.caller_end_ms,
                    "agent_start_ms": turn.agent_start_ms,
                    "voice_to_voice_ms": turn.voice_to_voice_ms,
                }
                for turn in self.turns
            ],
        }


def measure(path: Path, talking: Sequence[tuple[int, int]]) -> LatencyLedger:
    """The ledger of one recording.

    Args:
        path: stereo WAV, caller left, agent right.
        talking: stretches (start_ms, end_ms) in which the agent was the one to answer.
    """
    with wave.open(str(path), "rb") as file:
        rate = file.getframerate()
        pcm = np.frombuffer(file.readframes(file.getnframes()), np.int16)
    both = pcm.reshape(-1, 2).astype(np.float32) / np.float32(32768)
    return ledger(_levels(both[:, 0], rate), _levels(both[:, 1], rate), talking)


def ledger(
    caller: npt.NDArray[np.float32],
    agent: npt.NDArray[np.float32],
    talking: Sequence[tuple[int, int]],
) -> LatencyLedger:
    """Match the ends of the caller's speech with the agent's next onset.

    Args:
        caller, agent: RMS per 10 ms, full scale 1.
        talking: see :func:`measure`.
    """
    floor = float(np.percentile(caller, 20)) if caller.size else 0.0
    speaking = caller > max(0.008, 4 * floor)
    audible = agent > _AGENT_AUDIBLE
    found: list[Answered] = []
    answered_until = 0
    for onset in _onsets(audible):
        at_ms = onset * _STEP_MS
        if not any(start <= at_ms < end for start, end in talking):
            continue
        spoken = np.flatnonzero(speaking[answered_until:onset])
        if spoken.size:
            end = answered_until + int(spoken[-1]) + 1
            if (onset - end) * _STEP_MS <= _LONGEST_WAIT_MS:
                found.append(Answered(end * _STEP_MS, at_ms))
        answered_until = onset
    return LatencyLedger(tuple(found))


def _onsets(audible: npt.NDArray[np.bool_]) -> list[int]:
    """Where sound begins after a stretch of quiet long enough to be the other's turn."""
    loud = np.flatnonzero(audible)
    if loud.size == 0:
        return []
    gaps = np.diff(loud, prepend=-10_000)
    return [int(i) for i in loud[gaps > _NEW_REPLY_QUIET_MS // _STEP_MS]]


def _levels(samples: npt.NDArray[np.float32], rate: int) -> npt.NDArray[np.float32]:
    step = rate * _STEP_MS // 1000
    whole = samples[: samples.size // step * step].reshape(-1, step)
    result: npt.NDArray[np.float32] = np.sqrt((whole**2).mean(axis=1))
    return result
