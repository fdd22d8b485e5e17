"""How often signing in may fail: per user name and per client address, by a moving window.

In memory and per process: a restart forgives, several processes forgive as many times as much;
with Argon2 behind it, guessing stays hopeless. Names are counted in a fixed number of places that
a key of this process spreads them over, whether or not such users exist: memory stays bounded,
and what is answered does not tell who exists.
"""

from __future__ import annotations

import hashlib
import ipaddress
import math
import secrets
import time
from dataclasses import dataclass

from limits import RateLimitItem, RateLimitItemPerSecond
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

_PLACE_BYTES = 2  # 65,536 places each


@dataclass(frozen=True, slots=True)
class RateLimitOptions:
    """How many failures are forgiven.

    Attributes:
        per_user: for one user name.
        per_address: from one client address; more, since a whole office may share one.
        window_s: within so many whole seconds.
    """

    per_user: int = 10
    per_address: int = 50
    window_s: int = 900


class SignInLimit:
    """Counts failed sign-ins."""

    def __init__(self, options: RateLimitOptions | None = None) -> None:
        options = options or RateLimitOptions()
        self._limiter = MovingWindowRateLimiter(MemoryStorage())
        self._per_user = RateLimitItemPerSecond(options.per_user, options.window_s, "user")
        self._per_address = RateLimitItemPerSecond(options.per_address, options.window_s, "address")
        self._key = secrets.token_bytes(16)

    def wait_s(self, user: str, address: str) -> int:
        """Whole seconds until this user may be tried from this address; 0 for at once."""
        return max(self._wait(item, place) for item, place in self._places(user, address))

    def failed(self, user: str, address: str) -> None:
        """Count one failure."""
        for item, place in self._places(user, address):
            self._limiter.hit(item, place)

    def _wait(self, item: RateLimitItem, place: str) -> int:
        if self._limiter.test(item, place):
            return 0
        left = self._limiter.get_window_stats(item, place).reset_time - time.time()
        return max(1, math.ceil(left))

    def _places(self, user: str, address: str) -> tuple[tuple[RateLimitItem, str], ...]:
        return (
            (self._per_user, self._place(user)),
            (self._per_address, self._place(network_of(address))),
        )

    def _place(self, text: str) -> str:
        data = text.encode("utf-8", "surrogatepass")
        return hashlib.blake2s(data, digest_size=_PLACE_BYTES, key=self._key).hexdigest()


def network_of(address: str) -> str:
    """An IPv6 client has a whole /64 to choose addresses from (RFC 6177); it counts as one."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(parsed, ipaddress.IPv4Address):
        return address
    if parsed.ipv4_mapped:
        return str(parsed.ipv4_mapped)
    return str(ipaddress.ip_network((parsed, 64), strict=False))
