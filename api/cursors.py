"""Where a list goes on: text to the caller, a number or a name to the store."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from engine.errors import InputError

T = TypeVar("T")
MOST = 2**62


def number(cursor: str | None) -> int | None:
    """The number that a cursor stands for.

    Raises
    ------
    InputError
        for text that no answer can have given
    """
    if cursor is None:
        return None
    if cursor.isascii() and cursor.isdigit() and int(cursor[:20]) < MOST:
        return int(cursor)
    raise InputError.of("cursor", "the next_cursor of an answer", cursor)


def following(found: Sequence[T], limit: int, of: Callable[[T], object]) -> str | None:
    """The cursor behind a full page; None where the list has ended.

    Examples
    --------
    >>> following([9, 8], 2, int), following([7], 2, int)
    ('8', None)
    """
    return str(of(found[-1])) if len(found) == limit else None
