"""The open pages of one person's desk, and what each of them has yet to be told once.

In: pages that open and close, notices. Out: for every page the notices it has not shown. A notice
that comes while no page is open, as during a reload, is kept a little for the next one.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from voiceagent.desk.desk_models import Notice
from voiceagent.desk.news import News

_MOST_NOTICES = 8
# Who was away longer does not care any more who took a call.
_KEPT_S = 60.0


class Window:
    """One open page.

    Attributes:
        news: set by everything that is new.
    """

    def __init__(self, news: asyncio.Event, notices: deque[Notice]) -> None:
        self.news = news
        self._notices = notices

    @property
    def has_notice(self) -> bool:
        """Whether there is a notice not shown yet."""
        return bool(self._notices)

    def next_notice(self) -> Notice | None:
        """The oldest notice not shown yet; it counts as shown."""
        return self._notices.popleft() if self._notices else None


class Windows:
    """One person's open pages; used from one event loop.

    Args:
        on_change: called when a page was opened or closed.
    """

    def __init__(self, news: News, on_change: Callable[[], None]) -> None:
        self._news = news
        self._on_change = on_change
        self._open: list[deque[Notice]] = []
        self._unseen: deque[tuple[float, Notice]] = deque(maxlen=_MOST_NOTICES)

    @property
    def count(self) -> int:
        """How many are open."""
        return len(self._open)

    @contextmanager
    def open(self) -> Iterator[Window]:
        """One more page, for as long as the context lasts."""
        now = asyncio.get_running_loop().time()
        kept = [notice for at, notice in self._unseen if now - at <= _KEPT_S]
        self._unseen.clear()
        notices = deque(kept, maxlen=_MOST_NOTICES)
        self._open.append(notices)
        try:
            with self._news.read() as news:
                self._on_change()
                yield Window(news, notices)
        finally:
            # By identity: two empty ones are equal.
            self._open = [each for each in self._open if each is not notices]
            self._on_change()

    def tell(self, notice: Notice) -> None:
        """Every open page is to show this once."""
        for notices in self._open:
            notices.append(notice)
        if not self._open:
            self._unseen.append((asyncio.get_running_loop().time(), notice))
        self._news.tell()
