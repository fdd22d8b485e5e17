"""What a caller on hold says and keys, as wishes in the order they came.

What enters: the caller's turns and keys while they wait, already in the log. What leaves: wishes,
one at a time, for the coordinator. Bounded: somebody who tells a long story to the music is not
worth holding up a call for, and all of it is in the transcript anyway.
"""

from __future__ import annotations

import asyncio
import contextlib

from voiceagent.domain.transcript import Turn
from voiceagent.handoff.caller_side import HeardOnHold
from voiceagent.handoff.hold_wishes import HoldWishes

_WAITING = 16


class HoldLine:
    """The ear of a hold; used from the call's event loop.

    Args:
        wishes: understands words and keys.
        language: of the call (BCP 47 primary tag).
    """

    def __init__(self, wishes: HoldWishes, language: str) -> None:
        self._wishes = wishes
        self._language = language
        self._heard: asyncio.Queue[HeardOnHold] = asyncio.Queue(_WAITING)

    def said(self, turn: Turn) -> None:
        """The caller said something while waiting."""
        languages = {turn.language, self._language}
        for wish in self._wishes.said(turn.text, languages, turn.confidence):
            self._put(HeardOnHold(wish, turn=turn.number))

    def keyed(self, key: str) -> None:
        """The caller pressed a key while waiting; a key without a meaning is passed over."""
        wish = self._wishes.keyed(key)
        if wish is not None:
            self._put(HeardOnHold(wish, key=key))

    async def next(self) -> HeardOnHold:
        """The next wish; waits for it without end, so cancel it when the hold is over."""
        return await self._heard.get()

    def clear(self) -> None:
        """Forget what was wanted before: a new hold begins."""
        while not self._heard.empty():
            self._heard.get_nowait()

    def _put(self, heard: HeardOnHold) -> None:
        with contextlib.suppress(asyncio.QueueFull):
            self._heard.put_nowait(heard)
