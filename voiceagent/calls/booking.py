"""Our own book of promises, as the dialogue's tools write into it, kept in the store."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from datetime import datetime

from voiceagent.domain.callback import CallbackRequest
from voiceagent.store.records import BlockedNumber
from voiceagent.store.store import Store

_SOURCE = re.compile(r"call (?P<call>\S+)(?: turn (?P<turn>\d+))?")


class StoreBook:
    """A ``CallbackBook`` over the store; every entry is durable when its method returns."""

    def __init__(self, store: Store, clock: Callable[[], datetime]) -> None:
        self._store = store
        self._clock = clock

    async def book(self, request: CallbackRequest) -> None:
        """Promise a callback; one that still waits under the same id is moved to ``due_at``."""
        await asyncio.to_thread(self._book, request)

    def _book(self, request: CallbackRequest) -> None:
        if not self._store.book_callback(request, self._clock()):
            self._store.move_callback(request.id, request.due_at)

    async def forbid(self, phone: str, source: str) -> None:
        """Never call this number again; ``source`` is ``call <id>`` or ``call <id> turn <n>``."""
        found = _SOURCE.fullmatch(source)
        blocked = BlockedNumber(
            phone=phone,
            since=self._clock(),
            source_call=found["call"] if found else None,
            source_turn=int(found["turn"]) if found and found["turn"] else None,
        )
        await asyncio.to_thread(self._store.block_number, blocked)
