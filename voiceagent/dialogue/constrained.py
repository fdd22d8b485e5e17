"""The language model stage for small models that do not call tools reliably.

The same context as for any other model enters; the model is made to write one JSON object, either
``{"action": "reply", "say": "..."}`` or ``{"action": "<tool>", "arguments": {...}}``, and the words
leave while they are still being written, a tool call when it is complete. The server's grammar
allows nothing else, so a 1.5-billion-parameter model on two cores can run a playbook.

Reading a prompt is the expensive part there (about 45 tokens a second), so what was sent once stays
as it was and everything new goes to the end: the server then reads only the new part. How to write
a playbook for this: ``docs/local-llm.md``.
"""

from __future__ import annotations

import contextlib
import json
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from openai import NOT_GIVEN
from pipecat.adapters.llm.services.open_ai_adapter import OpenAILLMInvocationParams
from pipecat.frames.frames import FunctionCallFromLLM
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.utils.tracing.service_decorators import traced_llm
from pydantic_core import from_json

from voiceagent.dialogue.llm import LlmCallbacks, LlmOptions, ResilientLlmService
from voiceagent.dialogue.llm_endpoint import (
    LanguageModelReplyError,
    LlmEndpoint,
    json_response_format,
)

REPLY = "reply"
MAX_TOOL_CALLS_IN_A_ROW = 2

_HOW_TO_ANSWER = (
    "Answer with one JSON object. Choose the action:\n"
    f"- {REPLY}: to say, ask or answer anything. Put one or two short sentences in say."
)
_NEW_ACTIONS = "New actions:"
_GO_ON = "Go on."


@dataclass(frozen=True)
class ToolCall:
    """The model's decision to call a tool.

    Attributes:
        name: the tool's name, one of those offered.
        arguments: its arguments, as the tool's schema has them.
    """

    name: str
    arguments: dict[str, Any]


class ActionReader:
    """Reads the model's JSON object while it is being written."""

    def __init__(self) -> None:
        self._text = ""
        self._said = ""

    def feed(self, text: str) -> str:
        """Take the next piece of JSON, split anywhere; return the words that became readable."""
        self._text += text
        try:
            # The whole object is read again for each token: at most a few hundred characters.
            action = from_json(self._text, allow_partial="trailing-strings")
        except ValueError:
            return ""
        if not isinstance(action, dict) or action.get("action") != REPLY:
            return ""
        say = action.get("say")
        if not isinstance(say, str) or not say.startswith(self._said):
            return ""
        new, self._said = say[len(self._said) :], say
        return new

    def finish(self, offered: Sequence[str]) -> ToolCall | None:
        """The tool call the object turned out to be, or ``None`` for a reply.

        Args:
            offered: names of the tools the model could choose from.

        Raises:
            LanguageModelReplyError: neither a reply with words in it nor a whole call of an
                offered tool. A reply cut off by the token limit is a reply.
        """
        if self._said.strip():
            return None
        try:
            action = json.loads(self._text)
        except ValueError:
            action = None
        if isinstance(action, dict) and action.get("action") in offered:
            arguments = action.get("arguments", {})
            if isinstance(arguments, dict):
                return ToolCall(name=action["action"], arguments=arguments)
        raise LanguageModelReplyError(
            "The language model's reply is neither words nor an action on offer.",
            "Use a server that supports response_format with a JSON schema.",
        )


def action_schema(tools: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The JSON schema of one answer: a reply, or a call of one of *tools* (OpenAI definitions)."""

    def variant(action: str, extra: dict[str, Any]) -> dict[str, Any]:
        # The order counts: the grammar makes the model decide before it writes the rest.
        properties = {"action": {"type": "string", "const": action}, **extra}
        return {
            "type": "object",
            "properties": properties,
            "required": list(properties),
            "additionalProperties": False,
        }

    variants = [variant(REPLY, {"say": {"type": "string", "minLength": 1}})]
    for tool in tools:
        arguments = tool.get("parameters") or {}
        has_arguments = bool(arguments.get("properties"))
        variants.append(variant(tool["name"], {"arguments": arguments} if has_arguments else {}))
    return {"anyOf": variants}


def describe_tool(tool: Mapping[str, Any]) -> str:
    """One line on one tool: ``- name(argument: its description): when to use it``."""
    parameters = tool.get("parameters") or {}
    arguments = ", ".join(
        f"{name}: {schema.get('description') or schema.get('type', 'string')}"
        for name, schema in (parameters.get("properties") or {}).items()
    )
    return f"- {tool['name']}{f'({arguments})' if arguments else ''}: {tool['description']}"


def system_text(
    role_message: str | None, tools: Sequence[Mapping[str, Any]], examples: str = ""
) -> str:
    """The first message of every request; send it ahead of a call to warm the prefix cache.

    Args:
        role_message: who the agent is (the playbook's role message).
        tools: OpenAI function definitions (``name``, ``description``, ``parameters``).
        examples: what callers say and which JSON object answers it, a line each.
    """
    # Persona files end with what differs from call to call; all before it stays cached.
    actions = [_HOW_TO_ANSWER, *(describe_tool(tool) for tool in tools)]
    return "\n\n".join(part for part in ("\n".join(actions), examples, role_message) if part)


class StablePrompt:
    """Renders one call's requests so that each begins with the one before, as far as it can.

    The system message describes *known_tools* and the tools of the first request. Tools that a
    later node adds are described behind that node's task message; those no longer offered stay
    described, and only the grammar rules them out.
    """

    def __init__(
        self,
        history_chars: int,
        known_tools: Sequence[Mapping[str, Any]] = (),
        examples: str = "",
    ) -> None:
        self._history_chars = history_chars
        self._examples = examples
        self._known_tools = list(known_tools)
        self._role_message: str | None = None
        self._first_tools: list[Mapping[str, Any]] = []
        self._described: set[str] = set()
        self._added: dict[int, list[str]] = {}
        self._start = 0
        self._pinned: set[int] = set()
        self._seen = 0

    def render(
        self,
        messages: Sequence[Mapping[str, Any]],
        role_message: str | None,
        tools: Sequence[Mapping[str, Any]],
    ) -> list[dict[str, str]]:
        """Chat messages with the roles ``system``, ``user`` and ``assistant`` only."""
        if not self._described or role_message != self._role_message or len(messages) < self._seen:
            # A new persona or a reset context: nothing of the old prefix is left to keep.
            known = {describe_tool(tool): tool for tool in [*self._known_tools, *tools]}
            self._role_message, self._first_tools = role_message, list(known.values())
            self._described = {*known, ""}
            self._added, self._start, self._pinned = {}, 0, set()
        self._seen = len(messages)
        new = [line for tool in tools if (line := describe_tool(tool)) not in self._described]
        if new and messages:
            self._added.setdefault(_last_task(messages), []).extend(new)
            self._described.update(new)
        lines = list(self._lines(messages))
        self._trim(lines, _last_task(messages))
        kept = [line for index, line in lines if index >= self._start or index in self._pinned]
        system = system_text(role_message, self._first_tools, self._examples)
        return [{"role": "system", "content": system}, *kept]

    def _lines(self, messages: Sequence[Mapping[str, Any]]) -> Iterator[tuple[int, dict[str, str]]]:
        names: dict[str, str] = {}
        for index, message in enumerate(messages):
            line = _as_line(message, names)
            if index in self._added:
                added = "\n".join([_NEW_ACTIONS, *self._added[index]])
                if line is None or line["role"] != "system":
                    yield index, {"role": "system", "content": added}
                else:
                    line["content"] += f"\n{added}"
            if line is not None:
                yield index, line

    def _trim(self, lines: Sequence[tuple[int, dict[str, str]]], last_task: int) -> None:
        """Leave the older half out once all is too long; half, so that it is seldom done.

        The task at that time and the tools added so far stay.
        """
        sizes: dict[int, int] = {}
        for index, line in lines:
            sizes[index] = sizes.get(index, 0) + len(line["content"])
        size = sum(chars for i, chars in sizes.items() if i >= self._start or i in self._pinned)
        if size <= self._history_chars:
            return
        self._pinned = {last_task, *self._added}
        for index, chars in sizes.items():
            if index >= self._start and size > self._history_chars // 2:
                size -= 0 if index in self._pinned else chars
                self._start = index + 1


class ConstrainedLlmService(ResilientLlmService):
    """``ResilientLlmService`` that has the model write constrained JSON instead of tool calls."""

    def __init__(
        self,
        endpoint: LlmEndpoint,
        options: LlmOptions,
        callbacks: LlmCallbacks,
        known_tools: Sequence[Mapping[str, Any]] = (),
        examples: str = "",
    ) -> None:
        super().__init__(endpoint, options, callbacks)
        self._prompt = StablePrompt(options.history_chars, known_tools, examples)

    def _instruction(self) -> str | None:
        # Without what pipecat adds for models that call tools themselves: it means nothing to
        # this one, and costs it seconds to read.
        return self._base_system_instruction

    @traced_llm
    async def _attempt(self, context: LLMContext) -> None:
        invocation = await self.get_llm_adapter().get_llm_invocation_params(
            context, convert_developer_to_user=False
        )
        messages = cast("list[Mapping[str, Any]]", invocation["messages"])
        tools = [tool["function"] for tool in cast("Any", invocation["tools"] or [])]
        request = self._prompt.render(messages, self._instruction(), tools)
        if request[-1]["role"] == "assistant":
            # A prompt that ends with the model's own words would be taken for its whole answer.
            request.append({"role": "user", "content": _GO_ON})
        tools = still_offered(tools, tool_calls_in_a_row(messages))
        params = self.build_chat_completion_params(
            OpenAILLMInvocationParams(
                messages=cast("Any", request), tools=NOT_GIVEN, tool_choice=NOT_GIVEN
            )
        )
        params["response_format"] = json_response_format(action_schema(tools))
        self._merge_extra_body(params, {"cache_prompt": True})
        call = await self._read(params, [tool["name"] for tool in tools])
        if call is not None:
            await self.run_function_calls(
                [
                    FunctionCallFromLLM(
                        context=context,
                        tool_call_id=f"call_{uuid.uuid4().hex}",
                        function_name=call.name,
                        arguments=call.arguments,
                    )
                ]
            )

    async def _read(self, params: dict[str, Any], offered: Sequence[str]) -> ToolCall | None:
        await self.start_ttfb_metrics()
        reader = ActionReader()
        async with contextlib.aclosing(self._stream(params)) as chunks:
            async for chunk in chunks:
                if chunk.usage:
                    await self.start_llm_usage_metrics(self._token_usage(chunk.usage))
                content = chunk.choices[0].delta.content if chunk.choices else None
                if not content:
                    continue
                await self.stop_ttfb_metrics()
                if words := reader.feed(content):
                    await self._push_llm_text(words)
        return reader.finish(offered)


def tool_calls_in_a_row(messages: Sequence[Mapping[str, Any]]) -> int:
    """Tool calls since the agent or the caller last said something."""
    count = 0
    for message in reversed(messages):
        if message.get("tool_calls"):
            count += 1
        elif message["role"] in {"user", "assistant"}:
            break
    return count


def still_offered(
    tools: Sequence[Mapping[str, Any]], calls_in_a_row: int
) -> list[Mapping[str, Any]]:
    """The tools the model may choose after *calls_in_a_row* calls without a word from anyone.

    After the first, only those without arguments: arguments come from what the caller says, and a
    small model without new words to take them from invents them. After the second, none.
    """
    if calls_in_a_row >= MAX_TOOL_CALLS_IN_A_ROW:
        return []
    return [
        tool
        for tool in tools
        if not (calls_in_a_row and (tool.get("parameters") or {}).get("properties"))
    ]


def _last_task(messages: Sequence[Mapping[str, Any]]) -> int:
    """Index of the newest task message, or of the newest message where there is none."""
    for index in range(len(messages) - 1, -1, -1):
        if messages[index]["role"] in {"developer", "system"}:
            return index
    return len(messages) - 1


def _as_line(message: Mapping[str, Any], names: dict[str, str]) -> dict[str, str] | None:
    """One context message as the model shall see it; *names* collects tool names by call id."""
    role, text = message["role"], _text(message.get("content"))
    if role == "tool":
        name = names.get(message.get("tool_call_id", ""), "the action")
        return {"role": "user", "content": f"Result of {name}: {text}"}
    if role == "assistant":
        return _as_written(message, text, names)
    if not text:
        return None
    return {"role": "system" if role in {"developer", "system"} else "user", "content": text}


def _as_written(
    message: Mapping[str, Any], text: str, names: dict[str, str]
) -> dict[str, str] | None:
    written: dict[str, Any]
    calls = message.get("tool_calls") or []
    for call in calls:
        names[call["id"]] = call["function"]["name"]
    if calls:
        function = calls[-1]["function"]
        arguments = json.loads(function["arguments"] or "{}")
        written = {"action": function["name"], **({"arguments": arguments} if arguments else {})}
    elif text:
        written = {"action": REPLY, "say": text}
    else:
        return None
    return {"role": "assistant", "content": json.dumps(written, ensure_ascii=False)}


def _text(content: Any) -> str:
    if isinstance(content, str):
        return content.strip()
    parts = content or []
    return " ".join(part["text"] for part in parts if part.get("type") == "text").strip()
