"""Keys that make a number: what a caller keys in when words did not get through.

What enters: keys one by one. What leaves: the digits as one number, once the caller presses # or
pauses. Single keys with a meaning of their own (0 for a person) are the supervisor's business and
pass here as well; a lone digit is not a number.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

# Looking for the next digit on a bill takes longer than pressing it.
_PAUSE_S = 3.0
_LONGEST = 32
_LEAST = 2


class Keypad:
    """Collects digits of one call; used from the call's event loop.

    Args:
        on_number: told the digits of a finished number.
        pause_s: a number ends after so long without a key.
    """

    def __init__(self, on_number: Callable[[str], None], pause_s: float = _PAUSE_S) -> None:
        self._on_number = on_number
        self._pause_s = pause_s
        self._digits = ""
        self._timer: asyncio.TimerHandle | None = None

    def press(self, key: str) -> None:
        """Take the next key: a digit, ``#`` to finish, ``*`` to start over."""
        self._stop()
        if key == "*":
            self._digits = ""
        elif key == "#":
            self._finish()
        else:
            self._digits = (self._digits + key)[-_LONGEST:]
            self._timer = asyncio.get_running_loop().call_later(self._pause_s, self._finish)

    def close(self) -> None:
        """Forget what was keyed; the call is over or somebody else listens to the keys."""
        self._stop()
        self._digits = ""

    def _finish(self) -> None:
        digits, self._digits = self._digits, ""
        self._stop()
        if len(digits) >= _LEAST:
            self._on_number(digits)

    def _stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
