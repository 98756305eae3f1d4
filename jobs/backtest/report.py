"""What a replay came to: a row a rung, by week and by persona, with intervals that take each customer for one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta

import numpy as np

from engine.domain.decisions import Rung
from engine.domain.estimates import NotEstimable
from engine.measure.shares import Calibration, Count, Share, Tally, rate
from jobs.backtest.rows import Columns, Sheet
from jobs.backtest.trials import ORDERS
from modes.document import instant

YEAR, WEEK = 365.0, 7  # days
Estimate = Share | Count | NotEstimable


@dataclass(frozen=True, kw_only=True, slots=True)
class Fit:
    """One training of the replay."""

    day: date  # it saw nothing from its midnight on
    lines: int
    thresholds: Mapping[tuple[Rung, int], float | None]  # by rung and window in days; None: shut


@dataclass(frozen=True, kw_only=True, slots=True)
class Settled:
    """All of a replay but what was tried."""

    first: date
    last: date
    until: datetime  # from when on it is not known what came
    days: int
    customers: int
    sampled: int | None  # None: all customers
    refused: int  # customers left out, who refused that their orders be used
    decisions: int
    led: Mapping[str, int]
    without_forecast: int
    fits: tuple[Fit, ...]
    personas: tuple[str, ...]
    purchases: tuple[int, ...]  # of each customer: families by days
    consented: Mapping[str, int]
    promises: Mapping[Rung, float]

    @property
    def weeks(self) -> float:
        """Customer-weeks."""
        return self.customers * self.days / WEEK


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """One rung."""

    rung: Rung
    made: int
    left_out: int  # whose window is not over
    allowed: int  # of those made, by what customers have stored
    customers: int
    right: Share | NotEstimable
    family: Share | NotEstimable  # any item of the family came
    exact: Share | NotEstimable  # the very item, or one of the list
    quantity: Share | NotEstimable  # the very item, and as many; of orders
    wider: Share | NotEstimable  # right within the window an order made unasked would have; of questions
    said: float | None  # mean probability of those that are judged
    promise: float | None
    coverage: Share | NotEstimable  # of all purchases
    made_per_year: float  # per customer
    wrong_per_year: Count | NotEstimable  # per customer
    messages_per_week: float  # per customer
    calibration: Calibration

    def document(self) -> dict[str, object]:
        """As JSON."""
        return {
            "rung": self.rung.label,
            "mode": self.rung.mode.value,
            "made": self.made,
            "left_out": self.left_out,
            "allowed": self.allowed,
            "counterfactual": self.made - self.allowed,
            "customers": self.customers,
            "share_right": told(self.right),
            "share_family": told(self.family),
            "share_exact_item": told(self.exact),
            "share_exact_quantity": told(self.quantity),
            "share_within_two_gaps": told(self.wider),
            "said": self.said,
            "promise": self.promise,
            "share_of_purchases": told(self.coverage),
            "made_per_customer_year": self.made_per_year,
            "wrong_per_customer_year": told(self.wrong_per_year),
            "messages_per_customer_week": self.messages_per_week,
            "calibration_error": told(self.calibration.error()),
            "calibration": [asdict(one) for one in self.calibration.tenths()],
        }


@dataclass(frozen=True, kw_only=True, slots=True)
class Part:
    """One rung in one week, or for one persona."""

    rung: Rung
    part: str
    made: int
    left_out: int
    right: Share | NotEstimable
    said: float | None

    def document(self, name: str) -> dict[str, object]:
        """As JSON."""
        return {
            name: self.part,
            "rung": self.rung.label,
            "made": self.made,
            "left_out": self.left_out,
            "share_right": told(self.right),
            "said": self.said,
        }


@dataclass(frozen=True, kw_only=True, slots=True)
class Report:
    """The whole replay."""

    settled: Settled
    decided: Sequence[Row]  # what was decided with the settings as they are stored
    modes: Sequence[Row]  # what each rung would have done, had it been allowed and chosen
    by_week: Sequence[Part]
    by_persona: Sequence[Part]

    @classmethod
    def of(cls, settled: Settled, decided: Sheet, modes: Sheet) -> Report:
        """From what was tried."""
        columns = modes.columns()
        weeks = {n: (settled.first + timedelta(days=WEEK * n)).isoformat() for n in range(-(-settled.days // WEEK))}
        personas = dict(enumerate(settled.personas)) | {-1: "not known"}
        return cls(
            settled=settled,
            decided=_rows(settled, decided.columns(), decided),
            modes=_rows(settled, columns, modes),
            by_week=_parts(settled, columns, columns.weeks, weeks),
            by_persona=_parts(settled, columns, columns.personas, personas),
        )

    def document(self) -> dict[str, object]:
        """As JSON."""
        one = self.settled
        return {
            "from": one.first.isoformat(),
            "to": one.last.isoformat(),
            "judged_until": instant(one.until),
            "days": one.days,
            "customers": one.customers,
            "customers_sampled": one.sampled,
            "customers_left_out": one.refused,
            "decisions": one.decisions,
            "led": dict(one.led),
            "experiences_without_forecast": one.without_forecast,
            "granted": dict(one.consented),
            "purchases": sum(one.purchases),
            "level": 0.95,
            "trainings": [_trained(fit) for fit in one.fits],
            "decided": [row.document() for row in self.decided],
            "modes": [row.document() for row in self.modes],
            "by_week": [part.document("week") for part in self.by_week],
            "by_persona": [part.document("persona") for part in self.by_persona],
        }


def told(one: Estimate | float) -> object:
    """An estimate as JSON; where there is none, why, and what it would take."""
    return one if isinstance(one, float) else asdict(one)


def _trained(fit: Fit) -> dict[str, object]:
    gates = [
        {"rung": rung.label, "window_days": window, "threshold": threshold}
        for (rung, window), threshold in fit.thresholds.items()
    ]
    return {"before": fit.day.isoformat(), "lines": fit.lines, "gates": gates}


def _rows(settled: Settled, columns: Columns, sheet: Sheet) -> list[Row]:
    return [_row(rung, settled, columns.of(rung), sheet.served.get(rung, set())) for rung in Rung]


def _row(rung: Rung, settled: Settled, some: Columns, served: set[tuple[int, str, int]]) -> Row:
    n, customers = len(some), settled.customers
    right, years = _share(some, customers), settled.customers * settled.days / YEAR
    orders, asks = rung in ORDERS, rung is Rung.APPROVE
    none = NotEstimable(reason="it is no order", needed="a rung that orders")
    return Row(
        rung=rung,
        made=n,
        left_out=int(np.count_nonzero(~some.over)),
        allowed=int(np.count_nonzero(some.allowed)),
        customers=len(np.unique(some.owners)),
        right=right,
        family=_share(some, customers, "family"),
        exact=_share(some, customers, "exact") if orders or rung is Rung.CURATE else none,
        quantity=_share(some, customers, "quantity") if orders else none,
        wider=_share(some, customers, "wider") if asks else _its_own(),
        said=some.tally(customers).mean_said,
        promise=settled.promises.get(rung),
        coverage=_coverage(settled, served, right),
        made_per_year=n / years if years else 0.0,
        wrong_per_year=rate(right, n, years) if orders else none,
        messages_per_week=float(np.count_nonzero(some.speaks)) / settled.weeks if settled.weeks else 0.0,
        calibration=some.calibration(),
    )


def _share(some: Columns, customers: int, what: str = "right") -> Share | NotEstimable:
    """The share of what is over; of what was tried and is not over yet it is said so."""
    found = some.tally(customers, what)
    if len(some) and not found.n:
        return NotEstimable(reason="no window of it is over", needed="orders up to the end of its windows")
    return found.share()


def _its_own() -> NotEstimable:
    return NotEstimable(reason="it is judged over its own window", needed="a question, rung approve")


def _coverage(settled: Settled, served: set[tuple[int, str, int]], right: Share | NotEstimable) -> Share | NotEstimable:
    """Of all families bought on all days, those that a finished trial had foreseen: a lower bound."""
    if isinstance(right, NotEstimable):
        return right
    purchases = np.array(settled.purchases, np.float64)
    hits = np.bincount(np.array([owner for owner, _, _ in served], np.int64), minlength=settled.customers)
    return Tally(tries=purchases, hits=hits.astype(np.float64), said=np.zeros(len(purchases))).share()


def _parts(settled: Settled, columns: Columns, codes: np.ndarray, names: Mapping[int, str]) -> list[Part]:
    found = []
    for code, name in names.items():
        for rung in Rung:
            some = columns.take((codes == code) & (columns.rungs == rung))
            if len(some):
                found.append(
                    Part(
                        rung=rung,
                        part=name,
                        made=len(some),
                        left_out=int(np.count_nonzero(~some.over)),
                        right=_share(some, settled.customers),
                        said=some.tally(settled.customers).mean_said,
                    )
                )
    return found
