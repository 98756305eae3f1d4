"""How customers buy, in a few numbers of which none says who they are."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.learn.state import State

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
SHRINK = 2.0  # purchases of the usual kind, that every share is drawn to
USUAL = 0.5  # the share they have


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Features:
    """What customers are told apart by.

    Attributes
    ----------
    names : of the features, d of them
    values : float array of shape (n, d), nan where a thing is not known
    """

    names: tuple[str, ...]
    values: Floats

    def __len__(self) -> int:
        return len(self.values)


def behaviour(state: State, days: Floats | float, spent: Floats | None = None) -> Features:
    """The features of some owners as of ``days``; nothing of who, where or how old they are.

    - recency: log(1 + days since the last order)
    - frequency: log(1 + orders)
    - monetary: log(1 + minor units spent), or log(1 + lines) where amounts are not known at all
    - basket: log(1 + lines an order), only beside known amounts: lines are orders times lines an order
    - repeat: log-odds of the share of lines that were bought before, drawn to one half by two lines

    Parameters
    ----------
    days : now of each owner, days since 1970-01-01 UTC
    spent : float array of shape (n_owners,), minor units, nan where it is not known; None: amounts are not known
    """
    visits, items = state.visits, state.items
    different = np.bincount(items.owners, minlength=state.n_owners)
    again = visits.lines - different + SHRINK * USUAL
    known = {
        "recency": np.log1p(np.maximum(days - visits.last_day, 0.0)),
        "frequency": np.log1p(visits.orders),
        **(
            {"monetary": np.log1p(visits.lines)}
            if spent is None
            else {
                "monetary": np.log1p(np.maximum(spent, 0.0)),
                "basket": np.log1p(visits.lines / np.maximum(visits.orders, 1)),
            }
        ),
        "repeat": np.log(again / (visits.lines + SHRINK - again)),
    }
    return Features(names=tuple(known), values=np.column_stack(list(known.values())))


def spending(owners: Ints, amounts: Floats, n_owners: int) -> Floats:
    """What each owner spent, minor units; lines without an amount count as the owner's usual one.

    Parameters
    ----------
    owners : int array of shape (n_lines,)
    amounts : float array of shape (n_lines,), nan where it is not known

    Examples
    --------
    >>> spending(np.array([0, 0, 1]), np.array([200.0, np.nan, np.nan]), 3).tolist()
    [400.0, nan, nan]
    """
    there = np.isfinite(amounts)
    lines = np.bincount(owners, minlength=n_owners)
    told = np.bincount(owners[there], minlength=n_owners)
    sums = np.bincount(owners[there], amounts[there], minlength=n_owners)
    found: Floats = np.where(told > 0, sums * lines / np.maximum(told, 1), np.nan)
    return found
