"""What is known of a candidate, as numbers that a ranking weighs: of the pair, its family, the item, the owner."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from engine.learn.cases import Cases
from engine.learn.demand import TRAITS
from engine.learn.market import LATELY, Market
from engine.learn.state import DAYS, ORDERS, Tally

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Float32s = NDArray[np.float32]

PAIR = (
    "times",
    *(f"by_{int(h)}_orders" for h in ORDERS),
    *(f"by_{int(h)}_days" for h in DAYS),
    "orders_since",
    "days_since",
    "orders_since_first",
    "days_since_first",
    "last_gap_orders",
    "last_gap_days",
    "mean_gap_orders",
    "mean_gap_days",
    "overdue_orders",
    "overdue_days",
    "rate",
    "log_size",
)
OWNER = ("orders", "mean_size", "repeat_share", "days_since_order", "mean_days_between", "latest_sizes", "late")
NAMES = (
    *PAIR,
    *(f"family_{name}" for name in PAIR),
    *TRAITS,
    *(f"family_{name}" for name in TRAITS),
    "against_usual_gap",
    "against_usual_orders",
    "family_against_usual_gap",
    "family_against_usual_orders",
    *OWNER,
    "share_of_family",
    "share_of_sales",
    "share_of_need",
    "votes",
    "taste",
)
USUAL_GAP, USUAL_ORDERS = TRAITS.index("usual_gap"), TRAITS.index("usual_orders")
SHORTEST = 0.5  # days that a gap counts for at least


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Candidates:
    """Pairs of owner and item that are to be ranked; arrays of shape (n,), owners ascending.

    Attributes
    ----------
    owners, items : int arrays
    own : whether the owner bought the item before
    votes, taste : what neighbours and factors say of it
    """

    owners: Ints
    items: Ints
    own: NDArray[np.bool_]
    votes: Floats
    taste: Floats

    def take(self, kept: NDArray[np.bool_]) -> Candidates:
        """Some of them."""
        return Candidates(**{field.name: getattr(self, field.name)[kept] for field in fields(self)})


def features(cases: Cases, found: Candidates, market: Market) -> Float32s:
    """One row a candidate, one column a name of ``NAMES``; nan where a thing is not known."""
    state, families = cases.state, cases.family_of[found.items]
    item = _pairs(state.items, cases, found.owners, found.items)
    family = _pairs(state.families, cases, found.owners, families)
    of_item, of_family = market.of_items(found.items), market.of_families(families)
    share = np.expm1(of_item[:, LATELY]) / np.maximum(np.expm1(of_family[:, LATELY]), 1e-9)
    lately = PAIR.index("by_5_orders")
    with np.errstate(divide="ignore", invalid="ignore"):
        made = _side_by_side(
            len(found.items),
            item,
            family,
            of_item,
            of_family,
            *_against(item, of_item),
            *_against(family, of_family),
            _owners(cases)[found.owners],
            item[:, lately] / family[:, lately],
            share,
            share * family[:, lately],
            found.votes,
            found.taste,
        )
    made[~np.isfinite(made)] = np.nan
    return made


def _side_by_side(n: int, *parts: Floats | Float32s) -> Float32s:
    """``NAMES`` of n candidates, from columns and tables of some."""
    made, start = np.empty((n, len(NAMES)), np.float32), 0
    for part in parts:
        columns = part if part.ndim > 1 else part[:, None]
        made[:, start : start + columns.shape[1]] = columns
        start += columns.shape[1]
    assert start == len(NAMES), f"{start} columns for {len(NAMES)} names"
    return made


def _pairs(tally: Tally, cases: Cases, owners: Ints, codes: Ints) -> Floats:
    """``PAIR`` of each: zeros for how often, nan for when, where it was never bought."""
    found = np.full((len(owners), len(PAIR)), np.nan)
    found[:, : 1 + len(ORDERS) + len(DAYS)] = 0.0
    rows, there = tally.find(owners * tally.n_codes + codes)
    rows, owners = rows[there], owners[there]
    visits = cases.state.visits.orders[owners]
    count, last, first = tally.counts[rows], tally.last_order[rows], tally.first_order[rows]
    since, age = visits - last, np.maximum(cases.days[owners] - tally.last_day[rows], 0.0)
    gaps = np.where(count > 1, count - 1, np.nan)
    mean_orders, mean_days = (last - first) / gaps, (tally.last_day[rows] - tally.first_day[rows]) / gaps
    found[there] = np.column_stack(
        [
            count,
            tally.by_orders[rows] * np.exp2(-(since - 1)[:, None] / np.array(ORDERS)),
            tally.by_days[rows] * np.exp2(-age[:, None] / np.array(DAYS)),
            since,
            age,
            visits - first,
            cases.days[owners] - tally.first_day[rows],
            last - tally.prior_order[rows],
            tally.last_day[rows] - tally.prior_day[rows],
            mean_orders,
            mean_days,
            since / mean_orders,
            age / np.maximum(mean_days, SHORTEST),
            count / (visits - first),
            tally.log_sizes[rows] / count,
        ]
    )
    return found


def _against(pair: Floats, traits: Float32s) -> tuple[Floats, Floats]:
    """How the time since the last purchase stands to the usual gap of all who buy it, in days and in orders."""
    return (
        np.log1p(pair[:, PAIR.index("days_since")]) - traits[:, USUAL_GAP],
        np.log1p(pair[:, PAIR.index("orders_since")]) - traits[:, USUAL_ORDERS],
    )


def _owners(cases: Cases) -> Floats:
    """``OWNER`` of each owner."""
    visits, items = cases.state.visits, cases.state.items
    different = np.bincount(items.owners, minlength=len(cases))
    since = np.maximum(cases.days - visits.last_day, 0.0)
    between = (cases.days - visits.first_day) / np.maximum(visits.orders, 1.0)
    with np.errstate(invalid="ignore"):
        latest = np.nansum(visits.sizes, axis=1) / np.sum(np.isfinite(visits.sizes), axis=1)
    return np.column_stack(
        [
            visits.orders,
            visits.lines / np.maximum(visits.orders, 1.0),
            1 - different / np.maximum(visits.lines, 1.0),
            since,
            between,
            latest,
            since / np.maximum(between, SHORTEST),
        ]
    )
