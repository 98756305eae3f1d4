"""Forgetting what has served its time: replies kept for repeats of requests, and old runs of jobs."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta

from engine.store import idempotency, job_runs, taps
from engine.store.database import Database
from engine.store.database import now as clock

REPLIES = timedelta(hours=24)
RUNS = timedelta(days=90)
LINKS = timedelta(days=30)  # after they expired; so long a tap is told that it comes too late


def run(db: Database, now: datetime) -> Counter[str]:
    """Forget replies and runs that are old by the machines' clocks, and links by the business's; answers how many."""
    with db.begin() as tx:
        links = taps.purge(tx, now - LINKS)
        replies = idempotency.purge(tx, clock(tx) - REPLIES)
        runs = job_runs.purge(tx, clock(tx) - RUNS)
    return Counter(replies=replies, runs=runs, links=links)
