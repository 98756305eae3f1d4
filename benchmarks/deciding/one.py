"""One whole decision, timed beside a bare Flask route that answers the same document."""

from __future__ import annotations

import cProfile
import pstats
import random
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

import numpy as np
import orjson
from flask import Flask, Response
from numpy.typing import NDArray

from benchmarks.deciding.shop import NIGHT, SEED
from benchmarks.levers import catalogue_of
from engine import heap
from engine.config import Settings
from engine.domain.context import Context
from engine.domain.customers import Grant
from engine.domain.shopping import Item
from engine.learn.base import Model
from engine.store import context as contexts
from engine.store import customers, orders
from engine.store.database import Database, Tx
from jobs.evaluate import served
from modes.decide import decide
from modes.document import document
from modes.parameters import policy_of
from modes.policy import Policy

ROUNDS = 5  # that each household is decided for
P50, P99 = 5.0, 15.0  # milliseconds, the limits
Timed = Callable[[], object]
Floats = NDArray[np.float64]


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


def told(households: int, profile: bool) -> Iterator[str]:
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
    limits = (P50, P99)
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
