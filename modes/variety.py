"""Variety in a list: relevance against how many of the same kind stand there already."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from math import inf
from typing import TypeVar

T = TypeVar("T")


def varied(found: Sequence[T], kind: Callable[[T], str], limit: int, variety: float) -> list[T]:
    """Up to ``limit`` of them, taken one by one by place and by how many of the kind were taken (marginal relevance).

    At ``variety`` 0 the order stays; at 1 each kind comes once before any comes twice. Carbonell, Goldstein: The Use of
    MMR (SIGIR 1998), with places for relevance and equal kinds for likeness.

    Examples
    --------
    >>> varied(["a1", "a2", "b1"], lambda one: one[0], 3, 1.0)
    ['a1', 'b1', 'a2']
    """
    if variety <= 0:
        return list(found[:limit])
    size = len(found)
    left = [((1 - variety) * (1 - place / size), kind(one), one) for place, one in enumerate(found)]
    taken, picked = Counter[str](), list[T]()
    while left and len(picked) < limit:
        _, name, one = left.pop(_best(left, taken, variety))
        picked.append(one)
        taken[name] += 1
    return picked


def _best(left: Sequence[tuple[float, str, object]], taken: Counter[str], variety: float) -> int:
    """The place of the first that is worth most, less for each of its kind; relevance falls along the list."""
    best, most = 0, -inf
    for place, (relevance, name, _) in enumerate(left):
        if relevance <= most:  # those behind are worth no more
            break
        if (worth := relevance - variety * taken[name]) > most:
            best, most = place, worth
    return best
