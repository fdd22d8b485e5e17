"""``voiceagent call``: arguments in, one recorded person called back, an exit code out."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from voiceagent.app import Application, CallRequest
from voiceagent.bench.fixtures import DEFAULT_PLAYBOOK, recorded_human
from voiceagent.calls.outputs import read_latency
from voiceagent.domain.errors import InputError
from voiceagent.legs.impairments import Impairments
from voiceagent.legs.script import RecordedScript, load_script
from voiceagent.settings import Settings
from voiceagent.terminal.narrator import Narrator, show_latency

# Whom a recording without a name stands for, as long as the sample company's records are used.
_SAMPLE_ACCOUNT = "C-1001"


@dataclass(frozen=True, slots=True)
class CallArguments:
    """What the command line says about one call; empty means what the script says."""

    caller: Path
    humans: tuple[Path, ...] = ()
    playbook: str = ""
    account: str = ""
    language: str = ""
    out: Path | None = None
    sample_rate_hz: int = 8000
    mu_law: bool = False
    loss: float = 0.0
    jitter_ms: int = 0
    echo_db: float | None = None
    noise_db: float | None = None


async def place_recorded_call(
    settings: Settings, arguments: CallArguments, console: Console, *, quiet: bool = False
) -> int:
    """Call a recorded person and print what happens.

    Returns:
        0 on a completed call, whatever it came to.

    Raises:
        VoiceAgentError: something given is unusable; nothing was dialled, or the call was ended.
    """
    if arguments.sample_rate_hz not in {8000, 16_000}:
        raise InputError("--sample-rate is wrong.", "Use 8000 or 16000.")
    caller = await asyncio.to_thread(load_script, arguments.caller, arguments.sample_rate_hz)
    request = await _request(settings, arguments, caller)
    narrator = Narrator(console)
    if not quiet:
        console.print("Loading speech models and the language model ...", style="dim")
    async with Application(settings) as application:
        result = await application.call(
            CallRequest(
                leg=request.leg,
                account_id=request.account_id,
                playbook=request.playbook,
                language=request.language,
                humans=request.humans,
                out=request.out,
                on_event=None if quiet else narrator.on_event,
            )
        )
    console.print(f"Call {result.call_id}: {result.outcome} ({result.reason})", style="bold")
    if arguments.out is not None:
        show_latency(console, await asyncio.to_thread(read_latency, arguments.out))
        console.print(f"Written to {arguments.out}", soft_wrap=True)
    console.print(f"Tell it again with: voiceagent report {result.call_id}", style="dim")
    return 0


async def _request(
    settings: Settings, arguments: CallArguments, caller: RecordedScript
) -> CallRequest:
    account = arguments.account or caller.account
    if not account and not settings.accounts_url:
        account = _SAMPLE_ACCOUNT
    if not account:
        raise InputError(
            "Whose account is called is not known.",
            "Name it with --account, e.g. --account C-1001; a caller script may name it as well.",
        )
    files = arguments.humans or _human_of(settings, caller)
    scripts = [
        await asyncio.to_thread(load_script, file, arguments.sample_rate_hz, "human")
        for file in files
    ]
    try:
        impairments = Impairments(
            mu_law=arguments.mu_law,
            loss=arguments.loss,
            jitter_ms=arguments.jitter_ms,
            echo_db=arguments.echo_db,
            noise_db=arguments.noise_db,
        )
    except ValueError as error:
        raise InputError(f"The line cannot be like that: {error}.") from error
    return CallRequest(
        leg=caller.leg(impairments),
        account_id=account,
        playbook=arguments.playbook or caller.playbook or DEFAULT_PLAYBOOK,
        language=arguments.language or caller.language,
        humans=tuple(recorded_human(script) for script in scripts),
        out=arguments.out,
    )


def _human_of(settings: Settings, caller: RecordedScript) -> tuple[Path, ...]:
    """The human a fixture was recorded with."""
    if not caller.human:
        return ()
    return (settings.fixtures_dir / "humans" / f"{caller.human}.yaml",)
