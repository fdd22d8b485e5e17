"""Clauses synthesised before they are asked for, because a reply that is still held contains them.

Enters: clauses that will probably be spoken. Leaves: their PCM, to whoever asks for exactly that
clause; what nobody asks for is dropped unheard. The work is done one clause after the other, behind
all speech that is certain, and goes over to the asking side where it stands.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

from voiceagent.domain.errors import SpeechError
from voiceagent.speech.errors import ModelDeadlineError, ModelPoolBusyError
from voiceagent.speech.model_pool import ModelPool, Priority
from voiceagent.speech.synthesis import ClauseSynthesis, synthesise_clause


class PrefetchedClause:
    """One clause on its way.

    Args:
        synthesis: of the clause, not begun.
        pool: where it runs.
        most_bytes: how much PCM is made ahead; the rest is made for whoever takes the clause.
        deadline_s: longest wait for one chunk.
        after: the clause whose work comes first.
    """

    def __init__(
        self,
        synthesis: ClauseSynthesis,
        pool: ModelPool,
        most_bytes: int,
        deadline_s: float,
        after: PrefetchedClause | None = None,
    ) -> None:
        self._synthesis = synthesis
        self._pool = pool
        self._most_bytes = most_bytes
        self._deadline_s = deadline_s
        self._parts: list[bytes] = []
        self._taken = self._complete = False
        self._failure: SpeechError | None = None
        self._news = asyncio.Event()
        before = after.task if after else None
        self.task: asyncio.Task[None] = asyncio.create_task(
            self._make(before), name="prefetch-clause"
        )

    async def pcm(self) -> AsyncIterator[bytes]:
        """The whole clause's PCM, from the beginning; to be used once.

        Raises:
            SpeechError: the voice failed, or the pool was too busy.
        """
        self._taken = True
        sent = 0
        try:
            while True:
                while sent < len(self._parts):
                    sent += 1
                    yield self._parts[sent - 1]
                if self._complete or self.task.done():
                    break
                await self._next_part()
        finally:
            self.task.cancel()
        if self._complete:
            return
        if self._failure and not isinstance(self._failure, ModelPoolBusyError):
            raise self._failure
        # It stopped for its bound, or was refused, between two chunks.
        async for part in synthesise_clause(
            self._pool, Priority.SYNTHESIS, self._synthesis, self._deadline_s
        ):
            yield part

    async def drop(self) -> None:
        """Stop; a chunk being computed is left to finish and thrown away."""
        self.task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self.task

    async def _next_part(self) -> None:
        self._news.clear()
        waiting = asyncio.create_task(self._news.wait())
        try:
            done, _ = await asyncio.wait(
                {waiting, self.task},
                timeout=self._deadline_s,
                return_when=asyncio.FIRST_COMPLETED,
            )
        finally:
            waiting.cancel()
        if not done:
            raise ModelDeadlineError(self._deadline_s)

    async def _make(self, before: asyncio.Task[None] | None) -> None:
        if before is not None:
            await asyncio.wait({before})
        made = 0
        while self._taken or made < self._most_bytes:
            # A guess gives way to all that is certain; once it is asked for, it is certain.
            priority = Priority.SYNTHESIS if self._taken else Priority.INTERIM
            try:
                part = await self._pool.run(
                    priority, self._synthesis.next_pcm, deadline_s=self._deadline_s
                )
            except SpeechError as error:
                self._failure = error
                return
            if part is None:
                self._complete = True
                return
            if part:
                made += len(part)
                self._parts.append(part)
                self._news.set()


class PrefetchedClauses:
    """The clauses of one reply that were begun ahead of time.

    Args:
        pool: where they run.
        most_clauses: kept at once; further ones are not begun.
        deadline_s: longest wait for one chunk.
    """

    def __init__(self, pool: ModelPool, most_clauses: int, deadline_s: float) -> None:
        self._pool = pool
        self._most_clauses = most_clauses
        self._deadline_s = deadline_s
        self._kept: dict[tuple[str, float], PrefetchedClause] = {}

    def begin(self, clause: str, pace: float, synthesis: ClauseSynthesis, most_bytes: int) -> None:
        """Begin a clause, unless it is there already or there are enough."""
        key = (clause, pace)
        if key in self._kept or len(self._kept) >= self._most_clauses:
            return
        last = next(reversed(self._kept.values()), None)
        self._kept[key] = PrefetchedClause(
            synthesis, self._pool, most_bytes, self._deadline_s, after=last
        )

    def take(self, clause: str, pace: float) -> PrefetchedClause | None:
        """The clause, which from now on belongs to whoever asked."""
        return self._kept.pop((clause, pace), None)

    async def drop(self) -> None:
        """Drop whatever nobody has asked for."""
        kept, self._kept = self._kept, {}
        for clause in kept.values():
            await clause.drop()
