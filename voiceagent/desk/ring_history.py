"""How earlier rings of one person ended: what an answer that comes too late is told, and whether
they still answer at all.

In: every ring's end. Out: the same again by the offer's id, and when it was one unanswered ring in
a row too many: who has walked away must not eat one caller's patience after the other's.
"""

from __future__ import annotations

from collections import OrderedDict

from voiceagent.desk.desk_models import Notice, NoticeCode

_KEPT = 8


class RingHistory:
    """One person's.

    Args:
        limit: so many unanswered rings in a row are too many.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._unanswered = 0
        self._endings: OrderedDict[str, NoticeCode | None] = OrderedDict()

    def ended(self, offer_id: str, ending: Notice | None) -> None:
        """A ring is over; None if the person rung ended it."""
        self._endings[offer_id] = ending.code if ending else None
        while len(self._endings) > _KEPT:
            self._endings.popitem(last=False)

    def ending_of(self, offer_id: str) -> NoticeCode | None:
        """How a ring ended; None for one that never was, or long ago."""
        return self._endings.get(offer_id)

    def answered(self) -> None:
        """They are there."""
        self._unanswered = 0

    def unanswered(self) -> bool:
        """They did not answer: whether that was one ring too many."""
        self._unanswered += 1
        if self._unanswered < self._limit:
            return False
        self._unanswered = 0
        return True
