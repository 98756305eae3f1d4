"""What was tried and what came of it, as columns."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from engine.domain.decisions import Rung
from engine.measure.shares import Calibration, Tally
from jobs.backtest.trials import Trial
from jobs.backtest.truth import Ahead

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]


@dataclass(kw_only=True, slots=True)
class Sheet:
    """Rows as they are written, one a trial."""

    rows: list[tuple[float, ...]] = field(default_factory=list)
    served: dict[Rung, set[tuple[int, str, int]]] = field(default_factory=dict)  # customer, family and day

    def add(self, trial: Trial, ahead: Ahead, *, owner: int, week: int, persona: int, until: float) -> None:
        """One trial; what is not over by ``until`` has no outcome."""
        listed = trial.rung is Rung.CURATE
        found = ahead.came(trial.family, trial.items, trial.quantity, trial.window, listed=listed)
        over = ahead.day + trial.window <= until
        wider = trial.wider or trial.window
        later = ahead.came(trial.family, trial.items, trial.quantity, wider, listed=listed).right
        if over and found.day is not None:
            self.served.setdefault(trial.rung, set()).add((owner, trial.family, int(found.day)))
        came = (found.right, found.family, found.exact, found.quantity, later)
        known = (over, ahead.day + wider <= until)
        place = (owner, trial.rung, week, persona)
        self.rows.append((*place, trial.said, trial.allowed, trial.speaks, *known, *came))

    def columns(self) -> Columns:
        """All of them."""
        table = np.array(self.rows, np.float64).reshape(len(self.rows), 14).T
        whole, flags = table[:4].astype(np.int64), table[5:].astype(bool)
        return Columns(
            owners=whole[0],
            rungs=whole[1],
            weeks=whole[2],
            personas=whole[3],
            said=table[4],
            allowed=flags[0],
            speaks=flags[1],
            over=flags[2],
            over_wider=flags[3],
            right=flags[4],
            family=flags[5],
            exact=flags[6],
            quantity=flags[7],
            wider=flags[8],
        )


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Columns:
    """Trials; arrays of shape (n_trials,).

    Attributes
    ----------
    owners, rungs, weeks, personas : codes; persona -1: not known
    said : probability that a trial rests on
    allowed : by what the customer has stored
    speaks : whether it is a message
    over, over_wider : whether its window, or the one an unasked order would have, is over
    right, family, exact, quantity, wider : see ``truth.Came``; ``wider``: right within the wider window
    """

    owners: Ints
    rungs: Ints
    weeks: Ints
    personas: Ints
    said: NDArray[np.float64]
    allowed: Bools
    speaks: Bools
    over: Bools
    over_wider: Bools
    right: Bools
    family: Bools
    exact: Bools
    quantity: Bools
    wider: Bools

    def __len__(self) -> int:
        return len(self.owners)

    def take(self, kept: Bools) -> Columns:
        """Some of them."""
        return Columns(**{name: getattr(self, name)[kept] for name in self.__dataclass_fields__})

    def of(self, rung: Rung) -> Columns:
        """Those of a rung."""
        return self.take(self.rungs == rung)

    def tally(self, n_customers: int, what: str = "right") -> Tally:
        """Of those whose window is over; ``what`` came of them."""
        over = self.over_wider if what == "wider" else self.over
        return Tally.of(self.owners[over], getattr(self, what)[over], self.said[over], n_customers=n_customers)

    def calibration(self) -> Calibration:
        """What was said against whether any item of the family came."""
        return Calibration.of(self.said[self.over], self.family[self.over])
