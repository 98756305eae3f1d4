"""What one customer bought, as columns: the shape that models read."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np
from numpy.typing import NDArray

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def day_of(at: datetime) -> float:
    """The instant as days since 1970-01-01 UTC.

    Examples
    --------
    >>> day_of(datetime(1970, 1, 2, 12, tzinfo=UTC))
    1.5
    """
    return (at - _EPOCH).total_seconds() / 86_400


def at_day(day: float) -> datetime:
    """The instant so many days after 1970-01-01 UTC, to the second.

    Examples
    --------
    >>> at_day(1.5).isoformat()
    '1970-01-02T12:00:00+00:00'
    """
    return _EPOCH + timedelta(seconds=round(day * 86_400))


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class History:
    """One customer's purchase lines, oldest first.

    Attributes
    ----------
    items, families : object arrays of str, shape (n_lines,)
    orders : int array, shape (n_lines,), index of the order from 0, in time
    days : float array, shape (n_lines,), days since 1970-01-01 UTC, ascending
    quantities : int array, shape (n_lines,)
    amounts : float array, shape (n_lines,), minor units of the whole line, nan where unknown
    """

    items: NDArray[np.object_]
    families: NDArray[np.object_]
    orders: NDArray[np.int64]
    days: NDArray[np.float64]
    quantities: NDArray[np.int64]
    amounts: NDArray[np.float64]

    @classmethod
    def empty(cls) -> History:
        """Nothing bought, or nothing that may be looked at."""
        return cls(
            items=np.empty(0, object),
            families=np.empty(0, object),
            orders=np.empty(0, np.int64),
            days=np.empty(0),
            quantities=np.empty(0, np.int64),
            amounts=np.empty(0),
        )

    def __len__(self) -> int:
        return len(self.items)

    def before(self, day: float) -> History:
        """The lines bought before ``day`` (days since 1970-01-01 UTC)."""
        if not len(self) or self.days[-1] < day:
            return self
        return self.take(slice(0, int(np.searchsorted(self.days, day, side="left"))))

    def take(self, lines: slice | NDArray[np.bool_]) -> History:
        """Some of the lines, in their order. Order numbers stay as they are."""
        return History(
            items=self.items[lines],
            families=self.families[lines],
            orders=self.orders[lines],
            days=self.days[lines],
            quantities=self.quantities[lines],
            amounts=self.amounts[lines],
        )
