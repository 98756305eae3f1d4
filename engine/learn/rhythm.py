"""The windows that a pair of customer and family is forecast over, from its usual gap.

A need is there when half a gap is over since the last purchase and the family is likely bought within half a gap more.
An order made unasked is right when the family is bought within two gaps: people skip a turn.
(`python -m benchmarks.order_windows` compares the rules; docs/decisions/0003-two-gaps.md tells why.)
"""

from __future__ import annotations

from functools import lru_cache

WINDOWS = (7, 14, 28)  # days
NEED, ORDER = 0.5, 2.0  # gaps
DUE = 0.5  # of a gap, before which nothing is done unasked


@lru_cache(maxsize=4096)
def need_window(gap: float) -> int:
    """The window of 7, 14 or 28 days that is nearest to half a gap.

    Examples
    --------
    >>> [need_window(gap) for gap in (5, 14, 28, 60)]
    [7, 7, 14, 28]
    """
    return min(WINDOWS, key=lambda days: (abs(days - gap * NEED), days))


@lru_cache(maxsize=4096)
def order_window(gap: float) -> int:
    """The least window of 7, 14 or 28 days that holds two gaps, else the greatest.

    Examples
    --------
    >>> [order_window(gap) for gap in (3, 5, 14, 28)]
    [7, 14, 28, 28]
    """
    return next((days for days in WINDOWS if days >= gap * ORDER), WINDOWS[-1])


def is_due(since: float, gap: float) -> bool:
    """Whether so much of a gap is over that more of the family would not only pile up."""
    return since >= DUE * gap
