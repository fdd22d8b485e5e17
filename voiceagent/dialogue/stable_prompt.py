"""Prompts of a small model, laid out so that each request begins with the one before.

What enters: the conversation, the persona, the tools on offer. What leaves: messages of which only
the end is new. Reading is the expensive part on small machines (about 45 tokens a second on two
cores), and what the server has read from the start of a prompt it does not read again.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from voiceagent.dialogue.actions import REPLY, describe_tool
from voiceagent.dialogue.guidance import NOTE

_HOW_TO_ANSWER = (
    "Answer with one JSON object. Choose the action:\n"
    f"- {REPLY}: to say, ask or answer anything. Put one or two short sentences in say."
)
_NEW_ACTIONS = "New actions:"


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


def _last_task(messages: Sequence[Mapping[str, Any]]) -> int:
    """Index of the newest task message, or of the newest message where there is none."""
    for index in range(len(messages) - 1, -1, -1):
        task = messages[index]["role"] in {"developer", "system"}
        if task and not _text(messages[index].get("content")).startswith(NOTE):
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
