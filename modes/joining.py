"""Needs joined into orders: early or late against the cost of shipping, the best of all ways to part them.

The cost of a way to part needs is what each order costs by itself (the least, over what it may be promised for, of the
sum of its needs' expected costs of early and late) and the shipping cost for each order that is not under way already.
The least of it is found exactly, by dynamic programming over subsets: the best for a set is the best, over the orders
that its first need may be part of, of that order and the best for the rest.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from math import inf

Parts = tuple[int, ...]  # places of needs, ascending
Price = Callable[[Parts], float]  # of one order of these needs, without shipping; inf where they cannot be one
MOST = 8  # needs that are looked at together; of more, those behind are looked at after them


@dataclass(frozen=True, kw_only=True, slots=True)
class Shipment:
    """Needs that are one order."""

    parts: Parts
    into: int | None = None  # the order under way that they are joined to; None: an order of their own


def joined(n: int, price: Price, shipping_cost: float, into: Sequence[Price] = ()) -> tuple[Shipment, ...]:
    """The orders that ``n`` needs are best made into; without a shipping cost each is an order by itself.

    Parameters
    ----------
    price : of every one by itself it must be finite
    into : for each order under way, what it costs to join needs to it

    Examples
    --------
    >>> days = (0, 1, 5)  # each need's own; a day early or late costs 1
    >>> spread = lambda parts: float(max(days[n] for n in parts) - min(days[n] for n in parts))
    >>> [one.parts for one in joined(3, spread, shipping_cost=2)]
    [(0, 1), (2,)]
    """
    if not shipping_cost:
        return tuple(Shipment(parts=(place,)) for place in range(n))
    found: list[Shipment] = []
    for start in range(0, n, MOST):
        taken = {one.into for one in found}
        open_to = [(place, one) for place, one in enumerate(into) if place not in taken]
        found += _best(tuple(range(start, min(start + MOST, n))), price, shipping_cost, open_to)
    return tuple(sorted(found, key=lambda one: one.parts))


def total(shipments: Sequence[Shipment], price: Price, shipping_cost: float, into: Sequence[Price] = ()) -> float:
    """What orders cost together: the quantity that ``joined`` makes least."""
    own = sum(shipping_cost + price(one.parts) for one in shipments if one.into is None)
    return own + sum(into[one.into](one.parts) for one in shipments if one.into is not None)


Known = dict[int, tuple[float, tuple[Shipment, ...]]]  # set of needs, as bits -> the least cost of it, and how


def _best(needs: Parts, price: Price, shipping_cost: float, into: Sequence[tuple[int, Price]]) -> tuple[Shipment, ...]:
    best: Known = {0: (0.0, ())}
    everything = (1 << len(needs)) - 1
    for place, joining in into:
        best = _with(best, {bits: joining(_parts(bits, needs)) for bits in range(1, everything + 1)}, needs, place)
    own = {bits: shipping_cost + price(_parts(bits, needs)) for bits in range(1, everything + 1)}
    for done in range(everything):
        if done in best:
            first = ~done & (done + 1)  # the first need that is in no order yet
            for more in _holding(first, everything & ~done):
                _keep(best, done | more, best[done], own[more], Shipment(parts=_parts(more, needs)))
    return best[everything][1]


def _with(before: Known, costs: dict[int, float], needs: Parts, place: int) -> Known:
    """What can be reached with one order under way: it is left as it is, or some of the needs are joined to it."""
    after = dict(before)
    for done, reached in before.items():
        for bits, cost in costs.items():
            if not done & bits:
                _keep(after, done | bits, reached, cost, Shipment(parts=_parts(bits, needs), into=place))
    return after


def _keep(best: Known, bits: int, before: tuple[float, tuple[Shipment, ...]], cost: float, one: Shipment) -> None:
    """Keep a way to reach a set where it costs less than the one that is known."""
    whole = before[0] + cost
    if whole < inf and (bits not in best or whole < best[bits][0] - 1e-12):
        best[bits] = (whole, (*before[1], one))


def _holding(first: int, among: int) -> Iterator[int]:
    """The sets among some bits that hold one of them, that one alone first."""
    rest = among & ~first
    more = 0
    while True:
        yield first | more
        more = (more - rest) & rest
        if not more:
            return


def _parts(bits: int, needs: Parts) -> Parts:
    return tuple(need for place, need in enumerate(needs) if bits >> place & 1)
