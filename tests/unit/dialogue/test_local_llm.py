"""The life of the local model's child process, as far as it needs no weights."""

import asyncio
import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from voiceagent.dialogue.local_llm import LocalLlmOptions, LocalLlmServer
from voiceagent.domain.errors import LanguageModelError

pytestmark = pytest.mark.unit

PATIENT_S = 60.0
OPTIONS = LocalLlmOptions(start_deadline_s=PATIENT_S, stop_deadline_s=PATIENT_S)


@pytest.fixture
def not_weights(tmp_path: Path) -> Path:
    path = tmp_path / "broken.gguf"
    path.write_bytes(b"these are no weights")
    return path


async def test_missing_weights_are_named(tmp_path: Path) -> None:
    server = LocalLlmServer(tmp_path / "absent.gguf", OPTIONS)
    with pytest.raises(LanguageModelError, match=r"absent\.gguf.*models fetch"):
        await server.start()
    assert server.pid is None


async def test_crash_is_told_with_the_last_output(not_weights: Path) -> None:
    server = LocalLlmServer(not_weights, OPTIONS)
    with pytest.raises(LanguageModelError, match=r"status 1.*failed to load model"):
        await server.start()
    assert server.pid is None


async def test_crashed_server_can_be_started_again(not_weights: Path) -> None:
    server = LocalLlmServer(not_weights, OPTIONS)
    for _ in range(2):
        with pytest.raises(LanguageModelError, match="ended with status 1"):
            await server.start()


async def test_slow_start_is_given_up_and_leaves_no_child(not_weights: Path) -> None:
    server = LocalLlmServer(not_weights, replace(OPTIONS, start_deadline_s=0.001))
    with pytest.raises(LanguageModelError, match="not ready within"):
        await server.start()
    assert server.pid is None


async def test_cancelled_start_leaves_no_child(not_weights: Path) -> None:
    server = LocalLlmServer(not_weights, OPTIONS)
    starting = asyncio.create_task(server.start())
    async with asyncio.timeout(PATIENT_S):
        while server.pid is None:  # noqa: ASYNC110 - there is no event for a child's birth
            await asyncio.sleep(0.001)
        starting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await starting
    assert server.pid is None


async def test_server_that_was_not_started_has_no_endpoint(not_weights: Path) -> None:
    server = LocalLlmServer(not_weights, OPTIONS)
    with pytest.raises(LanguageModelError, match="not been started"):
        _ = server.endpoint
    await server.stop()
    await server.stop()


@pytest.mark.parametrize(
    "orders", [b"", b"\n"], ids=["parent gone at once", "parent has nothing to say"]
)
def test_child_without_orders_ends(orders: bytes) -> None:
    command = [sys.executable, "-m", "voiceagent.dialogue.local_llm"]
    finished = subprocess.run(
        command, check=False, input=orders, capture_output=True, timeout=PATIENT_S
    )
    assert (finished.returncode != 0) == bool(orders)


def test_importing_it_loads_neither_the_engine_nor_the_model_library() -> None:
    program = (
        "import sys, json, voiceagent.dialogue.local_llm;"
        "print(json.dumps([m for m in ('xllamacpp', 'openai', 'pipecat') if m in sys.modules]))"
    )
    finished = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, timeout=PATIENT_S, check=True
    )
    assert json.loads(finished.stdout) == []


@pytest.mark.parametrize(
    "change",
    [{"threads": 0}, {"conversations": 0}, {"context_tokens": 0}, {"niceness": -1}],
)
def test_senseless_options_are_refused(change: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="must"):
        LocalLlmOptions(**change)
