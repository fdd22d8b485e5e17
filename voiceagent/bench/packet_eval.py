"""Packets of summarised dialogues, written as in a call and weighed: ``voiceagent packet eval``.

In: dialogues with human summaries, and a way to ask a language model, or none. Out: for each
dialogue its packet with what it covers, what in it nothing bears out (looked at twice, by
different means), how near its prose is to the summaries, its length and what the model did.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean, median
from typing import Any

from voiceagent.bench.packet_dialogues import SummarisedDialogue, events_of
from voiceagent.bench.packet_measures import (
    Coverage,
    RougeL,
    Share,
    coverage,
    prose_of,
    rouge_l,
    whole_text,
    word_count,
)
from voiceagent.bench.packet_recheck import Unsupported, recheck
from voiceagent.dialogue.llm_endpoint import LanguageModelTimeoutError
from voiceagent.domain.errors import LanguageModelError
from voiceagent.domain.packet import Packet
from voiceagent.handoff.packet_builder import build_packet
from voiceagent.handoff.packet_writer import Complete, WriterOptions, write
from voiceagent.supervisor.policy import Policy

NONE = "none"
"""The model was not asked."""
WRITTEN, PARTLY, FAILED, TIMED_OUT, UNUSABLE = OUTCOMES = (
    "written",
    "partly written",
    "failed",
    "timed out",
    "unusable",
)
"""What the model did: both its answers, or one of them, could be used; an error; it was too late;
it answered with nothing that stands. The packet is the events' own after the last three."""


@dataclass(frozen=True, slots=True)
class Weighed:
    """One dialogue's packet with its figures. ``seconds`` is how long building or writing took."""

    dialogue: SummarisedDialogue
    packet: Packet
    coverage: Coverage
    unsupported: tuple[Unsupported, ...]
    rouge: RougeL
    seconds: float
    model: str

    @property
    def prose(self) -> str:
        """Matter and summary."""
        return prose_of(self.packet)


async def weigh(
    dialogue: SummarisedDialogue,
    policy: Policy,
    complete: Complete | None,
    options: WriterOptions | None = None,
) -> Weighed:
    """Make one dialogue's packet as a call would, and weigh it.

    Args:
        dialogue: what was said, and what humans made of it.
        policy: the supervisor's.
        complete: asks the language model; None to build from events alone.
        options: how it is asked.
    """
    begun = time.monotonic()
    events = events_of(dialogue, policy)
    packet = build_packet(dialogue.id, events, version=1)
    model = NONE
    if complete is not None:
        noting = _Noting(complete)
        written = await write(packet, events, noting, options)
        packet = written or packet
        model = noting.trouble or UNUSABLE
        if packet.written_by == "language_model":
            model = PARTLY if noting.trouble else WRITTEN
    return Weighed(
        dialogue=dialogue,
        packet=packet,
        coverage=coverage(dialogue, packet),
        unsupported=tuple(recheck(packet, dialogue.turns)),
        rouge=rouge_l(prose_of(packet), dialogue.summaries),
        seconds=time.monotonic() - begun,
        model=model,
    )


class _Noting:
    """Passes a request on and keeps what kind of trouble it ended in."""

    def __init__(self, complete: Complete) -> None:
        self._complete = complete
        self.trouble = ""

    async def __call__(
        self,
        messages: Sequence[Mapping[str, Any]],
        schema: Mapping[str, Any],
        deadline_s: float,
        max_tokens: int,
    ) -> dict[str, Any]:
        try:
            return await self._complete(messages, schema, deadline_s, max_tokens)
        except LanguageModelError as error:
            late = isinstance(error, LanguageModelTimeoutError)
            self.trouble = TIMED_OUT if late else FAILED
            raise
        except asyncio.CancelledError:
            self.trouble = TIMED_OUT
            raise


def as_json(weighed: Weighed, packet_json: Callable[[Packet], dict[str, Any]]) -> dict[str, Any]:
    """One line of ``--out``; ``packet_json`` words a packet as in ``packet.json``."""
    cover = weighed.coverage
    return {
        "id": weighed.dialogue.id,
        "packet": packet_json(weighed.packet),
        "summary": weighed.prose,
        "coverage": {
            name: {"covered": share.covered, "of": share.of, "share": _rounded(share.value)}
            for name, share in (
                ("facts", cover.facts),
                ("facts_in_prose", cover.prose),
                ("values", cover.values),
            )
        },
        "unsupported": [{"text": u.text, "reason": u.reason} for u in weighed.unsupported],
        "dropped": weighed.packet.dropped_claims,
        "rouge_l": {"best": _rounded(weighed.rouge.best), "mean": _rounded(weighed.rouge.mean)},
        "words": {
            "prose": word_count(weighed.prose),
            "packet": word_count(whole_text(weighed.packet)),
        },
        "language_model": weighed.model,
        "seconds": round(weighed.seconds, 3),
    }


def figures(every: Sequence[Weighed]) -> list[tuple[str, str]]:
    """Names and values of what the evaluation prints, in order; there is at least one packet."""
    many = len(every)
    unsupported = sum(len(w.unsupported) for w in every)
    dropped = sum(w.packet.dropped_claims for w in every)
    nothing = Share(0, 0)
    facts = sum((w.coverage.facts for w in every), nothing)
    prose = sum((w.coverage.prose for w in every), nothing)
    values = sum((w.coverage.values for w in every), nothing)
    lines = [
        ("dialogues", str(many)),
        ("coverage of the facts", _percent(facts)),
        ("coverage of the facts by the prose", _percent(prose)),
        ("coverage of amounts, dates, identifiers", _percent(values)),
        ("unsupported claims in the packets", f"{unsupported} ({unsupported / many:.2f} each)"),
        ("unsupported claims dropped before", f"{dropped} ({dropped / many:.2f} each)"),
        ("ROUGE-L, nearest summary", f"{fmean(w.rouge.best for w in every):.3f}"),
        ("ROUGE-L, mean over summaries", f"{fmean(w.rouge.mean for w in every):.3f}"),
        ("words of prose, median", f"{median(word_count(w.prose) for w in every):.0f}"),
        (
            "words of humans' summaries, median",
            f"{median(word_count(s) for w in every for s in w.dialogue.summaries):.0f}",
        ),
        (
            "words of the whole packet, median",
            f"{median(word_count(whole_text(w.packet)) for w in every):.0f}",
        ),
        ("seconds a packet, median", f"{median(w.seconds for w in every):.2f}"),
    ]
    asked = [w for w in every if w.model != NONE]
    if asked:
        counted = (f"{sum(w.model == kind for w in asked)} {kind}" for kind in OUTCOMES)
        lines.append(("language model", ", ".join(counted)))
    return lines


def _percent(share: Share) -> str:
    if share.value is None:
        return "nothing to cover"
    return f"{100 * share.value:.1f} % ({share.covered} of {share.of})"


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)
