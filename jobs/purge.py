"""Forgetting what has served its time: replies kept for repeats of requests, and old runs of jobs."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

from engine.store import idempotency, job_runs
from engine.store.database import Database
from engine.store.database import now as clock

REPLIES = timedelta(hours=24)
RUNS = timedelta(days=90)


def run(db: Database) -> Counter[str]:
    """Forget replies and runs that are old by the machines' clocks; answers how many of each."""
    with db.begin() as tx:
        replies = idempotency.purge(tx, clock(tx) - REPLIES)
        runs = job_runs.purge(tx, clock(tx) - RUNS)
    return Counter(replies=replies, runs=runs)
