"""The windows that a pair of customer and family is forecast over, from its usual gap.

A need is there when half a gap is over since the last purchase and the family is likely bought within half a gap more.
An order made unasked is right when the family is bought within two gaps: people skip a turn.
(`python -m benchmarks.order_windows` compares the rules; docs/decisions/0003-two-gaps.md tells why.)
"""

from __future__ import annotations

from typing import overload

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
WINDOWS = (7, 14, 28)  # days
NEED, ORDER = 0.5, 2.0  # gaps
DUE = 0.5  # of a gap, before which nothing is done unasked
_DAYS = np.array(WINDOWS)
_BETWEEN = (_DAYS[1:] + _DAYS[:-1]) / 2


@overload
def need_window(gaps: float) -> int: ...
@overload
def need_window(gaps: Floats) -> Ints: ...
def need_window(gaps: float | Floats) -> int | Ints:
    """The window of 7, 14 or 28 days that is nearest to half of each gap, of equals the shorter.

    Examples
    --------
    >>> need_window(np.array([5, 14, 21, 28, 60])).tolist()
    [7, 7, 7, 14, 28]
    """
    return _days(np.searchsorted(_BETWEEN, np.asarray(gaps) * NEED))


@overload
def order_window(gaps: float) -> int: ...
@overload
def order_window(gaps: Floats) -> Ints: ...
def order_window(gaps: float | Floats) -> int | Ints:
    """The least window of 7, 14 or 28 days that holds two of each gap, else the greatest.

    Examples
    --------
    >>> order_window(np.array([3, 5, 14, 28])).tolist()
    [7, 14, 28, 28]
    """
    return _days(np.minimum(np.searchsorted(_DAYS, np.asarray(gaps) * ORDER), len(_DAYS) - 1))


def _days(places: np.int64 | Ints) -> int | Ints:
    """The windows at some places; a number for one place."""
    return _DAYS[places] if isinstance(places, np.ndarray) else WINDOWS[int(places)]


@overload
def is_due(since: float, gap: float) -> bool: ...
@overload
def is_due(since: Floats, gap: Floats) -> NDArray[np.bool_]: ...
def is_due(since: float | Floats, gap: float | Floats) -> bool | NDArray[np.bool_]:
    """Whether so much of a gap is over that more of the family would not only pile up."""
    return since >= DUE * gap
