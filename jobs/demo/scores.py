"""What the month came to, in numbers; every one is counted, and each says how many it rests on."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from scipy.stats import beta

from engine.config import Settings
from engine.domain.decisions import Rung
from engine.domain.history import at_day, day_of
from engine.learn import evaluation, foresight
from engine.learn.accuracy import Reliability
from engine.learn.baskets import Learned
from engine.learn.lines import next_orders
from engine.learn.training import snapshots_of
from engine.store import customers, executions
from engine.store.database import Database
from jobs import shopping
from jobs.decisions import Deciding
from jobs.demo.households import Truth
from jobs.demo.month import Diary, Ordered
from jobs.demo.place import CUT
from jobs.evaluate import served
from jobs.shopping import Shopping
from jobs.train import SEED
from modes.document import Json
from modes.parameters import policy_of

WEEKS = {14: 3, 28: 1}  # window -> weekly cut-offs of December that are over
RUNGS = ("veto", "approve", "coach", "curate", "respond")  # of the households that are shown; two of them execute


@dataclass(frozen=True, kw_only=True, slots=True)
class Precision:
    """How many orders were right: the household really bought the family within the window."""

    what: str
    n: int
    hits: int

    @property
    def share(self) -> float | None:
        """Of those that can be told; None of none."""
        return self.hits / self.n if self.n else None

    @property
    def interval(self) -> tuple[float, float] | None:
        """Nine in ten such intervals hold the true share (Clopper and Pearson)."""
        if not self.n:
            return None
        low = 0.0 if not self.hits else float(beta.ppf(0.05, self.hits, self.n - self.hits + 1))
        high = 1.0 if self.hits == self.n else float(beta.ppf(0.95, self.hits + 1, self.n - self.hits))
        return low, high


@dataclass(frozen=True, kw_only=True)
class Scores:
    """Everything the report tells."""

    model_id: str
    promise: float
    decisions: int
    modes: Mapping[str, int]
    by_day: Mapping[str, Mapping[str, int]]
    why: Mapping[str, int]
    nudges: int
    shown: int
    accepted: int
    orders: Mapping[str, int]  # by rung
    precision: Sequence[Precision]
    open_windows: int  # orders whose window is not over, which are not judged
    ledger: Mapping[str, int]
    stopped: int
    approved: int
    unanswered: int
    at_shop: int  # orders by the gateway's own book
    in_ledger: int  # orders by ours
    lost_answers: int  # answers of the gateway that did not come, or told nothing
    gate: Sequence[Mapping[str, Any]]
    baskets: Sequence[evaluation.Row]
    forecasts: Sequence[foresight.Forecasts]
    reliability: Sequence[Reliability]
    seconds: Mapping[str, float]

    def document(self) -> dict[str, object]:
        """As JSON."""
        found = asdict(self)
        found["precision"] = [{**asdict(one), "share": one.share, "interval": one.interval} for one in self.precision]
        for row in found["forecasts"]:
            row["cutoff"] = at_day(row["cutoff"]).date().isoformat()
        return found


def score(
    db: Database, settings: Settings, diary: Diary, truth: Truth, at_shop: int, seconds: Mapping[str, float]
) -> Scores:
    """Judge the month."""
    model = served(settings)
    end = truth.until + timedelta(milliseconds=1)
    read = shopping.read(db, settings, end)
    snapshots = snapshots_of(read.lines, read.catalogue, day_of(end), SEED)
    policy = policy_of(settings)
    with db.read() as tx:
        ledger = {state.value: n for state, n in executions.counts(tx).items()}
    judged = {order.execution_id: truth.buys(order.customer_id, order.family, order.decided_at, order.window)
              for order in diary.orders}  # fmt: skip
    return Scores(
        model_id=model.model_id,
        promise=policy.promise,
        decisions=diary.decisions,
        modes=dict(diary.modes),
        by_day={day.isoformat(): dict(mix) for day, mix in diary.by_day.items()},
        why=dict(diary.why),
        nudges=diary.nudges,
        shown=diary.shown,
        accepted=diary.accepted,
        orders=dict(Counter(order.rung.label for order in diary.orders)),
        precision=_precision(diary.orders, judged),
        open_windows=sum(came is None for came in judged.values()),
        ledger=ledger,
        stopped=diary.stopped,
        approved=diary.approved,
        unanswered=diary.swept["skipped"],
        at_shop=at_shop,
        in_ledger=sum(ledger.get(state, 0) for state in ("placed", "confirmed", "kept", "returned")),
        lost_answers=diary.swept["unknown"],
        gate=[row for window, n in WEEKS.items() for row in _gate(snapshots, policy.promise, window, n)],
        baskets=_baskets(read, model.baskets.learned),
        forecasts=list(foresight.forecasts(snapshots, (7,), 3)),
        reliability=_reliability(model.metrics),
        seconds=dict(seconds),
    )


def _baskets(read: Shopping, learned: Learned) -> list[evaluation.Row]:
    """What was learned before the month, and the baselines, on everybody's first basket of it."""
    exam = evaluation.Exam.of(
        next_orders(read.lines, day_of(CUT)),
        read.catalogue.family_of,
        len(read.catalogue.families),
        seed=SEED,
        tasting=learned.tasting,
    )
    return evaluation.beside(exam, learned, level="item")


def _precision(orders: Sequence[Ordered], judged: Mapping[str, bool | None]) -> list[Precision]:
    """Of what was ordered unasked, by rung and in all; and how often a question was about a real need."""
    groups = {
        "ordered unasked, announced (veto)": (Rung.VETO,),
        "ordered unasked, silent": (Rung.SILENT,),
        "ordered unasked, in all": (Rung.VETO, Rung.SILENT),
        "asked first (approve)": (Rung.APPROVE,),
    }
    found = []
    for what, rungs in groups.items():
        came = [judged[order.execution_id] for order in orders if order.rung in rungs]
        known = [one for one in came if one is not None]
        found.append(Precision(what=what, n=len(known), hits=sum(known)))
    return found


def _gate(snapshots: Any, promise: float, window: int, n: int) -> list[dict[str, object]]:
    """What the gate would have let through over all households, had all signed."""
    return [
        {"window": window, **asdict(one), "cutoff": at_day(one.cutoff).date().isoformat()}
        for one in foresight.gates(snapshots, promise, window, n)
    ]


def _reliability(metrics: Mapping[str, Any]) -> list[Reliability]:
    found = metrics.get("replenishment")
    return [Reliability(**row) for row in found["reliability"]] if found else []


@dataclass(frozen=True, kw_only=True)
class Household:
    """One household that shows what a decision looks like."""

    decision: Json
    command: str


def households(db: Database, settings: Settings, at: datetime, home: str) -> list[Household]:
    """Five households whose leading modes are all four, by decisions that are not kept."""
    deciding = Deciding(db=db, settings=settings, model=served(settings), trigger="demo")
    with db.read() as tx:
        ids = customers.ids(tx)
    found: dict[str, Json] = {}
    for id in ids:
        if len(found) == len(RUNGS):
            break
        decision = deciding.one(id, at, dry_run=True)
        leading = decision["experiences"][0]
        if leading["rung"] in RUNGS and leading["need"]["family"] is not None:
            found.setdefault(leading["rung"], decision)
    shown = [found[rung] for rung in RUNGS if rung in found]
    return [
        Household(
            decision=one,
            command=f"RAPPORT_HOME={home} {_called()} decide {one['customer_id']} --at {one['decided_at']} --dry-run",
        )
        for one in shown
    ]


def _called() -> str:
    """How ``rapport`` was called, so that what is printed can be pasted."""
    return sys.argv[0] if Path(sys.argv[0]).name == "rapport" else "rapport"
