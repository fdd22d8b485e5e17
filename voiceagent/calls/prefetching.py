"""Has the beginning of a reply synthesised while the reply is still held.

Enters: the words of a reply written for a turn that may not have ended
(:class:`~voiceagent.dialogue.held_reply.HeldReplyListener`). Leaves: requests to the voice for the
clauses that will be spoken first, if the turn ends as guessed. The words go through the same
judgement and the same cutting as on their real way, so that the voice is later asked for exactly
these clauses. Nothing is said, and nothing is reported of a reply that may never be.
"""

from __future__ import annotations

from voiceagent.dialogue.reply_filter import ReplyFilter, Verdict
from voiceagent.speech.clauses import ClauseAggregator
from voiceagent.speech.speaking import SpeakingService


class ReplyPrefetcher:
    """Reads along for one call.

    Args:
        preview: judges as the call's guard does.
        speaking: the call's voice.
        most_clauses: clauses of a reply that are asked for.
    """

    def __init__(
        self, preview: ReplyFilter, speaking: SpeakingService, most_clauses: int = 2
    ) -> None:
        self._filter = preview
        self._speaking = speaking
        self._most_clauses = most_clauses
        self._aggregator = ClauseAggregator(language=speaking.language, whole_sentences=True)
        self._wanted = 0
        self._reading = False

    async def on_held_reply_begins(self) -> None:
        """Forget the last one."""
        await self._stop()
        self._filter.begin()
        await self._aggregator.reset()
        self._wanted = 0
        self._reading = True

    async def on_held_text(self, text: str) -> None:
        """Ask for the clauses that these words complete."""
        if self._reading:
            await self._ask_for(self._filter.take(text))

    async def on_held_reply_ends(self) -> None:
        """The last words need no full stop."""
        if self._reading:
            await self._ask_for(self._filter.release())
        self._reading = False

    async def on_held_reply_withdrawn(self) -> None:
        """Drop everything that was made."""
        await self._stop()

    async def _stop(self) -> None:
        self._reading = False
        await self._speaking.drop_prefetched()

    async def _ask_for(self, verdicts: list[Verdict]) -> None:
        for verdict in verdicts:
            if verdict.withheld:
                # By the time it is judged again, a fact may be known that supports it.
                self._reading = False
            if not self._reading:
                return
            async for piece in self._aggregator.aggregate(verdict.say):
                if not self._reading or self._wanted >= self._most_clauses:
                    self._reading = False
                    return
                self._wanted += 1
                self._speaking.prefetch(piece.text.strip())
