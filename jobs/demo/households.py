"""How households answer, from what they really bought; what the data cannot say is drawn by a seeded rule.

- A question (rung approve) is answered with yes where the household really bought the family within two days.
- An announced order is stopped by 30 % of the households that did not buy the family within its window, and by 2 % of
  those that did.
- One visitor in ten asks in words for something that is in that day's basket.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
import pandas as pd

from engine.assignment import uniform
from modes.request import Request

YES_WITHIN = timedelta(days=2)
STOP_WRONG, STOP_RIGHT = 0.30, 0.02
ASKING = 0.10


@dataclass(frozen=True, kw_only=True)
class Truth:
    """What every household really bought, by household and family, as sorted instants."""

    bought: Mapping[tuple[str, str], np.ndarray]  # type: ignore[type-arg]
    until: datetime  # how far is known
    seed: int

    @classmethod
    def of(cls, lines: pd.DataFrame, items: pd.DataFrame, seed: int) -> Truth:
        """From all lines there are."""
        named = lines.merge(items[["item_id", "family"]], on="item_id", how="left")
        named = named.assign(at=named["ordered_at"].dt.tz_localize(None)).sort_values("at")
        groups = named.groupby(["customer_id", "family"], sort=False)["at"]
        bought = {pair: times.to_numpy() for pair, times in groups}
        return cls(bought=bought, until=lines["ordered_at"].max().to_pydatetime(), seed=seed)

    def buys(self, customer_id: str, family: str, start: datetime, within: timedelta) -> bool | None:
        """Whether the family was bought in [start, start + within); None where that is not known to its end."""
        times = self.bought.get((customer_id, family))
        first = _utc(start)
        place = 0 if times is None else int(np.searchsorted(times, first))
        if times is not None and place < len(times) and times[place] < _utc(start + within):
            return True
        return None if start + within > self.until else False

    def says_yes(self, customer_id: str, family: str, asked_at: datetime) -> bool:
        """Whether a question is answered with yes."""
        return self.buys(customer_id, family, asked_at, YES_WITHIN) is True

    def stops(self, customer_id: str, family: str, at: datetime, within: timedelta) -> bool:
        """Whether an announced order is stopped."""
        wrong = self.buys(customer_id, family, at, within) is False
        return self._draw("stop", f"{customer_id} {family} {at.isoformat()}") < (STOP_WRONG if wrong else STOP_RIGHT)

    def requests(self, visits: Mapping[str, Sequence[str]], names: Mapping[str, str], day: str) -> dict[str, Request]:
        """What some of the visitors ask for: the name of an item of the basket they went home with."""
        asked = {}
        for id, basket in visits.items():
            named = sorted(name for item in basket if isinstance(name := names.get(item), str))
            if named and self._draw("ask", f"{id} {day}") < ASKING:
                asked[id] = Request(query=named[int(self._draw("what", f"{id} {day}") * len(named))])
        return asked

    def _draw(self, what: str, unit: str) -> float:
        return uniform(f"demo {self.seed}", what, unit)


def _utc(at: datetime) -> np.datetime64:
    return np.datetime64(at.replace(tzinfo=None))
