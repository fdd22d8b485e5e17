"""All that is going on, as the supervisors' board shows it: calls, people, numbers.

In: the calls in progress here, the roster, the store. Out: the board's state, and news of it. What
is read from the store is read again only when it may have changed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime, time
from types import TracebackType
from typing import Self

from voiceagent.desk.api_models import BoardCounts, BoardHuman, BoardState
from voiceagent.desk.feed import Feed
from voiceagent.desk.live_calls import LiveCalls
from voiceagent.domain.call import CallOutcome, CallState
from voiceagent.store.call_search import search_calls
from voiceagent.store.desk_store import DeskStore
from voiceagent.store.store import Store

# Calls that end in other processes are counted with the next news after so long.
_COUNTED_AGAIN_S = 60


class Board:
    """The board; used from the event loop of the calls.

    As an async context it tells of changes of the roster, too.

    Args:
        live_calls: the calls in progress here.
        store: where ended calls are counted.
        desk_store: who there is.
        clock: the time, aware.
    """

    def __init__(
        self,
        live_calls: LiveCalls,
        store: Store,
        desk_store: DeskStore,
        clock: Callable[[], datetime],
    ) -> None:
        self._live_calls = live_calls
        self._roster = live_calls.roster
        self._store = store
        self._desk_store = desk_store
        self._clock = clock
        self._watching: asyncio.Task[None] | None = None
        self._reading = asyncio.Lock()
        self._people: tuple[int, tuple[str, ...]] = (-1, ())
        self._counted: tuple[object, tuple[int, int]] = (None, (0, 0))

    @property
    def feed(self) -> Feed:
        """News whenever :meth:`state` may be different."""
        return self._live_calls.changes

    async def __aenter__(self) -> Self:
        self._watching = asyncio.create_task(self._watch_roster(), name="board-roster")
        return self

    async def __aexit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        if self._watching is not None:
            self._watching.cancel()
            await asyncio.wait({self._watching})

    async def state(self) -> BoardState:
        """All that is going on now.

        Raises:
            StoreError: people or numbers cannot be read.
        """
        # One reader for all who look at the board at once.
        async with self._reading:
            people = await self._ids()
            ended, handed_over = await self._today()
        calls = self._live_calls.in_progress()
        states = [view.state for view in calls]
        return BoardState(
            calls=[view.as_live() for view in calls],
            humans=[human for each in people if (human := self._human(each)) is not None],
            counts=BoardCounts(
                live=len(states),
                on_hold=states.count(CallState.HOLDING),
                bridged=states.count(CallState.BRIDGED),
                ended_today=ended,
                handed_over_today=handed_over,
            ),
        )

    def _human(self, human_id: str) -> BoardHuman | None:
        """Somebody on the roster; None for one who has not come to the desk."""
        try:
            availability = self._roster.availability(human_id)
        except KeyError:
            return None
        return BoardHuman(
            id=human_id,
            name=self._roster.name_of(human_id),
            availability=availability,
            engaged=human_id in self._roster.engaged,
            call_id=self._live_calls.call_of(human_id),
        )

    async def _ids(self) -> tuple[str, ...]:
        """Everybody who could be on the roster; read anew whenever it has changed."""
        version = self._roster.version
        if self._people[0] != version:
            users = await asyncio.to_thread(self._desk_store.users)
            self._people = (version, tuple(user.id for user in users))
        return self._people[1]

    async def _today(self) -> tuple[int, int]:
        """How many calls of today are over, and how many of them a person took."""
        now = self._clock()
        midnight = datetime.combine(now.astimezone().date(), time.min).astimezone()
        minute = int(now.timestamp() // _COUNTED_AGAIN_S)
        key = (midnight, minute, self._live_calls.ended)
        if self._counted[0] != key:
            self._counted = (key, await asyncio.to_thread(self._count, midnight))
        return self._counted[1]

    def _count(self, midnight: datetime) -> tuple[int, int]:
        by_outcome = {
            outcome: search_calls(self._store, outcome=outcome, since=midnight, page_size=1)[1]
            for outcome in CallOutcome
        }
        return sum(by_outcome.values()), by_outcome[CallOutcome.HANDED_OVER]

    async def _watch_roster(self) -> None:
        while True:
            seen = self._roster.version
            await self._roster.changed(seen)
            self.feed.publish()
