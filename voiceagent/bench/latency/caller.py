"""The caller of the bench: speaks recorded turns in real time and notes when the agent is heard.

In: the planned turns, and every 20 ms packet of the agent with the moment at which it left. Out:
the caller's 20 ms frames, and the record of who was heard when. It is the far end of ours and of
stock alike. Without a clock of its own: whoever drives it says what time it is.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from voiceagent.bench.latency.material import RATE_HZ, ROOM_TONE, Samples
from voiceagent.bench.latency.plan import PlannedTurn
from voiceagent.bench.latency.record import CallRecord, Observed, Span, SpokenTurn
from voiceagent.legs.leg import FRAME_MS

_FRAME_S = FRAME_MS / 1000
# -40 dB full scale: above what a codec makes of silence, below the softest consonant.
_AUDIBLE = 0.01
_NOISE_FRAMES = 500


@dataclass(frozen=True, slots=True)
class CallerOptions:
    """How the caller behaves.

    Attributes:
        rate_hz: of the frames asked for; 16000 takes a turn's second sound, else its first.
        agent_rate_hz: of the packets handed in.
        gap_s: the agent has been quiet so long when the caller goes on.
        patience_s: after so long without a reply the caller gives up and goes on.
        seed: of the room tone.
    """

    rate_hz: int
    agent_rate_hz: int
    gap_s: float = 0.6
    patience_s: float = 8.0
    seed: int = 1


class BenchCaller:
    """One caller on one call."""

    def __init__(self, turns: Sequence[PlannedTurn], options: CallerOptions) -> None:
        self._turns = turns
        self._options = options
        self._size = options.rate_hz * FRAME_MS // 1000
        rng = np.random.default_rng(options.seed)
        noise = rng.standard_normal(_NOISE_FRAMES * self._size) * ROOM_TONE
        self._noise = noise.astype(np.float32).reshape(_NOISE_FRAMES, self._size)
        self._frames = 0
        self._next = 0
        self._saying: Samples | None = None
        self._position = 0
        self._ready_since: float | None = None
        self._answered_s: float | None = None
        self._heard_until = float("-inf")
        self._spoken: list[SpokenTurn] = []
        self._agent: list[Span] = []
        self.finished = asyncio.Event()
        """Set when everything was said and answered, or given up."""

    def begin(self, now_s: float) -> None:
        """Whoever was silent until now starts to talk as soon as the agent is quiet."""
        self._ready_since = now_s

    def end(self) -> None:
        """The line is gone."""
        self.finished.set()

    @property
    def through(self) -> bool:
        """Whether every turn was said."""
        return self._next >= len(self._turns) and self._saying is None

    def heard(self, now_s: float, pcm: bytes) -> None:
        """A packet of the agent that leaves now."""
        samples = np.frombuffer(pcm, np.int16)
        loud = np.flatnonzero(np.abs(samples) > _AUDIBLE * 32768)
        if loud.size == 0:
            return
        rate = self._options.agent_rate_hz
        span = (now_s + int(loud[0]) / rate, now_s + (int(loud[-1]) + 1) / rate)
        if self._agent and span[0] - self._agent[-1][1] < 2 * _FRAME_S:
            self._agent[-1] = (self._agent[-1][0], span[1])
        else:
            self._agent.append(span)
        self._heard_until = span[1]
        if self._spoken and self._answered_s is None and span[0] >= self._spoken[-1].end_s:
            self._answered_s = span[0]

    def frame(self, now_s: float) -> bytes:
        """The next 20 ms, of which the first sample is captured now."""
        sound = self._noise[self._frames % _NOISE_FRAMES].copy()
        self._frames += 1
        if self._saying is None and self._ready_since is not None:
            self._consider(now_s)
        if self._saying is not None:
            piece = self._saying[self._position : self._position + self._size]
            sound[: piece.size] += piece
            self._position += self._size
            if self._position >= self._saying.size:
                self._saying = None
        return bytes((np.clip(sound, -0.999, 0.999) * 32767).astype(np.int16).tobytes())

    def record(self, start_s: float, observed: Sequence[Observed]) -> CallRecord:
        """What was noted, on a clock that begins at *start_s*."""
        turns = [
            replace(
                turn,
                start_s=turn.start_s - start_s,
                end_s=turn.end_s - start_s,
                pauses=tuple((a - start_s, b - start_s) for a, b in turn.pauses),
            )
            for turn in self._spoken
        ]
        return CallRecord(
            turns=tuple(turns),
            agent=tuple((a - start_s, b - start_s) for a, b in self._agent),
            observed=tuple(Observed(o.at_s - start_s, o.stage, o.value) for o in observed),
            lost=not self.through,
        )

    def _consider(self, now_s: float) -> None:
        """Begin the next turn if it is due."""
        if not self._spoken:
            if now_s - max(self._heard_until, self._ready_since or now_s) > self._options.gap_s:
                self._begin(now_s)
            return
        turn = self._turns[self._next] if self._next < len(self._turns) else None
        if self._answered_s is None:
            last = self._spoken[-1]
            if now_s > last.end_s + self._options.patience_s:
                self._spoken[-1] = replace(last, gave_up=True)
                self._go_on(turn, now_s)
        elif turn is not None and turn.over_agent_s is not None:
            over = now_s >= self._answered_s + turn.over_agent_s
            if over or now_s - self._heard_until > self._options.gap_s:
                self._begin(now_s)
        elif now_s - self._heard_until > self._options.gap_s:
            self._go_on(turn, now_s)

    def _go_on(self, turn: PlannedTurn | None, now_s: float) -> None:
        if turn is None:
            self.finished.set()
        else:
            self._begin(now_s)

    def _begin(self, now_s: float) -> None:
        turn = self._turns[self._next]
        self._next += 1
        self._saying = turn.sound[self._options.rate_hz == RATE_HZ]
        self._position = 0
        self._answered_s = None

        def at(sample: int) -> float:
            return now_s + sample / RATE_HZ

        self._spoken.append(
            SpokenTurn(
                turn.clip,
                turn.kind,
                turn.text,
                at(turn.start),
                at(turn.end),
                tuple((at(a), at(b)) for a, b in turn.pauses),
                counted=turn.counted,
            )
        )
