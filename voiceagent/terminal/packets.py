"""``voiceagent packet eval``: packets of summarised dialogues, weighed and told in a table."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path

from rich.console import Console
from rich.table import Table

from voiceagent.bench.packet_dialogues import load_dialogues
from voiceagent.bench.packet_eval import Weighed, as_json, figures, weigh
from voiceagent.calls.readings import packet_json
from voiceagent.dialogue.llm_endpoint import LlmEndpoint, complete_json, resolve_model
from voiceagent.dialogue.local_llm import LocalLlmOptions, LocalLlmServer
from voiceagent.domain.errors import InputError, WeightsError
from voiceagent.handoff.packet_request import load_instructions
from voiceagent.handoff.packet_writer import Complete, WriterOptions
from voiceagent.settings import Settings
from voiceagent.supervisor.policy import load_policy
from voiceagent.weights.verification import locate

WITHOUT_MODEL, LOCAL_MODEL = "none", "local"


async def evaluate_packets(
    settings: Settings, file: Path, llm: str, out: Path | None, console: Console
) -> int:
    """Weigh the packet of every dialogue of a file and print the figures; returns 0.

    Args:
        file: dialogues with human summaries, JSON Lines.
        llm: ``none``, ``local``, or the base URL of an OpenAI-compatible endpoint.
        out: one JSON object per dialogue is written there; None for none.

    Raises:
        InputError: the file, ``llm`` or ``out`` cannot be used.
        LanguageModelError, WeightsError: the language model cannot be used.
    """
    dialogues = await asyncio.to_thread(load_dialogues, file)
    policy = await asyncio.to_thread(load_policy, settings.prompts_dir / "supervisor.yaml")
    instructions = await asyncio.to_thread(load_instructions, settings.prompts_dir)
    deadline_s = settings.packet_llm_deadline_s
    small = llm == LOCAL_MODEL or settings.llm_constrained
    make = WriterOptions.for_local_model if small else WriterOptions
    options = make(instructions=instructions, deadline_s=deadline_s)
    if out is not None:
        await asyncio.to_thread(_write, out, [])
    weighed: list[Weighed] = []
    async with _model(settings, llm) as complete:
        for dialogue in dialogues:
            weighed.append(await weigh(dialogue, policy, complete, options))
            if out is not None:
                await asyncio.to_thread(_write, out, weighed)
    table = Table(box=None, show_header=False)
    for name, value in figures(weighed):
        table.add_row(name, value)
    console.print(table)
    return 0


def _write(out: Path, weighed: list[Weighed]) -> None:
    lines = [json.dumps(as_json(w, packet_json), ensure_ascii=False) + "\n" for w in weighed]
    try:
        out.write_text("".join(lines), "utf-8")
    except OSError as error:
        raise InputError(f"{out} cannot be written.", "Name another file for --out.") from error


@contextlib.asynccontextmanager
async def _model(settings: Settings, llm: str) -> AsyncIterator[Complete | None]:
    """How the model named on the command line is asked; None for no model."""
    if llm == WITHOUT_MODEL:
        yield None
        return
    if llm == LOCAL_MODEL:
        folder = await asyncio.to_thread(locate, settings.local_llm, settings.weights_dir)
        weights = next(iter(sorted(folder.glob("*.gguf"))), None)
        if weights is None:
            raise WeightsError(
                f"'{settings.local_llm}' is no language model.",
                "Choose one of the GGUF models of 'voiceagent models list'.",
            )
        options = LocalLlmOptions(threads=settings.local_llm_threads, conversations=1)
        async with LocalLlmServer(weights, options) as server:
            yield partial(complete_json, server.endpoint)
        return
    if not llm.startswith(("http://", "https://")):
        raise InputError(f"--llm {llm} is not known.", "Use none, local or an http address.")
    key = settings.llm_api_key.get_secret_value()
    endpoint = await resolve_model(LlmEndpoint(llm, settings.llm_model, key))
    yield partial(complete_json, endpoint)
