"""The local language model for real: weights, child process, constrained replies."""

import asyncio
import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import platformdirs
import pytest
from pipecat.adapters.llm.schemas.function_schema import FunctionSchema
from pipecat.adapters.llm.schemas.tools_schema import ToolsSchema
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.services.llm_service import FunctionCallParams

from tests.llm_stage import LlmStage
from voiceagent.dialogue.llm import (
    LlmCallbacks,
    LlmOptions,
    check_endpoint,
    complete_json,
)
from voiceagent.dialogue.llm_stage import make_llm
from voiceagent.dialogue.local_llm import LocalLlmOptions, LocalLlmServer
from voiceagent.dialogue.stable_prompt import system_text
from voiceagent.domain.errors import LanguageModelError

pytestmark = pytest.mark.speech

DEADLINE_S = 240.0
WEIGHTS = (
    Path(platformdirs.user_cache_dir("voiceagent"))
    / "weights/qwen2.5-coder-1.5b/qwen2.5-coder-1.5b-instruct-q4_k_m.gguf"
)
OPTIONS = LocalLlmOptions(context_tokens=2048, start_deadline_s=DEADLINE_S)
PATIENT = LlmOptions(
    first_token_deadline_s=DEADLINE_S, filler_after_s=DEADLINE_S, total_deadline_s=DEADLINE_S
)
ROLE = "You are the phone assistant of Larkfield Broadband. Ask for the ZIP code first."
CONFIRM = {
    "name": "confirm_identity",
    "description": "Check the ZIP code. Use when the caller has said its digits.",
    "parameters": {
        "type": "object",
        "properties": {"postal_code": {"type": "string", "description": "digits only"}},
        "required": ["postal_code"],
    },
}


@pytest.fixture(scope="module")
def weights() -> Path:
    if not WEIGHTS.is_file():
        pytest.skip("qwen2.5-coder-1.5b is not installed")
    return WEIGHTS


@pytest.fixture
async def server(weights: Path) -> AsyncIterator[LocalLlmServer]:
    async with LocalLlmServer(weights, OPTIONS) as running:
        yield running


def confirm_identity(seen: list[str]) -> ToolsSchema:
    async def handler(params: FunctionCallParams) -> None:
        seen.append(params.arguments["postal_code"])
        await params.result_callback({"status": "verified"})

    parameters: Any = CONFIRM["parameters"]
    schema = FunctionSchema(
        "confirm_identity",
        str(CONFIRM["description"]),
        parameters["properties"],
        parameters["required"],
        handler=handler,
    )
    return ToolsSchema(standard_tools=[schema])


def asked(text: str, seen: list[str]) -> LLMContext:
    messages: Any = [
        {"role": "developer", "content": ROLE},
        {"role": "assistant", "content": "May I have your ZIP code, please?"},
        {"role": "user", "content": text},
    ]
    return LLMContext(messages, tools=confirm_identity(seen))


async def test_it_answers_calls_tools_and_completes_json(server: LocalLlmServer) -> None:
    endpoint = server.endpoint
    await check_endpoint(endpoint.url, endpoint.model, endpoint.api_key, DEADLINE_S)
    await server.warm_up(system_text(None, [CONFIRM]), DEADLINE_S)
    failures: list[LanguageModelError] = []

    async def on_failed(error: LanguageModelError, _said: bool) -> None:
        failures.append(error)

    seen: list[str] = []
    service = make_llm(endpoint, PATIENT, LlmCallbacks(on_failed=on_failed))
    async with LlmStage(service) as call:
        await call.ask(asked("Why do you need that?", seen))
        assert len(call.said.split()) > 2
        assert "{" not in call.said
        await call.ask(asked("It is nine four one one zero.", seen))
        async with asyncio.timeout(DEADLINE_S):
            while not seen:  # noqa: ASYNC110 - the tool runs in a task of its own
                await asyncio.sleep(0.05)
    assert seen == ["94110"]
    assert failures == []
    schema = {
        "type": "object",
        "properties": {"topic": {"type": "string", "enum": ["bill", "fault", "move"]}},
        "required": ["topic"],
    }
    question = [{"role": "user", "content": "My invoice is too high. What is the topic?"}]
    assert await complete_json(endpoint, question, schema, DEADLINE_S) == {"topic": "bill"}


async def test_a_key_is_needed(server: LocalLlmServer) -> None:
    endpoint = server.endpoint
    with pytest.raises(LanguageModelError, match="refuses the key"):
        await check_endpoint(endpoint.url, endpoint.model, "a guess", DEADLINE_S)


async def test_two_calls_share_it(server: LocalLlmServer) -> None:
    async def one_call(text: str) -> str:
        async with LlmStage(make_llm(server.endpoint, PATIENT, LlmCallbacks())) as call:
            await call.ask(asked(text, []))
            return call.said

    replies = await asyncio.gather(one_call("Who is this?"), one_call("Why do you ask?"))
    assert all(len(reply.split()) > 2 for reply in replies)


async def test_killed_server_is_told_and_the_call_learns_of_it(server: LocalLlmServer) -> None:
    endpoint, failures = server.endpoint, []

    async def on_failed(error: LanguageModelError, _said: bool) -> None:
        failures.append(error.code)
        failed.set()

    failed = asyncio.Event()
    async with LlmStage(make_llm(endpoint, PATIENT, LlmCallbacks(on_failed=on_failed))) as call:
        assert server.pid is not None
        os.kill(server.pid, signal.SIGKILL)
        async with asyncio.timeout(DEADLINE_S):
            while server.failure is None:  # noqa: ASYNC110 - watched from outside
                await asyncio.sleep(0.05)
            await call.ask(asked("Hello?", []))
            await failed.wait()
    assert failures == ["llm.unavailable"]
    with pytest.raises(LanguageModelError, match="ended with status -9"):
        _ = server.endpoint


PARENT = """
    import asyncio, sys
    from pathlib import Path
    from voiceagent.dialogue.local_llm import LocalLlmServer

    async def main():
        server = LocalLlmServer(Path(sys.argv[1]))
        starting = asyncio.create_task(server.start())
        while server.pid is None:
            await asyncio.sleep(0.01)
        if sys.argv[2] == "ready":
            await starting
        print(server.pid, flush=True)
        await asyncio.sleep(600)

    asyncio.run(main())
"""


@pytest.mark.parametrize("moment", ["loading", "ready"])
def test_child_ends_with_a_parent_that_was_killed(weights: Path, moment: str) -> None:
    command = [sys.executable, "-c", textwrap.dedent(PARENT), str(weights), moment]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        assert is_running(child)
        parent.kill()
        parent.wait(DEADLINE_S)
    give_up = time.monotonic() + 60
    while is_running(child):
        assert time.monotonic() < give_up, "the child outlived its parent"
        time.sleep(0.05)


def is_running(pid: int) -> bool:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except FileNotFoundError:
        return False
    return stat.rpartition(")")[2].split()[0] != "Z"
