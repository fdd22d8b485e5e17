"""Where a reply is cut for the voice."""

import pytest

from voiceagent.speech.clauses import ClauseAggregator, split_clauses

pytestmark = pytest.mark.unit


async def pieces_of(aggregator: ClauseAggregator, tokens: list[str]) -> list[str]:
    pieces = [piece.text for token in tokens async for piece in aggregator.aggregate(token)]
    rest = await aggregator.flush()
    return pieces + ([rest.text] if rest else [])


async def test_the_first_clause_comes_alone_and_later_sentences_whole() -> None:
    tokens = ["Su", "re,", " I can", " check, of course. ", "Your", " bill, by the way, is paid."]
    assert await pieces_of(ClauseAggregator(), tokens) == [
        "Sure,",
        "I can check, of course.",
        "Your bill, by the way, is paid.",
    ]


async def test_the_second_piece_may_end_at_a_clause_if_it_is_long_enough() -> None:
    text = "Well, I have looked at your account just now, and the invoice, I think, is open."
    assert await split_clauses(text) == [
        "Well,",
        "I have looked at your account just now,",
        "and the invoice, I think, is open.",
    ]


async def test_pieces_already_spoken_count() -> None:
    text = "Well, that is that."
    assert await split_clauses(text, pieces_before=2) == [text]


async def test_each_reply_begins_anew() -> None:
    aggregator = ClauseAggregator()
    assert await pieces_of(aggregator, ["One, two, three, four."]) == ["One,", "two, three, four."]
    assert await pieces_of(aggregator, ["Yes, sir."]) == ["Yes,", "sir."]
    async for _ in aggregator.aggregate("Now, this was"):
        pass
    await aggregator.handle_interruption()
    assert await pieces_of(aggregator, ["Yes, sir."]) == ["Yes,", "sir."]


async def test_numbers_and_abbreviations_are_not_cut() -> None:
    text = "You owe $1,250.00 to Dr. Miller."
    assert await split_clauses(text, "en") == [text]


async def test_streamed_and_whole_text_are_cut_alike() -> None:
    text = "Hello, this is the assistant of Example Energy. May I ask you something? Thank you."
    assert await pieces_of(ClauseAggregator(), list(text)) == await split_clauses(text)


async def test_nothing_gives_nothing() -> None:
    assert await split_clauses("  \n ") == []


async def test_behind_the_guard_a_sentence_does_not_wait_for_the_next_one() -> None:
    aggregator = ClauseAggregator(whole_sentences=True)
    first = [p.text async for p in aggregator.aggregate("Your bill is $49.90.")]
    assert first == ["Your bill is $49.90."]
    second = [p.text async for p in aggregator.aggregate(" Is that all, Maria?")]
    assert "".join(second).replace(" ", "") == "Isthatall,Maria?"
    assert await aggregator.flush() is None
