"""What a small model may decide in one turn, as JSON it is made to write: reply, or one tool.

What enters: the tools on offer and the model's output while it is written. What leaves: the JSON
schema of an answer, the words of a reply as soon as they can be read, or a tool call.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic_core import from_json

from voiceagent.dialogue.llm_endpoint import LanguageModelReplyError

REPLY = "reply"
MAX_TOOL_CALLS_IN_A_ROW = 2


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
