"""Constrained output: the incremental reader, the schema, the rendered prompt, the loop guard."""

import asyncio
import itertools
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pipecat.adapters.llm.schemas.function_schema import FunctionSchema
from pipecat.adapters.llm.schemas.tools_schema import ToolsSchema
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.services.llm_service import FunctionCallParams

from tests.llm_stage import DEADLINE_S, LlmStage
from tests.scripted_llm import Fault, Rule, ScriptedLlm
from voiceagent.dialogue.actions import (
    ActionReader,
    ToolCall,
    action_schema,
    describe_tool,
    still_offered,
    tool_calls_in_a_row,
)
from voiceagent.dialogue.llm import (
    LanguageModelReplyError,
    LlmCallbacks,
    LlmEndpoint,
    LlmOptions,
)
from voiceagent.dialogue.llm_stage import make_llm
from voiceagent.dialogue.stable_prompt import StablePrompt, system_text

pytestmark = pytest.mark.unit

LOOK_UP = {
    "name": "look_up_invoices",
    "description": "Look up the invoices. Use when the caller asks about a bill.",
    "parameters": {"type": "object", "properties": {}, "required": []},
}
SCHEDULE = {
    "name": "schedule_callback",
    "description": "Call again later. Use when the caller has no time.",
    "parameters": {
        "type": "object",
        "properties": {"when": {"type": "string", "description": "the caller's own words"}},
        "required": ["when"],
    },
}
ROLE = "You are a phone assistant."


def user(text: str) -> dict[str, Any]:
    return {"role": "user", "content": text}


def said(text: str) -> dict[str, Any]:
    return {"role": "assistant", "content": text}


def task(text: str) -> dict[str, Any]:
    return {"role": "developer", "content": text}


def called(name: str, result: str, **arguments: Any) -> list[dict[str, Any]]:
    function = {"name": name, "arguments": json.dumps(arguments)}
    call_id = f"call_of_{name}"
    return [
        {
            "role": "assistant",
            "tool_calls": [{"id": call_id, "type": "function", "function": function}],
        },
        {"role": "tool", "tool_call_id": call_id, "content": result},
    ]


# --- the reader


def read(pieces: list[str], offered: tuple[str, ...] = ()) -> tuple[str, ToolCall | None]:
    reader = ActionReader()
    words = "".join(reader.feed(piece) for piece in pieces)
    return words, reader.finish(offered)


# Quotes, backslashes, control characters, umlauts and characters beyond the basic plane.
speech = st.text(st.characters(exclude_categories=["Cs"]), min_size=1).filter(str.strip)


@given(say=speech, ascii_only=st.booleans(), data=st.data())
def test_words_are_read_whole_wherever_the_json_is_split(
    say: str, ascii_only: bool, data: st.DataObject
) -> None:
    text = json.dumps({"action": "reply", "say": say}, ensure_ascii=ascii_only)
    cuts = data.draw(st.lists(st.integers(0, len(text)), max_size=8).map(sorted))
    edges = [0, *cuts, len(text)]
    pieces = [text[start:end] for start, end in itertools.pairwise(edges)]
    assert read(pieces) == (say, None)


@pytest.mark.parametrize("ascii_only", [True, False])
def test_words_are_read_whole_at_every_single_split(ascii_only: bool) -> None:
    say = 'Sie sagten "Grüße" \\ 😀\n\tja?'
    text = json.dumps({"action": "reply", "say": say}, ensure_ascii=ascii_only)
    for cut in range(len(text) + 1):
        assert read([text[:cut], text[cut:]]) == (say, None)
    assert read(list(text)) == (say, None)


def test_words_come_while_they_are_written() -> None:
    reader = ActionReader()
    assert reader.feed('{"action": "reply", "say": "Your bill') == "Your bill"
    assert reader.feed(" is") == " is"
    assert reader.feed(' paid."}') == " paid."
    assert reader.feed("") == ""


def test_reply_cut_off_by_the_token_limit_is_a_reply() -> None:
    assert read(['{"action": "reply", "say": "Your bill is']) == ("Your bill is", None)


@given(when=st.text(), data=st.data())
def test_tool_call_is_read_wherever_it_is_split(when: str, data: st.DataObject) -> None:
    action = {"action": "schedule_callback", "arguments": {"when": when, "say": "no words"}}
    text = json.dumps(action)
    cut = data.draw(st.integers(0, len(text)))
    words, call = read([text[:cut], text[cut:]], ("schedule_callback",))
    assert words == ""
    assert call == ToolCall("schedule_callback", {"when": when, "say": "no words"})


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Sure, I can do that.",
        '{"action": "reply", "say": ""}',
        '{"action": "reply", "say": "  "}',
        '{"action": "reply"}',
        '{"action": "reply", "say": 5}',
        '{"action": "delete_account"}',
        '{"action": "look_up_invoices", "arguments": []}',
        '{"action": "look_up_invoices", "argum',
        '["reply"]',
        "null",
    ],
)
def test_anything_else_is_an_error(text: str) -> None:
    with pytest.raises(LanguageModelReplyError):
        read([text], ("look_up_invoices",))


# --- schema and prompt


def test_schema_has_the_action_first_and_one_variant_per_tool() -> None:
    variants = action_schema([LOOK_UP, SCHEDULE])["anyOf"]
    assert [variant["required"] for variant in variants] == [
        ["action", "say"],
        ["action"],
        ["action", "arguments"],
    ]
    assert [next(iter(variant["properties"])) for variant in variants] == ["action"] * 3
    assert variants[2]["properties"]["action"]["const"] == "schedule_callback"
    assert variants[2]["properties"]["arguments"] == SCHEDULE["parameters"]


def test_tools_are_described_on_one_line_each() -> None:
    assert describe_tool(SCHEDULE) == (
        "- schedule_callback(when: the caller's own words): "
        "Call again later. Use when the caller has no time."
    )
    text = system_text(ROLE, [LOOK_UP, SCHEDULE])
    assert text.endswith(ROLE), "what differs from call to call comes last"
    assert "\n- look_up_invoices: Look up the invoices." in text


def render(messages: list[dict[str, Any]], tools: list[dict[str, Any]]) -> list[dict[str, str]]:
    return StablePrompt(10_000).render(messages, ROLE, tools)


def test_conversation_is_rendered_in_the_models_own_terms() -> None:
    messages = [
        task("Help with the bill."),
        said("Hello, what is it about?"),
        user("My bill."),
        *called("look_up_invoices", '{"total": "64.90"}'),
        *called("schedule_callback", '{"ok": true}', when="Friday"),
        {"role": "user", "content": [{"type": "text", "text": "Grüße"}]},
        {"role": "assistant", "content": ""},
    ]
    system, *rest = render(messages, [LOOK_UP])
    assert system == {"role": "system", "content": system_text(ROLE, [LOOK_UP])}
    assert rest == [
        {"role": "system", "content": "Help with the bill."},
        {
            "role": "assistant",
            "content": '{"action": "reply", "say": "Hello, what is it about?"}',
        },
        {"role": "user", "content": "My bill."},
        {"role": "assistant", "content": '{"action": "look_up_invoices"}'},
        {"role": "user", "content": 'Result of look_up_invoices: {"total": "64.90"}'},
        {
            "role": "assistant",
            "content": '{"action": "schedule_callback", "arguments": {"when": "Friday"}}',
        },
        {"role": "user", "content": 'Result of schedule_callback: {"ok": true}'},
        {"role": "user", "content": "Grüße"},
    ]


def test_each_request_begins_with_the_one_before() -> None:
    prompt = StablePrompt(10_000)
    messages = [task("Find out who it is."), user("Hello?")]
    first = prompt.render(messages, ROLE, [LOOK_UP])
    messages += [said("Hello."), user("I have no time.")]
    second = prompt.render(messages, ROLE, [LOOK_UP])
    assert second[: len(first)] == first
    # A new node with another tool: its description comes with the node's task message.
    messages += [task("Arrange another call."), user("Friday?")]
    third = prompt.render(messages, ROLE, [SCHEDULE])
    assert third[: len(second)] == second
    assert third[len(second)]["content"].startswith("Arrange another call.")
    assert describe_tool(SCHEDULE) in third[len(second)]["content"]
    # And it stays there.
    messages += [said("Friday at ten?"), user("Yes.")]
    fourth = prompt.render(messages, ROLE, [LOOK_UP, SCHEDULE])
    assert fourth[: len(third)] == third
    assert sum(describe_tool(SCHEDULE) in line["content"] for line in fourth) == 1


def test_tools_known_ahead_are_described_at_once_and_never_again() -> None:
    prompt = StablePrompt(10_000, [LOOK_UP, SCHEDULE])
    messages = [task("Find out who it is."), user("Hello?")]
    first = prompt.render(messages, ROLE, [LOOK_UP])
    assert first[0] == {"role": "system", "content": system_text(ROLE, [LOOK_UP, SCHEDULE])}
    messages += [task("Arrange another call."), user("Friday?")]
    second = prompt.render(messages, ROLE, [SCHEDULE])
    assert second[: len(first)] == first
    assert second[len(first) :] == [
        {"role": "system", "content": "Arrange another call."},
        {"role": "user", "content": "Friday?"},
    ]


def test_new_persona_or_reset_context_starts_afresh() -> None:
    prompt = StablePrompt(10_000)
    prompt.render([task("One."), user("Hello?"), said("Hello.")], ROLE, [LOOK_UP])
    reset = prompt.render([task("Two.")], ROLE, [SCHEDULE])
    assert reset == StablePrompt(10_000).render([task("Two.")], ROLE, [SCHEDULE])
    other = prompt.render([task("Two."), user("Hi")], "You are a pirate.", [SCHEDULE])
    assert other[0]["content"].endswith("You are a pirate.")


def test_long_conversation_loses_its_oldest_part_in_large_steps() -> None:
    prompt = StablePrompt(history_chars=400)
    messages = [task("Help with the bill.")]
    starts = []
    for turn in range(40):
        messages += [user(f"Question {turn} " + "x" * 20), said(f"Answer {turn}")]
        _, *kept = prompt.render(messages, ROLE, [LOOK_UP])
        assert sum(len(line["content"]) for line in kept) <= 400
        assert kept[-1]["content"] == json.dumps({"action": "reply", "say": f"Answer {turn}"})
        assert kept[0]["content"] == "Help with the bill.", "the task stays"
        starts.append(kept[1]["content"])
    changes = sum(a != b for a, b in itertools.pairwise(starts))
    assert 0 < changes < 16, "each change makes the server read everything again"


# --- the loop guard


def test_tool_calls_in_a_row_are_counted_back_to_the_last_words() -> None:
    call = called("look_up_invoices", "{}")
    assert tool_calls_in_a_row([]) == 0
    assert tool_calls_in_a_row([user("Hi"), *call]) == 1
    assert tool_calls_in_a_row([user("Hi"), *call, task("Next."), *call]) == 2
    assert tool_calls_in_a_row([*call, said("Well."), *call]) == 1
    assert tool_calls_in_a_row([*call, *call, user("Hi")]) == 0


def test_after_a_call_only_tools_without_arguments_are_on_offer_and_then_none() -> None:
    tools = [LOOK_UP, SCHEDULE]
    assert still_offered(tools, 0) == tools
    assert still_offered(tools, 1) == [LOOK_UP]
    assert still_offered(tools, 2) == []
    assert still_offered(tools, 3) == []


async def test_third_tool_in_a_row_is_not_on_offer() -> None:
    handled = asyncio.Event()

    async def handler(params: FunctionCallParams) -> None:
        handled.set()
        await params.result_callback("{}")

    schema = FunctionSchema("look_up_invoices", "Look up.", {}, [], handler=handler)
    tools = ToolsSchema(standard_tools=[schema])
    rules = [Rule(offers="look_up_invoices", call="look_up_invoices"), Rule(say="Well.")]
    with ScriptedLlm(rules) as server:
        endpoint = LlmEndpoint(url=server.url, model=server.model, constrained=True)
        service = make_llm(endpoint, LlmOptions.for_local_model(), LlmCallbacks())
        async with LlmStage(service) as running:
            messages: Any = [user("My bill?"), *called("look_up_invoices", "{}")]
            await running.ask(LLMContext(list(messages), tools=tools))
            async with asyncio.timeout(DEADLINE_S):
                await handled.wait()
            assert running.said == ""
            messages += called("look_up_invoices", "{}")
            await running.ask(LLMContext(list(messages), tools=tools))
            assert running.said == "Well."
    first, second = server.requests
    assert first.offered == ["look_up_invoices"]
    assert second.offered == []
    # The prompt itself stays as it was; only the grammar changes.
    assert second.messages[: len(first.messages)] == first.messages
    assert first.body["cache_prompt"] is True
    assert "tools" not in first.body


async def test_a_prompt_never_ends_with_the_models_own_words() -> None:
    with ScriptedLlm([Rule(say="Yes.")]) as server:
        endpoint = LlmEndpoint(url=server.url, model=server.model, constrained=True)
        service = make_llm(endpoint, LlmOptions.for_local_model(), LlmCallbacks())
        async with LlmStage(service) as running:
            messages: Any = [user("My bill?"), {"role": "assistant", "content": "One moment."}]
            await running.ask(LLMContext(messages))
    assert server.requests[0].messages[-1]["role"] == "user"


async def test_the_conversation_is_read_ahead_and_the_next_request_begins_with_it() -> None:
    with ScriptedLlm([Rule(user="Go on", say="."), Rule(user="Hi", say="Hello.")]) as server:
        endpoint = LlmEndpoint(url=server.url, model=server.model, constrained=True)
        service = make_llm(endpoint, LlmOptions.for_local_model(), LlmCallbacks())
        before = [task("Greet."), said("This is an AI.")]
        async with LlmStage(service) as running:
            await service.prepare(LLMContext(before))  # type: ignore[arg-type]
            assert running.said == ""
            await running.ask(LLMContext([*before, user("Hi")]))  # type: ignore[arg-type]
    ahead, asked = server.requests
    assert ahead.body["max_tokens"] == 1
    kept = ahead.messages[:-1]
    assert asked.messages[: len(kept)] == kept
    assert running.said == "Hello."


async def test_a_server_that_cannot_read_ahead_disturbs_nothing() -> None:
    with ScriptedLlm([Rule(user="Hi", say="Hello."), Rule(status=500)]) as server:
        endpoint = LlmEndpoint(url=server.url, model=server.model, constrained=True)
        service = make_llm(endpoint, LlmOptions.for_local_model(), LlmCallbacks())
        async with LlmStage(service) as running:
            await service.prepare(LLMContext([said("This is an AI.")]))
            await running.ask(LLMContext([user("Hi")]))
    assert running.said == "Hello."


async def test_a_request_ends_the_reading_ahead() -> None:
    with ScriptedLlm([Rule(user="Hi", say="Hello."), Rule(fault=Fault.HANG)]) as server:
        endpoint = LlmEndpoint(url=server.url, model=server.model, constrained=True)
        service = make_llm(endpoint, LlmOptions.for_local_model(), LlmCallbacks())
        async with LlmStage(service) as running:
            ahead = asyncio.create_task(service.prepare(LLMContext([said("This is an AI.")])))
            async with asyncio.timeout(DEADLINE_S):
                while not server.requests:  # noqa: ASYNC110 - the server has no event for it
                    await asyncio.sleep(0.01)
            await running.ask(LLMContext([user("Hi")]))
            async with asyncio.timeout(DEADLINE_S):
                await ahead
    assert running.said == "Hello."
