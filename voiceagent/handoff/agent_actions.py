"""What was done for the caller, and what the caller was told will happen.

In: a call's reading. Out: claims for the packet: tools with their results; what the agent, or a
human after the bridge, said they had done; and promises, whether spoken (quoted, unverified, with
the words that say until when) or entered (a booked callback, an opened case).
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from voiceagent.domain.packet import Claim
from voiceagent.domain.transcript import Speaker, Turn
from voiceagent.handoff.call_reading import CallReading
from voiceagent.handoff.packet_due import due_moment, due_words
from voiceagent.handoff.sentences import Sentence, sentences_of

_PROMISE = re.compile(
    r"\b(?:(?:i|we)(?:'ll|’ll| will| shall| am going to| are going to|'m going to|'re going to)|"
    r"(?:a|an|the|my|our|your) (?:\w+ ){1,2}?(?:will|is going to)|(?:will|'ll) be \w+|"
    r"(?:someone|somebody|they|you|he|she|it) will|(?:you|it)(?:'ll|’ll)|"
    r"(?:you are|you're) getting|"
    r"(?:ich|wir) (?:werden?|veranlasse\w*|schicke\w*|sende\w*|rufe\w*|kümmere?n?|überweisen?|"
    r"erstatten?|schreiben?|melden?|veranlassen?|liefern?|bringen?|tauschen?|setzen?|legen?|"
    r"geben?|stelle|buchen?|prüfen?|reparieren?|ersetzen?|richten?)|"
    r"(?:schicke|sende|rufe|überweise|erstatte|schreibe|melde|liefere|buche|setze|gebe)n?"
    r" (?:ich|wir)|"
    r"(?:sie|du|ein kollege|eine kollegin|jemand|unser team|das geld|es|ein \w+|eine \w+) "
    r"(?:wird|bekommen|bekommst|erhalten|erhältst|werden|kommt|meldet|ruft))\b",
    re.IGNORECASE,
)
# What the agent does in the same breath is no promise left to keep.
_AT_ONCE = re.compile(
    r"\b(?:check|look|see|find out|connect|transfer|put|get you|hand|pass|ask you|need|repeat|try|"
    r"explain|tell you|read|have to|prüfe\w*|schaue?|sehe|verbinde\w*|stelle|durchstellen|"
    r"weiterleiten|nachsehen|nachschauen|fragen|frage|erkläre\w*|übergebe\w*|gebe)\b",
    re.IGNORECASE,
)
_UNDONE = re.compile(
    r"\b(?:can't|cannot|can not|won't|not able|unable|if (?:i|we|you|it)|kann (?:ich )?nicht|"
    r"können (?:wir )?nicht|keine?n?|falls|wenn)\b",
    re.IGNORECASE,
)
_DONE = re.compile(
    r"\b(?:(?:i|we)(?:'ve|’ve| have)(?: just| now| already| also)? (?!to\b|a\b|no\b|not\b)\w+|"
    r"(?:i|we) (?:just )?(?:sent|cancelled|canceled|changed|booked|opened|added|removed|refunded|"
    r"credited|updated|forwarded|passed|ran|reset|ordered|fixed|checked)|"
    r"(?:ich|wir) haben? (?!keine?n?\b|leider\b)(?:\S+ )+?(?:ge\w+t|ge\w+en|\w+iert|\w+ge\w+)|"
    r"done|erledigt|you are (?:now )?booked|you're (?:now )?booked|has been \w+ed|"
    r"(?:wurde|ist) (?:\S+ ){0,4}?(?:storniert|gebucht|geändert|erstattet|freigegeben"
    r"|verschickt))\b",
    re.IGNORECASE,
)
DONE_KEPT = 6
PROMISES_KEPT = 8
_HELPERS = (Speaker.AGENT, Speaker.HUMAN)


def tools_tried(reading: CallReading) -> tuple[Claim, ...]:
    """Every tool with what came of it ("…" where no result is known), then what was said done."""
    tried = []
    for event in reading.returned:
        word = reading.wording.text("done" if event.ok else "failed")
        details = [
            f"{key}: {value}"
            for key, value in event.result.items()
            if key not in ("ok", "changed", "tell")
            and isinstance(value, str | int | float)
            and str(value)
        ]
        text = f"{event.tool}: {word}" + (f" ({', '.join(details)})" if details else "")
        tried.append(Claim(text, event.tool, verified=True))
    for tool, times in reading.called.items():
        missing = times - sum(e.tool == tool for e in reading.returned)
        if missing > 0:
            tried.append(Claim(f"{tool}: …", tool, verified=False))
    done = [
        quoted(sentence)
        for turn in reading.turns
        if turn.speaker in _HELPERS
        for sentence in sentences_of(turn)
        if says_done(sentence.text)
    ]
    return tuple(tried + done[-DONE_KEPT:])


def quoted(sentence: Sentence) -> Claim:
    """What somebody said, word for word, as their claim."""
    source = sentence.turn.speaker.value
    return Claim(f'"{sentence.text}"', source, verified=False, citation=sentence.citation)


def says_done(sentence: str) -> bool:
    """Whether a helper's sentence says that something has been done."""
    return bool(_DONE.search(sentence)) and not sentence.rstrip().endswith("?")


def promises(sentence: str, language: str) -> bool:
    """Whether a helper's sentence says that something will happen for the caller."""
    if sentence.rstrip().endswith("?") or _UNDONE.search(sentence):
        return False
    due = due_words(sentence, language)
    return bool(_PROMISE.search(sentence)) and (bool(due) or not _AT_ONCE.search(sentence))


def promises_made(reading: CallReading) -> tuple[Claim, ...]:
    """What the agent and humans said will happen, and the callbacks and cases entered."""
    spoken = [
        _promise(sentence, reading)
        for turn in reading.turns
        if turn.speaker in _HELPERS
        for sentence in _whole_sentences(turn)
        if promises(sentence.text, turn.language)
    ]
    entered = []
    # A callback moved to another time is one promise, the last.
    for booked in {booked.callback_id: booked for booked in reading.booked}.values():
        due = booked.due_at.isoformat()
        text = reading.wording.text("booked", due=due, reason=booked.reason)
        at = booked.due_at.astimezone(UTC)
        entered.append(Claim(text, "schedule_callback", verified=True, due=due, due_at=at))
    for event in reading.returned:
        if event.tool == "open_case" and event.ok and event.result.get("case"):
            text = reading.wording.text("case_opened", case=event.result["case"])
            entered.append(Claim(text, event.tool, verified=True))
    return tuple(spoken[-PROMISES_KEPT:] + entered)


def _whole_sentences(turn: Turn) -> tuple[Sentence, ...]:
    """The sentences of a turn that were said to their end."""
    sentences = tuple(sentences_of(turn))
    return sentences[:-1] if turn.interrupted else sentences


def _promise(sentence: Sentence, reading: CallReading) -> Claim:
    words = due_words(sentence.text, sentence.turn.language)
    return Claim(
        f'"{sentence.text}"',
        sentence.turn.speaker.value,
        verified=False,
        citation=sentence.citation,
        due=words,
        due_at=promise_due_at(words, sentence.turn, reading),
    )


def promise_due_at(words: str, turn: Turn, reading: CallReading) -> datetime | None:
    """The moment a spoken promise is due, where the log says when it was spoken."""
    said_at = reading.said_at.get(turn.number)
    if not words or said_at is None:
        return None
    try:
        zone = ZoneInfo(reading.record.customer.time_zone if reading.record else "UTC")
    except (ZoneInfoNotFoundError, ValueError):
        return None
    return due_moment(words, said_at, zone, turn.language)
