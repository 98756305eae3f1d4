"""What a shop sees of its customers on the morning of a day, and of nothing else may it decide."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from modes.signals import Signal

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]


class Sign(IntEnum):
    """What can be seen of one need of a customer on one day; places in the last axis of ``Morning.signs``."""

    ACCEPTED = 0  # took up what was recommended, coached or asked
    EDITED = 1  # took it up as another item
    PROGRESSED = 2  # came nearer to a goal, bought nothing
    IGNORED = 3
    SNOOZED = 4
    VETOED = 5
    KEPT = 6  # an order nobody was asked about was not sent back
    RETURNED = 7
    COMPLAINED = 8
    ORDERED = 9  # of their own accord


SIGNALS = {  # in the words of `modes.signals`; progress is none of them
    Sign.ACCEPTED: Signal.ACCEPTED,
    Sign.EDITED: Signal.EDITED,
    Sign.IGNORED: Signal.IGNORED,
    Sign.SNOOZED: Signal.SNOOZED,
    Sign.VETOED: Signal.VETOED,
    Sign.KEPT: Signal.KEPT,
    Sign.RETURNED: Signal.RETURNED,
    Sign.COMPLAINED: Signal.COMPLAINED,
    Sign.ORDERED: Signal.OWN_ORDER,
}
BY_US = (Sign.ACCEPTED, Sign.EDITED, Sign.KEPT, Sign.COMPLAINED)  # orders that we brought about
FULFILLED = (*BY_US, Sign.ORDERED)
REFUSED = (Sign.IGNORED, Sign.SNOOZED, Sign.VETOED)


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Morning:
    """What is known before anything is decided.

    Attributes
    ----------
    ceiling : int array of shape (n,), the highest rung each customer allows
    agency, trust : float arrays of shape (n,), 0 to 1, as customers say of themselves
    goals : bool array of shape (n, m), needs for which a customer told of a goal
    reachable : bool array of shape (n,), neither opted out of contact nor gone
    messages : int array of shape (n,), of the last seven days
    signs : bool array of shape (n, m, len(Sign)), of yesterday
    right : bool array of shape (n, m), yesterday's order was needed and of the usual item
    """

    day: int
    ceiling: Ints
    agency: Floats
    trust: Floats
    goals: Bools
    reachable: Bools
    messages: Ints
    signs: Bools
    right: Bools

    def saw(self, *signs: Sign) -> Bools:
        """Whether one of the signs was seen, shape (n, m)."""
        return np.asarray(self.signs[..., list(signs)].any(axis=-1))


def signs_of(codes: Ints, names: Sequence[Sign | None]) -> Bools:
    """Signs from codes, one a pair, of which each stands for the name in its place.

    Examples
    --------
    >>> signs_of(np.array([[0, 1]]), [None, Sign.EDITED])[0].sum(axis=0).tolist()
    [0, 1, 0, 0, 0, 0, 0, 0, 0, 0]
    """
    table = np.zeros((len(names), len(Sign)), bool)
    for code, name in enumerate(names):
        if name is not None:
            table[code, name] = True
    return table[codes]
