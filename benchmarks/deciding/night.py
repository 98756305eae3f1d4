"""A night's planning of many customers: how long it takes, and how much memory."""

from __future__ import annotations

import os
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Event, Thread

from benchmarks.deciding.shop import NIGHT, open_shop
from engine.config import Settings
from engine.store.database import Database
from jobs import decisions, plan
from jobs.evaluate import served
from modes.parameters import policy_of
from modes.policy import Policy

MINUTES, GIGABYTES = 10.0, 3.0  # the limits


@dataclass(frozen=True, kw_only=True, slots=True)
class Night:
    """What a night's planning came to."""

    found: Counter[str]
    minutes: float  # by the clock
    busy: float  # minutes of processor time, all processes together
    peak: float  # gigabytes, all processes together


def told(customers: int, families: int, needs: int, processes: int) -> Iterator[str]:
    """The lines of the second table."""
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings.from_env({"RAPPORT_HOME": folder, "RAPPORT_LOG_LEVEL": "error"})
        db = Database.open(settings.database_url)
        began = time.perf_counter()
        open_shop(db, settings, customers, families)
        yield f"{customers:,} customers, {families} families each; made in {_since(began):.1f} minutes"
        night = planned(db, settings, processes, needs)
        db.close()
    yield f"{dict(night.found)}"
    each = night.busy * 60_000 / max(night.found["customers"], 1)
    yield f"by {processes} processes, deciding {needs} needs at most"
    yield f"planned in {night.minutes:.2f} minutes by the clock, limit {MINUTES:g}"
    yield f"processor time {night.busy:.2f} minutes, {each:.2f} ms a customer"
    yield f"at most {night.peak:.2f} GB in all processes together, limit {GIGABYTES:g}"


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
