"""``voiceagent demo``: the product's main job on recorded audio, told as it happens."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from rich.console import Console
from rich.panel import Panel

from voiceagent.domain.errors import InputError
from voiceagent.settings import Settings
from voiceagent.terminal.placing import CallArguments, place_recorded_call

_INTRODUCTION = (
    "A customer asked to be called back about their bill. The caller and the human agent are "
    "recordings; everything between them is live: voice activity, speech recognition, the "
    "language model with its tools, speech, the supervisor, and the handoff. It takes as long as "
    "a phone call."
)


async def run_demo(settings: Settings, caller: str, folder: Path | None, console: Console) -> int:
    """Play one fixture from beginning to end.

    Returns:
        0 if the call was completed.

    Raises:
        InputError: there is no such fixture.
        VoiceAgentError: the call could not be placed or recorded.
    """
    callers = settings.fixtures_dir / "callers"
    script = callers / f"{caller}.yaml"
    if not script.is_file():
        known = ", ".join(sorted(file.stem for file in callers.glob("*.yaml")))
        raise InputError(
            f"There is no recorded caller '{caller}'.", f"Known are: {known or 'none'}."
        )
    out = folder or Path("out") / f"demo-{datetime.now().astimezone():%Y%m%d-%H%M%S}"
    console.print(Panel(_INTRODUCTION, title="voiceagent demo", border_style="cyan"))
    code = await place_recorded_call(settings, CallArguments(caller=script, out=out), console)
    console.print(
        f"Listen to {out / 'call.wav'} (caller left, agent and human right); what the human was\n"
        f"shown is in {out / 'packet.json'}, everything that happened in {out / 'events.jsonl'}.",
        soft_wrap=True,
    )
    return code
