"""A language model on this machine: llama.cpp's OpenAI-compatible server in a child process.

A GGUF file enters; an :class:`LlmEndpoint` on loopback leaves, shared by all calls of the process.
The server runs in a child because loading it holds Python's lock for seconds, because a fault in
native code must not end a call, and because it can then run at a lower priority than the audio.

The child ends with its parent, whatever ends that: it watches its standard input, which the kernel
closes with the parent, and on Linux it also asks for SIGKILL at the parent's death, since nothing
in Python runs while the model is loading.

This module is also what the child runs (``python -m voiceagent.dialogue.local_llm``), so it imports
nothing heavy at the top.
"""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import json
import logging
import os
import secrets
import signal
import sys
from collections import deque
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from voiceagent.domain.errors import LanguageModelError

if TYPE_CHECKING:
    from types import TracebackType

    from voiceagent.dialogue.llm_endpoint import LlmEndpoint

logger = logging.getLogger(__name__)

_PR_SET_PDEATHSIG = 1
_OUTPUT_LINES_KEPT = 40
_OUTPUT_LINES_REPORTED = 5
_WARM_UP_TOKENS = 1
_READY = "listening at "


@dataclass(frozen=True)
class LocalLlmOptions:
    """How the model is served.

    Attributes:
        context_tokens: prompt and reply of one conversation, in tokens.
        conversations: conversations kept ready side by side; further ones take turns. Each costs
            28 KiB of memory per context token with Qwen2.5-1.5B.
        beside: places for what is asked beside the conversations, such as a packet; asked in a
            conversation's place it would cost it the prompt it has read.
        threads: computing threads; more than there are cores makes everything slower.
        niceness: added to the child's priority number, so that the audio goes first.
        prompt_cache_mib: memory for the prompts of conversations that lost their place.
        start_deadline_s: for loading the weights; a cold disk takes its time.
        stop_deadline_s: for a clean end, before the child is killed.
    """

    context_tokens: int = 4096
    conversations: int = 2
    beside: int = 0
    threads: int = 2
    niceness: int = 5
    prompt_cache_mib: int = 512
    start_deadline_s: float = 120.0
    stop_deadline_s: float = 5.0

    def __post_init__(self) -> None:
        if min(self.context_tokens, self.conversations, self.threads) < 1:
            raise ValueError("context_tokens, conversations and threads must be at least 1")
        if min(self.niceness, self.prompt_cache_mib, self.beside) < 0:
            raise ValueError("niceness, prompt_cache_mib and beside must not be negative")


class LocalLlmServer:
    """The server's life: an async context manager, or :meth:`start` and :meth:`stop`.

    Args:
        model_path: a GGUF file, verified by the caller.
        options: how it is served.
    """

    def __init__(self, model_path: Path, options: LocalLlmOptions | None = None) -> None:
        self._model_path = model_path
        self._options = options or LocalLlmOptions()
        self._process: asyncio.subprocess.Process | None = None
        self._readers: list[asyncio.Task[None]] = []
        self._output: deque[str] = deque(maxlen=_OUTPUT_LINES_KEPT)
        self._address: asyncio.Future[str] | None = None
        # Loopback is open to every user of the machine; what callers say is not for them.
        self._key = secrets.token_urlsafe(24)

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        await self.stop()

    @property
    def endpoint(self) -> LlmEndpoint:
        """Where the model is served.

        Raises:
            LanguageModelError: the server is not running.
        """
        from voiceagent.dialogue.llm_endpoint import LlmEndpoint

        if self._address is None or not self._address.done():
            raise LanguageModelError("The local language model has not been started.")
        if self.failure is not None:
            raise self.failure
        return LlmEndpoint(
            url=f"{self._address.result()}/v1",
            model=self._model_path.stem,
            api_key=self._key,
            constrained=True,
        )

    @property
    def pid(self) -> int | None:
        """The child's process id while it has one."""
        return self._process.pid if self._process is not None else None

    @property
    def failure(self) -> LanguageModelError | None:
        """Why the server ended by itself, or ``None``."""
        if self._process is None or self._process.returncode is None:
            return None
        return self._crash_report()

    async def start(self) -> None:
        """Load the model and wait until it answers.

        Raises:
            LanguageModelError: no such file, the child ended (with its last output), or loading
                took longer than the deadline.
        """
        if self._process is not None:
            raise LanguageModelError("The local language model is already running.")
        if not await asyncio.to_thread(self._model_path.is_file):
            raise LanguageModelError(
                f"The language model's weights are not at {self._model_path}.",
                "Fetch them with 'voiceagent models fetch'.",
            )
        try:
            async with asyncio.timeout(self._options.start_deadline_s):
                await self._start_child()
        except TimeoutError:
            await self.stop()
            raise LanguageModelError(
                f"The local language model was not ready within "
                f"{self._options.start_deadline_s:.0f} s.",
                "Give the machine more time or memory, or use --llm-url.",
            ) from None
        except BaseException:
            await self.stop()
            raise
        logger.info("The local language model is ready (process %s)", self.pid)

    async def _start_child(self) -> None:
        self._address = asyncio.get_running_loop().create_future()
        self._process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            __name__,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        assert self._process.stdin is not None
        self._readers = [asyncio.create_task(self._read_output(self._process))]
        orders = {
            "model_path": str(self._model_path),
            "model_name": self._model_path.stem,
            "key": self._key,
            **asdict(self._options),
        }
        # Not on the command line, where every user of the machine reads the key.
        self._process.stdin.write(json.dumps(orders).encode() + b"\n")
        with contextlib.suppress(ConnectionError):
            await self._process.stdin.drain()
        await self._address

    async def _read_output(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdout is not None
        assert self._address is not None
        async for raw in process.stdout:
            line = raw.decode(errors="replace").rstrip()
            if line.startswith(_READY) and not self._address.done():
                self._address.set_result(line.removeprefix(_READY))
            elif line:
                self._output.append(line)
        await process.wait()
        if not self._address.done():
            self._address.set_exception(self._crash_report())
        elif self._process is process:
            logger.error("The local language model ended (exit status %s)", process.returncode)

    def _crash_report(self) -> LanguageModelError:
        status = self._process.returncode if self._process is not None else None
        last = " | ".join(list(self._output)[-_OUTPUT_LINES_REPORTED:])
        return LanguageModelError(
            f"The local language model ended with status {status}. Its last output: {last}",
            "Check the weights file and the free memory, or use --llm-url.",
        )

    async def stop(self) -> None:
        """End the child and wait for it. Safe to call at any time, also twice."""
        process, self._process = self._process, None
        if process is not None:
            assert process.stdin is not None
            process.stdin.close()
            try:
                async with asyncio.timeout(self._options.stop_deadline_s):
                    await process.wait()
            except TimeoutError:
                process.kill()
                await process.wait()
        for reader in self._readers:
            await reader
        self._readers = []
        if self._address is not None and self._address.done() and not self._address.cancelled():
            self._address.exception()
        self._address = None

    async def warm_up(self, system: str, deadline_s: float = 120.0) -> None:
        """Have every conversation's place read *system*, so that no first turn waits for it.

        Args:
            system: the system message as it will be sent
                (:func:`voiceagent.dialogue.constrained.system_text`).
            deadline_s: for all places together; reading takes about 1 s per 45 tokens on two cores.

        Raises:
            LanguageModelError: the server failed or was too slow.
        """
        from voiceagent.dialogue.llm_endpoint import language_model_error, open_client

        endpoint = self.endpoint
        client = open_client(endpoint)
        try:
            async with asyncio.timeout(deadline_s):
                for place in range(self._options.conversations):
                    await client.chat.completions.create(
                        model=endpoint.model,
                        messages=[
                            {"role": "system", "content": system},
                            {"role": "user", "content": "Hello?"},
                        ],
                        max_tokens=_WARM_UP_TOKENS,
                        extra_body={"cache_prompt": True, "id_slot": place},
                    )
        except Exception as error:
            raise language_model_error(error, endpoint) from error
        finally:
            await client.close()


def _die_with_parent() -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def _serve(orders: dict[str, Any]) -> None:
    """The child: load, announce the address, serve until standard input ends."""
    # Waiting threads that spin take the cores from the speech models.
    os.environ["OMP_WAIT_POLICY"] = "passive"
    import xllamacpp

    params = xllamacpp.CommonParams()
    params.model.path = orders["model_path"]
    params.model_alias = {orders["model_name"]}
    params.api_keys = [orders["key"]]
    params.hostnames = ["127.0.0.1"]
    params.port = 0
    params.ui = False
    params.endpoint_slots = False
    places = orders["conversations"] + orders["beside"]
    params.n_parallel = places
    params.n_ctx = orders["context_tokens"] * places
    params.n_gpu_layers = 0
    params.cache_prompt = True
    params.cache_ram_mib = orders["prompt_cache_mib"]
    for cpu in (params.cpuparams, params.cpuparams_batch):
        cpu.n_threads = orders["threads"]
        cpu.poll = 0
    # Errors only: the server's log would hold what callers say.
    params.verbosity = 1
    server = xllamacpp.Server(params)
    sys.stdout.write(f"{_READY}{server.listening_address}\n")
    sys.stdout.flush()
    sys.stdin.read()


def _main() -> None:
    _die_with_parent()
    orders = json.loads(sys.stdin.readline() or "null")
    if orders is None:
        return
    os.nice(orders["niceness"])
    try:
        _serve(orders)
    except Exception as error:
        sys.stdout.write(f"{type(error).__name__}: {error}\n")
        sys.stdout.flush()
        os._exit(1)
    # The native server's threads have nothing to save and would only delay the end.
    os._exit(0)


if __name__ == "__main__":
    _main()
