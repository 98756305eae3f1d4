"""Which jobs there are, how often they run, and a run from its taking to its summary.

A run is a row: (job, slot) is unique, so a slot runs once however many workers there are. Slots are cut from the
database's clock, on which all workers agree.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from socket import gethostname
from threading import Event, Thread
from uuid import uuid4

import structlog

from engine.config import Settings
from engine.domain.executions import Execution, State
from engine.domain.jobs import JobRun
from engine.errors import NotFound, Unavailable
from engine.learn import base
from engine.store import executions, job_runs, orders
from engine.store.artifacts import Slot
from engine.store.database import Database, Tx
from engine.store.database import now as database_clock
from jobs import gateways, observing, purge, reconcile
from jobs.coalescing import Coalescing
from jobs.gateway import Gateway, Terms
from jobs.gateways import Choice
from jobs.sweep import Sweep, tell

log = structlog.get_logger()
LEASE = timedelta(minutes=1)  # of a run; renewed as long as its process lives
Summary = Mapping[str, object]


@dataclass(frozen=True, kw_only=True)
class Shop:
    """The place that jobs work in: its memory, its settings, where its orders go."""

    db: Database
    settings: Settings
    gateway: Gateway | None = None
    terms: Terms = field(default_factory=Terms)  # of that gateway
    named: Callable[[], Sequence[Choice]] = tuple  # the gateways that operators added
    owner: str = field(default_factory=lambda: f"{gethostname()}-{uuid4().hex[:8]}")
    stopped: Callable[[], bool] = lambda: False  # whether the worker is to end
    sweeps: Coalescing = field(default_factory=Coalescing)  # one at a time for each gateway

    @classmethod
    def of(cls, settings: Settings, db: Database) -> Shop:
        """The place that the settings name."""
        return cls(
            db=db,
            settings=settings,
            gateway=gateways.default(settings),
            terms=settings.gateway_terms,
            named=gateways.Named(db).all,
        )

    def choices(self) -> list[Choice]:
        """Every gateway that orders may go to, the default one first."""
        return [*self.default(), *self.named()]

    def default(self) -> list[Choice]:
        """The gateway that the environment gives, if it gives one."""
        return [] if self.gateway is None else [Choice(gateway=self.gateway, terms=self.terms)]

    def model(self) -> base.Model | None:
        """The served model, if there is one."""
        return Slot(self.settings.models, base.decode).current()

    def clock(self, at: datetime | None) -> Callable[[], datetime]:
        """The business's clock, or one that stands at ``at``."""
        return self.settings.clock.now if at is None else lambda: at


@dataclass(frozen=True, kw_only=True)
class Job:
    """Something that is done every so often."""

    name: str
    every: timedelta
    does: str
    run: Callable[[Shop, datetime | None], Summary]


def _sweep(shop: Shop, at: datetime | None) -> Summary:
    """Sweep for each gateway by itself: one that is slow or gone holds up nobody else's orders."""
    there = shop.choices()
    if not there:
        raise Unavailable("no gateway: set RAPPORT_GATEWAY_URL to where orders are placed")
    if len(there) == 1:
        return _swept(shop, there[0], at)
    with ThreadPoolExecutor(len(there), thread_name_prefix="sweep") as pool:
        return sum(pool.map(lambda choice: _swept(shop, choice, at), there), Counter[str]())


def _swept(shop: Shop, choice: Choice, at: datetime | None) -> Counter[str]:
    return Sweep(
        db=shop.db,
        gateway=choice.gateway,
        settings=shop.settings,
        clock=shop.clock(at),
        owner=shop.owner,
        terms=choice.terms,
        stopped=shop.stopped,
        told=shop.settings.clock.told if at is None else None,
        named=choice.name,
        stands=choice.stands,
    ).run()


def _plan(shop: Shop, at: datetime | None) -> Summary:
    from jobs import plan  # what only some jobs need is loaded when they run: a worker is up at once

    return plan.run(shop.db, shop.model(), shop.clock(at)(), shop.settings, stopped=shop.stopped)


def _train(shop: Shop, at: datetime | None) -> Summary:
    from jobs import train

    now = shop.clock(at)()
    try:
        return train.run(shop.db, shop.settings, as_of=now, now=now).document()
    except Unavailable as nothing:  # a place that nobody has bought in yet is well
        return {"published": False, "reason": str(nothing)}


def _shadow(shop: Shop, at: datetime | None) -> Summary:
    from jobs import shadow

    return shadow.run(shop.db, shop.model(), shop.clock(at)(), shop.settings, stopped=shop.stopped)


def _reconcile(shop: Shop, at: datetime | None) -> Summary:
    named = {choice.name: choice.gateway for choice in shop.named() if choice.name is not None}
    tell = partial(_told, shop.settings)
    return reconcile.run(shop.db, shop.gateway, shop.clock(at)(), named=named, tell=tell, stopped=shop.stopped)


def _told(settings: Settings, tx: Tx, execution: Execution, now: datetime) -> None:
    tell(tx, execution, settings, now)


def _watch(shop: Shop, at: datetime | None) -> Summary:
    from jobs import watch

    return watch.run(shop.db, shop.settings, shop.clock(at)(), stopped=shop.stopped)


def _measure(shop: Shop, at: datetime | None) -> Summary:
    from jobs import measure

    return measure.run(shop.db, shop.clock(at)(), shop.settings)


def _purge(shop: Shop, at: datetime | None) -> Summary:
    return purge.run(shop.db, shop.clock(at)())


JOBS = {
    job.name: job
    for job in (
        Job(name="sweep", every=timedelta(seconds=1), does="places the executions that are due", run=_sweep),
        Job(name="plan", every=timedelta(hours=1), does="decides for every customer, once a day each", run=_plan),
        Job(name="train", every=timedelta(days=1), does="fits, evaluates, publishes if no worse", run=_train),
        Job(name="shadow", every=timedelta(hours=6), does="closes shadows, reviews ladders weekly", run=_shadow),
        Job(name="reconcile", every=timedelta(minutes=10), does="asks the gateway what is not known", run=_reconcile),
        Job(name="watch", every=timedelta(seconds=30), does="raises, clears and tells alerts", run=_watch),
        Job(name="measure", every=timedelta(hours=1), does="judges orders, shuts broken promises", run=_measure),
        Job(name="purge", every=timedelta(days=1), does="forgets old replies, runs and links", run=_purge),
    )
}


def job_of(name: str) -> Job:
    """The job of this name; NotFound where there is none."""
    if name not in JOBS:
        raise NotFound("job", name)
    return JOBS[name]


def run_now(shop: Shop, name: str, at: datetime | None = None) -> Summary:
    """Run a job here and now, as if it were ``at``; without it, just after the newest order.

    Raises
    ------
    NotFound
        for an unknown job; whatever the job raises is written down with the run, and raised
    """
    job = job_of(name)
    as_if = at or just_after(shop)
    with shop.db.begin() as tx:
        run = job_runs.take(tx, name, f"{job_runs.ASKED}{uuid4().hex}", shop.owner, LEASE, as_if)
    assert run is not None  # nobody else has that slot
    return _done(shop, job, run)


def just_after(shop: Shop) -> datetime | None:
    """As if when a job is run that nobody named an instant for; None: by the clock."""
    with shop.db.read() as tx:
        return after_newest(orders.newest(tx))


def after_newest(newest: datetime | None) -> datetime | None:
    """The instant just after the newest order; None, which is the clock, where there is no order."""
    return None if newest is None else newest + timedelta(milliseconds=1)


def run_slot(shop: Shop, job: Job) -> None:
    """Run a job for the current slot, unless it ran or runs; what goes wrong is logged and written down."""
    with shop.db.begin() as tx:
        run = job_runs.take(tx, job.name, slot_of(database_clock(tx), job.every), shop.owner, LEASE)
        if run is not None:
            job_runs.end_abandoned(tx, job.name)
    if run is not None:
        _kept(shop, job, run)


def run_asked(shop: Shop) -> None:
    """Run whatever was asked for, the oldest first."""
    while not shop.stopped():
        with shop.db.begin() as tx:
            run = job_runs.take_asked(tx, shop.owner, LEASE)
        if run is None:
            return
        _kept(shop, job_of(run.job), run)


def run_sweep(shop: Shop, choice: Choice) -> None:
    """Sweep for one gateway, or share the sweep that others wait for; one worker has one at a time for each."""
    shop.sweeps.share(f"{choice.name or ''} {choice.revision}", partial(_sweep_noted, shop, choice))


def _sweep_noted(shop: Shop, choice: Choice) -> None:
    """Only a sweep that did something, or failed, leaves a row: one a second, and of failures one a minute."""
    began = time.monotonic()
    job, whose = JOBS["sweep"], f"{shop.owner} {choice.name or ''}".strip()
    try:
        summary = _swept(shop, choice, None)
    except Exception as error:
        log.exception("job.failed", job=job.name, gateway=choice.name)
        said = f"{type(error).__name__}: {error}"
        observing.ran(job.name, "failed", time.monotonic() - began)
        _note_failed(shop, whose, said)
    else:
        observing.swept(summary)
        observing.ran(job.name, "done", time.monotonic() - began)
        if summary:
            _note_done(shop, whose, summary)


def run_wake(shop: Shop, execution_id: str) -> None:
    """Place what is due at the gateway of an execution, where that one is still to be placed.

    Wakes that come close together are served by one sweep, in batches, and find nothing left to do.
    """
    with shop.db.read() as tx:
        found = executions.get(tx, execution_id)
    if found is None or found.state not in (State.WAITING, State.PLACING):
        return
    for choice in shop.choices():
        if choice.name == found.gateway:
            run_sweep(shop, choice)


def _note_done(shop: Shop, whose: str, summary: Counter[str]) -> None:
    """Write down what a sweep came to, together with others of the same second."""
    with shop.db.begin() as tx:
        slot = f"{slot_of(database_clock(tx), JOBS['sweep'].every)} {whose}"
        run = job_runs.take(tx, "sweep", slot, shop.owner, LEASE)
        if run is not None:
            job_runs.finish(tx, run, summary)
        else:
            job_runs.add_up(tx, "sweep", slot, summary)


def _note_failed(shop: Shop, whose: str, said: str) -> None:
    """Write down that a sweep failed, once a minute."""
    with shop.db.begin() as tx:
        slot = f"{slot_of(database_clock(tx), timedelta(minutes=1))} {whose}"
        run = job_runs.take(tx, "sweep", slot, shop.owner, LEASE)
        if run is not None:
            job_runs.fail(tx, run, said)


def slot_of(at: datetime, every: timedelta) -> str:
    """The stretch of time that ``at`` lies in.

    Examples
    --------
    >>> slot_of(datetime(2017, 12, 1, 8, 47, tzinfo=UTC), timedelta(hours=1))
    '2017-12-01T08:00:00Z'
    """
    seconds = int(at.timestamp() // every.total_seconds() * every.total_seconds())
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _kept(shop: Shop, job: Job, run: JobRun) -> None:
    try:
        _done(shop, job, run)
    except Exception:
        log.exception("job.failed", job=job.name, slot=run.slot)


def _done(shop: Shop, job: Job, run: JobRun) -> Summary:
    """Do a run that was taken, and write down its summary or its error."""
    began = time.monotonic()
    try:
        with _held(shop.db, run):
            summary = job.run(shop, run.at)
    except Exception as error:
        observing.ran(job.name, "failed", time.monotonic() - began)
        with shop.db.begin() as tx:
            job_runs.fail(tx, run, f"{type(error).__name__}: {error}")
        raise
    observing.ran(job.name, "done", time.monotonic() - began)
    if job.name == "sweep":
        observing.swept(summary)
    with shop.db.begin() as tx:
        job_runs.finish(tx, run, summary)
    log.info("job.done", job=job.name, slot=run.slot, **summary)
    return summary


@contextmanager
def _held(db: Database, run: JobRun) -> Iterator[None]:
    """Renew the lease of a run as long as it lasts."""
    ended = Event()

    def renew() -> None:
        while not ended.wait(LEASE.total_seconds() / 3):
            try:
                with db.begin() as tx:
                    job_runs.renew(tx, run, LEASE)
            except Exception:  # a database that is away for a moment comes back before the lease ends
                log.exception("lease.unrenewed", job=run.job)

    keeper = Thread(target=renew, name=f"lease of {run.job}", daemon=True)
    keeper.start()
    try:
        yield
    finally:
        ended.set()
        keeper.join()
