"""``voiceagent supervisor eval``: the supervisor held against people's labels, in a table."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TextIO

from rich.console import Console
from rich.progress import track
from rich.table import Table

from voiceagent.bench.eval_llm import opened_llm
from voiceagent.bench.labelled_dialogues import LabelledDialogue, load_labelled_dialogues
from voiceagent.bench.supervisor_eval import DialogueJudge, JudgedTurn
from voiceagent.bench.supervisor_figures import Delay, Figures, Found, figures
from voiceagent.dialogue.second_opinion import SecondOpinion
from voiceagent.domain.errors import InputError
from voiceagent.settings import Settings
from voiceagent.supervisor.policy import load_policy
from voiceagent.wiring import turn_reader

# A model on this machine's cores needs longer than a call could wait; here the opinion is wanted.
_OPINION_DEADLINE_S = 30.0


async def evaluate_supervisor(
    settings: Settings, path: Path, llm: str, out: Path | None, console: Console, *, as_json: bool
) -> None:
    """Judge every labelled turn of a file and print how that compares with the labels.

    Args:
        settings: prompts and weights.
        path: the dialogues, see :mod:`voiceagent.bench.labelled_dialogues`.
        llm: ``none``, ``local`` or a base URL; asked for second opinions.
        out: a JSONL line per labelled turn is written here; None for nowhere.
        console: where the figures go.
        as_json: print them as one JSON object.

    Raises:
        InputError: the file or the option is not as it must be, or ``out`` cannot be written.
        LanguageModelError, WeightsError: the language model cannot be used.
    """
    dialogues = load_labelled_dialogues(path)
    policy = load_policy(settings.prompts_dir / "supervisor.yaml")
    reader = turn_reader()
    sink = _open(out)
    started = time.perf_counter()
    try:
        async with opened_llm(llm, settings) as endpoint:
            opinion = SecondOpinion.of_endpoint(endpoint, _OPINION_DEADLINE_S) if endpoint else None
            judge = DialogueJudge(policy, reader, opinion, path.parent)
            try:
                judged = await _judge(judge, dialogues, sink, quiet=as_json)
            finally:
                if opinion is not None:
                    await opinion.close()
    finally:
        if sink is not None:
            sink.close()
    took_s = time.perf_counter() - started
    if not judged:
        raise InputError(
            f"'{path}' has no labelled turn of the customer.",
            'Label turns with "frustrated": true or false, and "escalate".',
        )
    found = figures(judged)
    if as_json:
        report = {
            "file": path.name,
            "llm": llm,
            "missed_second_opinions": judge.missed_opinions,
            "figures": [group.as_json() for group in found],
        }
        console.print_json(json.dumps(report))
        return
    _print(found, console)
    asked = sum(turn.speaker == "customer" for d in dialogues for turn in d.turns)
    console.print(
        f"{1000 * took_s / max(1, asked):.0f} ms for each turn of a customer, all in all."
    )
    if judge.missed_opinions:
        console.print(f"{judge.missed_opinions} second opinions were missed.")


def _open(out: Path | None) -> TextIO | None:
    if out is None:
        return None
    try:
        return out.open("w", encoding="utf-8")
    except OSError as error:
        raise InputError(f"'{out}' cannot be written: {error}.", "Choose another --out.") from error


async def _judge(
    judge: DialogueJudge,
    dialogues: Sequence[LabelledDialogue],
    sink: TextIO | None,
    *,
    quiet: bool,
) -> list[JudgedTurn]:
    judged: list[JudgedTurn] = []
    progress = Console(stderr=True, quiet=quiet)
    for dialogue in track(dialogues, "Judging dialogues", console=progress, transient=True):
        async for turn in judge.judge(dialogue):
            judged.append(turn)
            if sink is not None:
                sink.write(json.dumps(_line(turn), ensure_ascii=False) + "\n")
    return judged


def _line(turn: JudgedTurn) -> dict[str, object]:
    return {
        "id": turn.dialogue,
        "turn": turn.turn,
        "frustration": turn.frustration,
        "action": str(turn.action),
        "triggers": list(turn.triggers),
    }


def _print(found: Sequence[Figures], console: Console) -> None:
    table = Table("", *(group.language for group in found), box=None)
    rows: list[tuple[str, list[str]]] = [
        ("dialogues", [str(g.dialogues) for g in found]),
        ("labelled turns", [str(g.turns) for g in found]),
        ("", ["" for _ in found]),
        ("turns to escalate", [str(g.escalation.true) for g in found]),
        ("person offered or handed over: recall", [_ratio(g.escalation.recall) for g in found]),
        ("person offered or handed over: precision", [_share(g.escalation) for g in found]),
        ("handed over: recall", [_ratio(g.hand_over.recall) for g in found]),
        ("handed over: precision", [_share(g.hand_over) for g in found]),
        ("calm turns", [str(g.calm_turns) for g in found]),
        ("false escalations per 100 calm turns", [_false(g) for g in found]),
        ("turns to detect an escalation", [_wait(g.escalation_delay) for g in found]),
        ("", ["" for _ in found]),
        ("frustrated turns", [str(g.frustration.true) for g in found]),
        ("frustration of at least 0.5: recall", [_ratio(g.frustration.recall) for g in found]),
        ("frustration of at least 0.5: precision", [_share(g.frustration) for g in found]),
        ("turns to detect frustration", [_wait(g.frustration_delay) for g in found]),
        ("AUC of the frustration score", [_ratio(g.auc) for g in found]),
        ("AUC within turns of similar length", [_ratio(g.auc_within_length) for g in found]),
    ]
    for name, values in rows:
        table.add_row(name, *values)
    console.print(table)
    console.print(
        "Turns to detect: the customer's labelled turns from the first that should be found to the"
        " first that was; 0 is the same turn. Median, mean, dialogues missed."
    )


def _ratio(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"


def _share(found: Found) -> str:
    return f"{_ratio(found.precision)} ({found.right}/{found.said})"


def _false(group: Figures) -> str:
    rate = group.false_escalations_per_100
    return "-" if rate is None else f"{rate:.2f} ({group.false_escalations})"


def _wait(delay: Delay) -> str:
    if delay.median is None or delay.mean is None:
        return f"- ({delay.missed} missed)" if delay.dialogues else "-"
    return f"{delay.median:g}, {delay.mean:.2f}, {delay.missed} of {delay.dialogues}"
