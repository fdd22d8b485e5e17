"""``voiceagent packet eval``: packets of summarised dialogues, weighed and told in a table."""

from __future__ import annotations

import asyncio
import json
from functools import partial
from pathlib import Path

from rich.console import Console
from rich.progress import track
from rich.table import Table

from voiceagent.bench.eval_llm import LOCAL, opened_llm
from voiceagent.bench.packet_dialogues import load_dialogues
from voiceagent.bench.packet_eval import Weighed, as_json, figures, weigh
from voiceagent.calls.readings import packet_json
from voiceagent.dialogue.llm_endpoint import complete_json
from voiceagent.domain.errors import InputError
from voiceagent.handoff.packet_request import load_instructions
from voiceagent.handoff.packet_writer import Complete, WriterOptions
from voiceagent.settings import Settings
from voiceagent.supervisor.policy import load_policy


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
    small = llm == LOCAL or settings.llm_constrained
    make = WriterOptions.for_local_model if small else WriterOptions
    options = make(instructions=instructions, deadline_s=deadline_s)
    if out is not None:
        await asyncio.to_thread(_write, out, "", "w")
    weighed: list[Weighed] = []
    progress = Console(stderr=True)
    async with opened_llm(llm, settings) as endpoint:
        complete: Complete | None = partial(complete_json, endpoint) if endpoint else None
        for dialogue in track(dialogues, "Writing packets", console=progress, transient=True):
            weighed.append(await weigh(dialogue, policy, complete, options))
            if out is not None:
                told = json.dumps(as_json(weighed[-1], packet_json), ensure_ascii=False)
                await asyncio.to_thread(_write, out, f"{told}\n", "a")
    table = Table(box=None, show_header=False)
    for name, value in figures(weighed):
        table.add_row(name, value)
    console.print(table)
    return 0


def _write(out: Path, text: str, mode: str) -> None:
    try:
        with out.open(mode, encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        raise InputError(f"{out} cannot be written.", "Name another file for --out.") from error
