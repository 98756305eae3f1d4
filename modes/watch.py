"""The live watch over orders made unasked: are they right as often as was promised, in what really came of them?

An e-process against the hypothesis that they are, less a little: how much better a share of wrong orders above what
the promise leaves room for explains what came, a mixture of such shares (Waudby-Smith and Ramdas, Estimating Means of
Bounded Random Variables by Betting, 2024; Ramdas, Grunwald, Vovk, Shafer 2023). While the promise is kept it ever
reaches 20 with probability 1/20 at most, however often one looks (Ville), so reaching it shuts the rung.

It may be computed anew from all orders at every look, an order counting as right until it is known to be wrong: each
value so found is at most that of the final answers, since a wrong order always raises it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

import numpy as np
from numpy.typing import NDArray

from modes.ladder import e_value

SLACK = 0.03  # below the promise, that is not yet a broken promise
ENOUGH = 20.0  # wealth at which a rung is shut
SPREAD = 0.3  # above what the promise leaves room for: the shares of wrong orders that are looked for
RIPE = timedelta(
    days=7
)  # after an order was decided on it is judged: what is vetoed at once would come first otherwise


@dataclass(frozen=True, kw_only=True, slots=True)
class Watched:
    """What the orders of a rung say, up to the one that shut it."""

    judged: int
    wrong: int
    wealth: float  # the most it came to
    shuts: bool


def watched(wrong: NDArray[np.bool_], promise: float) -> Watched:
    """The record of a rung against its promise.

    Parameters
    ----------
    wrong : bool array of shape (n,), in the order the executions were decided in

    Examples
    --------
    >>> watched(np.zeros(500, bool), 0.9)
    Watched(judged=500, wrong=0, wealth=1.0, shuts=False)
    >>> watched(np.ones(10, bool), 0.9)
    Watched(judged=4, wrong=4, wealth=34.2278, shuts=True)
    """
    room = 1 - (promise - SLACK)
    bad = np.cumsum(wrong).astype(np.float64)
    good = np.arange(1.0, len(wrong) + 1) - bad
    path = np.concatenate((np.ones(1), e_value(bad, good, room, min(room + SPREAD, 1.0))))
    reached = np.flatnonzero(path >= ENOUGH)
    end = int(reached[0]) if len(reached) else len(wrong)
    return Watched(
        judged=end,
        wrong=int(wrong[:end].sum()),
        wealth=round(float(path[: end + 1].max()), 4),
        shuts=bool(len(reached)),
    )
