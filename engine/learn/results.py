"""What models answer: recommendations, forecasts, certificates."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from engine.domain.decisions import Reason


@dataclass(frozen=True, kw_only=True, slots=True)
class Recommendation:
    """One recommended item."""

    item_id: str
    score: float  # higher is better; comparable within one answer only
    repeat: bool  # whether the customer bought it before
    reasons: tuple[Reason, ...]  # codes: buys_every, bought_before, goes_with, tastes_like, popular, in_catalogue
    filler: bool = False  # nothing speaks for it: it only fills the list


@dataclass(frozen=True, kw_only=True, slots=True)
class Recommendations:
    """Recommended items, best first; the columns are of one length. From the place ``reached`` on there is filler."""

    items: tuple[str, ...] = ()
    scores: tuple[float, ...] = ()
    repeat: tuple[bool, ...] = ()
    reasons: tuple[tuple[Reason, ...], ...] = ()
    reached: int | None = None  # how many of them a source speaks for; None: all

    def __len__(self) -> int:
        return len(self.items)

    def __iter__(self) -> Iterator[Recommendation]:
        columns = zip(self.items, self.scores, self.repeat, self.reasons, strict=True)
        for place, (item, score, repeat, reasons) in enumerate(columns):
            filler = self.reached is not None and place >= self.reached
            yield Recommendation(item_id=item, score=score, repeat=repeat, reasons=reasons, filler=filler)


@dataclass(frozen=True, kw_only=True, slots=True)
class Evidence:
    """What a forecast was made from."""

    purchases: int  # days on which the family was bought
    first_day: float  # days since 1970-01-01 UTC, as the next
    last_day: float
    since_days: float  # from the last purchase to the time of the forecast
    median_gap_days: float  # between purchase days
    pairs_like_it: int  # pairs of customer and family in training, whose probability was about as high
    alive: float  # probability that it is still bought as it was, and not given up, see ``replenishment.alive``


@dataclass(frozen=True, kw_only=True, slots=True)
class Forecast:
    """Whether one customer buys one family again within a window.

    ``low`` and ``high`` are where nine in ten pairs like this one lie, see ``engine.learn.replenishment``.
    """

    family: str
    item_id: str  # the one the customer usually takes
    window_days: float
    probability: float
    low: float
    high: float
    expected_day: float | None  # days since 1970-01-01 UTC; None where a date would mean nothing
    evidence: Evidence


@dataclass(frozen=True, kw_only=True, slots=True)
class Rhythm:
    """One family of one customer, over the two windows that its gap gives, see ``engine.learn.rhythm``."""

    need: Forecast  # whether it is needed now
    order: Forecast  # whether an order made unasked would be right


@dataclass(frozen=True, kw_only=True, slots=True)
class Certificate:
    """The proof, from finished windows, that acting above a threshold keeps a promise; or that there is none.

    A shut certificate has no threshold, and ``reason`` says why.
    """

    certificate_id: str
    promise: float  # share of executions that must be right
    window_days: int
    threshold: float | None  # act from this probability on; None: shut
    n: int = 0  # pairs at or above the threshold
    hits: int = 0  # of them bought within their window
    lower: float | None = None  # one-sided lower bound of the precision there
    windows: tuple[float, ...] = ()  # cut-offs the windows began at, days since 1970-01-01 UTC
    reason: str = ""
    at_least: float | None = None  # of orders from this price on, minor units; None: from any
    below: float | None = None  # and below this one

    @property
    def is_open(self) -> bool:
        """Whether anything may be executed under it."""
        return self.threshold is not None


@dataclass(frozen=True, kw_only=True, slots=True)
class Persona:
    """The kind of customer that somebody's history shows; never one of fewer than thirty."""

    persona_id: int  # goes on from one training to the next
    name: str
    probability: float  # that they belong to it, more than to any other
    share: float  # of all customers
    tentative: bool  # whether other customers might have shown other kinds
