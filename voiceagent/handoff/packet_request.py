"""What a language model is asked so that it writes a packet.

In: a call's reading, and the instructions and worked examples of ``prompts/packet/``, which a
prompt engineer edits. Out: chat messages. What never changes comes first and what is wanted comes
last, so that a server that keeps what it has read need not read it again.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from voiceagent.domain.errors import FilePlace, PlaybookError
from voiceagent.domain.transcript import Speaker
from voiceagent.handoff.call_reading import CallReading

LANGUAGES = ("en", "de")
_ASKS = "-> "
_LEFT_OUT = "…"
_NAMES = {
    "en": {Speaker.CALLER: "Customer", Speaker.AGENT: "Agent", Speaker.HUMAN: "Colleague"},
    "de": {Speaker.CALLER: "Kunde", Speaker.AGENT: "Agent", Speaker.HUMAN: "Kollege"},
}


@dataclass(frozen=True, slots=True)
class Instructions:
    """What the model is told in one language, and one conversation with its right answers.

    ``answers`` are pairs of what was wanted and what was answered.
    """

    text: str
    conversation: str = ""
    answers: tuple[tuple[tuple[str, ...], Mapping[str, Any]], ...] = ()


NO_INSTRUCTIONS = Instructions(
    "Summarise this service call for a colleague. Write only what was said; copy names, numbers,"
    " amounts and dates exactly. Give the number of the turn each statement rests on."
)


def load_instructions(prompts_dir: Path) -> dict[str, Instructions]:
    """What the model is told, by language, from ``prompts/packet/``; blocking, a few kilobytes.

    Raises:
        PlaybookError: a file is missing or empty, or an example's answer is no JSON object.
    """
    return {language: _instructions(prompts_dir / "packet", language) for language in LANGUAGES}


def _instructions(folder: Path, language: str) -> Instructions:
    text = _read(folder / f"{language}.md")
    path = folder / f"{language}.examples.md"
    conversation, *asked = _read(path).split(f"\n{_ASKS}")
    answers = []
    for question in asked:
        wanted, _, answer = question.partition("\n")
        try:
            given = json.loads(answer)
        except ValueError:
            given = None
        if not isinstance(given, dict):
            raise PlaybookError(
                f"{path}: what follows '{_ASKS}{wanted}' is no JSON object.",
                "Write the right answer as one JSON object below it.",
                FilePlace(str(path)),
            )
        answers.append((tuple(name.strip() for name in wanted.split(",")), given))
    return Instructions(text, conversation.strip(), tuple(answers))


def _read(path: Path) -> str:
    try:
        text = path.read_text("utf-8").strip()
    except OSError as error:
        raise PlaybookError(
            f"The packet's instructions {path.name} cannot be read.",
            "Put prompts/packet/ back, or point prompts_dir to where it is.",
            FilePlace(str(path)),
        ) from error
    if not text:
        raise PlaybookError(
            f"The packet's instructions {path.name} are empty.", "Write them.", FilePlace(str(path))
        )
    return text


def messages(
    reading: CallReading, instructions: Instructions, wanted: Sequence[str], limits: tuple[int, int]
) -> list[dict[str, str]]:
    """The request for what is wanted, after the worked examples of it.

    Args:
        reading: the call so far.
        instructions: in the language of the call.
        wanted: names of the answer's parts.
        limits: characters of the transcript and of one turn, at most.
    """
    asked = [{"role": "system", "content": instructions.text}]
    for names, answer in instructions.answers:
        shown = {name: answer[name] for name in names if name in wanted and name in answer}
        if shown:
            question = f"{instructions.conversation}\n\n{_ASKS}{', '.join(shown)}"
            asked.append({"role": "user", "content": question})
            asked.append({"role": "assistant", "content": json.dumps(shown, ensure_ascii=False)})
    question = f"{transcript(reading, *limits)}\n\n{_ASKS}{', '.join(wanted)}"
    return [*asked, {"role": "user", "content": question}]


def transcript(reading: CallReading, characters: int, turn_characters: int) -> str:
    """Numbered turns; where they are too many, the middle ones are left out and marked."""
    names = _NAMES["de" if reading.language == "de" else "en"]
    lines = []
    for turn in reading.turns:
        text = " ".join(turn.text.split())
        if len(text) > turn_characters:
            text = f"{text[:turn_characters].rsplit(' ', 1)[0]} {_LEFT_OUT}"
        lines.append(f"{turn.number} {names[turn.speaker]}: {text}")
    head: list[str] = []
    tail: list[str] = []
    # The matter is told at the beginning, what came of it at the end: half the room each.
    for line in lines:
        if sum(map(len, head)) + len(line) > characters // 2:
            break
        head.append(line)
    for line in reversed(lines[len(head) :]):
        if sum(map(len, head)) + sum(map(len, tail)) + len(line) > characters:
            break
        tail.insert(0, line)
    left_out = [_LEFT_OUT] if len(head) + len(tail) < len(lines) else []
    return "\n".join([*head, *left_out, *tail])
