"""How often something may be asked for from one client address, by a moving window.

In memory and per process. Addresses are counted in a fixed number of places that a key of this
process spreads them over, so memory stays bounded whoever asks.
"""

from __future__ import annotations

import hashlib
import math
import secrets
import time

from limits import RateLimitItemPerSecond
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

from voiceagent.desk.rate_limit import network_of

_PLACE_BYTES = 2  # 65,536 places


class AddressLimit:
    """Counts what is asked for from each address.

    Args:
        amount: so often.
        window_s: within so many whole seconds.
    """

    def __init__(self, amount: int, window_s: int) -> None:
        self._limiter = MovingWindowRateLimiter(MemoryStorage())
        self._item = RateLimitItemPerSecond(amount, window_s)
        self._key = secrets.token_bytes(16)

    def take(self, address: str) -> int:
        """Count one request; 0 if it may be granted, else whole seconds until the next may."""
        place = self._place(address)
        if self._limiter.hit(self._item, place):
            return 0
        left = self._limiter.get_window_stats(self._item, place).reset_time - time.time()
        return max(1, math.ceil(left))

    def _place(self, address: str) -> str:
        data = network_of(address).encode("utf-8", "surrogatepass")
        return hashlib.blake2s(data, digest_size=_PLACE_BYTES, key=self._key).hexdigest()
