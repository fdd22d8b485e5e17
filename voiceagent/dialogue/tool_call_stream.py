"""Tool calls put together from the fragments a model streams.

Chat completion chunks enter; the same chunks leave, with words at once and tool calls only when
they are complete and valid. A reply cut off in the middle of a call has then called nothing yet.
"""

from __future__ import annotations

import contextlib
import json
import uuid
from collections.abc import AsyncGenerator

from openai.types.chat import ChatCompletionChunk
from openai.types.chat.chat_completion_chunk import (
    Choice,
    ChoiceDelta,
    ChoiceDeltaToolCall,
    ChoiceDeltaToolCallFunction,
)

from voiceagent.dialogue.llm_endpoint import LanguageModelReplyError


async def whole_tool_calls(
    chunks: AsyncGenerator[ChatCompletionChunk],
) -> AsyncGenerator[ChatCompletionChunk]:
    """Pass text through; hold tool calls back until complete, then one valid call per chunk.

    Raises:
        LanguageModelReplyError: arguments that are no JSON object.
    """
    calls: dict[int, ChoiceDeltaToolCall] = {}
    last: ChatCompletionChunk | None = None
    async with contextlib.aclosing(chunks):
        async for chunk in chunks:
            last = chunk
            for choice in chunk.choices or ():
                for part in (choice.delta and choice.delta.tool_calls) or ():
                    _merge(calls, part)
                if choice.delta:
                    choice.delta.tool_calls = None
            yield chunk
    for position, index in enumerate(sorted(calls)):
        call = calls[index]
        function = call.function
        if last is None or function is None or not function.name:
            raise LanguageModelReplyError("The language model called a tool without naming it.")
        try:
            arguments = json.loads(function.arguments or "{}")
        except ValueError:
            arguments = None
        if not isinstance(arguments, dict):
            raise LanguageModelReplyError(
                f"The language model called {function.name} with arguments that are no JSON object."
            )
        call = ChoiceDeltaToolCall(
            index=position, id=call.id or f"call_{uuid.uuid4().hex}", function=function
        )
        delta = ChoiceDelta(tool_calls=[call])
        yield last.model_copy(update={"choices": [Choice(delta=delta, index=0)], "usage": None})


def _merge(calls: dict[int, ChoiceDeltaToolCall], part: ChoiceDeltaToolCall) -> None:
    call = calls.setdefault(
        part.index,
        ChoiceDeltaToolCall(
            index=part.index, function=ChoiceDeltaToolCallFunction(name="", arguments="")
        ),
    )
    call.id = call.id or part.id
    if part.function is not None and call.function is not None:
        call.function.name = (call.function.name or "") + (part.function.name or "")
        call.function.arguments = (call.function.arguments or "") + (part.function.arguments or "")
