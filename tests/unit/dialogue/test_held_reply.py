"""A reply written on a guess: who reads along, what is heard of it, and which tools it runs."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from pipecat.adapters.llm.schemas.function_schema import FunctionSchema
from pipecat.adapters.llm.schemas.tools_schema import ToolsSchema
from pipecat.frames.frames import (
    EagerEndOfTurnCancelFrame,
    InterruptionFrame,
    LLMContextFrame,
    LLMFullResponseEndFrame,
    LLMTextFrame,
    UserStartedSpeakingFrame,
    UserStoppedSpeakingFrame,
)
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.services.llm_service import FunctionCallParams

from tests.llm_stage import DEADLINE_S, LlmStage
from tests.scripted_llm import Fault, Rule, ScriptedLlm
from voiceagent.dialogue.llm import LlmCallbacks, LlmEndpoint, LlmOptions
from voiceagent.dialogue.llm_stage import make_llm

pytestmark = pytest.mark.unit

PATIENT = LlmOptions(first_token_deadline_s=DEADLINE_S, filler_after_s=DEADLINE_S, retries=0)
HELLO = Rule(user="Hi", say="Sure, how can I help?")
OTHER = Rule(user="Hm", say="Take your time.")
BOTH_KINDS = pytest.mark.parametrize("constrained", [False, True], ids=["native", "constrained"])


class Reader:
    """Keeps what was read along, as one line of events."""

    def __init__(self, *, fails: bool = False) -> None:
        self.read: list[str] = []
        self._fails = fails
        self._changed = asyncio.Condition()

    async def on_held_reply_begins(self) -> None:
        await self._note("begins")

    async def on_held_text(self, text: str) -> None:
        if self.read[-1].startswith("text:"):
            text = self.read.pop().removeprefix("text:") + text
        await self._note(f"text:{text}")

    async def on_held_reply_ends(self) -> None:
        await self._note("ends")

    async def on_held_reply_withdrawn(self) -> None:
        await self._note("withdrawn")

    async def _note(self, what: str) -> None:
        async with self._changed:
            self.read.append(what)
            self._changed.notify_all()
        if self._fails:
            raise RuntimeError("the reader has a fault of its own")

    async def until_words(self) -> None:
        async with asyncio.timeout(DEADLINE_S), self._changed:
            await self._changed.wait_for(
                lambda: any(what.startswith("text:") for what in self.read)
            )

    async def until(self, what: str) -> None:
        async with asyncio.timeout(DEADLINE_S), self._changed:
            await self._changed.wait_for(lambda: what in self.read)


@asynccontextmanager
async def stage(
    server: ScriptedLlm, reader: Reader, *, constrained: bool
) -> AsyncIterator[LlmStage]:
    endpoint = LlmEndpoint(url=server.url, model=server.model, constrained=constrained)
    async with LlmStage(make_llm(endpoint, PATIENT, LlmCallbacks(held_reply=reader))) as running:
        yield running


def asked(text: str = "Hi", tools: ToolsSchema | None = None) -> LLMContext:
    messages: Any = [{"role": "user", "content": text}]
    return LLMContext(messages, tools=tools) if tools else LLMContext(messages)


async def guess(running: LlmStage, context: LLMContext) -> None:
    """What pipecat's aggregator sends for an eager end of turn."""
    await running.send(UserStartedSpeakingFrame())
    await running.send(LLMContextFrame(context, speculation=True))


@BOTH_KINDS
async def test_a_held_reply_is_read_along_and_heard_only_once_the_turn_has_ended(
    constrained: bool,
) -> None:
    reader = Reader()
    with ScriptedLlm([HELLO]) as server:
        async with stage(server, reader, constrained=constrained) as running:
            await guess(running, asked())
            await reader.until("ends")
            assert reader.read == ["begins", "text:Sure, how can I help?", "ends"]
            assert not any(isinstance(frame, LLMTextFrame) for frame in running.frames)
            await running.send(UserStoppedSpeakingFrame())
            await running.until(LLMFullResponseEndFrame)
            kinds = [type(frame) for frame in running.frames]
    assert running.said == "Sure, how can I help?"
    assert kinds.index(LLMTextFrame) > kinds.index(UserStoppedSpeakingFrame)
    assert reader.read[-1] == "ends"


@BOTH_KINDS
@pytest.mark.parametrize("void", [EagerEndOfTurnCancelFrame, InterruptionFrame])
async def test_a_withdrawn_guess_is_never_heard(constrained: bool, void: Any) -> None:
    reader = Reader()
    with ScriptedLlm([HELLO, OTHER]) as server:
        async with stage(server, reader, constrained=constrained) as running:
            await guess(running, asked())
            await reader.until("ends")
            await running.send(void())
            await reader.until("withdrawn")
            await running.send(UserStoppedSpeakingFrame())
            await running.ask(asked("Hm"))
    assert running.said == "Take your time."
    # Nobody reads along in a reply that is said at once.
    assert reader.read == ["begins", "text:Sure, how can I help?", "ends", "withdrawn"]


@BOTH_KINDS
async def test_a_guess_withdrawn_in_mid_reply_is_read_no_further(constrained: bool) -> None:
    reader = Reader()
    with ScriptedLlm([Rule(user="Hi", say=HELLO.say, fault=Fault.HANG_IN_REPLY), OTHER]) as server:
        async with stage(server, reader, constrained=constrained) as running:
            await guess(running, asked())
            await reader.until_words()
            await running.send(EagerEndOfTurnCancelFrame())
            await reader.until("withdrawn")
            await running.send(UserStoppedSpeakingFrame())
            await running.ask(asked("Hm"))
    assert running.said == "Take your time."
    assert [what.split(":")[0] for what in reader.read] == ["begins", "text", "withdrawn"]


@BOTH_KINDS
async def test_a_reply_to_other_words_than_guessed_voids_the_guess(constrained: bool) -> None:
    reader = Reader()
    with ScriptedLlm([HELLO, OTHER]) as server:
        async with stage(server, reader, constrained=constrained) as running:
            await guess(running, asked())
            await reader.until("ends")
            await running.ask(asked("Hm"))
            await running.send(UserStoppedSpeakingFrame())
            await running.until(UserStoppedSpeakingFrame)
    assert running.said == "Take your time."
    assert reader.read[-1] == "withdrawn"


class Scheduler:
    """A tool that keeps what it was called with."""

    def __init__(self) -> None:
        self.calls: list[dict[str, Any]] = []
        self._called = asyncio.Event()
        schema = FunctionSchema(
            name="schedule",
            description="when it is time",
            properties={"when": {"type": "string"}},
            required=["when"],
            handler=self._run,
        )
        self.tools = ToolsSchema(standard_tools=[schema])
        self.rule = Rule(offers="schedule", call="schedule", arguments={"when": "Friday"})

    async def _run(self, params: FunctionCallParams) -> None:
        self.calls.append(dict(params.arguments))
        self._called.set()
        await params.result_callback({"status": "ok"})

    async def called(self) -> None:
        async with asyncio.timeout(DEADLINE_S):
            await self._called.wait()


@BOTH_KINDS
async def test_a_tool_waits_until_the_turn_is_certain(constrained: bool) -> None:
    scheduler = Scheduler()
    with ScriptedLlm([scheduler.rule]) as server:
        async with stage(server, Reader(), constrained=constrained) as running:
            await guess(running, asked(tools=scheduler.tools))
            async with asyncio.timeout(DEADLINE_S):
                while not server.requests:  # noqa: ASYNC110 - the server has no event for it
                    await asyncio.sleep(0.01)
            # Time enough for the call to arrive.
            await asyncio.sleep(0.5)
            assert scheduler.calls == []
            await running.send(UserStoppedSpeakingFrame())
            await scheduler.called()
    assert scheduler.calls == [{"when": "Friday"}]
    assert len(server.requests) == 1
    assert running.said == ""


@BOTH_KINDS
async def test_a_tool_called_for_a_withdrawn_guess_never_runs(constrained: bool) -> None:
    scheduler = Scheduler()
    with ScriptedLlm([scheduler.rule, OTHER]) as server:
        async with stage(server, Reader(), constrained=constrained) as running:
            await guess(running, asked(tools=scheduler.tools))
            await asyncio.sleep(0.5)
            await running.send(EagerEndOfTurnCancelFrame())
            await running.send(UserStoppedSpeakingFrame())
            await running.ask(asked("Hm"))
    assert scheduler.calls == []
    assert running.said == "Take your time."


@BOTH_KINDS
async def test_a_reader_that_fails_does_not_disturb_the_reply(constrained: bool) -> None:
    reader = Reader(fails=True)
    with ScriptedLlm([HELLO]) as server:
        async with stage(server, reader, constrained=constrained) as running:
            await guess(running, asked())
            await reader.until("ends")
            await running.send(UserStoppedSpeakingFrame())
            await running.until(LLMFullResponseEndFrame)
    assert running.said == "Sure, how can I help?"
