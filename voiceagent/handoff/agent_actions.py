"""What the agent did on the account and told the caller will happen.

In: a call's reading. Out: claims for the packet: tools with their results, and promises, whether
spoken (quoted, unverified) or entered (a booked callback, an opened case).
"""

from __future__ import annotations

import re

from voiceagent.domain.packet import Claim
from voiceagent.domain.transcript import Speaker
from voiceagent.handoff.call_reading import CallReading
from voiceagent.handoff.sentences import sentences_of

_PROMISE = re.compile(
    r"\b(?:(?:i|we)(?:'ll|’ll| will| am going to|'m going to)|"
    r"(?:someone|somebody|a colleague|the team|our team|they|you) will|you'll|"
    r"(?:ich|wir) (?:werde|werden|veranlasse\w*|schicke\w*|sende\w*|rufe\w*|kümmere\w*)|"
    r"(?:sie|ein kollege|eine kollegin|jemand|unser team) (?:wird|bekommen|erhalten|werden))\b",
    re.IGNORECASE,
)
# What the agent does in the same breath is no promise left to keep.
_AT_ONCE = re.compile(
    r"\b(?:check|look|see|find out|connect|transfer|put|get you|hand|pass|ask you|need|repeat|try|"
    r"explain|tell you|read|prüfe\w*|schaue?|sehe|verbinde\w*|stelle|durchstellen|weiterleiten|"
    r"nachsehen|nachschauen|fragen|erkläre\w*|übergebe\w*)\b",
    re.IGNORECASE,
)


def tools_tried(reading: CallReading) -> tuple[Claim, ...]:
    """Every tool with what came of it; "…" where no result is known."""
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
    return tuple(tried)


def promises_made(reading: CallReading) -> tuple[Claim, ...]:
    """What the agent said will happen, and the callbacks and cases it has entered."""
    promises = [
        Claim(f'"{sentence.text}"', "agent", verified=False, citation=sentence.citation)
        for turn in reading.turns
        if turn.speaker is Speaker.AGENT
        for sentence in sentences_of(turn)
        if _PROMISE.search(sentence.text)
        and not _AT_ONCE.search(sentence.text)
        and not sentence.text.endswith("?")
    ]
    for booked in reading.booked:
        text = reading.wording.text("booked", due=booked.due_at.isoformat(), reason=booked.reason)
        promises.append(Claim(text, "schedule_callback", verified=True))
    for event in reading.returned:
        if event.tool == "open_case" and event.ok and event.result.get("case"):
            text = reading.wording.text("case_opened", case=event.result["case"])
            promises.append(Claim(text, event.tool, verified=True))
    return tuple(promises)
