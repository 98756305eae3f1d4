"""Orders that were not made: what would have been ordered unasked at past instants, and whether it was right.

They are scored by fits that saw none of what came after, as the certificates are, each over the window of its own pair,
one after the other without overlap. From them a customer's ladder begins with the evidence of their own past.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.learn.certificate import SHARED
from engine.learn.purchases import median_gaps
from engine.learn.rhythm import WINDOWS, is_due, order_window
from engine.learn.snapshots import Snapshots

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
BACK = 112  # days: four of the longest windows
LEAST = 0.5  # probability, from which an order counts as one that might have been made


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Shadows:
    """Shadows that are closed; arrays of shape (n,).

    Attributes
    ----------
    owners, families : codes of customer and family
    opened : days since 1970-01-01 UTC
    closed : when the family was bought, or when the window ended
    probability : that it would be right, as foreseen when it was opened
    right : whether the family was bought within the window
    """

    owners: Ints
    families: Ints
    opened: Floats
    closed: Floats
    probability: Floats
    right: NDArray[np.bool_]

    @classmethod
    def joined(cls, parts: list[Shadows]) -> Shadows:
        """All of them."""
        kinds = {"owners": np.int64, "families": np.int64, "right": np.bool_}
        names = cls.__dataclass_fields__
        whole: dict[str, NDArray[Any]] = {
            name: np.concatenate([np.zeros(0, kinds.get(name, np.float64)), *(getattr(one, name) for one in parts)])
            for name in names
        }
        return cls(**whole)


def shadows(snapshots: Snapshots, day: float, back: int = BACK) -> Shadows:
    """Those of the days before ``day``, as far as there was something to learn from before them."""
    starts = {window: [day - window * n for n in range(1, back // window + 1)] for window in WINDOWS}
    cutoffs = sorted({cutoff for several in starts.values() for cutoff in several})
    found = []
    for cutoff in (one for one in cutoffs if one >= snapshots.first):
        windows = [window for window, several in starts.items() if cutoff in several]
        found += _opened(snapshots, cutoff, day, windows)
    return Shadows.joined(found)


def _opened(snapshots: Snapshots, cutoff: float, day: float, windows: list[int]) -> list[Shadows]:
    fitted = snapshots.fit(day - SHARED * ceil((day - cutoff) / SHARED))
    if fitted is None:
        return []
    seen = snapshots.at(cutoff)
    gaps = median_gaps(snapshots.purchases, seen.traits.pairs, seen.traits.counts)
    since = seen.day - seen.traits.last
    own = np.where(is_due(since, gaps), order_window(gaps), 0)
    found = []
    for window in windows:
        meant = np.flatnonzero(own == window)
        p = fitted.within(seen.traits.values[meant], cutoff, window)
        meant, p = meant[p >= LEAST], p[p >= LEAST]
        wait = seen.wait[meant]
        found.append(
            Shadows(
                owners=seen.owners[meant],
                families=snapshots.purchases.families[seen.traits.pairs[meant]],
                opened=np.full(len(meant), cutoff),
                closed=cutoff + np.minimum(wait, window),
                probability=p,
                right=wait < window,
            )
        )
    return found
