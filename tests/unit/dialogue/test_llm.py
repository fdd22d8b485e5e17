"""The LLM stage against a real HTTP server that fails in every way an endpoint can."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest
from pipecat.adapters.llm.schemas.function_schema import FunctionSchema
from pipecat.adapters.llm.schemas.tools_schema import ToolsSchema
from pipecat.frames.frames import (
    InterruptionFrame,
    LLMContextFrame,
    LLMFullResponseEndFrame,
    LLMFullResponseStartFrame,
    LLMTextFrame,
    LLMUpdateSettingsFrame,
    TTSSpeakFrame,
    UserStartedSpeakingFrame,
    UserStoppedSpeakingFrame,
)
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.services.llm_service import FunctionCallParams
from pipecat.services.settings import LLMSettings

from tests.llm_stage import DEADLINE_S, LlmStage
from tests.scripted_llm import Fault, Rule, ScriptedLlm, load_rules
from voiceagent.dialogue.llm import (
    LanguageModelRefusedError,
    LanguageModelReplyError,
    LanguageModelTimeoutError,
    LlmCallbacks,
    LlmEndpoint,
    LlmOptions,
    check_endpoint,
    complete_json,
    resolve_model,
)
from voiceagent.dialogue.llm_stage import make_llm
from voiceagent.domain.errors import LanguageModelError

pytestmark = pytest.mark.unit

PATIENT = LlmOptions(first_token_deadline_s=DEADLINE_S, filler_after_s=DEADLINE_S)
HASTY = replace(PATIENT, first_token_deadline_s=0.3)
HELLO = Rule(say="Hello, how can I help?")
BOTH_KINDS = pytest.mark.parametrize("constrained", [False, True], ids=["native", "constrained"])


class Told:
    """Keeps what the callbacks were told."""

    def __init__(self) -> None:
        self.slow = 0
        self.failures: list[tuple[LanguageModelError, bool]] = []
        self.called = asyncio.Event()
        self.callbacks = LlmCallbacks(on_slow=self._on_slow, on_failed=self._on_failed)

    async def _on_slow(self) -> None:
        self.slow += 1
        self.called.set()

    async def _on_failed(self, error: LanguageModelError, something_was_said: bool) -> None:
        self.failures.append((error, something_was_said))
        self.called.set()

    async def something(self) -> None:
        async with asyncio.timeout(DEADLINE_S):
            await self.called.wait()
        self.called.clear()


@asynccontextmanager
async def stage(
    server: ScriptedLlm, told: Told, options: LlmOptions = PATIENT, *, constrained: bool = False
) -> AsyncIterator[LlmStage]:
    endpoint = LlmEndpoint(url=server.url, model=server.model, constrained=constrained)
    async with LlmStage(make_llm(endpoint, options, told.callbacks)) as running:
        yield running


def asked(text: str = "Hi", tools: ToolsSchema | None = None) -> LLMContext:
    messages: Any = [{"role": "user", "content": text}]
    return LLMContext(messages, tools=tools) if tools else LLMContext(messages)


def tool(name: str, handler: Callable[[FunctionCallParams], Awaitable[None]]) -> ToolsSchema:
    schema = FunctionSchema(
        name=name,
        description="when it is time",
        properties={"when": {"type": "string"}},
        required=["when"],
        handler=handler,
    )
    return ToolsSchema(standard_tools=[schema])


def unused_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(DEADLINE_S):
        while not condition():  # noqa: ASYNC110 - the server sets it from another thread
            await asyncio.sleep(0.01)


@BOTH_KINDS
async def test_words_leave_between_start_and_end(constrained: bool) -> None:
    told = Told()
    with ScriptedLlm([HELLO]) as server:
        async with stage(server, told, constrained=constrained) as running:
            await running.ask(asked())
            frames = running.frames
    assert running.said == "Hello, how can I help?"
    kinds = (LLMFullResponseStartFrame, LLMTextFrame, LLMFullResponseEndFrame)
    first, *texts, last = [frame for frame in frames if isinstance(frame, kinds)]
    assert isinstance(first, LLMFullResponseStartFrame)
    assert isinstance(last, LLMFullResponseEndFrame)
    assert len(texts) > 1, "the words must be streamed"
    assert all(isinstance(frame, LLMTextFrame) for frame in texts)
    assert (told.slow, told.failures) == (0, [])


@BOTH_KINDS
async def test_tool_is_called_with_its_arguments(constrained: bool) -> None:
    told, calls = Told(), []

    async def handler(params: FunctionCallParams) -> None:
        calls.append((params.function_name, dict(params.arguments)))
        await params.result_callback({"status": "ok"})

    rule = Rule(offers="schedule", call="schedule", arguments={"when": 'Friday at "ten"'})
    with ScriptedLlm([rule]) as server:
        async with stage(server, told, constrained=constrained) as running:
            await running.ask(asked(tools=tool("schedule", handler)))
            await until(lambda: bool(calls))
    assert calls == [("schedule", {"when": 'Friday at "ten"'})]
    assert running.said == ""
    assert told.failures == []


async def test_two_native_tool_calls_in_one_reply_both_run() -> None:
    told, calls = Told(), []

    async def handler(params: FunctionCallParams) -> None:
        calls.append(params.arguments["when"])
        await params.result_callback({"status": "ok"})

    def call(index: int, when: str) -> dict[str, Any]:
        function = {"name": "schedule", "arguments": json.dumps({"when": when})}
        part = {"index": index, "id": f"call_{index}", "type": "function", "function": function}
        return {"tool_calls": [part]}

    class Twice(ScriptedLlm):
        def _deltas(self, request: object, rule: object) -> list[dict[str, Any]]:
            return [call(0, "Monday"), call(1, "Friday")]

    with Twice([Rule(call="schedule")]) as server:
        async with stage(server, told) as running:
            await running.ask(asked(tools=tool("schedule", handler)))
            await until(lambda: len(calls) == 2)
    assert sorted(calls) == ["Friday", "Monday"]


@BOTH_KINDS
@pytest.mark.parametrize(
    "trouble",
    [
        Rule(status=500, times=1),
        Rule(status=503, times=1),
        Rule(status=429, times=1),
        Rule(fault=Fault.HANG, times=1),
        Rule(fault=Fault.EMPTY, times=1),
        Rule(fault=Fault.NOT_A_STREAM, times=1),
        Rule(fault=Fault.GARBAGE, times=1),
        Rule(fault=Fault.DROP, times=1),
        Rule(fault=Fault.CUT_OFF, times=1),
        Rule(fault=Fault.ERROR_EVENT, times=1),
    ],
    ids=lambda rule: str(rule.fault or rule.status),
)
async def test_trouble_before_the_first_word_is_retried(trouble: Rule, constrained: bool) -> None:
    told = Told()
    with ScriptedLlm([replace(trouble), HELLO]) as server:
        async with stage(server, told, HASTY, constrained=constrained) as running:
            await running.ask(asked())
    assert running.said == "Hello, how can I help?"
    assert len(server.requests) == 2
    assert told.failures == []


@BOTH_KINDS
@pytest.mark.parametrize(
    ("rule", "kind", "code"),
    [
        (Rule(status=500), LanguageModelError, "llm.unavailable"),
        (Rule(fault=Fault.HANG), LanguageModelTimeoutError, "llm.timeout"),
        (Rule(fault=Fault.EMPTY), LanguageModelReplyError, "llm.bad_reply"),
        (Rule(fault=Fault.NOT_A_STREAM), LanguageModelReplyError, "llm.bad_reply"),
        (Rule(fault=Fault.GARBAGE), LanguageModelReplyError, "llm.bad_reply"),
        (Rule(fault=Fault.DROP), LanguageModelError, "llm.unavailable"),
        (Rule(fault=Fault.ERROR_EVENT), LanguageModelError, "llm.unavailable"),
    ],
    ids=lambda value: str(value.fault or value.status) if isinstance(value, Rule) else "",
)
async def test_second_failure_is_told_once_and_ends_the_reply(
    rule: Rule, kind: type[LanguageModelError], code: str, constrained: bool
) -> None:
    told = Told()
    with ScriptedLlm([replace(rule)]) as server:
        async with stage(server, told, HASTY, constrained=constrained) as running:
            await running.ask(asked())
            await told.something()
            assert len(server.requests) == 2
            # The pipeline lives on: the next turn gets its reply.
            server.rules.insert(0, Rule(say="Here I am again."))
            await running.ask(asked())
    [(error, something_was_said)] = told.failures
    assert type(error) is kind
    assert error.code == code
    assert not something_was_said
    assert running.said == "Here I am again."


@BOTH_KINDS
@pytest.mark.parametrize("status", [400, 401, 403, 404, 422])
async def test_refusal_is_not_retried(status: int, constrained: bool) -> None:
    told = Told()
    with ScriptedLlm([Rule(status=status)]) as server:
        async with stage(server, told, constrained=constrained) as running:
            await running.ask(asked())
            await told.something()
    [(error, _)] = told.failures
    assert isinstance(error, LanguageModelRefusedError)
    assert str(status) in error.problem
    assert "--llm" in error.remedy or "VOICEAGENT_LLM" in error.remedy
    assert len(server.requests) == 1


async def test_nobody_listening_is_told() -> None:
    told = Told()
    endpoint = LlmEndpoint(url=f"http://127.0.0.1:{unused_port()}/v1", model="any")
    async with LlmStage(make_llm(endpoint, PATIENT, told.callbacks)) as running:
        await running.ask(asked())
        await told.something()
    [(error, something_was_said)] = told.failures
    assert error.code == "llm.unavailable"
    assert "--llm-url" in error.remedy
    assert not something_was_said


@BOTH_KINDS
@pytest.mark.parametrize(
    "fault", [Fault.DROP, Fault.CUT_OFF, Fault.GARBAGE, Fault.ERROR_EVENT, Fault.HANG_IN_REPLY]
)
async def test_half_spoken_reply_ends_there(fault: Fault, constrained: bool) -> None:
    told = Told()
    options = replace(PATIENT, total_deadline_s=3.0)
    rule = Rule(say="one two three four five six seven eight nine ten", fault=fault)
    with ScriptedLlm([rule]) as server:
        async with stage(server, told, options, constrained=constrained) as running:
            await running.ask(asked())
            await told.something()
    assert running.said.startswith("one two")
    assert "ten" not in running.said
    assert len(server.requests) == 1, "a reply half spoken must not start again"
    [(error, something_was_said)] = told.failures
    assert something_was_said
    assert isinstance(error, LanguageModelTimeoutError) == (fault is Fault.HANG_IN_REPLY)


async def test_what_the_failure_makes_the_call_say_follows_the_end_of_the_reply() -> None:
    async def on_failed(_error: LanguageModelError, _said: bool) -> None:
        await service.push_frame(TTSSpeakFrame("One moment, I am getting a colleague."))

    with ScriptedLlm([Rule(status=401)]) as server:
        endpoint = LlmEndpoint(url=server.url, model=server.model)
        service = make_llm(endpoint, PATIENT, LlmCallbacks(on_failed=on_failed))
        async with LlmStage(service) as running:
            await running.send(LLMContextFrame(asked()))
            await running.until(TTSSpeakFrame)
    kinds = (LLMFullResponseStartFrame, LLMFullResponseEndFrame, TTSSpeakFrame)
    order = [type(frame) for frame in running.frames if isinstance(frame, kinds)]
    assert order == list(kinds)


@BOTH_KINDS
async def test_malformed_tool_arguments_are_asked_for_again(constrained: bool) -> None:
    told, calls = Told(), []

    async def handler(params: FunctionCallParams) -> None:
        calls.append(dict(params.arguments))
        await params.result_callback({"status": "ok"})

    fault = Fault.CUT_OFF if constrained else Fault.BAD_ARGUMENTS
    call = {"call": "schedule", "arguments": {"when": "Friday at ten"}}
    with ScriptedLlm([Rule(**call, fault=fault, times=1), Rule(**call)]) as server:
        async with stage(server, told, constrained=constrained) as running:
            await running.ask(asked(tools=tool("schedule", handler)))
            await until(lambda: bool(calls))
    assert calls == [{"when": "Friday at ten"}]
    assert len(server.requests) == 2
    assert told.failures == []


@BOTH_KINDS
async def test_slow_reply_is_told_once_while_it_waits(constrained: bool) -> None:
    told = Told()
    options = replace(PATIENT, filler_after_s=0.05)
    with ScriptedLlm([replace(HELLO, delay_s=0.6)]) as server:
        async with stage(server, told, options, constrained=constrained) as running:
            await running.send(LLMContextFrame(asked()))
            await told.something()
            assert running.said == ""
            await running.until(LLMFullResponseEndFrame)
    assert told.slow == 1
    assert running.said == "Hello, how can I help?"


async def test_retry_does_not_repeat_the_slow_hint() -> None:
    told = Told()
    options = replace(HASTY, filler_after_s=0.05)
    with ScriptedLlm([Rule(fault=Fault.HANG)]) as server:
        async with stage(server, told, options) as running:
            await running.ask(asked())
            await until(lambda: bool(told.failures))
    assert told.slow == 1
    assert len(server.requests) == 2


async def test_slow_hint_is_not_repeated_behind_a_tool_but_is_for_the_next_turn() -> None:
    told = Told()
    options = replace(PATIENT, filler_after_s=0.05)
    messages: Any = [{"role": "user", "content": "Hi"}]
    with ScriptedLlm([replace(HELLO, delay_s=0.4)]) as server:
        async with stage(server, told, options) as running:
            await running.ask(LLMContext(list(messages)))
            assert told.slow == 1
            function = {"name": "look_up", "arguments": "{}"}
            call = {"id": "c1", "type": "function", "function": function}
            messages += [
                {"role": "assistant", "tool_calls": [call]},
                {"role": "tool", "tool_call_id": "c1", "content": "{}"},
                {"role": "developer", "content": "Tell the caller."},
            ]
            await running.ask(LLMContext(list(messages)))
            assert told.slow == 1
            messages.append({"role": "user", "content": "And?"})
            await running.ask(LLMContext(list(messages)))
    assert told.slow == 2


@BOTH_KINDS
async def test_interruption_closes_the_stream_and_calls_nobody(constrained: bool) -> None:
    told = Told()
    rules = [Rule(user="Hi", say="one two three four five six", fault=Fault.HANG_IN_REPLY), HELLO]
    options = replace(PATIENT, total_deadline_s=DEADLINE_S)
    with ScriptedLlm(rules) as server:
        async with stage(server, told, options, constrained=constrained) as running:
            await running.send(LLMContextFrame(asked()))
            await running.until(LLMTextFrame)
            await running.send(InterruptionFrame())
            await until(server.requests[0].disconnected.is_set)
            await running.ask(asked("Wait"))
    assert running.said.endswith("Hello, how can I help?")
    assert (told.slow, told.failures) == (0, [])


async def test_interruption_before_the_first_word_closes_the_request() -> None:
    told = Told()
    with ScriptedLlm([Rule(fault=Fault.HANG)]) as server:
        async with stage(server, told) as running:
            await running.send(LLMContextFrame(asked()))
            await until(lambda: bool(server.requests))
            await running.send(InterruptionFrame())
            await until(server.requests[0].disconnected.is_set)
    assert (told.slow, told.failures) == (0, [])


async def test_guessed_turn_fails_only_when_it_is_certain() -> None:
    told = Told()
    options = replace(PATIENT, filler_after_s=0.05)
    with ScriptedLlm([Rule(status=401, times=1), HELLO]) as server:
        async with stage(server, told, options) as running:
            await running.send(UserStartedSpeakingFrame())
            await running.send(LLMContextFrame(asked(), speculation=True))
            await until(lambda: bool(server.requests))
            await asyncio.sleep(0.3)
            assert (told.slow, told.failures, running.said) == (0, [], "")
            assert len(server.requests) == 1
            await running.send(UserStoppedSpeakingFrame())
            await running.until(LLMFullResponseEndFrame)
    # Asked anew, now that it matters.
    assert running.said == "Hello, how can I help?"
    assert told.failures == []


async def test_slow_hint_waits_for_the_guessed_turn_to_be_confirmed() -> None:
    told = Told()
    options = replace(PATIENT, filler_after_s=0.05, total_deadline_s=DEADLINE_S)
    with ScriptedLlm([Rule(fault=Fault.HANG)]) as server:
        async with stage(server, told, options) as running:
            await running.send(UserStartedSpeakingFrame())
            await running.send(LLMContextFrame(asked(), speculation=True))
            await until(lambda: bool(server.requests))
            await asyncio.sleep(0.3)
            assert told.slow == 0
            await running.send(UserStoppedSpeakingFrame())
            await told.something()
            assert told.slow == 1
            await running.send(InterruptionFrame())
            await until(server.requests[0].disconnected.is_set)


async def test_failing_callback_does_not_stop_the_call() -> None:
    async def on_slow() -> None:
        raise RuntimeError("the call has a fault of its own")

    options = replace(PATIENT, filler_after_s=0.05)
    with ScriptedLlm([replace(HELLO, delay_s=0.4)]) as server:
        endpoint = LlmEndpoint(url=server.url, model=server.model)
        service = make_llm(endpoint, options, LlmCallbacks(on_slow=on_slow))
        async with LlmStage(service) as running:
            await running.ask(asked())
    assert running.said == "Hello, how can I help?"


async def test_system_instruction_reaches_the_endpoint() -> None:
    told = Told()
    with ScriptedLlm([Rule(system="phone assistant", say="Good day.")]) as server:
        async with stage(server, told) as running:
            delta = LLMSettings(system_instruction="You are a phone assistant.")
            await running.send(LLMUpdateSettingsFrame(delta=delta))
            await running.ask(asked())
    assert running.said == "Good day."


async def test_options_reach_the_endpoint() -> None:
    told = Told()
    options = replace(PATIENT, temperature=None, max_tokens=77)
    with ScriptedLlm([HELLO]) as server:
        async with stage(server, told, options) as running:
            await running.ask(asked())
    assert server.requests[0].body["max_tokens"] == 77
    assert "temperature" not in server.requests[0].body


@pytest.mark.parametrize(
    "change",
    [{"first_token_deadline_s": 0}, {"filler_after_s": -1}, {"retries": -1}, {"max_tokens": 0}],
)
def test_senseless_options_are_refused(change: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="must"):
        replace(PATIENT, **change)


def test_endpoint_must_be_an_http_url() -> None:
    with pytest.raises(LanguageModelError, match="--llm-url"):
        LlmEndpoint(url="localhost:8080", model="any")


def test_endpoint_does_not_print_its_key() -> None:
    assert "secret" not in repr(LlmEndpoint(url="http://llm/v1", model="any", api_key="secret"))


@pytest.mark.parametrize(
    ("url", "is_loopback", "limit"),
    [
        ("http://127.0.0.1:80/v1", True, "max_tokens"),
        ("http://localhost/v1", True, "max_tokens"),
        ("http://[::1]:80/v1", True, "max_tokens"),
        ("https://api.openai.com/v1", False, "max_completion_tokens"),
        ("https://llm.example.com/v1", False, "max_tokens"),
    ],
)
def test_endpoint_knows_its_kind(url: str, is_loopback: bool, limit: str) -> None:
    endpoint = LlmEndpoint(url=url, model="any")
    assert endpoint.is_loopback == is_loopback
    assert endpoint.token_limit(9) == {limit: 9}


async def test_check_passes_for_a_listed_model() -> None:
    with ScriptedLlm(key="k") as server:
        await check_endpoint(server.url, server.model, "k")
    assert server.requests == []


async def test_check_asks_for_one_token_where_no_list_exists() -> None:
    with ScriptedLlm([HELLO], lists_models=False) as server:
        await check_endpoint(server.url, server.model)
    assert server.requests[0].body["max_tokens"] == 1


async def test_check_names_a_wrong_key() -> None:
    with (
        ScriptedLlm(key="right") as server,
        pytest.raises(LanguageModelRefusedError, match="VOICEAGENT_LLM_API_KEY"),
    ):
        await check_endpoint(server.url, server.model, "wrong")


async def test_check_names_an_unknown_model() -> None:
    with (
        ScriptedLlm([HELLO]) as server,
        pytest.raises(LanguageModelRefusedError, match="--llm-model"),
    ):
        await check_endpoint(server.url, "another", "")


async def test_check_names_an_unreachable_endpoint() -> None:
    with pytest.raises(LanguageModelError, match="--llm-url"):
        await check_endpoint(f"http://127.0.0.1:{unused_port()}/v1", "any", "")


async def test_check_gives_up_at_its_deadline() -> None:
    with (
        ScriptedLlm([Rule(fault=Fault.HANG)], lists_models=False) as server,
        pytest.raises(LanguageModelTimeoutError),
    ):
        await check_endpoint(server.url, server.model, "", deadline_s=0.3)


async def test_only_model_is_found() -> None:
    with ScriptedLlm(model="the-one") as server:
        found = await resolve_model(LlmEndpoint(url=server.url, model=""), deadline_s=DEADLINE_S)
    assert found.model == "the-one"


async def test_model_is_not_guessed_where_none_is_listed() -> None:
    with (
        ScriptedLlm(lists_models=False) as server,
        pytest.raises(LanguageModelError, match="--llm-model"),
    ):
        await resolve_model(LlmEndpoint(url=server.url, model=""), deadline_s=DEADLINE_S)


SUMMARY = {"type": "object", "properties": {"why": {"type": "string"}}, "required": ["why"]}


async def test_json_is_completed_out_of_band() -> None:
    with ScriptedLlm([Rule(json={"why": "a bill"})]) as server:
        endpoint = LlmEndpoint(url=server.url, model=server.model)
        messages = [{"role": "user", "content": "Summarise."}]
        answer = await complete_json(endpoint, messages, SUMMARY, deadline_s=DEADLINE_S)
    assert answer == {"why": "a bill"}
    schema = server.requests[0].body["response_format"]["json_schema"]["schema"]
    assert schema == SUMMARY


@pytest.mark.parametrize(
    ("rule", "kind"),
    [
        (Rule(json={"other": 1}), LanguageModelReplyError),
        (Rule(say="Sure!"), LanguageModelReplyError),
        (Rule(fault=Fault.GARBAGE), LanguageModelReplyError),
        (Rule(fault=Fault.NOT_A_STREAM), LanguageModelReplyError),
        (Rule(status=500), LanguageModelError),
        (Rule(status=401), LanguageModelRefusedError),
        (Rule(fault=Fault.HANG), LanguageModelTimeoutError),
    ],
    ids=lambda value: str(value.fault or value.status) if isinstance(value, Rule) else "",
)
async def test_json_that_does_not_come_is_an_error(
    rule: Rule, kind: type[LanguageModelError]
) -> None:
    with ScriptedLlm([rule]) as server:
        endpoint = LlmEndpoint(url=server.url, model=server.model)
        with pytest.raises(LanguageModelError) as caught:
            await complete_json(endpoint, [], SUMMARY, deadline_s=1.0)
    assert type(caught.value) is kind


async def test_rules_load_from_yaml(tmp_path: Any) -> None:
    path = tmp_path / "rules.yaml"
    path.write_text("- {user: bill, say: It is paid., times: 1}\n- {user: '', fault: hang}\n")
    rules = load_rules(path)
    assert [rule.fault for rule in rules] == [None, Fault.HANG]
    told = Told()
    with ScriptedLlm(rules) as server:
        async with stage(server, told) as running:
            await running.ask(asked("My bill?"))
    assert running.said == "It is paid."
