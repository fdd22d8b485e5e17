"""A process that holds calls with one of the two systems, so that its processor time and memory
are that system's alone.

In, on standard input: JSON lines, the first with the system and its options, then orders to hold
calls of the plan, one at a time or several at once. Out, on standard output: a JSON line per order.
Run by :mod:`voiceagent.bench.latency.processes`.
"""

from __future__ import annotations

import asyncio
import json
import os
import resource
import sys
import time
from pathlib import Path
from typing import Any

from voiceagent.settings import load_settings, quiet_model_threads, without_model_hub

# Simultaneous calls begin one after the other, as calls do.
_STAGGER_S = 0.9


async def serve(orders: asyncio.StreamReader, answers: Any) -> None:
    """Carry out orders until there are no more."""
    from voiceagent.bench.latency.plan import load
    from voiceagent.bench.latency.system import System, SystemOptions

    setup = json.loads(await orders.readline())
    options = SystemOptions(
        llm_url=setup["llm_url"],
        llm_model=setup["llm_model"],
        rate_hz=setup["rate_hz"],
        data_dir=Path(setup["data_dir"]),
        instructions=setup["instructions"],
        llm_api_key=setup["llm_api_key"],
    )
    settings = load_settings(
        data_dir=options.data_dir, llm_url=options.llm_url, llm_model=options.llm_model
    )
    system: System
    if setup["system"] == "ours":
        from voiceagent.bench.latency.ours import Ours

        system = await Ours.open(options, settings)
    else:
        from voiceagent.bench.latency.stock import Stock

        system = await Stock.open(options, settings)
    plan = load(Path(setup["plan"]))
    _answer(answers, {"ready": True})
    try:
        while line := await orders.readline():
            wanted = json.loads(line)
            _answer(answers, await _held(system, plan, wanted["calls"]))
    finally:
        await system.close()


async def _held(system: Any, plan: dict[str, Any], names: list[str]) -> dict[str, Any]:
    cpu, wall = time.process_time(), time.monotonic()

    async def one(index: int, name: str) -> dict[str, Any]:
        await asyncio.sleep(index * _STAGGER_S)
        record = await system.call(plan[name], seed=index + 1)
        told: dict[str, Any] = record.as_json()
        return told

    records = await asyncio.gather(*(one(i, name) for i, name in enumerate(names)))
    return {
        "records": records,
        "cpu_s": time.process_time() - cpu,
        "wall_s": time.monotonic() - wall,
        "memory_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


def _answer(answers: Any, answer: dict[str, Any]) -> None:
    answers.write(json.dumps(answer) + "\n")
    answers.flush()


async def _main() -> None:
    # Whatever a library prints must not get between the answers.
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    loop = asyncio.get_running_loop()
    orders = asyncio.StreamReader(limit=2**24)
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(orders), sys.stdin)
    with answers:
        await serve(orders, answers)


if __name__ == "__main__":
    if "--plain-threads" not in sys.argv:
        quiet_model_threads()
    without_model_hub()
    from loguru import logger

    logger.remove()
    asyncio.run(_main())
