"""The processes of the bench, from the outside: the scripted language model, and the two systems.

Each is used as an async context manager and is gone afterwards, whatever happened.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import sys
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from voiceagent.bench.latency.record import CallRecord
from voiceagent.bench.latency.system import SystemOptions
from voiceagent.domain.errors import VoiceAgentError
from voiceagent.speech.model_pool import QUIET_THREADS

_START_DEADLINE_S = 180.0
_CALL_DEADLINE_S = 1200.0
_END_DEADLINE_S = 20.0
_ANSWER_LIMIT = 2**26


class BenchSystemError(VoiceAgentError):
    """One of the systems under measurement failed."""

    code = "bench.system_failed"
    exit_code = 70


@dataclass(frozen=True, slots=True)
class Held:
    """What an order to hold calls came to."""

    records: tuple[CallRecord, ...]
    cpu_s: float
    wall_s: float
    memory_mb: float


class SystemProcess:
    """One of the two systems in a process of its own; see :func:`opened_system`."""

    def __init__(self, name: str, process: asyncio.subprocess.Process, errors: IO[bytes]) -> None:
        self.name = name
        self._process = process
        self._errors = errors

    async def hold(self, calls: Sequence[str]) -> Held:
        """Hold calls of the plan, all at once.

        Raises:
            BenchSystemError: the system failed or took far too long.
        """
        answer = await self.ask({"calls": list(calls)}, _CALL_DEADLINE_S)
        return Held(
            tuple(CallRecord.of_json(record) for record in answer["records"]),
            answer["cpu_s"],
            answer["wall_s"],
            answer["memory_mb"],
        )

    async def ask(self, order: dict[str, Any], deadline_s: float) -> dict[str, Any]:
        """Send one line and return the answer."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        try:
            self._process.stdin.write(json.dumps(order).encode() + b"\n")
            await self._process.stdin.drain()
            line = await asyncio.wait_for(self._process.stdout.readline(), deadline_s)
        except TimeoutError as error:
            raise BenchSystemError(f"The system '{self.name}' did not answer in time.") from error
        except ConnectionError as error:
            raise self._failed() from error
        if not line:
            raise self._failed()
        answer: dict[str, Any] = json.loads(line)
        return answer

    def _failed(self) -> BenchSystemError:
        self._errors.seek(0)
        last = self._errors.read().decode("utf-8", "replace").strip().splitlines()[-1:]
        return BenchSystemError(f"The system '{self.name}' failed: {' '.join(last)}")


@asynccontextmanager
async def opened_system(
    name: str, options: SystemOptions, plan: Path
) -> AsyncIterator[SystemProcess]:
    """A system with its models loaded.

    Args:
        name: ``ours`` or ``stock``.
        options: how it is set up.
        plan: the folder of the plan.

    Raises:
        BenchSystemError: it did not start.
    """
    with tempfile.TemporaryFile() as errors:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "voiceagent.bench.latency.child",
            *([] if options.quiet_threads else ["--plain-threads"]),
            env=None if options.quiet_threads else plain_environment(),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=errors,
            limit=_ANSWER_LIMIT,
        )
        system = SystemProcess(name, process, errors)
        try:
            setup = {
                "system": name,
                "llm_url": options.llm_url,
                "llm_model": options.llm_model,
                "rate_hz": options.rate_hz,
                "data_dir": str(options.data_dir),
                "instructions": options.instructions,
                "llm_api_key": options.llm_api_key,
                "plan": str(plan),
            }
            await system.ask(setup, _START_DEADLINE_S)
            yield system
        finally:
            await _ended(process)


@asynccontextmanager
async def scripted_llm() -> AsyncIterator[str]:
    """The scripted language model; its base URL.

    Raises:
        BenchSystemError: it did not start.
    """
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "voiceagent.bench.latency.scripted_llm",
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    assert process.stdout is not None
    try:
        line = await asyncio.wait_for(process.stdout.readline(), _START_DEADLINE_S)
        if not line:
            raise BenchSystemError("The scripted language model did not start.")
        yield line.decode().strip()
    finally:
        await _ended(process)


def plain_environment() -> dict[str, str]:
    """This process's environment without the settings that keep numeric libraries quiet."""
    return {name: value for name, value in os.environ.items() if name not in QUIET_THREADS}


async def _ended(process: asyncio.subprocess.Process) -> None:
    if process.stdin is not None:
        process.stdin.close()
    try:
        await asyncio.wait_for(process.wait(), _END_DEADLINE_S)
    except TimeoutError:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()
