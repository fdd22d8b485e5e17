"""The language model stage of a call: conversation context in, words and tool calls out.

pipecat's ``OpenAILLMService`` does the talking to the endpoint. What it lacks for a telephone call
is added here once, for every model: a deadline for the first token and for the whole reply, one
retry while nothing has been said, a hint to the call when a reply is slow (so that it can say "one
moment"), and a named error when there will be no reply (so that it can offer a person). Nothing
raised by the endpoint or by the network leaves this stage as an exception.

What a reply that fails leaves behind::

    nothing said, retry left       asked again; the call notices only the time
    nothing said, no retry left    on_failed(error, something_was_said=False)
    words already pushed           the reply ends there; on_failed(error, something_was_said=True)
    the caller interrupts          the stream is closed; no callback
    the turn was only a guess      nothing happens before it is certain; then, if nothing was
                                   said, it is asked again

A tool that is called for a guess runs as soon as its turn is certain, and never before.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncGenerator, Awaitable, Sequence
from dataclasses import dataclass
from typing import Any

from openai import AsyncOpenAI
from openai.types.chat import ChatCompletionChunk
from pipecat.frames.frames import (
    EagerEndOfTurnCancelFrame,
    Frame,
    FunctionCallFromLLM,
    InterruptionFrame,
    LLMContextFrame,
)
from pipecat.processors.aggregators.llm_context import LLMContext, LLMSpecificMessage
from pipecat.processors.frame_processor import FrameDirection
from pipecat.services.openai.base_llm import OpenAILLMSettings
from pipecat.services.openai.llm import OpenAILLMService

from voiceagent.dialogue.held_reply import HeldReplyTee
from voiceagent.dialogue.llm_endpoint import (
    LanguageModelRefusedError,
    LanguageModelReplyError,
    LanguageModelTimeoutError,
    LlmEndpoint,
    check_endpoint,
    complete_json,
    is_retryable,
    language_model_error,
    open_client,
    resolve_model,
)
from voiceagent.dialogue.llm_options import LlmCallbacks, LlmOptions
from voiceagent.dialogue.tool_call_stream import whole_tool_calls
from voiceagent.domain.errors import LanguageModelError

__all__ = [
    "LanguageModelRefusedError",
    "LanguageModelReplyError",
    "LanguageModelTimeoutError",
    "LlmCallbacks",
    "LlmEndpoint",
    "LlmOptions",
    "ResilientLlmService",
    "check_endpoint",
    "complete_json",
    "resolve_model",
]

logger = logging.getLogger(__name__)

_CALLBACK_DEADLINE_S = 5.0


@dataclass
class _Attempted:
    """What the reply in progress has produced so far."""

    deadline: float
    something_was_said: bool = False
    tool_was_called: bool = False

    @property
    def has_effect(self) -> bool:
        return self.something_was_said or self.tool_was_called

    def check(self, endpoint: LlmEndpoint) -> None:
        if not self.has_effect:
            raise LanguageModelReplyError(
                f"The language model at {endpoint.host} sent an empty reply."
            )


class ResilientLlmService(OpenAILLMService):
    """``OpenAILLMService`` with deadlines, one retry, a slow hint and named failures.

    Native tool calls are handed on only when complete and well-formed, so that a reply cut off in
    the middle of one can still be asked for again.
    """

    _settings: OpenAILLMSettings

    def __init__(self, endpoint: LlmEndpoint, options: LlmOptions, callbacks: LlmCallbacks) -> None:
        # The parent's constructor opens the client, so these come first.
        self._endpoint = endpoint
        self._options = options
        self._callbacks = callbacks
        self._held_reply = HeldReplyTee(callbacks.held_reply)
        self._reply = _Attempted(deadline=0.0)
        self._failure: LanguageModelError | None = None
        self._slow_task: asyncio.Task[None] | None = None
        self._slow_was_told = False
        self._slow_is_being_told = False
        self._turn_is_certain = asyncio.Event()
        settings: dict[str, Any] = endpoint.token_limit(options.max_tokens)
        if options.temperature is not None:
            settings["temperature"] = options.temperature
        super().__init__(settings=OpenAILLMSettings(model=endpoint.model, **settings))

    def create_client(self, **_kwargs: Any) -> AsyncOpenAI:  # type: ignore[override]
        """The client for the endpoint; the parent's own would retry and read the environment."""
        return open_client(self._endpoint)

    async def cleanup(self) -> None:
        """Close the connections as well."""
        await super().cleanup()  # type: ignore[no-untyped-call]
        await self._client.close()

    async def prepare(self, context: LLMContext) -> None:
        """Let the model's server prepare for the turn after this conversation.

        A server elsewhere keeps its cache by itself; see the constrained service for one that is
        helped by it.
        """

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        """Answer a context frame; report the failure, if any, after the reply's end frame."""
        await super().process_frame(frame, direction)
        if isinstance(frame, EagerEndOfTurnCancelFrame | InterruptionFrame):
            await self._held_reply.withdraw()
        if not self._speculation_gate.is_speculating:
            # Other frames overtake a reply in progress; one of them has settled its turn.
            self._turn_is_certain.set()
        if isinstance(frame, LLMContextFrame) and (error := self._take_failure()):
            await self._tell(self._callbacks.on_failed(error, self._reply.something_was_said))

    def _take_failure(self) -> LanguageModelError | None:
        error, self._failure = self._failure, None
        return error

    async def get_chat_completions(self, context: LLMContext) -> Any:
        """The parent's request, as a stream that keeps the deadlines and whole tool calls only."""
        params_from_context = await self.get_llm_adapter().get_llm_invocation_params(
            context,
            system_instruction=self._instruction(),
            convert_developer_to_user=not self.supports_developer_role,
        )
        return whole_tool_calls(
            self._stream(self.build_chat_completion_params(params_from_context))
        )

    async def run_function_calls(self, function_calls: Sequence[FunctionCallFromLLM]) -> None:
        """Run the calls; the reply has had an effect from here on."""
        self._reply.tool_was_called |= bool(function_calls)
        self._stop_slow_timer()
        # pipecat would withdraw the guess, and the same call would be written once more.
        await self._turn_certain()
        await super().run_function_calls(function_calls)

    async def _turn_certain(self) -> None:
        """Wait while the turn is a guess. One that is withdrawn ends the wait with the reply.

        Raises:
            TimeoutError: neither happened within the deadline of a whole reply.
        """
        async with asyncio.timeout(self._options.total_deadline_s):
            while self._speculation_gate.is_speculating:
                self._turn_is_certain.clear()
                await self._turn_is_certain.wait()

    def _instruction(self) -> str | None:
        instruction = self._settings.system_instruction
        return instruction if isinstance(instruction, str) else None

    async def _push_llm_text(self, text: str) -> None:
        self._reply.something_was_said = True
        self._stop_slow_timer()
        if self._speculation_gate.is_speculating:
            await self._held_reply.text(text)
        await super()._push_llm_text(text)

    async def _process_context(self, context: LLMContext) -> None:
        loop = asyncio.get_running_loop()
        self._reply = _Attempted(deadline=loop.time() + self._options.total_deadline_s)
        if not _continues_reply(context):
            self._slow_was_told = False
        if self._speculation_gate.is_speculating:
            self._turn_is_certain.clear()
            await self._held_reply.begin()
        else:
            await self._held_reply.withdraw()
        self._slow_task = self.create_task(self._tell_when_slow())
        try:
            await self._answer(context)
        except Exception as error:
            self._failure = language_model_error(error, self._endpoint)
            logger.warning(
                "No reply from the language model: %s (something said: %s)",
                self._failure.code,
                self._reply.something_was_said,
            )
        finally:
            task, self._slow_task = self._slow_task, None
            if task is not None:
                await self.cancel_task(task)

    async def _answer(self, context: LLMContext) -> None:
        """Answer; what fails on a guess is nobody's business, and is tried anew when it matters."""
        guessed = self._speculation_gate.is_speculating
        try:
            await self._attempt_until_answered(context)
        except Exception:
            if not guessed:
                raise
            await self._turn_certain()
            if self._reply.something_was_said:
                raise
            deadline = asyncio.get_running_loop().time() + self._options.total_deadline_s
            self._reply = _Attempted(deadline)
            await self._attempt_until_answered(context)
        if self._speculation_gate.is_speculating:
            await self._held_reply.end()

    async def _attempt_until_answered(self, context: LLMContext) -> None:
        attempts_left = 1 + self._options.retries
        while True:
            attempts_left -= 1
            try:
                await self._attempt(context)
                self._reply.check(self._endpoint)
            except Exception as error:
                failure = language_model_error(error, self._endpoint)
                too_late = asyncio.get_running_loop().time() >= self._reply.deadline
                again = attempts_left > 0 and is_retryable(failure) and not too_late
                if self._reply.has_effect or not again:
                    raise
                logger.info("Asking the language model again after %s", failure.code)
            else:
                return

    async def _attempt(self, context: LLMContext) -> None:
        """Ask once; push the words and run the tool calls of the answer."""
        await super()._process_context(context)

    async def _stream(self, params: dict[str, Any]) -> AsyncGenerator[ChatCompletionChunk]:
        """One request's chunks. Raises a named error when late, cut off or unreadable.

        A deadline spans single waits, never a ``yield``: the consumer's time is not the model's.
        """
        loop = asyncio.get_running_loop()
        deadline = min(loop.time() + self._options.first_token_deadline_s, self._reply.deadline)
        finished = False
        async with contextlib.AsyncExitStack() as opened:
            try:
                async with asyncio.timeout_at(deadline):
                    stream = await self._client.chat.completions.create(**params)
                opened.push_async_callback(stream.close)
                chunks = aiter(stream)
                while True:
                    async with asyncio.timeout_at(deadline):
                        chunk = await anext(chunks, None)
                    if chunk is None:
                        break
                    for choice in chunk.choices or ():
                        finished = finished or choice.finish_reason is not None
                        if choice.delta and (choice.delta.content or choice.delta.tool_calls):
                            deadline = self._reply.deadline
                    yield chunk
            except Exception as error:
                raise language_model_error(error, self._endpoint) from error
        if not finished:
            raise LanguageModelReplyError(
                f"The reply of the language model at {self._endpoint.host} broke off.",
                "Check the server's log and that --llm-url is a chat endpoint that streams.",
            )

    async def _tell_when_slow(self) -> None:
        await asyncio.sleep(self._options.filler_after_s)
        # Before that it is not the agent's turn to speak.
        await self._turn_is_certain.wait()
        if not self._slow_was_told:
            self._slow_was_told = True
            self._slow_is_being_told = True
            await self._tell(self._callbacks.on_slow())
            self._slow_is_being_told = False

    def _stop_slow_timer(self) -> None:
        """Called with the first words; a callback already under way is left to finish."""
        if self._slow_task is not None and not self._slow_is_being_told:
            self._slow_task.cancel()

    async def _tell(self, callback: Awaitable[None]) -> None:
        try:
            async with asyncio.timeout(_CALLBACK_DEADLINE_S):
                await callback
        except Exception:
            logger.exception("A callback of the language model stage failed")


def _continues_reply(context: LLMContext) -> bool:
    """Whether this inference follows a tool call made for the same caller turn."""
    for message in reversed(context.messages):
        if isinstance(message, LLMSpecificMessage):
            continue
        if message["role"] == "tool":
            return True
        if message["role"] in {"user", "assistant"}:
            return False
    return False
