"""Our engine, learned anew as training learns it, beside its baselines, on baskets and windows that nobody saw."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

import numpy as np

from engine.config import Settings
from engine.domain.history import at_day, day_of
from engine.errors import Unavailable
from engine.learn import base, evaluation, foresight
from engine.learn.cold import NEW_ITEM, ColdRow, Known
from engine.learn.cold import cold as judged_cold
from engine.learn.evaluation import Row
from engine.learn.foresight import Dates, Forecasts, Gate
from engine.learn.lines import Lines, Split, last_orders, next_orders
from engine.learn.training import snapshots_of
from engine.store import artifacts, items
from engine.store.database import Database
from jobs import shopping, train
from jobs.train import SEED
from modes.document import instant

WINDOWS = (7, 14, 28)  # days
CUTOFFS = 3
AHEAD = timedelta(days=14)  # before the end, where a time split cuts
COLD = timedelta(days=28)  # before the end, from which cold cases are judged
Say = Callable[[str, int, int], None]


class Cut(StrEnum):
    """Where time is split."""

    LAST_BASKET = "last-basket"  # each customer's last basket is foreseen
    TIME = "time"  # one cut-off for all; everybody's next basket is foreseen


@dataclass(frozen=True, kw_only=True, slots=True)
class Report:
    """The tables."""

    model_id: str
    rows: Sequence[Row]
    replenishment: Sequence[Forecasts]

    def document(self) -> dict[str, object]:
        """As JSON, in the contract's words."""
        return {
            "model_id": self.model_id,
            "rows": [_row(row) for row in self.rows],
            "replenishment": [_forecasts(one) for one in self.replenishment],
        }


def run(db: Database, settings: Settings, *, cut: Cut, as_of: datetime, say: Say) -> Report:
    """Accuracy of next baskets at the level of items and of families, and of forecasts at the latest cut-offs."""
    model = served(settings)
    say("reading orders", 0, 1)
    read = shopping.read(db, settings, as_of)
    catalogue = read.catalogue
    n_families = len(catalogue.families)
    levels = {
        "item": (read.lines, catalogue.family_of, n_families),
        "family": (
            read.lines.by(catalogue.family_of, n_families),
            catalogue.category_of_families(),
            len(catalogue.categories),
        ),
    }
    rows: list[Row] = []
    for level, (lines, above, n_above) in levels.items():
        rows += evaluation.compared(
            _split(lines, cut, as_of),
            above,
            n_above,
            level=level,
            seed=SEED,
            factorize=train.factorize(settings),
            say=lambda stage, done, total, level=level: say(f"{stage} ({level} level)", done, total),  # type: ignore[misc]
        )
    say("forecasts", 0, 1)
    snapshots = snapshots_of(read.lines, read.catalogue, day_of(as_of), SEED)
    found = list(foresight.forecasts(snapshots, WINDOWS, CUTOFFS))
    return Report(model_id=model.model_id, rows=rows, replenishment=found)


@dataclass(frozen=True, kw_only=True, slots=True)
class Foreseen:
    """Forecasts of one level at chosen cut-offs."""

    level: str  # item or family
    least: int  # days that a pair was bought on before
    forecasts: Sequence[Forecasts]
    dates: Sequence[Dates]


def foreseen(
    db: Database,
    settings: Settings,
    *,
    cutoffs: Sequence[datetime],
    least: int,
    promise: float,
    levels: Sequence[str],
    as_of: datetime,
    say: Say,
) -> list[Foreseen]:
    """Forecasts made at some cut-offs, for windows that are over, and the pairs above an empirical threshold.

    Parameters
    ----------
    least : days that a customer must have bought an item or a family on before the cut-off
    promise : of the threshold, see ``foresight.foreseen``
    levels : item, family or both
    """
    say("reading orders", 0, 1)
    read = shopping.read(db, settings, as_of)
    found = []
    for level in levels:
        snapshots = snapshots_of(read.lines, read.catalogue, day_of(as_of), SEED, by_item=level == "item")
        made, dates = [], []
        for done, cutoff in enumerate(cutoffs):
            say(f"forecasts, {level} level", done, len(cutoffs))
            day = day_of(cutoff)
            judged = [foresight.foreseen(snapshots, day, w, least=least, promise=promise) for w in WINDOWS]
            made += [one for one in judged if one is not None]
            dates += [one for one in [foresight.dates(snapshots, day, least=least)] if one is not None]
        found.append(Foreseen(level=level, least=least, forecasts=made, dates=dates))
    return found


def gate(
    db: Database, settings: Settings, *, promise: float, window: int, cutoffs: int, as_of: datetime, say: Say
) -> list[Gate]:
    """The gate replayed at past cut-offs, an execution being a customer and a family."""
    say("reading orders", 0, 1)
    read = shopping.read(db, settings, as_of)
    snapshots = snapshots_of(read.lines, read.catalogue, day_of(as_of), SEED)
    found = []
    for one in foresight.gates(snapshots, promise, window, cutoffs):
        found.append(one)
        say("cut-offs", len(found), cutoffs)
    return found


def cold(db: Database, settings: Settings, *, as_of: datetime, say: Say) -> list[ColdRow]:
    """Lists for customers and of items of which little is known, fitted anew and judged on the last four weeks."""
    say("reading orders", 0, 1)
    read = shopping.read(db, settings, as_of)
    with db.read() as tx:
        prices = {item.item_id: float(item.price.minor) for item in items.everything(tx) if item.price is not None}
    known = Known(
        lines=read.lines,
        catalogue=read.catalogue,
        amounts=read.amounts,
        prices=np.array([prices.get(id) or np.nan for id in read.catalogue.items]),
    )
    return judged_cold(known, day_of(as_of - COLD), seed=SEED, factorize=train.factorize(settings), say=say)


def cold_rows(found: Sequence[ColdRow]) -> list[dict[str, object]]:
    """Cold cases as JSON, in the contract's words."""
    return [
        {
            "case": one.case,
            **_row(
                Row(
                    method=one.method,
                    level="item",
                    list="new" if one.case == NEW_ITEM else "all",
                    accuracy=one.accuracy,
                )
            ),
            "gain": one.gain,
            "gain_se": one.gain_se,
        }
        for one in found
    ]


def served(settings: Settings) -> base.Model:
    """The served model.

    Raises
    ------
    Unavailable
        where none has been published
    """
    served = artifacts.served_id(settings.models)
    if served is None:
        raise Unavailable("no model is served: train one first (rapport train)")
    return base.decode(artifacts.read(settings.models, served))


def _split(lines: Lines, cut: Cut, as_of: datetime) -> Split:
    return last_orders(lines) if cut is Cut.LAST_BASKET else next_orders(lines, day_of(as_of - AHEAD))


def _row(row: Row) -> dict[str, object]:
    found = row.accuracy
    return {
        "method": row.method,
        "level": row.level,
        "list": row.list,
        "recall@10": found.recall_10,
        "recall@20": found.recall_20,
        "ndcg@10": found.ndcg_10,
        "phr@10": found.phr_10,
        "se": found.se,
        "customers": found.customers,
    }


def document(found: Sequence[Foreseen]) -> dict[str, list[dict[str, object]]]:
    """Forecasts at chosen cut-offs as JSON, in the contract's words."""
    return {
        "replenishment": [_forecasts(one, each.level, each.least) for each in found for one in each.forecasts],
        "dates": [_dates(one, each.level) for each in found for one in each.dates],
    }


def _dates(one: Dates, level: str) -> dict[str, object]:
    return {
        "cutoff": instant(at_day(one.cutoff)),
        "level": level,
        "dated": one.pairs,
        "error_days": one.error,
        "early_days": one.early,
        "error_days_of_all": one.error_of_all,
    }


def _forecasts(one: Forecasts, level: str = "family", least: int = 2) -> dict[str, object]:
    found = one.qualified
    qualified = {
        "promise": found.promise,
        "threshold": found.threshold,
        "qualified": found.pairs,
        "precision": found.precision,
    } if found else {}  # fmt: skip
    return {
        "cutoff": instant(at_day(one.cutoff)),
        "window": f"{one.window}d",
        "auc": one.honesty.auc,
        "ece": one.honesty.ece,
        "brier": one.honesty.brier,
        "pairs": one.honesty.pairs,
        "level": level,
        "least_purchases": least,
        "said": one.said,
        "came": one.came,
        **qualified,
    }


def gates(found: Sequence[Gate]) -> list[dict[str, object]]:
    """Cut-offs as JSON, in the contract's words."""
    return [
        {
            "cutoff": instant(at_day(one.cutoff)),
            "open": one.threshold is not None,
            "threshold": one.threshold,
            "executions": one.executions,
            "precision": one.precision,
            "share_of_purchases": one.share_of_purchases,
        }
        for one in found
    ]
