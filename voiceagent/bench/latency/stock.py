"""The stock side of the bench: a pipeline as pipecat's documentation writes it for local services.

Silero, the default turn strategies with Smart Turn, Whisper base int8, an OpenAI-compatible
language model, Piper; the defaults of each. The line is at 16 kHz, since pipecat's Whisper service
does not resample. Models are loaded once and shared by simultaneous calls, in stock's favour.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

from pipecat.audio.vad.silero import SileroVADAnalyzer
from pipecat.frames.frames import (
    CancelFrame,
    EndFrame,
    InputAudioRawFrame,
    OutputAudioRawFrame,
    StartFrame,
)
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineParams, PipelineWorker
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.aggregators.llm_response_universal import (
    LLMContextAggregatorPair,
    LLMUserAggregatorParams,
)
from pipecat.services.openai.llm import OpenAILLMService
from pipecat.services.piper.tts import PiperTTSService
from pipecat.services.whisper.stt import WhisperSTTService
from pipecat.transcriptions.language import Language
from pipecat.transports.base_input import BaseInputTransport
from pipecat.transports.base_output import BaseOutputTransport
from pipecat.transports.base_transport import BaseTransport, TransportParams
from pipecat.workers.runner import WorkerRunner

from voiceagent.bench.latency.caller import BenchCaller, CallerOptions
from voiceagent.bench.latency.material import RATE_HZ
from voiceagent.bench.latency.plan import PlannedCall
from voiceagent.bench.latency.record import CallRecord
from voiceagent.bench.latency.stages import StageObserver
from voiceagent.bench.latency.system import SystemOptions
from voiceagent.legs.leg import FRAME_MS
from voiceagent.settings import Settings
from voiceagent.weights.verification import locate

_FRAME_S = FRAME_MS / 1000
_PACKET_BYTES = RATE_HZ * FRAME_MS // 1000 * 2
_LONGEST_CALL_S = 900.0
_END_DEADLINE_S = 30.0


class _Input(BaseInputTransport):
    """The caller's frames, each once its last sample was captured."""

    def __init__(self, params: TransportParams, caller: BenchCaller) -> None:
        super().__init__(params)
        self._caller = caller
        self._pumping: asyncio.Task[None] | None = None
        self.begun = asyncio.Event()
        self.late_s = 0.0

    async def start(self, frame: StartFrame) -> None:
        await super().start(frame)
        await self.set_transport_ready(frame)
        self._pumping = self.create_task(self._pump())
        self.begun.set()

    async def stop(self, frame: EndFrame) -> None:
        await self._end()
        await super().stop(frame)

    async def cancel(self, frame: CancelFrame) -> None:
        await self._end()
        await super().cancel(frame)

    async def cleanup(self) -> None:
        await self._end()
        await super().cleanup()  # type: ignore[no-untyped-call]

    async def _end(self) -> None:
        if self._pumping is not None:
            pumping, self._pumping = self._pumping, None
            await self.cancel_task(pumping)

    async def _pump(self) -> None:
        due = time.monotonic()
        while True:
            due += _FRAME_S
            delay = due - time.monotonic()
            self.late_s = max(self.late_s, -delay)
            await asyncio.sleep(max(0.0, delay))
            pcm = self._caller.frame(due - _FRAME_S)
            await self.push_audio_frame(
                InputAudioRawFrame(audio=pcm, sample_rate=RATE_HZ, num_channels=1)
            )


class _Output(BaseOutputTransport):
    """The agent's packets, each at the moment at which it leaves."""

    def __init__(self, params: TransportParams, caller: BenchCaller) -> None:
        super().__init__(params)
        self._caller = caller
        self._next_s = 0.0

    async def start(self, frame: StartFrame) -> None:
        await super().start(frame)
        await self.set_transport_ready(frame)

    async def write_audio_frame(self, frame: OutputAudioRawFrame) -> bool:
        for at in range(0, len(frame.audio), _PACKET_BYTES):
            await asyncio.sleep(max(0.0, self._next_s - time.monotonic()))
            now_s = time.monotonic()
            # Small delays are caught up with, after a silence the pace begins anew.
            self._next_s = (self._next_s if now_s - self._next_s < _FRAME_S else now_s) + _FRAME_S
            self._caller.heard(now_s, frame.audio[at : at + _PACKET_BYTES])
        return True


class _Wire(BaseTransport):
    def __init__(self, caller: BenchCaller) -> None:
        super().__init__()
        params = TransportParams(
            audio_in_enabled=True,
            audio_out_enabled=True,
            audio_in_sample_rate=RATE_HZ,
            audio_out_sample_rate=RATE_HZ,
        )
        self._in = _Input(params, caller)
        self._out = _Output(params, caller)

    def input(self) -> _Input:
        return self._in

    def output(self) -> _Output:
        return self._out


class Stock:
    """The stock pipeline with its models; use :meth:`open`."""

    def __init__(self, options: SystemOptions, whisper: Path, voice: Path) -> None:
        self._options = options
        self._whisper_folder = whisper
        self._voice_folder = voice
        self._whisper: Any = None
        self._voice: Any = None

    @classmethod
    async def open(cls, options: SystemOptions, settings: Settings) -> Stock:
        """Find the weights.

        Raises:
            WeightsError: they are missing or wrong.
        """
        whisper = await asyncio.to_thread(locate, settings.whisper, settings.weights_dir)
        voice = await asyncio.to_thread(locate, settings.voice_en, settings.weights_dir)
        return cls(options, whisper, voice)

    async def close(self) -> None:
        """Nothing outlives a call."""

    async def call(self, call: PlannedCall, seed: int) -> CallRecord:
        """Hold one call."""
        caller = BenchCaller(
            call.turns, CallerOptions(RATE_HZ, RATE_HZ, patience_s=call.patience_s, seed=seed)
        )
        wire, observer = _Wire(caller), StageObserver()
        worker = PipelineWorker(
            self._pipeline(wire),
            params=PipelineParams(
                audio_in_sample_rate=RATE_HZ,
                audio_out_sample_rate=RATE_HZ,
                enable_metrics=True,
                enable_usage_metrics=True,
            ),
            observers=[observer],
        )
        runner = WorkerRunner(handle_sigint=False)
        await runner.add_workers(worker)
        running = asyncio.create_task(runner.run(), name="bench-stock")
        try:
            await asyncio.wait_for(wire.input().begun.wait(), _END_DEADLINE_S)
            begun, cpu = time.monotonic(), time.process_time()
            caller.begin(begun)
            await asyncio.wait_for(caller.finished.wait(), _LONGEST_CALL_S)
            cpu, wall = time.process_time() - cpu, time.monotonic() - begun
            await worker.cancel()
            await asyncio.wait_for(running, _END_DEADLINE_S)
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
        record = caller.record(begun, observer.observed)
        return replace(record, cpu_s=cpu, wall_s=wall, late_s=wire.input().late_s)

    def _pipeline(self, wire: _Wire) -> Pipeline:
        options = self._options
        stt = self._recogniser()
        llm = OpenAILLMService(
            api_key=options.llm_api_key or "none",
            base_url=options.llm_url,
            settings=OpenAILLMService.Settings(
                model=options.llm_model, system_instruction=options.instructions
            ),
        )
        tts = self._speaker()
        user, assistant = LLMContextAggregatorPair(
            LLMContext(), user_params=LLMUserAggregatorParams(vad_analyzer=SileroVADAnalyzer())
        )
        return Pipeline([wire.input(), stt, user, llm, tts, wire.output(), assistant])

    def _recogniser(self) -> WhisperSTTService:
        folder, known = str(self._whisper_folder), self._whisper

        class Shared(WhisperSTTService):
            def _load(self) -> None:
                if known is None:
                    super()._load()  # type: ignore[no-untyped-call]
                else:
                    self._model = known

        service = Shared(
            device="cpu",
            compute_type="int8",
            settings=WhisperSTTService.Settings(model=folder, language=Language.EN),
        )
        self._whisper = service._model
        return service

    def _speaker(self) -> PiperTTSService:
        name = next(iter(sorted(self._voice_folder.glob("*.onnx")))).stem
        service = PiperTTSService(
            download_dir=self._voice_folder, settings=PiperTTSService.Settings(voice=name)
        )
        if self._voice is None:
            self._voice = service._voice
        service._voice = self._voice
        return service
