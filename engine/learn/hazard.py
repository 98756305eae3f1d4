"""How likely a pair is bought in each of some intervals ahead, if not before: boosted trees over all of them at once.

Every row is a pair at an instant and an interval that it reached without being bought (a person-period; Singer and
Willett, Applied Longitudinal Data Analysis, 2003, ch. 11), so that chances over longer windows rise by themselves. How
busy the days of the interval are is not learned by the trees: it is added to their log odds.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from xgboost import Booster, QuantileDMatrix, train

from engine.learn.calendar import Calendar
from engine.learn.purchases import Floats, Ints
from engine.learn.raw_scores import raw_scores
from engine.learn.trees import packed, unpacked

KNOTS = "knots"
ROUNDS = 100
HEAVIEST, LIGHTEST = 50.0, 8.0  # of a leaf, in terms of the variance of what its rows came to; LEAVES decides between
LEAVES = 1000
BINNED = 50_000  # rows that traits are cut into bins by
TREES: dict[str, str | float] = {
    "objective": "binary:logistic",
    "base_score": 0.5,
    "tree_method": "hist",
    "eta": 0.1,
    "max_depth": 5,
    "max_bin": 64,
    "subsample": 0.8,
    "colsample_bynode": 0.5,
    "reg_lambda": 5.0,
    "nthread": 1,
}


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Risks:
    """Pairs that reached an interval without being bought, and whether they were bought in it.

    Attributes
    ----------
    values : float32 array of shape (n, n_traits), what was known before the first interval
    came : bool array of shape (n,)
    offset : float, log of how busy the days of the interval were
    """

    values: NDArray[np.float32]
    came: NDArray[np.bool_]
    offset: float


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Hazards:
    """The fitted hazards.

    Attributes
    ----------
    calendar : how busy days are
    trees : uint8 array, see ``trees``, the knots among their attributes
    knots : float array of shape (n_intervals,), days at which the intervals end, rising; the first begins at 0
    ends : float array of shape (1 + n_intervals,), the knots and the 0 before them
    """

    calendar: Calendar
    trees: NDArray[np.uint8]
    knots: Floats = field(init=False)
    ends: Floats = field(init=False)
    _booster: Booster = field(init=False, repr=False)

    def __post_init__(self) -> None:
        booster = unpacked(self.trees)
        object.__setattr__(self, "_booster", booster)
        object.__setattr__(self, "knots", np.array((booster.attr(KNOTS) or "").split(), float))
        object.__setattr__(self, "ends", np.concatenate(([0.0], self.knots)))

    @classmethod
    def fit(cls, risks: Mapping[float, Sequence[Risks]], calendar: Calendar, *, seed: int) -> Hazards:
        """On what came of past pairs; ``risks`` by the day their interval ends, the earliest first."""
        parts = [(place, one) for place, several in enumerate(risks.values()) for one in several]
        n, features = sum(len(one.came) for _, one in parts), parts[0][1].values.shape[1]
        rows, came, offsets = np.empty((n, features + 1), np.float32), np.empty(n, np.float32), np.empty(n, np.float32)
        start = 0
        for place, one in parts:
            here = slice(start, start + len(one.came))
            rows[here, :-1], rows[here, -1], came[here], offsets[here] = one.values, place, one.came, one.offset
            start = here.stop
        share = float(came.mean())
        lightest = float(np.clip(n * share * (1 - share) / LEAVES, LIGHTEST, HEAVIEST))
        bins = QuantileDMatrix(rows[:: -(-n // BINNED)], max_bin=int(TREES["max_bin"]), nthread=1)
        data = QuantileDMatrix(rows, came, base_margin=offsets, ref=bins, max_bin=int(TREES["max_bin"]), nthread=1)
        booster = train({**TREES, "min_child_weight": lightest, "seed": seed}, data, ROUNDS)
        booster.set_attr(**{KNOTS: " ".join(map(str, risks))})
        return cls(calendar=calendar, trees=packed(booster))

    @property
    def features(self) -> int:
        """How many traits of a pair the trees ask for."""
        return int(self._booster.num_features()) - 1

    def unknown(self, n: int) -> Floats:
        """``further`` of n pairs that nothing is known of yet: 0 at first, then nan; shape (n, 1 + n_knots)."""
        found = np.full((n, 1 + len(self.knots)), np.nan)
        found[:, 0] = 0.0
        return found

    def further(self, values: NDArray[np.float32], day: float, known: Floats, most: float | Floats) -> Floats:
        """-log(1 - p) of buying in [day, day + knot), for 0 and each knot up to the first that is not below ``most``.

        Parameters
        ----------
        known : float array of shape (n, 1 + n_knots), see ``unknown``: what is not nan is not worked out again
        most : days, one for all or of shape (n,); below 0 nothing is asked for
        """
        last = np.minimum(np.searchsorted(self.knots, most) + (np.asarray(most) >= 0), len(self.knots))
        if not np.isnan(known[np.arange(len(known)), last]).any():
            return known
        return self._summed(values, known, last, self.calendar.offsets(day, self.ends))

    def cumulative(self, values: NDArray[np.float32], day: float, most: float = np.inf) -> Floats:
        """The same of pairs that nothing is known of yet, shape (n, 1 + n_knots up to ``most``)."""
        steps = min(int(np.searchsorted(self.knots, most)) + 1, len(self.knots))
        offsets = self.calendar.offsets(day, self.ends[: steps + 1])
        return self._summed(values, self.unknown(len(values)), np.full(len(values), steps), offsets)[:, : 1 + steps]

    def _summed(self, values: NDArray[np.float32], known: Floats, last: Ints, offsets: Floats) -> Floats:
        """``known`` with what is missing up to knot number ``last`` of each."""
        have = len(self.knots) - np.count_nonzero(np.isnan(known), axis=1)
        steps = np.maximum(last - have, 0)
        pairs = np.repeat(np.arange(len(values)), steps)
        places = np.arange(len(pairs)) - np.repeat(np.cumsum(steps) - steps - have, steps)
        rows = np.empty((len(pairs), values.shape[1] + 1), np.float32)
        rows[:, :-1], rows[:, -1] = values[pairs], places
        found = known.copy()
        found[pairs, places + 1] = np.logaddexp(
            0.0, raw_scores(self._booster, rows).astype(np.float64) + offsets[places]
        )
        for knot in range(1, found.shape[1]):
            new = (have < knot) & (knot <= last)
            found[new, knot] += found[new, knot - 1]
        return found

    def within(self, values: NDArray[np.float32], day: float, window: float) -> Floats:
        """P(bought in [day, day + window)), shape (n,), for one of the knots, or straight between two of them."""
        at, hazards = self.ends, self.cumulative(values, day, window)
        right = hazards.shape[1] - 1
        inside = (window - at[right - 1]) / (at[right] - at[right - 1])
        found: Floats = -np.expm1(-(hazards[:, right - 1] + inside * (hazards[:, right] - hazards[:, right - 1])))
        return found

    def arrays(self) -> dict[str, NDArray[Any]]:
        """What it is, as arrays."""
        return {"calendar": self.calendar.weights, "trees": self.trees}

    @classmethod
    def of_arrays(cls, arrays: dict[str, NDArray[Any]]) -> Hazards:
        """The inverse of ``arrays``."""
        return cls(calendar=Calendar(weights=arrays["calendar"]), trees=arrays["trees"])
