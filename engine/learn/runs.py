"""Rows brought in order, where equals stand together: where each run of them begins."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

DIGIT = 1 << 16
FEW = 1_000  # that comparing sorts as fast as digits do


def changes(*columns: NDArray[Any]) -> NDArray[np.bool_]:
    """Where a row differs from the one before it in any column, shape (n,); the first always does.

    Raises
    ------
    ValueError
        where the columns are not equally long

    Examples
    --------
    >>> changes(np.array([4, 4, 4, 7]), np.array([1, 1, 2, 2])).tolist()
    [True, False, True, True]
    """
    found = np.ones(len(columns[0]), bool)
    first, *others = columns
    np.not_equal(first[1:], first[:-1], out=found[1:])
    for column in others:
        if len(column) != len(first):
            raise ValueError(f"columns of {len(first)} and of {len(column)} rows")
        found[1:] |= column[1:] != column[:-1]
    return found


def begins(*columns: NDArray[Any]) -> NDArray[np.int64]:
    """The place of the first row of each run.

    Examples
    --------
    >>> begins(np.array([4, 4, 4, 7])).tolist()
    [0, 3]
    """
    return np.flatnonzero(changes(*columns))


def order_of(keys: NDArray[np.int64], below: int) -> NDArray[np.int64]:
    """The places of whole numbers in their order, equals as they stand; many are sorted by digits, in linear time.

    Parameters
    ----------
    below : what no key reaches; the least is 0

    Raises
    ------
    ValueError
        for keys that lie elsewhere

    Examples
    --------
    >>> order_of(np.array([70_000, 5, 70_000, 4]), 100_000).tolist()
    [3, 1, 0, 2]
    """
    if len(keys) and not 0 <= keys.min() <= keys.max() < below:
        raise ValueError(f"keys from 0 to below {below} were expected, not from {keys.min()} to {keys.max()}")
    if below > DIGIT and len(keys) < FEW:
        return np.argsort(keys, kind="stable")
    order: NDArray[np.int64] = np.argsort(keys.astype(np.uint16), kind="stable")  # numpy sorts these by radix
    while below > DIGIT:
        keys, below = keys // DIGIT, -(-below // DIGIT)
        order = order[np.argsort(keys[order].astype(np.uint16), kind="stable")]
    return order
