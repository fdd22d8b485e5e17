"""The reader of held replies: which clauses it has the voice make ahead, and that it is exact."""

from datetime import date
from typing import Any

import pytest

from voiceagent.accounts.sample import sample_records
from voiceagent.calls.prefetching import ReplyPrefetcher
from voiceagent.dialogue.grounding import Evidence
from voiceagent.dialogue.reply_filter import Replacements, ReplyFilter
from voiceagent.speech.clauses import ClauseAggregator, split_clauses

pytestmark = pytest.mark.unit

JAMES = next(r for r in sample_records() if r.customer.id == "C-1002")


class Voice:
    """Keeps what it was asked to make ahead."""

    language = "en"

    def __init__(self) -> None:
        self.log: list[str] = []

    def prefetch(self, clause: str) -> None:
        self.log.append(clause)

    async def drop_prefetched(self) -> None:
        self.log.append("(dropped)")


def reading() -> tuple[ReplyPrefetcher, Voice, ReplyFilter]:
    evidence = Evidence("en", date(2026, 12, 1))
    evidence.add_record(JAMES)
    lines = Replacements("Let me not guess.", "but let me not guess.")
    voice: Any = Voice()
    return ReplyPrefetcher(ReplyFilter(evidence, lines), voice), voice, ReplyFilter(evidence, lines)


async def read(prefetcher: ReplyPrefetcher, *pieces: str) -> None:
    await prefetcher.on_held_reply_begins()
    for piece in pieces:
        await prefetcher.on_held_text(piece)


async def test_the_first_two_clauses_are_made_ahead_as_soon_as_they_are_complete() -> None:
    prefetcher, voice, _ = reading()
    await read(prefetcher, "Sure,", " I", " can check that.", " It is paid.", " Bye.")
    assert voice.log == ["(dropped)", "Sure,", "I can check that."]


async def test_the_last_words_need_no_full_stop() -> None:
    prefetcher, voice, _ = reading()
    await read(prefetcher, "One mom", "ent")
    assert voice.log == ["(dropped)"]
    await prefetcher.on_held_reply_ends()
    assert voice.log == ["(dropped)", "One moment"]


async def test_nothing_unsupported_is_made_ahead_nor_anything_behind_it() -> None:
    prefetcher, voice, _ = reading()
    await read(prefetcher, "Sure, ", "your invoice is $65. ", "It is paid. ")
    await prefetcher.on_held_reply_ends()
    assert voice.log == ["(dropped)", "Sure,"]


async def test_a_withdrawn_reply_is_dropped_and_read_no_further() -> None:
    prefetcher, voice, _ = reading()
    await read(prefetcher, "Sure, ")
    await prefetcher.on_held_reply_withdrawn()
    await prefetcher.on_held_text("I can check that.")
    await prefetcher.on_held_reply_ends()
    assert voice.log == ["(dropped)", "Sure,", "(dropped)"]


async def test_each_reply_begins_anew() -> None:
    prefetcher, voice, _ = reading()
    await read(prefetcher, "It is $6")
    await read(prefetcher, "Thank you, ")
    assert voice.log == ["(dropped)", "(dropped)", "Thank you,"]


@pytest.mark.parametrize(
    "text",
    [
        "Sure, I can check that for you. One moment.",
        "Your invoice is $64.50. It was due on October 15, and it is paid.",
        "I understand that this is annoying for you, and I will look into it now. Anything else?",
        "Thank you for waiting, I have it here now: it is paid, as far as I can see.",
        "Hello",
    ],
)
@pytest.mark.parametrize("size", [1, 4, 1000])
async def test_what_is_made_ahead_is_what_the_voice_is_asked_for(text: str, size: int) -> None:
    pieces = [text[at : at + size] for at in range(0, len(text), size)]
    prefetcher, voice, real = reading()
    await read(prefetcher, *pieces)
    await prefetcher.on_held_reply_ends()
    # The real way: the guard's frames, the service's aggregator, and its cutting of each piece.
    real.begin()
    aggregator = ClauseAggregator(language="en", whole_sentences=True)
    asked: list[str] = []
    for verdict in [v for piece in pieces for v in real.take(piece)] + real.release():
        async for part in aggregator.aggregate(verdict.say):
            asked += await split_clauses(part.text, "en", len(asked))
    assert voice.log[1:] == asked[:2]
