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

import asyncio
import contextlib
import logging
import uuid
from collections.abc import Mapping, Sequence
from typing import Any, cast

from openai import NOT_GIVEN
from pipecat.adapters.llm.services.open_ai_adapter import OpenAILLMInvocationParams
from pipecat.frames.frames import FunctionCallFromLLM
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.utils.tracing.service_decorators import traced_llm

from voiceagent.dialogue.actions import (
    ActionReader,
    ToolCall,
    action_schema,
    still_offered,
    tool_calls_in_a_row,
)
from voiceagent.dialogue.llm import LlmCallbacks, LlmOptions, ResilientLlmService
from voiceagent.dialogue.llm_endpoint import (
    LlmEndpoint,
    json_response_format,
)
from voiceagent.dialogue.stable_prompt import StablePrompt

logger = logging.getLogger(__name__)

_GO_ON = "Go on."


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
        self._preparing: asyncio.Task[Any] | None = None

    def _instruction(self) -> str | None:
        # Without what pipecat adds for models that call tools themselves: it means nothing to
        # this one, and costs it seconds to read.
        return self._base_system_instruction

    async def prepare(self, context: LLMContext) -> None:
        """Have the server read the conversation as it stands, while nobody waits for it.

        The next turn's request then finds all but its own words in the server's prefix cache. A
        request that comes meanwhile ends it: its prompt begins with the same words.
        """
        self._stop_preparing()
        params, _ = await self._request(context)
        params |= {"max_tokens": 1, "stream": False}
        params.pop("stream_options", None)
        params.pop("response_format", None)
        self._preparing = self.create_task(self._client.chat.completions.create(**params))
        try:
            async with asyncio.timeout(self._options.total_deadline_s):
                await self._preparing
        except asyncio.CancelledError:
            if (current := asyncio.current_task()) is not None and current.cancelling():
                self._stop_preparing()
                raise
        except Exception as error:
            # Nothing is lost: the next request reads the prompt itself.
            logger.info("The prompt was not read ahead: %s", type(error).__name__)

    def _stop_preparing(self) -> None:
        if self._preparing is not None:
            self._preparing.cancel()
            self._preparing = None

    @traced_llm
    async def _attempt(self, context: LLMContext) -> None:
        self._stop_preparing()
        params, offered = await self._request(context)
        call = await self._read(params, offered)
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

    async def _request(self, context: LLMContext) -> tuple[dict[str, Any], list[str]]:
        """The request for this conversation, and the names of the tools it offers."""
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
        return params, [tool["name"] for tool in tools]

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
