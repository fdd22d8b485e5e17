"""The packet in a language model's words, checked against the call before anybody reads it.

In: the packet as the events alone give it, the events, and a way to ask a language model. Out: the
same packet with the matter, the summary and further claims as the model worded them, each one
borne out by the call (``packet_check``); or None where the model was slow, down or had nothing
usable. What the events say is never taken away: the model adds and rewords, it does not decide.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from rapidfuzz import fuzz

from voiceagent.domain.errors import LanguageModelError
from voiceagent.domain.events import AnyEvent, LoggedEvent
from voiceagent.domain.packet import Claim, Packet
from voiceagent.domain.transcript import Speaker
from voiceagent.handoff.call_reading import CallReading
from voiceagent.handoff.packet_builder import read_call, records_tail, summary_of
from voiceagent.handoff.packet_check import HELPERS, Checked, Draft, PacketCheck, names_its_side
from voiceagent.handoff.packet_gist import sentence_told, substance
from voiceagent.handoff.packet_request import NO_INSTRUCTIONS, Instructions, messages

logger = logging.getLogger(__name__)

CLAIMS_AT_MOST = {"facts": 5, "tried": 3, "promises": 3, "open_questions": 2}
"""How many claims of each kind a model may add, unless the options say less."""
SUMMARY_SENTENCES = 2
_SLACK_S = 0.5
ENOUGH_SUBSTANCE = 0.45
"""Share of the content words of the events' own matter or account that the model's must have."""
MUCH_SUBSTANCE = 8
"""Content words; more of them ask for no more of the model."""
LEAST_SUBSTANCE = 2
"""Content words beyond greetings and talk about the talk that a sentence of the summary has."""
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
        prose_tokens, claims_tokens: of each of the two answers, at most; a small model writes 8
            to 15 in a second on two idle cores.
        summary_sentences: how many are asked for beside the matter.
        claims: how many claims of each kind are asked for; none: the second question is not put.
        transcript_characters: of the conversation shown to it, at most.
        turn_characters: of one turn, at most.
    """

    instructions: Mapping[str, Instructions] = field(default_factory=dict)
    deadline_s: float = 25.0
    prose_tokens: int = 240
    claims_tokens: int = 700
    summary_sentences: int = SUMMARY_SENTENCES
    claims: Mapping[str, int] = field(default_factory=lambda: dict(CLAIMS_AT_MOST))
    transcript_characters: int = 6000
    turn_characters: int = 400

    def __post_init__(self) -> None:
        if self.deadline_s <= 0 or min(self.prose_tokens, self.transcript_characters) < 1:
            raise ValueError("deadline_s, prose_tokens and transcript_characters must be positive")
        if not self.claims.keys() <= CLAIMS_AT_MOST.keys():
            raise ValueError(f"claims are of the kinds {', '.join(CLAIMS_AT_MOST)}")

    @classmethod
    def for_local_model(
        cls, instructions: Mapping[str, Instructions], deadline_s: float = 25.0
    ) -> WriterOptions:
        """For a small model on two cores: little to read, two sentences and two claims to write.

        Everything else such a model would only copy from the events' own packet.
        """
        return cls(
            instructions=instructions,
            deadline_s=deadline_s,
            prose_tokens=140,
            claims_tokens=140,
            summary_sentences=1,
            claims={"facts": 1, "promises": 1},
            transcript_characters=2400,
            turn_characters=220,
        )


def _schema(**many: int) -> dict[str, Any]:
    """Lists of so many statements; 0 stands for a single one, not in a list.

    The turn comes first, so that the model chooses before it words. Lengths are left to the limit
    on tokens: grammars that count characters make local servers slow.
    """
    statement = {
        "type": "object",
        "properties": {"turn": {"type": "integer"}, "text": {"type": "string"}},
        "required": ["turn", "text"],
        "additionalProperties": False,
    }
    return {
        "type": "object",
        "properties": {
            name: {"type": "array", "items": statement, "maxItems": most} if most else statement
            for name, most in many.items()
        },
        "required": list(many),
        "additionalProperties": False,
    }


async def write(
    packet: Packet,
    events: Sequence[LoggedEvent | AnyEvent],
    complete: Complete,
    options: WriterOptions | None = None,
) -> Packet | None:
    """The packet improved by a language model, or None if it stays as it is.

    Two questions are put, within one deadline: for matter and summary, then for further claims.
    If the second fails, what the first gave stands.

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
    ends = time.monotonic() + options.deadline_s
    questions = [(_schema(matter=0, summary=options.summary_sentences), options.prose_tokens)]
    if any(options.claims.values()):
        questions.append(
            (_schema(**{k: n for k, n in options.claims.items() if n}), options.claims_tokens)
        )
    known = options.instructions
    instructions = known.get(reading.language) or known.get("en") or NO_INSTRUCTIONS
    limits = (options.transcript_characters, options.turn_characters)
    answer: dict[str, Any] = {}
    for schema, tokens in questions:
        asked = messages(reading, instructions, schema["required"], limits)
        left_s = ends - time.monotonic()
        if left_s <= 0:
            break
        try:
            # A little after the model's own deadline, whose error says more.
            async with asyncio.timeout(left_s + _SLACK_S):
                answer |= await complete(asked, schema, left_s, tokens)
        except (LanguageModelError, TimeoutError) as error:
            code = error.code if isinstance(error, LanguageModelError) else "llm.timeout"
            logger.warning("The packet's writing ended early (%s)", code)
            break
    better = await asyncio.to_thread(merged, packet, reading, answer)
    return better if better != packet else None


def merged(packet: Packet, reading: CallReading, answer: Mapping[str, Any]) -> Packet:
    """The packet with what of the model's answer the call bears out.

    Where nothing of it does, the packet stays as it was but for the count of what was dropped.
    """
    check = PacketCheck(reading)
    drafts = {name: _drafts(answer.get(name)) for name in (*CLAIMS_AT_MOST, "summary")}
    (matter_draft, dropped) = _drafts([answer.get("matter")])
    dropped += sum(bad for _, bad in drafts.values())

    matter = None
    for draft in matter_draft:
        matter = check.prose(draft, (Speaker.CALLER,))
        dropped += matter is None
        matter = _told(matter, reading) if matter is not None else None
        if matter is not None and not _says_enough(matter.text, packet.matter.split(";")[0]):
            matter = None
    account: list[Checked] = []
    for draft in drafts["summary"][0][:SUMMARY_SENTENCES]:
        told = check.prose(draft, ())
        dropped += told is None
        told = _told(told, reading) if told is not None else None
        if told is not None and not _same(told.text, [matter.text] if matter else []):
            account.append(told)

    own = " ".join(_account_of(packet))
    if own and not _says_enough(" ".join(a.text for a in account), own):
        account = []

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
        for draft in drafts[name][0][: CLAIMS_AT_MOST[name]]:
            claim = make(draft)
            dropped += claim is None
            if claim is not None and not _same(claim.text, [*texts, *(c.text for c in new)]):
                new.append(claim)
        added += len(new)
        kept[name] = (*existing, *new)
    if matter is None and not account and not added:
        return replace(packet, dropped_claims=dropped)
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


def _told(checked: Checked, reading: CallReading) -> Checked | None:
    """A sentence of the summary as one that tells; None where it is no more than courtesy.

    Small models often copy a line instead of telling of it: then the line is told as the events'
    own packet would tell it.
    """
    if substance(checked.text) < LEAST_SUBSTANCE:
        return None
    if names_its_side(checked.text):
        return checked
    name = reading.record.customer.name if reading.record else ""
    if name and checked.text.startswith(name):
        return checked
    text = sentence_told(checked.sentence, reading)
    return replace(checked, text=text) if substance(text) >= LEAST_SUBSTANCE else None


def _says_enough(text: str, own: str) -> bool:
    """Whether the model's words tell about as much as those of the events' own packet.

    "Customer asks about an order" is true of half of all calls, and helps in none of them.
    """
    return substance(text) >= ENOUGH_SUBSTANCE * min(substance(own), MUCH_SUBSTANCE)


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
