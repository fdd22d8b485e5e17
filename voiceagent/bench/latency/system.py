"""What the two systems have in common for the bench: how they are opened, and what a call gives."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from voiceagent.bench.latency.plan import PlannedCall
from voiceagent.bench.latency.record import CallRecord

LOCAL = "local"


@dataclass(frozen=True, slots=True)
class SystemOptions:
    """How a system is set up.

    Attributes:
        llm_url: OpenAI-compatible base URL; empty for ours means the local model it starts itself.
        llm_model: the model's name there.
        rate_hz: of ours' line; stock runs at 16 kHz.
        data_dir: for databases, thrown away afterwards.
        instructions: the system prompt of stock.
        llm_api_key: the key that goes with it.
        quiet_threads: the thread settings that this project's own processes have; without them
            the numeric libraries choose for themselves.
    """

    llm_url: str
    llm_model: str
    rate_hz: int
    data_dir: Path
    instructions: str = ""
    llm_api_key: str = field(default="", repr=False)
    quiet_threads: bool = True


class System(Protocol):
    """One of the two, with its models loaded."""

    async def call(self, call: PlannedCall, seed: int) -> CallRecord:
        """Hold one call; processor time is counted by whoever asked for it."""

    async def close(self) -> None:
        """End everything."""
