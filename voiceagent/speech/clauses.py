"""Text on its way to the voice, cut where the voice may start.

Enters: text as the language model streams it, or a whole utterance. Leaves: pieces to synthesise
one by one. The first piece of a reply ends at its first clause, so that the caller hears something
while the rest is still being synthesised; later pieces are whole sentences, which sound better.
"""

from __future__ import annotations

from collections.abc import AsyncIterator

from pipecat.utils.text.base_text_aggregator import Aggregation, TextType
from pipecat.utils.text.simple_text_aggregator import SimpleTextAggregator

CLAUSE_MARKS = frozenset(",;:–—")

CLAUSE_WORDS = (1, 6)
"""Fewest words of the first and of the second piece that may end at a clause mark.

The second piece has to be long enough to cover the synthesis of the third, and short enough to be
ready when the first one has been played."""


class ClauseAggregator(SimpleTextAggregator):
    """pipecat's sentence aggregator, with the first pieces of a reply cut at clause marks.

    Args:
        clause_words: see :data:`CLAUSE_WORDS`.
        language: for the sentence tokenizer.
        pieces_before: how many pieces of this reply have already gone to the voice.
        whole_sentences: every text that comes in ends where a sentence ends, as behind the guard;
            then nothing has to wait for the beginning of the next one.
    """

    def __init__(
        self,
        clause_words: tuple[int, ...] = CLAUSE_WORDS,
        language: str | None = None,
        pieces_before: int = 0,
        *,
        whole_sentences: bool = False,
    ) -> None:
        super().__init__(  # type: ignore[no-untyped-call]
            aggregation_type=TextType.SENTENCE, language=language
        )
        self._clause_words = clause_words
        self._pieces = pieces_before
        self._whole_sentences = whole_sentences

    async def aggregate(self, text: str) -> AsyncIterator[Aggregation]:
        """Take in text; yield the pieces it completes."""
        for character in text:
            if character.isspace() and self._at_clause_end():
                clause = self._text.strip()
                await super().reset()  # type: ignore[no-untyped-call]
                self._pieces += 1
                yield Aggregation(text=clause, type=TextType.SENTENCE)
                continue
            async for piece in super().aggregate(character):
                self._pieces += 1
                yield piece
        if self._whole_sentences and (rest := self._text.strip()):
            await super().reset()  # type: ignore[no-untyped-call]
            self._pieces += 1
            yield Aggregation(text=rest, type=TextType.SENTENCE)

    async def flush(self) -> Aggregation | None:
        """Yield what is left at the end of a reply; the next one begins anew."""
        rest = await super().flush()
        self._pieces = 0
        return rest

    async def handle_interruption(self) -> None:
        """Drop what is left; the next reply begins anew."""
        await super().handle_interruption()  # type: ignore[no-untyped-call]
        self._pieces = 0

    async def reset(self) -> None:
        """Begin anew."""
        await super().reset()  # type: ignore[no-untyped-call]
        self._pieces = 0

    def _at_clause_end(self) -> bool:
        if self._pieces >= len(self._clause_words):
            return False
        text = self._text.strip()
        return (
            bool(text)
            and text[-1] in CLAUSE_MARKS
            and len(text.split()) >= self._clause_words[self._pieces]
        )


async def split_clauses(
    text: str, language: str | None = None, pieces_before: int = 0
) -> list[str]:
    """Cut a whole utterance into the pieces the aggregator would make of it."""
    aggregator = ClauseAggregator(language=language, pieces_before=pieces_before)
    pieces = [piece.text async for piece in aggregator.aggregate(text)]
    rest = await aggregator.flush()
    if rest is not None:
        pieces.append(rest.text)
    return [piece.strip() for piece in pieces if piece.strip()]
