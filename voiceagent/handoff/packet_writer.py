"""The packet in a language model's words, checked against the call before anybody reads it.

In: the packet as the events alone give it, the events, and a way to ask a language model. Out: the
same packet with the matter, the summary and further claims as the model worded them, each one
borne out by the call (``packet_check``); or None where the model was slow, down or had nothing
usable. What the events say is never taken away: the model adds and rewords, it does not decide.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol

from rapidfuzz import fuzz

from voiceagent.domain.errors import InputError, LanguageModelError
from voiceagent.domain.events import AnyEvent, LoggedEvent
from voiceagent.domain.packet import Claim, Packet
from voiceagent.domain.transcript import Speaker
from voiceagent.handoff.call_reading import CallReading
from voiceagent.handoff.packet_builder import read_call, records_tail, summary_of
from voiceagent.handoff.packet_check import HELPERS, Checked, Draft, PacketCheck

logger = logging.getLogger(__name__)

LANGUAGES = ("en", "de")
ADDED_AT_MOST = {"facts": 5, "tried": 3, "promises": 3, "open_questions": 2}
"""How many claims of each kind the model may add."""
SUMMARY_SENTENCES = 2
LONGEST_STATEMENT = 300
"""Characters; a longer one is no statement but a transcript."""
SAME_CLAIM = 85.0
"""From this likeness (0..100) on, a claim is already in the packet."""


class Complete(Protocol):
    """Asks a language model once, as ``llm_endpoint.complete_json`` does with its endpoint bound.

    Raises:
        LanguageModelError: unreachable, too late, or no usable answer.
    """

    async def __call__(
        self,
        messages: Sequence[Mapping[str, Any]],
        schema: Mapping[str, Any],
        deadline_s: float,
        max_tokens: int,
    ) -> dict[str, Any]: ...


@dataclass(frozen=True, slots=True)
class WriterOptions:
    """How the model is asked.

    Attributes:
        instructions: what it is told, by language (BCP 47 primary tag).
        deadline_s: for the whole answer; a phone rings about 20 s.
        max_tokens: of the answer; a small model writes 8 to 15 in a second on two cores.
        transcript_characters: of the conversation shown to it, at most.
        turn_characters: of one turn, at most.
    """

    instructions: Mapping[str, str] = field(default_factory=dict)
    deadline_s: float = 25.0
    max_tokens: int = 320
    transcript_characters: int = 4000
    turn_characters: int = 280

    def __post_init__(self) -> None:
        if self.deadline_s <= 0 or min(self.max_tokens, self.transcript_characters) < 1:
            raise ValueError("deadline_s, max_tokens and transcript_characters must be positive")


def load_instructions(prompts_dir: Path) -> dict[str, str]:
    """What the model is told, from ``prompts/packet/``; blocking, a few kilobytes.

    Raises:
        InputError: a file is missing or empty.
    """
    found = {}
    for language in LANGUAGES:
        path = prompts_dir / "packet" / f"{language}.md"
        try:
            found[language] = path.read_text("utf-8").strip()
        except OSError as error:
            raise InputError(
                f"The packet's instructions {path.name} cannot be read.",
                "Put prompts/packet/ back, or point prompts_dir to where it is.",
            ) from error
        if not found[language]:
            raise InputError(f"The packet's instructions {path.name} are empty.", "Write them.")
    return found


def _claims_schema(many: int) -> dict[str, Any]:
    claim = {
        "type": "object",
        "properties": {"turn": {"type": "integer"}, "text": {"type": "string", "maxLength": 200}},
        "required": ["turn", "text"],
        "additionalProperties": False,
    }
    return {"type": "array", "items": claim, "maxItems": many}


SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "matter": _claims_schema(1)["items"],
        "summary": _claims_schema(SUMMARY_SENTENCES),
        **{name: _claims_schema(many) for name, many in ADDED_AT_MOST.items()},
    },
    "required": ["matter", "summary", *ADDED_AT_MOST],
    "additionalProperties": False,
}
"""What the model is asked to write; the turn comes first, so that it chooses before it words."""


async def write(
    packet: Packet,
    events: Sequence[LoggedEvent | AnyEvent],
    complete: Complete,
    options: WriterOptions | None = None,
) -> Packet | None:
    """The packet improved by a language model, or None if there is nothing to improve it with.

    Args:
        packet: as :func:`voiceagent.handoff.packet_builder.build_packet` made it of ``events``.
        events: all events of the call the packet was made of.
        complete: asks the model; its failures end here, logged by their code.
        options: how it is asked.
    """
    options = options or WriterOptions()
    reading = read_call(events)
    if not reading.caller_turns:
        return None
    try:
        answer = await complete(
            messages(reading, options), SCHEMA, options.deadline_s, options.max_tokens
        )
    except LanguageModelError as error:
        logger.warning("The packet stays as the events give it (%s)", error.code)
        return None
    return merged(packet, reading, answer)


def messages(reading: CallReading, options: WriterOptions) -> list[dict[str, str]]:
    """The request: the instructions, then the conversation with numbered turns."""
    language = reading.language if reading.language in options.instructions else "en"
    instructions = options.instructions.get(language, _FALLBACK)
    return [
        {"role": "system", "content": instructions},
        {"role": "user", "content": transcript(reading, options)},
    ]


_FALLBACK = (
    "Summarise this service call for a colleague. Write only what was said; copy names, numbers,"
    " amounts and dates exactly. Give the number of the turn each statement rests on."
)
_NAMES = {
    "en": {Speaker.CALLER: "Customer", Speaker.AGENT: "Agent", Speaker.HUMAN: "Colleague"},
    "de": {Speaker.CALLER: "Kunde", Speaker.AGENT: "Agent", Speaker.HUMAN: "Kollege"},
}


def transcript(reading: CallReading, options: WriterOptions) -> str:
    """Numbered turns; where they are too many, the middle ones are left out and marked."""
    names = _NAMES["de" if reading.language == "de" else "en"]
    lines = []
    for turn in reading.turns:
        text = " ".join(turn.text.split())
        if len(text) > options.turn_characters:
            text = text[: options.turn_characters].rsplit(" ", 1)[0] + " …"
        lines.append(f"{turn.number} {names[turn.speaker]}: {text}")
    room = options.transcript_characters
    head: list[str] = []
    tail: list[str] = []
    # The matter is told at the beginning, what came of it at the end: half the room each.
    for line in lines:
        if sum(map(len, head)) + len(line) > room // 2:
            break
        head.append(line)
    for line in reversed(lines[len(head) :]):
        if sum(map(len, head)) + sum(map(len, tail)) + len(line) > room:
            break
        tail.insert(0, line)
    left_out = ["…"] if len(head) + len(tail) < len(lines) else []
    return "\n".join([*head, *left_out, *tail])


def merged(packet: Packet, reading: CallReading, answer: Mapping[str, Any]) -> Packet | None:
    """The packet with what of the model's answer the call bears out.

    None if nothing of it does: then the packet is better left as it was.
    """
    check = PacketCheck(reading)
    drafts = {name: _drafts(answer.get(name)) for name in (*ADDED_AT_MOST, "summary")}
    (matter_draft, dropped) = _drafts([answer.get("matter")])
    dropped += sum(bad for _, bad in drafts.values())

    matter = None
    for draft in matter_draft:
        matter = check.prose(draft, (Speaker.CALLER,))
        dropped += matter is None
    account: list[Checked] = []
    for draft in drafts["summary"][0][:SUMMARY_SENTENCES]:
        told = check.prose(draft, ())
        dropped += told is None
        if told is not None and not _same(told.text, [matter.text] if matter else []):
            account.append(told)

    makers: dict[str, Callable[[Draft], Claim | None]] = {
        "facts": check.claim,
        "tried": lambda draft: check.claim(draft, HELPERS),
        "promises": check.promise,
        "open_questions": check.open_question,
    }
    kept: dict[str, tuple[Claim, ...]] = {}
    added = 0
    for name, make in makers.items():
        existing: tuple[Claim, ...] = getattr(packet, name)
        texts = [c.text for c in existing] + [c.text for c in packet.facts]
        new: list[Claim] = []
        for draft in drafts[name][0][: ADDED_AT_MOST[name]]:
            claim = make(draft)
            dropped += claim is None
            if claim is not None and not _same(claim.text, [*texts, *(c.text for c in new)]):
                new.append(claim)
        added += len(new)
        kept[name] = (*existing, *new)
    if matter is None and not account and not added:
        return None
    tail = records_tail(reading)
    matter_text = packet.matter
    if matter is not None:
        matter_text = matter.text.rstrip(" .") + (f"; {tail}." if tail else ".")
    summary = packet.summary
    if matter is not None or account:
        deeds = [a.text for a in account] or _account_of(packet)
        summary = summary_of(reading, matter_text, deeds, packet.mood, packet.triggers)
    return replace(
        packet,
        matter=matter_text,
        summary=summary,
        facts=kept["facts"],
        tried=kept["tried"],
        promises=kept["promises"],
        open_questions=kept["open_questions"],
        written_by="language_model",
        dropped_claims=dropped,
    )


def _account_of(packet: Packet) -> list[str]:
    """What the summary told beside the matter, where the model told nothing that stands."""
    _, found, rest = packet.summary.partition(packet.matter)
    return [rest.strip()] if found and rest.strip() and not packet.customer_name else []


def _drafts(items: Any) -> tuple[list[Draft], int]:
    """What can be read of the model's list, and how many entries cannot."""
    drafts: list[Draft] = []
    unreadable = 0
    for item in items if isinstance(items, list) else []:
        text = item.get("text") if isinstance(item, dict) else None
        turn = item.get("turn") if isinstance(item, dict) else None
        if not isinstance(text, str) or len(text) > LONGEST_STATEMENT:
            unreadable += item is not None
        elif text.strip():
            turns = (turn,) if isinstance(turn, int) and not isinstance(turn, bool) else ()
            drafts.append(Draft(text.strip(), turns))
    return drafts, unreadable


def _same(text: str, others: Iterable[str]) -> bool:
    return any(fuzz.token_set_ratio(text, other.strip('"')) >= SAME_CLAIM for other in others)
