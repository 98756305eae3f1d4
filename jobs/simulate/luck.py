"""What chance decides on a day of an invented world."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import numpy as np

from jobs.simulate.seen import Floats


class Lot(IntEnum):
    """What chance decides about a pair on one day."""

    TAKEN = 0
    MOVED = 1
    LATER = 2
    NOTICED = 3
    PRINCIPLE = 4
    SENT_BACK = 5
    COMPLAINED = 6
    RECALLED = 7
    ELSEWHERE = 8
    VARIETY = 9
    ENDED = 10
    SHIFTED = 11


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Lots:
    """The chance of one day: the same seed and day are the same luck, whatever is decided.

    Attributes
    ----------
    pair : float array of shape (len(Lot), n, m), uniform
    customer : float array of shape (2, n, 1), uniform: opting out of contact, leaving
    price : float array of shape (m,), uniform
    shift : float array of shape (n, m), standard normal
    rng : for what hangs on what was bought
    """

    pair: Floats
    customer: Floats
    price: Floats
    shift: Floats
    rng: np.random.Generator

    @classmethod
    def drawn(cls, n: int, m: int, rng: np.random.Generator) -> Lots:
        """Those of a day for n customers with m needs."""
        return cls(
            pair=rng.random((len(Lot), n, m)),
            customer=rng.random((2, n, 1)),
            price=rng.random(m),
            shift=rng.standard_normal((n, m)),
            rng=rng,
        )
