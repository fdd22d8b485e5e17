"""Whether somebody is at the desk, and whether they take calls.

In: what they choose, how many pages of theirs are open, whether their line is up. Out: what people
see, what the roster goes by. With neither page nor line for a while they are away, and whoever
comes back soon is what they were before.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from voiceagent.desk.seat_ports import SeatOptions
from voiceagent.desk.seat_state import on_roster, shown
from voiceagent.handoff.roster import Availability


class Presence:
    """One person's; used from one event loop.

    Args:
        on_change: called when they are away, or back.
    """

    def __init__(self, options: SeatOptions, on_change: Callable[[], None]) -> None:
        self._options = options
        self._on_change = on_change
        self._loop = asyncio.get_running_loop()
        self._wish = Availability.OFFLINE
        self._line_up = False
        self._pages = 0
        self._leaving: asyncio.TimerHandle | None = None
        self._away_since: float | None = None

    @property
    def wish(self) -> Availability:
        """What they chose last: available, paused or offline."""
        return self._wish

    @property
    def is_away(self) -> bool:
        """Whether they are gone."""
        return self._away_since is not None

    def choose(self, wish: Availability) -> None:
        """They want to be this from now on."""
        self._wish = wish
        self._away_since = None
        self._look()

    def see(self, *, pages: int, line_up: bool) -> None:
        """So many pages are open, and the line is up or not."""
        self._pages, self._line_up = pages, line_up
        self._look()

    def shown(self, *, wrapping_up: bool) -> Availability:
        """What people see."""
        return shown(self._wish, away=self.is_away, wrapping_up=wrapping_up)

    def on_roster(self, *, wrapping_up: bool) -> Availability:
        """What the roster goes by."""
        return on_roster(
            self._wish, away=self.is_away, wrapping_up=wrapping_up, reachable=self._line_up
        )

    def close(self) -> None:
        """Watch no more."""
        if self._leaving is not None:
            self._leaving.cancel()
            self._leaving = None

    def _look(self) -> None:
        if self._pages or self._line_up:
            self.close()
            self._come_back()
        elif self._leaving is None and not self.is_away:
            self._leaving = self._loop.call_later(self._options.away_s, self._leave)

    def _leave(self) -> None:
        self._leaving = None
        self._away_since = self._loop.time()
        self._on_change()

    def _come_back(self) -> None:
        since, self._away_since = self._away_since, None
        if since is not None and self._loop.time() - since > self._options.remember_s:
            self._wish = Availability.OFFLINE
