"""Single events of a call, each in a line for a human reader."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from voiceagent.domain.events import (
    AnyEvent,
    BargeIn,
    CallSummed,
    DisclosurePlayed,
    DoNotCallEntered,
    IdentityChecked,
    KeyPressed,
    LanguageModelTroubled,
    OperatorActed,
    ReplyGuarded,
    SecondOpinionGiven,
    ToolCalled,
    ToolReturned,
)
from voiceagent.domain.handoff_events import (
    BridgeHeld,
    HoldWished,
    HumanRung,
    SentBack,
    WhisperPlayed,
)


def note(event: AnyEvent) -> str:
    """One line on an event between the turns; empty for those told elsewhere."""
    match event:
        case DisclosurePlayed(text=text):
            return f'disclosure heard to its end: "{text}"'
        case IdentityChecked(verified=verified, method=method):
            return f"identity {'verified' if verified else 'not verified'} by {method}"
        case BargeIn():
            return "the caller spoke over the agent"
        case KeyPressed(key=key):
            return f"key {key} pressed"
        case ToolCalled(tool=tool, arguments=arguments):
            return f"tool {tool}({fields_of(arguments)})"
        case ToolReturned(tool=tool, ok=ok, result=result, changed=changed):
            how = "returned" if ok else "failed with"
            return f"tool {tool} {how} {fields_of(result)}{' [changed]' if changed else ''}"
        case ReplyGuarded(withheld=withheld, unsupported=unsupported, said_instead=instead):
            return f'withheld "{withheld}" (no support for {", ".join(unsupported)}): "{instead}"'
        case LanguageModelTroubled(trouble=trouble, code=code):
            return f"language model {trouble.value} ({code})"
        case DoNotCallEntered(phone=phone, turn=turn):
            return f"do not call: {phone} blocked from now on (turn {turn})"
        case _:
            return _note_on_handover(event)


def _note_on_handover(event: AnyEvent) -> str:
    match event:
        case HoldWished(wish=wish, key=key):
            how = f" (key {key})" if key else ""
            return f"on hold the caller wants: {plain(wish)}{how}"
        case HumanRung(human=human, result=result):
            return f"rang {human}: {plain(result)}"
        case WhisperPlayed(human=human, text=text, heard=heard):
            return f'whispered to {human}{"" if heard else " (not to its end)"}: "{text}"'
        case SentBack(human=human, instruction=instruction):
            return f"{human} sends the caller back: {instruction or 'no instruction'}"
        case BridgeHeld(human=human, on=on):
            return f"{human} {'puts the caller on hold' if on else 'is back with the caller'}"
        case OperatorActed(action=action, by=by, text=text):
            return f"{by}: {plain(action)}{f' ({text})' if text else ''}"
        case SecondOpinionGiven(person_needed=needed, frustrated=frustrated):
            return f"second opinion: person needed {needed:.0%}, frustrated {frustrated:.0%}"
        case CallSummed(packet=packet, disposition=disposition):
            return f"summed up: {plain(disposition)}; {packet.summary}"
        case _:
            return ""


def fields_of(values: Mapping[str, Any]) -> str:
    """Names and values in a row."""
    return ", ".join(f"{name}={value!r}" for name, value in values.items())


def plain(name: str) -> str:
    """A name of the log as words."""
    return name.replace("_", " ")
