"""A run of a job: what was to be done, and what came of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class RunState(StrEnum):
    """Where a run stands."""

    ASKED = "asked"  # somebody wants it; a worker will take it
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True, kw_only=True, slots=True)
class JobRun:
    """One run of one job; (job, slot) is unique, so a slot runs once."""

    id: int
    job: str
    slot: str  # the stretch of time it is for, or a name of its own for one asked for
    state: RunState
    at: datetime | None = None  # the instant it works as if it were; None: the clock
    owner: str | None = None
    started_at: datetime | None = None  # the database's clock, as the next
    finished_at: datetime | None = None
    summary: Mapping[str, object] | None = None
    error: str | None = None
