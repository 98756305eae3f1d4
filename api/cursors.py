"""Where a list goes on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

T = TypeVar("T")


def following(found: Sequence[T], limit: int, of: Callable[[T], object]) -> str | None:
    """The cursor behind a full page; None where the list has ended.

    Examples
    --------
    >>> following([9, 8], 2, int), following([7], 2, int)
    ('8', None)
    """
    return str(of(found[-1])) if len(found) == limit else None
