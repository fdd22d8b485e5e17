"""Lines that are spoken word for word, without asking the language model.

In: ``prompts/phrases/<language>.yaml``, as read by :mod:`voiceagent.dialogue.playbook`. Out: the
lines by name, with what a call knows filled in.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from voiceagent.domain.verdict import TriggerKind

PLACEHOLDER = re.compile(r"\{\{\s*([^{}]*?)\s*\}\}")

Line = Annotated[str, Field(min_length=1)]
Lines = Annotated[tuple[Line, ...], Field(min_length=1)]


class PromptModel(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)


class HoldLines(PromptModel):
    """While a human is sought.

    Attributes:
        why: said before the announcement, by the supervisor's main ground; none for grounds that
            explain themselves, such as a caller who asked for a person.
        announcement: what happens now.
        comfort: signs of life, in turn.
        estimate: an honest estimate of the wait, in ``{{ minutes }}``, from two minutes up.
        estimate_soon: the same for a minute or less.
        estimate_unknown: to a caller who asks how long, where nothing is known.
        being_rung: the same while a human's phone rings.
        noted: to a caller who added something.
        human_joining: who joins, while they are told what it is about.
        human_here: who joins, where they know what it is about already.
        human_lost: the human's line dropped in mid-conversation.
        cancelled: the caller stays with the agent.
        callback_chosen: the caller would rather be called back.
    """

    why: dict[TriggerKind, Line] = {}
    announcement: Line
    comfort: Lines
    estimate: Line
    estimate_soon: Line
    estimate_unknown: Line
    being_rung: Line
    noted: Line
    human_joining: Line
    human_here: Line
    human_lost: Line
    cancelled: Line
    callback_chosen: Line


class FallbackLines(PromptModel):
    """When something fails: the language model, its words, no human; and after a human.

    Attributes:
        reply_withheld: in place of a sentence the guard withheld.
        reply_withheld_after_opener: in place of the rest of one whose first clause, a courtesy,
            was spoken already; where it is missing, ``reply_withheld``.
    """

    language_model_failed: Line
    reply_withheld: Line
    reply_withheld_after_opener: str = ""
    nobody_free: Line
    nobody_free_no_callback: Line
    returned: Line
    returned_with_task: Line


class GoodbyeLines(PromptModel):
    """The last words, by how the call ends."""

    resolved: Line
    callback_booked: Line
    do_not_call: Line
    failed: Line


class Phrases(PromptModel):
    """Every line that is spoken word for word, in one language."""

    disclosure: Line
    ask_postal_code: Line
    opening: Line
    offer_person: Line
    not_understood: Line
    spell_or_key: Line
    still_there: Line
    voicemail: Line
    fillers: Lines
    hold: HoldLines
    fallback: FallbackLines
    goodbye: GoodbyeLines

    def lines(self) -> Iterator[tuple[str, str]]:
        """Every line with its place, e.g. ``hold.comfort.1``."""
        return _lines(self.model_dump(), "")

    def filled(self, values: Mapping[str, str]) -> Phrases:
        """The same phrases with these placeholders filled and all others left."""
        return Phrases.model_validate(_filled(self.model_dump(), values))


def _lines(data: Mapping[str, Any], above: str) -> Iterator[tuple[str, str]]:
    for key, value in data.items():
        if isinstance(value, Mapping):
            yield from _lines(value, f"{above}{key}.")
        elif isinstance(value, str):
            yield f"{above}{key}", value
        else:
            yield from ((f"{above}{key}.{i}", line) for i, line in enumerate(value))


def _filled(data: Any, values: Mapping[str, str]) -> Any:
    if isinstance(data, str):
        return PLACEHOLDER.sub(lambda match: values.get(match[1], match[0]), data)
    if isinstance(data, Mapping):
        return {key: _filled(value, values) for key, value in data.items()}
    return [_filled(item, values) for item in data]
