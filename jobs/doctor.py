"""Is everything well: invariants of the ledger, clocks, backlog, the served model, room on the disk."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from engine.config import Settings
from engine.errors import ArtifactError, InputError
from engine.learn import base
from engine.store import alerts, artifacts, bookings, checks, differences, gateways, stops, waking, watches
from engine.store.database import Database, Tx, server
from engine.store.database import now as database_clock
from modes.parameters import policy_of

APART = timedelta(seconds=5)  # between the machine's clock and the database's
LATE = timedelta(minutes=5)  # after which something due counts as left lying
SILENT = timedelta(hours=2)  # without a run of any job: plan runs every hour
NAMED = 5  # of those that need review
ROOM = 500 * 2**20  # bytes
WAL_RESET = (3, 51, 3)  # the first SQLite whose write-ahead log is not corrupted by a reset at the wrong time
OLDEST = (14,)  # PostgreSQL that is still maintained


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """What one check found."""

    check: str
    well: bool
    said: str  # what is so, in one sentence; where it is not well, with what to do


def run(db: Database, settings: Settings) -> list[Finding]:
    """Every check, the gravest first. A database that is not migrated ends it early."""
    if not db.is_current():
        stands = db.version() or "nothing"
        return [Finding(check="schema", well=False, said=f"the database stands at {stands}: run rapport db upgrade")]
    with db.read() as tx:
        ledger = [*_ledger(tx, settings), *_watched(tx, settings), _gate(tx, settings.clock.now())]
        clocks = [
            _server(tx),
            _clocks(database_clock(tx), datetime.now(UTC)),
            _worker(tx),
            _named_gateways(tx),
            _wakes(tx),
        ]
    schema = Finding(check="schema", well=True, said=f"the database stands at the newest migration, {db.version()}")
    return [*ledger, schema, *clocks, _model(settings), _policy(settings), _gateway(settings), _disk(settings)]


def _ledger(tx: Tx, settings: Settings) -> Iterator[Finding]:
    now = settings.clock.now()
    yield _none(
        "doubled cycles", checks.doubled_cycles(tx), "needs were ordered twice in one cycle: see docs/operating.md"
    )
    yield _none("shared orders", checks.shared_orders(tx), "orders of the gateway stand for several executions")
    yield _none(
        "leases", checks.left_leases(tx, LATE), "executions in placing are taken up by nobody: is a worker running?"
    )
    yield _none(
        "backlog",
        checks.overdue(tx, now - LATE, stops.in_force(tx, now)),
        "executions are overdue: is a worker running?",
    )
    yield _none("slots", bookings.short(tx), "slots are promised to more orders than are counted")
    yield _review(tx)
    yield _none(
        "failed runs", checks.failed_runs(tx, timedelta(days=1)), "runs failed within a day: see rapport jobs list"
    )


def _review(tx: Tx) -> Finding:
    n, named = checks.in_review(tx), checks.review_first(tx, NAMED)
    more = f" and {n - len(named)} more" if n > len(named) else ""
    return _none(
        "review", n, f"executions need review ({', '.join(named)}{more}): ask the shop, then rapport settle ID"
    )


def _watched(tx: Tx, settings: Settings) -> Iterator[Finding]:
    now = settings.clock.now()
    yield _stops(tx, now)
    standing = alerts.counts(tx)
    said = f"{', '.join(standing)}: see GET /v1/alerts or the console" if standing else "none stands"
    yield Finding(check="alerts", well=not standing, said=said)
    yield _none(
        "differences", differences.count(tx), "times the gateway says something else: rapport differences lists them"
    )
    yield _none(
        "mandates", checks.unsigned(tx, now), "executions wait without a live mandate: they will be refused when due"
    )
    yield _none("orphans", checks.orphans(tx), "rows of executions belong to none: see docs/stopping.md")
    yield _none(
        "job leases", checks.abandoned_runs(tx, LATE), "runs of jobs were left by a worker that is gone: start one"
    )


def _stops(tx: Tx, now: datetime) -> Finding:
    held = stops.in_force(tx, now)
    named = "; ".join(f"{stop.subject} ({stop.reason}, by {stop.actor})" for stop in held)
    return Finding(check="stops", well=not held, said=f"{named}: rapport start lifts them" if held else "none in force")


def _server(tx: Tx) -> Finding:
    found, name = server(tx), tx.dialect.name
    said = f"{name} {'.'.join(map(str, found))}"
    if name == "sqlite" and found < WAL_RESET:
        why = "its write-ahead log can be corrupted: pip install pysqlite3, or run a single process"
        return Finding(check="database", well=False, said=f"{said}: {why}")
    if name == "postgresql" and found < OLDEST:
        return Finding(check="database", well=False, said=f"{said} is no longer maintained: upgrade it")
    return Finding(check="database", well=True, said=said)


def _gate(tx: Tx, now: datetime) -> Finding:
    """Whether the live watch shut a rung that nobody opened again."""
    shut = watches.shut(tx, now)
    if not shut:
        return Finding(check="gate", well=True, said="no rung is shut")
    told = [one for one in watches.all(tx) if one.shut_at is not None and shut.get(one.rung) == one.shut_at]
    each = [f"{one.rung.label} since {one.shut_at} ({one.wrong} of {one.judged} orders were wrong)" for one in told]
    again = "a certificate of later windows opens it, or POST /v1/gate/RUNG/reopen"
    return Finding(check="gate", well=False, said=f"shut: {', '.join(each)}: {again}")


def _none(check: str, n: int, otherwise: str) -> Finding:
    return Finding(check=check, well=n == 0, said=f"{n} {otherwise}" if n else "none")


def _clocks(database: datetime, machine: datetime) -> Finding:
    apart = abs(database - machine)
    said = f"machine and database are {apart.total_seconds():.1f} s apart"
    return Finding(check="clocks", well=apart <= APART, said=said if apart <= APART else f"{said}: set the machine's")


def _worker(tx: Tx) -> Finding:
    last = checks.last_run(tx)
    if last is None:
        return Finding(check="worker", well=False, said="no job ever ran: start rapport worker")
    ago = database_clock(tx) - last
    said = f"the last run of a job began {int(ago.total_seconds())} s ago"
    return Finding(check="worker", well=ago <= SILENT, said=said if ago <= SILENT else f"{said}: is a worker running?")


def _model(settings: Settings) -> Finding:
    served = artifacts.served_id(settings.models)
    if served is None:
        return Finding(check="model", well=False, said="none is served: run rapport train")
    try:
        base.decode(artifacts.read(settings.models, served))
    except ArtifactError as error:
        said = f"{served} does not load ({error}): run rapport models rollback ID"
        return Finding(check="model", well=False, said=said)
    return Finding(check="model", well=True, said=f"{served} is served and loads")


def _policy(settings: Settings) -> Finding:
    try:
        policy_of(settings)
    except InputError as error:
        return Finding(check="policy", well=False, said=f"{error}: see rapport modes policy")
    return Finding(check="policy", well=True, said=f"from {settings.policy}" if settings.policy else "the defaults")


def _gateway(settings: Settings) -> Finding:
    there = settings.gateway_url is not None
    shown = settings.shown()["RAPPORT_GATEWAY_URL"]
    said = f"orders go to {shown}" if there else "none: set RAPPORT_GATEWAY_URL, or nothing is placed"
    return Finding(check="gateway", well=there, said=said)


def _named_gateways(tx: Tx) -> Finding:
    return _none("named gateways", gateways.orphans(tx), "executions are to be placed at gateways that are not there")


def _wakes(tx: Tx) -> Finding:
    left = waking.late(tx, LATE)
    said = "wakes are followed by nobody: set RAPPORT_CLUSTER for workers, or drop the schema procrastinate"
    return _none("wakes", left, said)


def _disk(settings: Settings) -> Finding:
    folder = next(path for path in (settings.home, *settings.home.absolute().parents) if path.exists())
    free = shutil.disk_usage(folder).free
    said = f"{free / 2**30:.1f} GiB free"
    return Finding(check="disk", well=free >= ROOM, said=said if free >= ROOM else f"{said}: make room")
