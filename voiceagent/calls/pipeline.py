"""One live call's audio path: the list of its stages, literally in order.

What enters: 20 ms frames of the caller. What leaves: 20 ms frames to the caller, and a call of a
hook for everything on the way that the call has to know or decide. The stages are pipecat
processors; what is ours among them is in :mod:`voiceagent.calls.stages`.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Any

from openai.types.chat import (
    ChatCompletionDeveloperMessageParam,
    ChatCompletionUserMessageParam,
)
from pipecat.flows import Flow, FlowManager, FlowsFunctionSchema, NodeConfig
from pipecat.frames.frames import ErrorFrame, LLMMessagesAppendFrame, LLMRunFrame
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineParams, PipelineWorker
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.aggregators.llm_response_universal import (
    LLMContextAggregatorPair,
    LLMUserAggregatorParams,
)
from pipecat.turns.user_start import ExternalUserTurnStartStrategy
from pipecat.turns.user_turn_strategies import UserTurnStrategies
from pipecat.workers.runner import WorkerRunner

from voiceagent.calls.agent_floor import AgentFloor
from voiceagent.calls.agent_voice import AgentTurn, AgentVoice
from voiceagent.calls.dialogue_parts import account_tools, reply_guard
from voiceagent.calls.journal import Journal
from voiceagent.calls.order import CallOrder, CallParts, ToolDescription
from voiceagent.calls.prefetching import ReplyPrefetcher
from voiceagent.calls.stages import HeardTap, ReplyGate, SpokenTap
from voiceagent.calls.turn_gate import TurnGate
from voiceagent.dialogue.guidance import NOTE
from voiceagent.dialogue.llm import LlmCallbacks
from voiceagent.dialogue.playbook import ACTIONS, CallScript, fill
from voiceagent.dialogue.stable_prompt import system_text
from voiceagent.domain.errors import SpeechError
from voiceagent.legs.leg import Gone, Leg
from voiceagent.legs.transport import PIPELINE_RATE_HZ, LegTransport
from voiceagent.speech.turn_strategies import CallerTurnStopStrategy
from voiceagent.speech.utterances import Utterance

logger = logging.getLogger(__name__)

_START_DEADLINE_S = 30.0
_STOP_DEADLINE_S = 15.0


@dataclass(frozen=True, slots=True)
class PipelineHooks:
    """What the pipeline tells the call, and asks it."""

    on_interim: Callable[[str], None]
    on_turn_heard: Callable[[Utterance], None]
    on_nothing_heard: Callable[[int], Awaitable[None]]
    on_key: Callable[[str], Awaitable[None]]
    on_turn: Callable[[], Awaitable[bool]]
    on_barge_in: Callable[[], Awaitable[None]]
    on_agent_turn: Callable[[AgentTurn], Awaitable[None]]
    on_gone: Callable[[Gone], Awaitable[None]]
    on_caller_silent: Callable[[], Awaitable[None]]
    on_close: Callable[[str], Awaitable[None]]
    may_speak: Callable[[], bool]
    llm: LlmCallbacks


class CallPipeline:
    """The running stages of one call."""

    # A caller who says nothing for so long is asked whether they are still there.
    SILENCE_S = 10.0

    def __init__(
        self,
        leg: Leg,
        order: CallOrder,
        parts: CallParts,
        journal: Journal,
        script: CallScript,
        hooks: PipelineHooks,
    ) -> None:
        self._context = context = LLMContext()
        aggregators = LLMContextAggregatorPair(
            context,
            user_params=LLMUserAggregatorParams(
                user_idle_timeout=self.SILENCE_S,
                # The ear decides, see voiceagent.speech.listening.
                user_turn_strategies=UserTurnStrategies(
                    start=[ExternalUserTurnStartStrategy()], stop=[CallerTurnStopStrategy()]
                ),
                # A turn without words is answered by the call itself.
                empty_user_turn=None,
            ),
        )
        user, assistant = aggregators
        tools = account_tools(order, parts, journal)
        closing = {"close_call": _closing_with(script, hooks.on_close)}
        self._flow = flow = Flow(script.flow, handlers=[tools, ACTIONS, closing])
        self._tools = _tools_of(script, flow)
        self._examples = order.playbook.examples
        self._state = script.state
        self._values = {k: v for k, v in script.state.items() if isinstance(v, str)}
        self._transport = LegTransport(leg, hooks.on_gone)
        self._turn_gate = TurnGate(
            hooks.on_turn, hooks.on_barge_in, hooks.may_speak, answer=self.answer
        )
        speaking = parts.speaking()
        guard = reply_guard(order, parts, journal, script)
        callbacks = replace(hooks.llm, held_reply=ReplyPrefetcher(guard.preview(), speaking))
        self._llm = parts.llm(callbacks, self._tools, order.playbook.examples)
        self.voice = AgentVoice(leg, speaking, hooks.on_agent_turn)
        self._speaking = speaking

        stages = [
            self._transport.input(),
            parts.listening(
                AgentFloor(leg.playout, lambda: self.voice.may_be_cut),
                lambda: order.playbook.questions.expected(self.voice.last_heard),
                order.record,
            ),
            HeardTap(hooks.on_interim, hooks.on_turn_heard, hooks.on_nothing_heard, hooks.on_key),
            user,
            self._turn_gate,
            self._llm,
            ReplyGate(hooks.may_speak),
            guard,
            speaking,
            self._transport.output(),
            SpokenTap(self.voice.on_frame),
            assistant,
        ]

        @user.event_handler("on_user_turn_idle")
        async def _silent(_aggregator: Any) -> None:
            await hooks.on_caller_silent()

        self._worker = PipelineWorker(
            Pipeline(stages),
            params=PipelineParams(
                audio_in_sample_rate=PIPELINE_RATE_HZ, audio_out_sample_rate=leg.sample_rate_hz
            ),
            observers=list(parts.observers),
            # The call knows when it is over; a caller on hold is not idle.
            cancel_on_idle_timeout=False,
            enable_rtvi=False,
            enable_turn_tracking=False,
        )

        @self._worker.event_handler("on_pipeline_error")
        async def _failed(_worker: Any, frame: ErrorFrame) -> None:
            # What happened, not the text of it: that may quote the caller.
            error = frame.exception
            what = getattr(error, "code", type(error).__name__) if error else frame.category
            logger.warning("a stage of the call failed: %s", what)

        self.manager = FlowManager(
            worker=self._worker,
            llm=self._llm,  # type: ignore[arg-type]  # invariant type parameter
            context_aggregator=aggregators,
            global_functions=flow.global_functions,
        )
        self._running: asyncio.Task[None] | None = None

    def first_prompt(self) -> str:
        """The part of the prompt every turn of this call begins with, for warming a cache."""
        persona = self._flow.initial_node["role_message"]
        return system_text(fill(persona, **self._values), self._tools, self._examples)

    async def start(self) -> None:
        """Start the stages and enter the playbook's first node without speaking.

        Raises:
            SpeechError: the stages did not start in time.
        """
        started = asyncio.Event()

        @self._worker.event_handler("on_pipeline_started")
        async def _started(_worker: Any, _frame: Any) -> None:
            started.set()

        runner = WorkerRunner(handle_sigint=False, check_dangling_tasks=False)
        await runner.add_workers(self._worker)
        self._running = asyncio.create_task(runner.run(), name="call-pipeline")
        waiting = asyncio.create_task(started.wait())
        try:
            await asyncio.wait(
                {waiting, self._running},
                timeout=_START_DEADLINE_S,
                return_when=asyncio.FIRST_COMPLETED,
            )
            if not started.is_set():
                raise SpeechError("The call's pipeline did not start in time.")
        finally:
            waiting.cancel()
        self.manager.state.update(self._state)
        # The disclosure is spoken first, and not by the language model.
        await self.manager.initialize(_silently(self._flow.initial_node))

    async def enter(self, node: str) -> None:
        """Move the playbook to another node, without a word of the language model."""
        await self.manager.set_node_from_config(_silently(self._flow.node(node)))

    async def answer(self) -> None:
        """Let the language model answer what stands in the conversation."""
        await self._worker.queue_frame(LLMRunFrame())

    async def prepare_next_turn(self, about_to_be_said: str = "") -> None:
        """Let the language model's server read the conversation while somebody speaks.

        Args:
            about_to_be_said: what the agent is saying, and the conversation does not hold yet.
        """
        messages = list(self._context.messages)
        if about_to_be_said:
            messages.append({"role": "assistant", "content": about_to_be_said})
        await self._llm.prepare(LLMContext(messages, tools=self._context.tools))

    def pace(self, pace: float) -> None:
        """Speak at this pace from the next clause on; 1 is the voice's own, below it slower."""
        self._speaking.pace = pace

    def note(self, text: str) -> None:
        """Tell the language model something the caller does not hear; it does not answer it.

        It is there at once: also for a turn that stands at the gate and waits for its verdict. An
        answer that was written before it is written again.
        """
        self._turn_gate.outdate()
        message: ChatCompletionDeveloperMessageParam = {
            "role": "developer",
            "content": f"{NOTE}{text}",
        }
        self._context.add_message(message)

    async def caller_wrote(self, text: str) -> None:
        """A turn of the caller that was not spoken, such as a number keyed in; it is answered."""
        message: ChatCompletionUserMessageParam = {"role": "user", "content": text}
        await self._worker.queue_frame(LLMMessagesAppendFrame([message], run_llm=True))

    async def interrupt(self) -> None:
        """Cut off whatever the agent is saying or about to say."""
        await self._turn_gate.broadcast_interruption()  # type: ignore[no-untyped-call]

    def yield_leg(self, *, to_human: bool) -> None:
        """Let a human have the caller's playout (True), or take it back (False)."""
        self._transport.output().yielded = to_human

    async def stop(self) -> None:
        """End all stages; harmless when repeated."""
        if self._running is None:
            return
        running, self._running = self._running, None
        await self._worker.cancel()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(running, _STOP_DEADLINE_S)


def _tools_of(script: CallScript, flow: Flow) -> list[ToolDescription]:
    """Every tool of the playbook once, those offered everywhere first."""
    offered = list(flow.global_functions)
    for name in script.flow.nodes:
        offered += flow.node(name).get("functions", [])
    found = {
        function.name: function.to_function_schema().to_default_dict()
        for function in reversed(offered)
        if isinstance(function, FlowsFunctionSchema)
    }
    return list(reversed(found.values()))


def _silently(node: NodeConfig) -> NodeConfig:
    return {**node, "respond_immediately": False}


def _closing_with(
    script: CallScript, on_close: Callable[[str], Awaitable[None]]
) -> Callable[[dict[str, Any], FlowManager], Awaitable[None]]:
    """The playbook's action that ends the call with one of its goodbye lines."""

    async def close_call(action: dict[str, Any], flow_manager: FlowManager) -> None:
        del flow_manager
        await on_close(fill(getattr(script.phrases.goodbye, action["line"])))

    return close_call
