"""Which calls the bench makes, and their sound as files for the processes that make them.

In: the material. Out: a folder with ``plan.json`` and ``sounds.npz``; both systems read the same
one, so that both hear the same samples.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import cycle, islice
from pathlib import Path

import numpy as np

from voiceagent.bench.latency.material import Clip, Material, Samples, on_the_line
from voiceagent.bench.latency.record import Kind

_CLEAR_PER_CALL = 11
_PAUSES_PER_CALL = 11
_BARGE_INS = 8
# So long the agent has been heard when the caller speaks over it.
_OVER_AGENT_S = 0.7


@dataclass(frozen=True, slots=True)
class PlannedTurn:
    """A turn of the caller; positions in samples at 16 kHz.

    Attributes:
        over_agent_s: a barge-in begins when the agent has been heard so long; None otherwise.
        sound: at the rate of ours, and at 16 kHz for stock.
        counted: whether it is measured, or only brings the call to where the next one is.
    """

    clip: str
    kind: Kind
    text: str
    start: int
    end: int
    pauses: tuple[tuple[int, int], ...]
    over_agent_s: float | None
    sound: tuple[Samples, Samples] = field(repr=False, compare=False)
    counted: bool = True


@dataclass(frozen=True, slots=True)
class PlannedCall:
    """One call: what the caller says, in order.

    Attributes:
        account: whom the company's records know the caller as.
        patience_s: how long the caller waits for a reply.
    """

    id: str
    turns: tuple[PlannedTurn, ...]
    account: str = ""
    patience_s: float = 8.0


def planned_turn(clip: Clip, *, wideband: bool, counted: bool = True) -> PlannedTurn:
    """A clip as a turn."""
    over = _OVER_AGENT_S if clip.kind is Kind.BARGE_IN else None
    sound = on_the_line(clip, wideband=wideband)
    return PlannedTurn(
        clip.id, clip.kind, clip.text, clip.start, clip.end, clip.pauses, over, sound, counted
    )


def plan_calls(material: Material, turns: int | None, *, wideband: bool) -> list[PlannedCall]:
    """The calls of a whole run.

    Args:
        material: what the caller can say.
        turns: so many clear turns, as many pauses and half as many barge-ins; None for all.
        wideband: 16 kHz instead of the telephone's 8.
    """
    clear = list(material.clear[:turns])
    pauses = list(material.pauses[:turns])
    count = _BARGE_INS if turns is None else min(_BARGE_INS, max(1, turns // 2))
    count = min(count, len(clear))
    barge_ins = list(islice(cycle(material.barge_ins), count)) if material.barge_ins else []
    # Spread evenly: a barge-in follows every second or third clear turn.
    after = {round(i * len(clear) / count): barge for i, barge in enumerate(barge_ins)}
    calls: list[PlannedCall] = []
    for first in range(0, len(clear), _CLEAR_PER_CALL):
        said: list[Clip] = []
        for index in range(first, min(first + _CLEAR_PER_CALL, len(clear))):
            said.append(clear[index])
            if index in after:
                said.append(after[index])
        calls.append(_call(f"clear-{len(calls) + 1}", said, wideband))
    for number, first in enumerate(range(0, len(pauses), _PAUSES_PER_CALL), 1):
        calls.append(_call(f"pauses-{number}", pauses[first : first + _PAUSES_PER_CALL], wideband))
    return calls


def save(calls: Sequence[PlannedCall], folder: Path) -> None:
    """Write a plan for the processes that carry it out."""
    sounds = {}
    told = []
    for call in calls:
        turns = []
        for turn in call.turns:
            for index, sound in enumerate(turn.sound):
                pcm = (np.clip(sound, -1, 1) * 32767).astype(np.int16)
                sounds[f"{turn.clip}/{turn.kind}/{index}"] = pcm
            turns.append(
                {
                    "clip": turn.clip,
                    "kind": turn.kind,
                    "text": turn.text,
                    "start": turn.start,
                    "end": turn.end,
                    "pauses": turn.pauses,
                    "over_agent_s": turn.over_agent_s,
                    "counted": turn.counted,
                }
            )
        told.append(
            {
                "id": call.id,
                "account": call.account,
                "patience_s": call.patience_s,
                "turns": turns,
            }
        )
    (folder / "plan.json").write_text(json.dumps(told), "utf-8")
    np.savez(folder / "sounds.npz", **sounds)


def load(folder: Path) -> dict[str, PlannedCall]:
    """Read a plan; calls by their id."""
    told = json.loads((folder / "plan.json").read_text("utf-8"))
    calls = {}
    with np.load(folder / "sounds.npz") as sounds:
        for call in told:
            turns = []
            for turn in call["turns"]:
                key = f"{turn['clip']}/{turn['kind']}"
                both = [sounds[f"{key}/{i}"].astype(np.float32) / 32767 for i in (0, 1)]
                turns.append(
                    PlannedTurn(
                        **{
                            **turn,
                            "kind": Kind(turn["kind"]),
                            "pauses": tuple((a, b) for a, b in turn["pauses"]),
                        },
                        sound=(both[0], both[1]),
                    )
                )
            calls[call["id"]] = PlannedCall(
                call["id"], tuple(turns), call["account"], call["patience_s"]
            )
    return calls


def _call(name: str, clips: Sequence[Clip], wideband: bool) -> PlannedCall:
    return PlannedCall(name, tuple(planned_turn(clip, wideband=wideband) for clip in clips))
