"""What a log cannot say: whether the policy goes where the log went often enough, and what is objected if not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from engine.domain.estimates import NotEstimable
from engine.learn.offpolicy.log import Floats
from engine.learn.offpolicy.sums import THIN, WR, N, Sums, W

LEAST = 30.0  # effective sample size
LEAST_SHARE = 0.05  # of the rows, unless it is
PLENTY = 1_000.0
MOST_THIN = 0.05  # of the policy's mass where the log hardly goes
MOST_UNLOGGED = 0.001  # of the policy's mass on actions that the log does not have at all
LARGEST = 0.10  # share of all weight that one unit may have
OFF = 4.0  # standard errors the mean weight may be off
NEAR = 0.02  # and so much it may always be off
REWARDED = 10.0  # units that carry the reward


@dataclass(frozen=True, kw_only=True, slots=True)
class Support:
    """How far a log carries a policy.

    Attributes
    ----------
    ess, ess_units : effective sample size, (sum of w)**2 / sum of w**2 (Kish, 1965), of rows and of units
    mean_weight, mean_weight_se : of w, which is 1 on average where the log goes wherever the policy does
    largest_share : of all weight, that of the heaviest unit
    thin : the policy's mass where the logged propensity is below ``THIN``
    unlogged : action -> the policy's mass on it where the log does not have it
    rewarded : how many units of equal reward would be worth as much as those the policy's value rests on
    """

    rows: int
    ess: float
    ess_units: float
    mean_weight: float
    mean_weight_se: float
    largest_share: float
    thin: float
    unlogged: Mapping[str, float]
    rewarded: float

    @classmethod
    def of(cls, sums: Sums, actions: Sequence[str]) -> Support:
        """What the sums over a log tell of it.

        Parameters
        ----------
        actions : by their codes
        """
        rows, weights = sums.units[:, N], sums.units[:, W]
        n, total = float(rows.sum()), float(weights.sum())
        mean = total / n
        off = weights - mean * rows
        missing = {one: mass / n for one, mass in zip(actions, sums.unlogged.tolist(), strict=True) if mass > 1e-9 * n}
        bounded = 0 < sums.squares < np.inf and total * total < np.inf
        ess = total**2 / sums.squares if bounded else 0.0
        return cls(
            rows=sums.rows,
            ess=ess,
            ess_units=ess if sums.grouped else _effective(weights),
            mean_weight=mean,
            mean_weight_se=float(np.sqrt(off @ off)) / n,
            largest_share=float(weights.max()) / total if bounded else 1.0,
            thin=sums.thin / n,
            unlogged=dict(sorted(missing.items(), key=lambda entry: -entry[1])),
            rewarded=_effective(np.abs(sums.units[:, WR])),
        )

    def objections(self) -> list[NotEstimable]:
        """Everything that speaks against an estimate; empty where nothing does."""
        checks = (self._unlogged(), self._weight(), self._thin(), self._ess(), self._largest(), self._rewarded())
        return [one for one in checks if one is not None]

    def _unlogged(self) -> NotEstimable | None:
        mass = sum(self.unlogged.values())
        if mass <= MOST_UNLOGGED:
            return None
        names = ", ".join(list(self.unlogged)[:5]) + (", ..." if len(self.unlogged) > 5 else "")
        return NotEstimable(
            reason=f"{mass:.1%} of the policy's probability is on actions the log does not have there: {names}",
            needed=f"a log in which {names} is sometimes chosen, with a propensity of at least {THIN}",
        )

    def _weight(self) -> NotEstimable | None:
        """A policy's mass that the log never meets is missing from the mean weight."""
        expected = 1 - sum(self.unlogged.values())
        off = abs(self.mean_weight - expected)
        if off <= max(OFF * self.mean_weight_se, NEAR):
            return None
        return NotEstimable(
            reason=f"the mean weight is {self.mean_weight:.3f} and not {expected:.3f}: the policy's choices have no"
            " propensity in part of the contexts, or the propensities are not those the log was made with",
            needed="a log that gives every action the policy may choose a propensity above 0, as it was when choosing",
        )

    def _thin(self) -> NotEstimable | None:
        if self.thin <= MOST_THIN:
            return None
        return NotEstimable(
            reason=f"{self.thin:.1%} of the policy's probability is where the log's is below {THIN}",
            needed=f"a log with propensities of at least {THIN} for what the policy does in all but {MOST_THIN:.0%}",
        )

    def _ess(self) -> NotEstimable | None:
        share, ess = self.ess / self.rows, min(self.ess, self.ess_units)
        near = share >= LEAST_SHARE
        least = LEAST if near else max(LEAST, min(PLENTY, LEAST_SHARE * self.rows))
        if ess >= least:
            return None
        enough = f"about {self.rows * (LEAST if near else PLENTY) / ess:,.0f} rows like these, or " if ess else ""
        return NotEstimable(
            reason=f"the effective sample size is {ess:.1f} of {self.rows:,} rows, below {least:.0f}",
            needed=f"{enough}a log made by a policy nearer to this one",
        )

    def _largest(self) -> NotEstimable | None:
        if self.largest_share <= LARGEST:
            return None
        return NotEstimable(
            reason=f"one context or customer has {self.largest_share:.1%} of all weight, more than {LARGEST:.0%}",
            needed="more rows, or a log made by a policy nearer to this one",
        )

    def _rewarded(self) -> NotEstimable | None:
        if self.rewarded >= REWARDED:
            return None
        return NotEstimable(
            reason=f"the rewards the policy would see come from {self.rewarded:.1f} contexts or customers in effect,"
            f" below {REWARDED:.0f}",
            needed="more rows with a reward other than 0 among what the policy does",
        )


def _effective(sizes: Floats) -> float:
    """How many of equal size they are worth."""
    most = float(sizes.max())
    return float((sizes / most).sum() ** 2 / ((sizes / most) @ (sizes / most))) if most else 0.0
