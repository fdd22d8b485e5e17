"""Runs one LLM stage in a real pipecat pipeline and keeps what leaves it."""

from __future__ import annotations

import asyncio
from types import TracebackType

from pipecat.frames.frames import (
    EndFrame,
    Frame,
    LLMContextFrame,
    LLMFullResponseEndFrame,
    LLMTextFrame,
    StartFrame,
)
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineWorker
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.frame_processor import FrameDirection, FrameProcessor
from pipecat.workers.runner import WorkerRunner

DEADLINE_S = 30.0


class _Sink(FrameProcessor):
    def __init__(self) -> None:
        super().__init__()
        self.frames: list[Frame] = []
        self.arrived = asyncio.Condition()

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        await super().process_frame(frame, direction)
        if direction is FrameDirection.DOWNSTREAM and not isinstance(frame, StartFrame):
            async with self.arrived:
                self.frames.append(frame)
                self.arrived.notify_all()
        await self.push_frame(frame, direction)


class LlmStage:
    """A running pipeline around one service; an async context manager."""

    def __init__(self, service: FrameProcessor) -> None:
        self._sink = _Sink()
        self._worker = PipelineWorker(
            Pipeline([service, self._sink]), cancel_on_idle_timeout=False, enable_rtvi=False
        )
        self._running: asyncio.Task[None] | None = None

    async def __aenter__(self) -> LlmStage:
        started = asyncio.Event()

        @self._worker.event_handler("on_pipeline_started")
        async def _started(_worker: object, _frame: object) -> None:
            started.set()

        runner = WorkerRunner(handle_sigint=False)
        await runner.add_workers(self._worker)
        self._running = asyncio.create_task(runner.run())
        async with asyncio.timeout(DEADLINE_S):
            await started.wait()
        return self

    async def __aexit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        assert self._running is not None
        await self._worker.queue_frame(EndFrame())
        async with asyncio.timeout(DEADLINE_S):
            await self._running

    @property
    def frames(self) -> list[Frame]:
        """All frames that left the stage downstream, in order."""
        return list(self._sink.frames)

    @property
    def said(self) -> str:
        """The words that left the stage."""
        return "".join(frame.text for frame in self.frames if isinstance(frame, LLMTextFrame))

    async def send(self, frame: Frame) -> None:
        """Queue any frame into the stage."""
        await self._worker.queue_frame(frame)

    async def ask(self, context: LLMContext) -> None:
        """Ask for a reply and wait for its end."""
        ends = self._count(LLMFullResponseEndFrame)
        await self.send(LLMContextFrame(context))
        await self.until(LLMFullResponseEndFrame, ends + 1)

    async def until(self, kind: type[Frame], count: int = 1) -> None:
        """Wait until *count* frames of *kind* have left the stage."""
        async with asyncio.timeout(DEADLINE_S), self._sink.arrived:
            await self._sink.arrived.wait_for(lambda: self._count(kind) >= count)

    def _count(self, kind: type[Frame]) -> int:
        return sum(isinstance(frame, kind) for frame in self._sink.frames)
