"""What else there is of the families that an owner buys."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.learn.candidates import Proposed, first_of_each
from engine.learn.cases import Cases
from engine.learn.runs import begins
from engine.learn.state import ORDERS

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
FAMILIES = 40  # of each owner, that are looked at
MOST = 12  # items of a family
HALF_LIFE = 1  # of a state's half-lives in orders: how lately a family was bought


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Siblings:
    """The items of each family that are sold most lately.

    Attributes
    ----------
    items : int32 array of shape (n_families, 12), codes, the first the most sold; -1 where there are fewer
    shares : float32 array of the same shape, of all that is sold of the family lately
    """

    items: NDArray[np.int32]
    shares: NDArray[np.float32]

    @classmethod
    def fit(cls, family_of: Ints, n_families: int, ranking: Ints, sold: Floats) -> Siblings:
        """From the items that are sold at all, the most sold first, and how much each is sold, shape (n_items,)."""
        families = family_of[ranking]
        order = np.argsort(families, kind="stable")
        families = families[order]
        starts = begins(families)
        place = np.arange(len(families)) - np.repeat(starts, np.diff(np.append(starts, len(families))))
        first = place < MOST
        items, shares = np.full((n_families, MOST), -1, np.int32), np.zeros((n_families, MOST), np.float32)
        at = families[first], place[first]
        items[at] = ranking[order[first]]
        total = np.bincount(families, sold[ranking[order]], minlength=n_families)
        shares[at] = sold[items[at]] / total[families[first]]
        return cls(items=items, shares=shares)

    def candidates(self, cases: Cases, n: int) -> Proposed:
        """The ``n`` items of each owner's families that are likeliest to be taken for the first time.

        By how often and lately the family was bought, times the item's share of it.
        """
        families, orders = cases.state.families, cases.state.visits.orders
        rows = np.flatnonzero(families.codes < len(self.items))
        since = orders[families.owners[rows]] - 1 - families.last_order[rows]
        fond = families.by_orders[rows, HALF_LIFE] * np.exp2(-since / ORDERS[HALF_LIFE])
        dearest = first_of_each(families.owners[rows], fond, FAMILIES)
        rows, fond = rows[dearest], fond[dearest]
        owners, codes = families.owners[rows], families.codes[rows]
        items = self.items[codes].astype(np.int64)
        new = (items >= 0) & cases.open(items)
        keys = np.where(new, owners[:, None] * cases.n_items + items, -1)
        new &= ~cases.state.items.find(keys.ravel())[1].reshape(keys.shape)
        pairs, places = np.nonzero(new)
        best = first_of_each(owners[pairs], fond[pairs] * self.shares[codes[pairs], places], n)
        return Proposed(owners=owners[pairs[best]], items=items[pairs[best], places[best]])
