"""Orders timed by the forecast of their item, and joined where shipping costs more than being early or late.

    python -m benchmarks.joined_orders [--from 2017-11-01] [--days 28]

The Complete Journey is planned for day by day with what was known on each day: every need whose gate opens (a
certificate of .90, half of its usual gap over) becomes one line, planned by `modes.timing` and `modes.joining` as
decisions are. The shop delivers every day: what is placed before 14:00 arrives the next day, and nothing is placed
before a veto window of 24 hours is over. A household is planned for daily, for six needs at most, as if it had signed
for all it buys.

The truth is the day on which the household really bought the family next. Early and late are the days between that and
the arrival; they are told of the lines that were bought within 60 days. The cost of a line is 0.05 a day early, 0.30 a
day late and its share of the shipping cost; what is saved is against every need by itself, as soon as its gate opens,
at the same shipping cost. Intervals hold 95 % of 2,000 bootstrap samples of households.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from benchmarks.order_windows import PROMISE, meant, snapshots
from engine.domain.history import day_of
from engine.learn.certificate import POOLED, certify, evidence
from engine.learn.purchases import median_gaps
from engine.learn.replenishment import LONGEST, ahead
from engine.learn.rhythm import DUE, WINDOWS, order_window
from engine.learn.snapshots import Snapshots
from jobs.demo.data import load
from modes import timing
from modes.delivery import TOGETHER
from modes.joining import joined
from modes.policy import Policy, Worth

SHIPPING = (0.0, 1.0, 2.0, 4.0, 8.0)
WARM_UP = 14  # days planned before the first that counts, so that what was due long before does not come all at once
FIRST, AHEAD = 2, 35  # days from planning to the first and the last arrival that may be promised
NOON = 0.5
SAMPLES, SEED = 2_000, 0
WORTH = Worth()
Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, slots=True)
class Need:
    """One need whose gate opened."""

    household: int
    day: int  # that it opens on
    needed: float  # day on which the family was really bought next; inf where it was not
    costs: Floats  # expected, by arrival, from FIRST days on


@dataclass(kw_only=True, slots=True)
class Order:
    """One order, with the days its lines were planned on."""

    arrives: int  # day
    lines: list[Need] = field(default_factory=list)


def thresholds(shop: Snapshots, day: float) -> dict[int, float]:
    """From which probability on orders are made unasked, by window; windows without a proof are left out."""
    found = {}
    for window in WINDOWS:
        starts = [day - window * n for n in range(1, POOLED + 1)]
        past = [meant(shop, shop.at(start), window, order_window, DUE, start) for start in starts]
        p, came, owners = (np.concatenate(column) for column in zip(*past, strict=True))
        proof = evidence(window_days=window, probabilities=p, came=came, households=owners, windows=starts, now=day)
        threshold = certify(proof, PROMISE).threshold
        if threshold is not None:
            found[window] = threshold
    return found


@dataclass(frozen=True, kw_only=True, slots=True)
class Day:
    """What a day brings: the needs whose gate opens, and those of whom it is foreseen, by household."""

    opened: dict[int, list[Need]]
    coming: dict[int, list[Need]]


def lived(shop: Snapshots, first: int, days: int) -> Iterator[Day]:
    """Day by day, the needs whose gate opens: each once between two purchases, six of a household a day at most."""
    fitted, bars = shop.fit(float(first)), thresholds(shop, float(first))
    assert fitted is not None
    begun: set[tuple[int, float]] = set()  # pair and its last purchase
    for day in range(first, first + days):
        seen = shop.at(float(day))
        gaps = median_gaps(shop.purchases, seen.traits.pairs, seen.traits.counts)
        windows = order_window(gaps)
        bar = np.array([bars.get(window, np.inf) for window in windows.tolist()])
        opens = np.maximum(seen.traits.last + DUE * gaps, day)
        likely = np.isfinite(bar) & (opens < day + AHEAD)
        courses = ahead(fitted, seen.traits.take(likely), float(day))
        through = courses.within(windows[likely].astype(float)) >= bar[likely]
        places = np.flatnonzero(likely)[through].tolist()
        chances = courses.take(through).daily(int(LONGEST))
        found = [
            (
                (int(seen.traits.pairs[place]), float(seen.traits.last[place])),
                Need(
                    household=int(seen.owners[place]),
                    day=max(day, int(np.ceil(opens[place]))),
                    needed=day + float(seen.wait[place]),
                    costs=_costs(chance, max(0, int(np.ceil(opens[place])) - day)),
                ),
            )
            for place, chance in zip(places, chances, strict=True)
        ]
        found = [(cycle, need) for cycle, need in found if cycle not in begun]
        opened = _by_household([one for one in found if one[1].day == day], Policy().max_needs)
        begun |= {cycle for own in opened.values() for cycle, _ in own}
        coming = _by_household([one for one in found if one[1].day > day], Policy().max_needs)
        yield Day(opened=_needs(opened), coming=_needs(coming))


def _costs(chances: Floats, later: int) -> Floats:
    """Expected, by arrival; one that opens later cannot arrive before."""
    costs = timing.cost(np.arange(FIRST, AHEAD) + NOON, chances, WORTH)
    costs[:later] = np.inf
    return costs


Cycled = tuple[tuple[int, float], Need]


def _by_household(found: Sequence[Cycled], most: int) -> dict[int, list[Cycled]]:
    """Those that open first, so many of each."""
    own: dict[int, list[Cycled]] = {}
    for one in sorted(found, key=lambda one: (one[1].day, one[0])):
        own.setdefault(one[1].household, []).append(one)
    return {household: some[:most] for household, some in own.items()}


def _needs(own: dict[int, list[Cycled]]) -> dict[int, list[Need]]:
    return {household: [need for _, need in some] for household, some in own.items()}


class Plan(Protocol):
    """How a household's needs of a day become orders, beside those that wait."""

    def __call__(
        self, own: Sequence[Need], coming: Sequence[Need], under_way: Sequence[Order], day: int
    ) -> list[Order]: ...


def at_once(own: Sequence[Need], coming: Sequence[Need], under_way: Sequence[Order], day: int) -> list[Order]:
    """Each by itself, as soon as it may arrive."""
    return [Order(arrives=day + FIRST, lines=[need]) for need in own]


def one_a_day(own: Sequence[Need], coming: Sequence[Need], under_way: Sequence[Order], day: int) -> list[Order]:
    """All that opened on one day together, as soon as they may arrive."""
    return [Order(arrives=day + FIRST, lines=list(own))]


def timed(shipping: float, foresee: bool = True) -> Plan:
    """Each when its item is best to have, joined at least expected cost, also to what waits and with what is coming."""

    def plan(own: Sequence[Need], coming: Sequence[Need], under_way: Sequence[Order], day: int) -> list[Order]:
        whole = [*own, *(coming if shipping and foresee else ())][:TOGETHER]
        costs = np.stack([need.costs for need in whole])
        waiting = [one for one in under_way if day + FIRST <= one.arrives < day + AHEAD]
        into = [lambda parts, n=one.arrives - day - FIRST: float(costs[list(parts), n].sum()) for one in waiting]
        made = []
        for one in joined(len(whole), lambda parts: float(costs[list(parts)].sum(axis=0).min()), shipping, into):
            lines = [own[n] for n in one.parts if n < len(own)]
            if one.into is not None:
                waiting[one.into].lines += lines
            elif lines:
                best = int(np.argmin(costs[list(one.parts)].sum(axis=0)))
                made.append(Order(arrives=day + FIRST + best, lines=lines))
        return made

    return plan


def played(days: Sequence[Day], plan: Plan, first: int) -> list[Order]:
    """The orders that planning day by day comes to."""
    made: dict[int, list[Order]] = {}
    for n, day in enumerate(days):
        for household, own in day.opened.items():
            before = made.setdefault(household, [])
            before += plan(own, day.coming.get(household, []), before, first + n)
    return [order for own in made.values() for order in own]


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Sums:
    """Of each household: lines, orders (each line its share), lines bought in time to tell, days early, days late."""

    columns: Floats  # shape (n_households, 6), the last: lines bought before they would be placed

    @classmethod
    def of(cls, orders: Sequence[Order], since: int, n_households: int) -> Sums:
        found = np.zeros((n_households, 6))
        for order in orders:
            for need in order.lines:
                if need.day >= since:
                    found[need.household] += _row(need, order)
        return cls(columns=found)


def _row(need: Need, order: Order) -> tuple[float, ...]:
    share = 1 / len(order.lines)
    if need.needed - need.day > LONGEST:
        return 1, share, 0, 0, 0, 0
    apart = order.arrives + NOON - need.needed
    return 1, share, 1, max(-apart, 0), max(apart, 0), need.needed < order.arrives - 1 + 13 / 24


def table(found: dict[str, tuple[float, Sums]], base: Sums) -> Iterator[str]:
    """The rows, with intervals."""
    n = len(base.columns)
    rng = np.random.default_rng(SEED)
    weights = rng.multinomial(n, np.full(n, 1 / n), SAMPLES).astype(np.float64)
    names = ("plan", "shipping", "lines", "orders", "orders saved, %", "days early", "days late", "bought first, %")
    yield f"| {' | '.join(names)} | saved a line |"
    yield "|---" * (len(names) + 1) + "|"
    for name, (shipping, sums) in found.items():
        drawn = np.vstack([np.ones(n), weights])
        own, plain = drawn @ sums.columns, drawn @ base.columns
        saved = 100 * (1 - own[:, 1] / plain[:, 1])
        early, late, first = own[:, 3] / own[:, 2], own[:, 4] / own[:, 2], 100 * own[:, 5] / own[:, 2]
        gained = _cost(plain, shipping) - _cost(own, shipping)
        lines, orders = sums.columns[:, :2].sum(axis=0)
        cells = [_told(one, digits) for one, digits in ((saved, 1), (early, 2), (late, 2), (first, 1), (gained, 3))]
        yield f"| {name} | {shipping:g} | {lines:,.0f} | {orders:,.0f} | {' | '.join(cells)} |"


def _cost(sums: Floats, shipping: float) -> Floats:
    """Of a line."""
    days = WORTH.holding * sums[:, 3] + WORTH.out_of_stock * sums[:, 4]
    found: Floats = days / sums[:, 2] + shipping * sums[:, 1] / sums[:, 0]
    return found


def _told(drawn: Floats, digits: int) -> str:
    low, high = np.quantile(drawn[1:], (0.025, 0.975))
    return f"{drawn[0]:.{digits}f} ({low:.{digits}f} to {high:.{digits}f})"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--from", dest="since", type=datetime.fromisoformat, default=datetime(2017, 11, 1))
    parser.add_argument("--days", type=int, default=28)
    args = parser.parse_args()
    shop = snapshots(load())
    since = round(day_of(args.since.replace(tzinfo=UTC)))
    days = list(lived(shop, since - WARM_UP, WARM_UP + args.days))
    print("\n".join(compared(days, since, len(shop.purchases.visit_starts) - 1)))


def compared(days: Sequence[Day], since: int, n_households: int) -> Iterator[str]:
    """The table of all plans."""
    plans: dict[str, tuple[float, Plan]] = {
        "each as soon as its gate opens": (2.0, at_once),
        "all of a day, as soon as they open": (2.0, one_a_day),
    }
    plans |= {("timed" if not cost else f"timed, joined at {cost:g}"): (cost, timed(cost)) for cost in SHIPPING}
    plans["the same, nothing foreseen"] = (2.0, timed(2.0, foresee=False))
    found = {
        name: (cost, Sums.of(played(days, plan, since - WARM_UP), since, n_households))
        for name, (cost, plan) in plans.items()
    }
    yield from table(found, next(iter(found.values()))[1])


if __name__ == "__main__":
    main()
