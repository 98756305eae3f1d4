"""How often an address may fail to show a valid key."""

from __future__ import annotations

from limits import parse
from limits.storage import MemoryStorage
from limits.strategies import FixedWindowRateLimiter


class Failures:
    """Counts refused keys per address, in this process.

    A valid key always passes, whatever its address did before: callers behind one proxy share an address, and
    none of them may lock the others out. What it saves is the work and the log lines that guessing costs.
    """

    def __init__(self, rate: str = "60/minute") -> None:
        self._limiter = FixedWindowRateLimiter(MemoryStorage())
        self._rate = parse(rate)

    def count(self, address: str) -> bool:
        """Count one failure; whether the address is still within the rate."""
        return bool(self._limiter.hit(self._rate, address))

    @property
    def retry_after(self) -> int:
        """Seconds after which a window has passed for certain."""
        return int(self._rate.get_expiry())
