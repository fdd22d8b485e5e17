"""Support dialogues with human summaries, and how each becomes the events of a call.

In: a JSON Lines file, one dialogue a line: ``{"id", "turns": [{"speaker": "customer" | "agent",
"text"}, ...], "summaries": [text, ...]}``; further keys are allowed, of which ``lang`` (or
``language``) is read. Out: dialogues, and for each the events a call's log would hold: its turns
with made-up times and the supervisor's verdicts in between.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from voiceagent.domain.errors import InputError
from voiceagent.domain.events import AnyEvent, TurnTaken, VerdictGiven
from voiceagent.domain.spoken_words import word_set
from voiceagent.domain.transcript import Speaker, Turn
from voiceagent.supervisor.policy import Policy
from voiceagent.supervisor.watcher import Supervisor

_SPEAKERS = {
    "customer": Speaker.CALLER,
    "caller": Speaker.CALLER,
    "agent": Speaker.AGENT,
    "human": Speaker.HUMAN,
}
_MS_PER_WORD = 400
_MS_BETWEEN = 600
_GERMAN = word_set(
    "der die das und ich nicht ist ein eine mein meine sie wir mit auf für von zu habe hat kann"
    " bitte wie guten tag auch noch bei seit ihr ihre ihnen dass wenn"
)
_ENGLISH = word_set(
    "the and i is a my to you it of for in on have not can please we are your this that was with"
    " hello hi do what how"
)


@dataclass(frozen=True, slots=True)
class SummarisedDialogue:
    """One dialogue; ``language`` is a BCP 47 primary tag, ``summaries`` are by humans."""

    id: str
    language: str
    turns: tuple[Turn, ...]
    summaries: tuple[str, ...]


def load_dialogues(file: Path) -> list[SummarisedDialogue]:
    """Every dialogue of a file, in order; blank lines are passed over.

    Raises:
        InputError: no such file, not UTF-8, no dialogue in it, or a line that is no dialogue; the
            message names the line.
    """
    try:
        lines = file.read_text("utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        raise InputError(f"{file.name} is not UTF-8 text.", "Save it as UTF-8.") from error
    except OSError as error:
        raise InputError(
            f"The file {file} cannot be read.", "Name a JSON Lines file with dialogues."
        ) from error
    found = [
        _dialogue(line, file.name, number)
        for number, line in enumerate(lines, start=1)
        if line.strip()
    ]
    if not found:
        raise InputError(f"{file.name} holds no dialogue.", "Put one JSON object in each line.")
    return found


def _dialogue(line: str, name: str, number: int) -> SummarisedDialogue:
    def wrong(what: str) -> InputError:
        return InputError(
            f"{name}, line {number}: {what}.",
            'A line is {"id": ..., "turns": [{"speaker": "customer" or "agent", "text": ...}],'
            ' "summaries": [text, ...]}.',
        )

    try:
        entry = json.loads(line)
    except ValueError as error:
        raise wrong("not JSON") from error
    if not isinstance(entry, dict):
        raise wrong("not a JSON object")
    if not isinstance(entry.get("id"), str | int):
        raise wrong("'id' is missing or no text")
    if not isinstance(entry.get("turns"), list) or not entry["turns"]:
        raise wrong("'turns' is missing or no list of turns")
    summaries = entry.get("summaries")
    if not isinstance(summaries, list) or not all(isinstance(s, str) for s in summaries):
        raise wrong("'summaries' is missing or no list of texts")
    if not any(s.strip() for s in summaries):
        raise wrong("'summaries' holds no text")
    said: list[tuple[Speaker, str]] = []
    for place, turn in enumerate(entry["turns"], start=1):
        speaker = _SPEAKERS.get(str(turn.get("speaker")).lower()) if _is_turn(turn) else None
        if speaker is None:
            raise wrong(f"turn {place} has no 'speaker' (customer or agent) with a 'text'")
        said.append((speaker, turn["text"]))
    given = entry.get("lang") or entry.get("language")
    language = given.lower()[:2] if isinstance(given, str) else _language_of(said)
    kept = tuple(s.strip() for s in summaries if s.strip())
    return SummarisedDialogue(str(entry["id"]), language, tuple(_turns(said, language)), kept)


def _is_turn(turn: Any) -> bool:
    return isinstance(turn, dict) and isinstance(turn.get("text"), str)


def _turns(said: list[tuple[Speaker, str]], language: str) -> Iterator[Turn]:
    at_ms = 0
    for number, (speaker, text) in enumerate(said, start=1):
        length_ms = _MS_PER_WORD * max(1, len(text.split()))
        yield Turn(number, speaker, text, at_ms, at_ms + length_ms, language=language)
        at_ms += length_ms + _MS_BETWEEN


def _language_of(said: list[tuple[Speaker, str]]) -> str:
    words = [word.strip(".,!?").lower() for _, text in said for word in text.split()]
    german, english = (sum(w in known for w in words) for known in (_GERMAN, _ENGLISH))
    return "de" if german > english else "en"


def events_of(dialogue: SummarisedDialogue, policy: Policy) -> list[AnyEvent]:
    """The dialogue as a call's log would hold it: turns, and the supervisor's verdicts on them."""
    supervisor = Supervisor(policy)
    events: list[AnyEvent] = []
    for turn in dialogue.turns:
        taken = TurnTaken(at_ms=turn.end_ms, turn=turn)
        events.append(taken)
        if verdict := supervisor.observe(taken):
            events.append(VerdictGiven(at_ms=turn.end_ms, verdict=verdict))
    return events
