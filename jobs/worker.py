"""The worker: a clock that fires jobs, and a quick end when it is told to."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from threading import Event, Thread

import structlog
from apscheduler.schedulers.background import BackgroundScheduler

from engine import logs
from engine.config import Settings
from engine.store.database import Database
from jobs import cluster, observing
from jobs.gateways import Choice
from jobs.scheduler import JOBS, Job, Shop, run_asked, run_slot, run_sweep

log = structlog.get_logger()
GRACE = timedelta(seconds=8)  # for what is under way when the worker is told to end
LOOK = timedelta(seconds=20)  # how often a worker looks whether the slot of a job was taken
MOST_AT_ONCE = 64  # jobs under way; each gateway's sweep is one
JUMP = 5.0  # seconds by which the wall clock may leave the steady one before all jobs are fired anew


def run(settings: Settings, *, change: Callable[[Shop], Shop] = lambda shop: shop) -> None:
    """Work until SIGTERM or SIGINT; ends within ten seconds, whatever is under way.

    Parameters
    ----------
    change : what is to be otherwise in the place it works in, such as the gateway or its terms
    """
    logs.configure(settings.log_level)
    ended = Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda *_: ended.set())
    db = Database.open(settings.database_url)
    shop = replace(change(Shop.of(settings, db)), stopped=ended.is_set)
    if shop.gateway is not None:
        shop = replace(shop, gateway=observing.Observed(shop.gateway))
    if settings.worker_metrics_port is not None:
        observing.show(settings.worker_metrics_port)
    scheduler = clock(shop)
    scheduler.start()
    to, now = settings.shown()["RAPPORT_GATEWAY_URL"], settings.clock.now()
    log.info("worker.started", owner=shop.owner, gateway=to, now=now.isoformat())
    woken = cluster.Woken(shop) if settings.cluster else None
    if woken is not None:
        woken.start()
    _watch(scheduler, ended)
    _end(scheduler, woken)


def clock(shop: Shop) -> BackgroundScheduler:
    """APScheduler as the clock only: what is to be done stands in the database."""
    scheduler = BackgroundScheduler(
        timezone=UTC,
        executors={"default": {"type": "threadpool", "max_workers": MOST_AT_ONCE}},
        job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None},
    )
    if shop.gateway is None:
        log.warning("gateway.missing", remedy="set RAPPORT_GATEWAY_URL; until then only named gateways are placed at")
    for choice in shop.default():
        _every(scheduler, sweeping(shop), "sweep", _sweep(shop, choice))
    _every(scheduler, timedelta(seconds=1), "gateways", lambda: _take_up(scheduler, shop))
    _every(scheduler, timedelta(seconds=1), "asked", lambda: run_asked(shop))
    for job in JOBS.values():
        if job.name != "sweep":
            _every(scheduler, min(job.every, LOOK), job.name, _slot(shop, job))
    return scheduler


def _take_up(scheduler: BackgroundScheduler, shop: Shop) -> None:
    """Sweep for every named gateway by itself: one that is slow or gone holds up nobody else's orders."""
    wanted = {f"sweep {choice.name} {choice.revision}": choice for choice in shop.named()}
    running = {job.id for job in scheduler.get_jobs() if job.id.startswith("sweep ")}
    for gone in running - wanted.keys():
        scheduler.remove_job(gone)
    for id in wanted.keys() - running:
        _every(scheduler, sweeping(shop), id, _sweep(shop, wanted[id]))


def sweeping(shop: Shop) -> timedelta:
    """How often a gateway is swept for; where wakes come, sweeps only find what no wake came for."""
    return cluster.BEHIND if shop.settings.cluster else JOBS["sweep"].every


def _sweep(shop: Shop, choice: Choice) -> Callable[[], None]:
    return lambda: run_sweep(shop, choice)


def _slot(shop: Shop, job: Job) -> Callable[[], None]:
    return lambda: run_slot(shop, job)


def _every(scheduler: BackgroundScheduler, every: timedelta, name: str, run: Callable[[], None]) -> None:
    now = datetime.now(UTC)
    scheduler.add_job(run, "interval", seconds=every.total_seconds(), id=name, name=name, next_run_time=now)


def _watch(scheduler: BackgroundScheduler, ended: Event) -> None:
    """Wait for the end; where the wall clock jumps, fire everything anew, or a jump back would let jobs sleep."""
    before = time.time() - time.monotonic()
    while not ended.wait(1.0):
        ahead = time.time() - time.monotonic()
        if abs(ahead - before) > JUMP:
            log.warning("clock.jumped", seconds=round(ahead - before, 3))
            for job in scheduler.get_jobs():
                job.modify(next_run_time=datetime.now(UTC))
        before = ahead


def _end(scheduler: BackgroundScheduler, woken: cluster.Woken | None) -> None:
    """Give what is under way some seconds; what lasts longer is cut: every job may be killed at any point."""
    ending = [scheduler.shutdown, *([woken.stop] if woken is not None else [])]
    waiting = [Thread(target=end, daemon=True) for end in ending]
    for one in waiting:
        one.start()
    until = time.monotonic() + GRACE.total_seconds()
    for one in waiting:
        one.join(max(0.0, until - time.monotonic()))
    if any(one.is_alive() for one in waiting):
        log.warning("worker.cut", after=GRACE.total_seconds())
        os._exit(0)
    log.info("worker.ended")
