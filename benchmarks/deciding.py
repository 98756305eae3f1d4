"""How long deciding takes, and how much memory: one whole decision, and a night's planning of many customers.

    RAPPORT_HOME=.rapport/demo python -m benchmarks.deciding one [--households 400] [--profile]
    python -m benchmarks.deciding night [--customers 100000] [--families 20] [--needs 6] [--processes 2]

``one`` decides for households of a home with its served model, in process: context at hand, items read before, all
needs, ten offers, levers, reasons and the document as it is answered. Every household is decided for five times. The
limits are for all these times; beside them stands the median of each household's, which tells how households differ
and not what else the machine did just then. Times are by the clock and in processor time of this process; the
reference is a route of a bare Flask that answers the same document, in the same run.

``night`` makes a shop of seeded customers who buy so many families each at a pace of their own, learns on some of them,
and runs the job ``plan`` as ``rapport jobs run plan`` does. Everybody lets be ordered, half of them signed a mandate.
Memory is the most that all processes held at one time. With ``--needs`` more needs are decided at once than a shop's
default of six.
"""

from __future__ import annotations

import argparse
import cProfile
import os
import pstats
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from threading import Event, Thread

import numpy as np
import orjson
from flask import Flask, Response
from numpy.typing import NDArray

from benchmarks.levers import catalogue_of
from engine import heap
from engine.config import Settings
from engine.domain.context import Context
from engine.domain.customers import Consent, Grant, Mandate, Preferences, Purpose
from engine.domain.decisions import Rung
from engine.domain.shopping import Item, OrderLine
from engine.domain.values import Money
from engine.learn.base import Model
from engine.store import consents, customers, items, mandates, orders, preferences
from engine.store import context as contexts
from engine.store.database import Database, Tx
from jobs import decisions, plan, train
from jobs.evaluate import served
from modes.decide import decide
from modes.document import document
from modes.parameters import policy_of
from modes.policy import Policy

NIGHT = datetime(2017, 12, 1, 2, tzinfo=UTC)
DAYS = 150  # of history
LEARNED = 4_000  # customers that are learned from
CHUNK = 500  # customers written at once
SEED = 0
ROUNDS = 5  # that each household is decided for
LIMITS = {"p50, ms": 5.0, "p99, ms": 15.0, "night, minutes": 10.0, "night, GB": 3.0}
Timed = Callable[[], object]
Floats = NDArray[np.float64]


def main() -> None:
    """Print the figures of one part."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parts = parser.add_subparsers(dest="part", required=True)
    single = parts.add_parser("one")
    single.add_argument("--households", type=int, default=400)
    single.add_argument("--profile", action="store_true")
    many = parts.add_parser("night")
    for name, default in (("customers", 100_000), ("families", 20), ("needs", 6), ("processes", os.cpu_count() or 1)):
        many.add_argument(f"--{name}", type=int, default=default)
    given = parser.parse_args()
    for line in one(given.households, given.profile) if given.part == "one" else told_night(given):
        sys.stdout.write(line + "\n")
        sys.stdout.flush()


# One decision


@dataclass(frozen=True, kw_only=True, slots=True)
class Times:
    """How long things took, each time; milliseconds by the clock, and of processor time of this process."""

    wall: Floats  # shape (n_rounds, n_doings)
    busy: Floats

    @classmethod
    def of(cls, doings: Sequence[Timed], rounds: int = ROUNDS) -> Times:
        """One after another, so many rounds."""
        wall, busy = np.empty((rounds, len(doings))), np.empty((rounds, len(doings)))
        for turn in range(rounds):
            for place, doing in enumerate(doings):
                clock, used = time.perf_counter_ns(), time.process_time_ns()
                doing()
                wall[turn, place] = (time.perf_counter_ns() - clock) / 1e6
                busy[turn, place] = (time.process_time_ns() - used) / 1e6
        return cls(wall=wall, busy=busy)

    @property
    def medians(self) -> Times:
        """Of each doing."""
        return Times(wall=np.median(self.wall, axis=0), busy=np.median(self.busy, axis=0))

    def row(self, name: str) -> str:
        """As a line of the table."""
        told = [f"{np.percentile(values, share):9.2f}" for values in (self.wall, self.busy) for share in (50, 99)]
        return f"{name:44}{''.join(told)}"


def one(households: int, profile: bool) -> Iterator[str]:
    """The lines of the first table."""
    settings = Settings.from_env()
    db = Database.open(settings.database_url)
    with db.read() as tx:
        found = Deciding.of(tx, settings, served(settings), households)
        yield f"{len(found.contexts)} households of {settings.home}; milliseconds, p50 and p99"
        yield f"{'':44}{'clock':>9}{'':9}{'processor':>9}"
        for touchpoint in (None, "app.home"):
            again = [partial(found.made, context, touchpoint) for context in found.contexts]
            for each in again:  # items are read
                each()
            heap.settle()  # as a server does
            times = Times.of(again)
            yield times.row("a whole decision, " + ("nobody there" if touchpoint is None else "somebody there"))
            yield times.medians.row("  of each household the median")
            yield f"{'':44}{_judged(times)}"
            yield bare(found.made(found.contexts[0], touchpoint), len(again), times)
        if profile:
            yield _profiled(found)
    db.close()


@dataclass(frozen=True, kw_only=True, slots=True)
class Deciding:
    """What decisions of a home are made with, read before."""

    contexts: Sequence[Context]
    model: Model
    now: datetime
    policy: Policy
    catalogue: Callable[..., dict[str, Item]]

    @classmethod
    def of(cls, tx: Tx, settings: Settings, model: Model, n: int) -> Deciding:
        """For some households, drawn by a seed, just after the newest order."""
        now = (orders.newest(tx) or NIGHT) + timedelta(microseconds=1)
        ids = sorted(customers.ids(tx))
        ids = random.Random(SEED).sample(ids, min(n, len(ids)))
        known = contexts.read_many(
            tx, ids, now, zone=settings.timezone, personalization_default=Grant(settings.personalization_default)
        )
        return cls(
            contexts=list(known.values()),
            model=model,
            now=now,
            policy=policy_of(settings),
            catalogue=catalogue_of(tx),
        )

    def made(self, context: Context, touchpoint: str | None) -> bytes:
        """One decision as it is answered."""
        decision = decide(
            context,
            self.model,
            self.now,
            catalogue=self.catalogue,
            policy=self.policy,
            decision_id="timed",
            touchpoint=touchpoint,
        )
        return orjson.dumps(document(decision))


def bare(body: bytes, n: int, beside: Times) -> str:
    """The reference: a route that answers a document of that size and does nothing else."""
    app = Flask("bare")
    app.add_url_rule("/", "bare", lambda: Response(body, mimetype="application/json"))
    client = app.test_client()
    for _ in range(50):
        client.get("/")
    times = Times.of([lambda: client.get("/")] * n)
    ratio = float(np.median(beside.busy) / np.median(times.busy))
    return times.row("a bare Flask route with the same answer") + f"   ratio {ratio:.1f}"


def _judged(times: Times) -> str:
    limits = (LIMITS["p50, ms"], LIMITS["p99, ms"])
    kept = [np.percentile(times.wall, share) <= most for share, most in zip((50, 99), limits, strict=True)]
    words = " and ".join("kept" if one else "NOT KEPT" for one in kept)
    return f"limits {limits[0]:g} and {limits[1]:g} by the clock: {words}"


def _profiled(found: Deciding) -> str:
    """What the time of deciding goes into."""
    profiler = cProfile.Profile()
    profiler.enable()
    for context in found.contexts:
        found.made(context, None)
    profiler.disable()
    stats = pstats.Stats(profiler)
    total = stats.total_tt  # type: ignore[attr-defined]
    kept = [
        (cumulative / total, f"{Path(file).parent.name}/{Path(file).name}:{name}")
        for (file, _, name), (_, _, _, cumulative, _) in stats.stats.items()  # type: ignore[attr-defined]
        if any(f"/{room}/" in file for room in ("modes", "engine", "xgboost"))
    ]
    lines = [f"{share:6.1%}  {name}" for share, name in sorted(kept, reverse=True)[:30]]
    return "\n".join(["share of the time, with all that is called from there:", *lines])


# A night


@dataclass(frozen=True, kw_only=True, slots=True)
class Night:
    """What a night's planning came to."""

    found: Counter[str]
    minutes: float  # by the clock
    busy: float  # minutes of processor time, all processes together
    peak: float  # gigabytes, all processes together


def told_night(given: argparse.Namespace) -> Iterator[str]:
    """The lines of the second table."""
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings.from_env({"RAPPORT_HOME": folder, "RAPPORT_LOG_LEVEL": "error"})
        db = Database.open(settings.database_url)
        began = time.perf_counter()
        open_shop(db, settings, given.customers, given.families)
        yield f"{given.customers:,} customers, {given.families} families each; made in {_since(began):.1f} minutes"
        night = planned(db, settings, given.processes, given.needs)
        db.close()
    yield f"{dict(night.found)}"
    each = night.busy * 60_000 / max(night.found["customers"], 1)
    yield f"by {given.processes} processes, deciding {given.needs} needs at most"
    yield f"planned in {night.minutes:.2f} minutes by the clock, limit {LIMITS['night, minutes']:g}"
    yield f"processor time {night.busy:.2f} minutes, {each:.2f} ms a customer"
    yield f"at most {night.peak:.2f} GB in all processes together, limit {LIMITS['night, GB']:g}"


def planned(db: Database, settings: Settings, processes: int, needs: int = Policy().max_needs) -> Night:
    """The job ``plan`` of a night, as a worker runs it."""
    if needs != Policy().max_needs:
        assert processes == 1, "another number of needs is told to this process alone"
        decisions.Deciding.policy = property(lambda self: replace(policy_of(self.settings), max_needs=needs))  # type: ignore[assignment, method-assign]
    model = served(settings)
    ended, peak = Event(), [0.0]
    watching = Thread(target=_watch, args=(ended, peak))
    watching.start()
    began, used = time.perf_counter(), _busy()
    found = plan.run(db, model, NIGHT, settings, processes=processes)
    minutes, busy = _since(began), (_busy() - used) / 60
    ended.set()
    watching.join()
    return Night(found=found, minutes=minutes, busy=busy, peak=peak[0])


def _since(began: float) -> float:
    return (time.perf_counter() - began) / 60


def _busy() -> float:
    """Seconds of processor time of this process and of those it started that ended."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def _watch(ended: Event, peak: list[float]) -> None:
    """The most memory that this process and those it started hold together, gigabytes."""
    while not ended.wait(0.2):
        peak[0] = max(peak[0], sum(map(_resident, _family(os.getpid()))) / 1024**2)


def _family(pid: int) -> list[int]:
    found = [pid]
    for tasks in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            found += [each for child in tasks.read_text().split() for each in _family(int(child))]
        except OSError:  # it ended meanwhile
            continue
    return found


def _resident(pid: int) -> float:
    """Kilobytes."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0.0
    return next((float(line.split()[1]) for line in lines if line.startswith("VmRSS")), 0.0)


def open_shop(db: Database, settings: Settings, n: int, families: int) -> None:
    """A shop of so many customers: it is learned on some, then the others come."""
    db.upgrade()
    with db.begin() as tx:
        items.put(tx, list(_stock(families)))
    for start in range(0, n, CHUNK):
        if start == LEARNED:
            train.run(db, settings, as_of=NIGHT, now=NIGHT)
        _come(db, range(start, min(start + CHUNK, n)), families)
    if n <= LEARNED:
        train.run(db, settings, as_of=NIGHT, now=NIGHT)


def _stock(families: int) -> Iterator[Item]:
    """Three items of each of twice as many kinds as a customer buys."""
    for family in range(2 * families):
        for n in range(3):
            price = Money(minor=100 + 7 * family + n, currency="USD")
            path = ("FOOD", f"SHELF {family % 9}")
            name = f"Thing {family}, {n}"
            yield Item(item_id=f"f{family}-{n}", name=name, category=path, family=f"f{family}", price=price)


def _come(db: Database, some: Sequence[int], families: int) -> None:
    """Customers with what they bought and said; on one day they make one order."""
    with db.begin() as tx:
        customers.ensure(tx, [f"c{n:06d}" for n in some], NIGHT - timedelta(days=DAYS))
        lines = [line for n in some for line in _bought(n, families)]
        orders.put_lines(tx, lines, import_id=orders.new_import())
        for n in some:
            _said(tx, n, families)


def _bought(n: int, families: int) -> Iterator[OrderLine]:
    """Each family at a pace of its own, at the hour the customer comes, of late no sooner than half a day ago."""
    rng = np.random.default_rng((SEED, n))
    for family in rng.choice(2 * families, families, replace=False).tolist():
        gap, spread = float(rng.uniform(18, 60)), float(rng.uniform(0.05, 0.4))
        item, day = f"f{family}-{rng.integers(0, 3)}", float(rng.uniform(0, gap))
        while day < DAYS - 1:
            at = (NIGHT - timedelta(days=DAYS - int(day))).replace(hour=18, minute=n % 60)
            yield OrderLine(
                order_id=f"o{n:06d}-{int(day)}",
                customer_id=f"c{n:06d}",
                ordered_at=at - timedelta(days=1),
                item_id=item,
                amount=Money(minor=100 + 7 * family, currency="USD"),
            )
            day += max(gap * float(rng.lognormal(0, spread)), 1.0)


def _said(tx: Tx, n: int, families: int) -> None:
    """Everybody lets be ordered for; half of them sign, and say how far it may go."""
    id, at = f"c{n:06d}", NIGHT - timedelta(days=20)
    said = [Consent(purpose=one, state=Grant.GRANTED, at=at) for one in (Purpose.AUTOMATION, Purpose.COACHING)]
    consents.put(tx, id, said)
    if n % 2:
        return
    preferences.put(tx, id, Preferences(ceiling=(Rung.VETO, Rung.SILENT)[n // 2 % 2]), at)
    mandates.add(
        tx,
        Mandate(
            mandate_id=f"m{n:06d}",
            customer_id=id,
            families=frozenset(f"f{family}" for family in range(2 * families)),
            max_quantity=2,
            price_high=Money(minor=2_000, currency="USD"),
            budget=Money(minor=10_000, currency="USD"),
            budget_period=timedelta(days=28),
            signed_at=at,
        ),
    )


if __name__ == "__main__":
    main()
