"""Chance that can be repeated: a number from what a draw is for."""

from __future__ import annotations

from datetime import datetime
from hashlib import blake2b


def draw(seed: int, customer_id: str, need: str, at: datetime) -> float:
    """A number from [0, 1) that looks drawn at random, and is the same for the same arguments.

    Examples
    --------
    >>> from datetime import UTC
    >>> noon = datetime(2017, 12, 1, 12, tzinfo=UTC)
    >>> draw(1, "c1", "coffee", noon) == draw(1, "c1", "coffee", noon) != draw(2, "c1", "coffee", noon)
    True
    """
    told = repr((seed, customer_id, need, at.isoformat())).encode()
    return (int.from_bytes(blake2b(told, digest_size=7).digest()) >> 3) / (1 << 53)
