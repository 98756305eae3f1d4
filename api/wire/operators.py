"""Running the place, on the wire."""

from __future__ import annotations

from pydantic import Field

from api.wire.base import Time, Wire
from engine.domain.jobs import JobRun, RunState
from engine.store.audit import Entry
from engine.store.models import Trained

JOBS = ("sweep", "plan", "train", "shadow", "reconcile", "measure")


class ModelOut(Wire):
    """One trained model."""

    model_id: str
    created_at: Time
    as_of: Time
    published: bool
    served: bool
    reason: str = Field(description="why it was published or refused")
    metrics: dict[str, object]

    @classmethod
    def of(cls, trained: Trained, served: str | None) -> ModelOut:
        """As answered."""
        return cls(
            model_id=trained.model_id,
            created_at=trained.created_at,
            as_of=trained.as_of,
            published=trained.published,
            served=trained.model_id == served,
            reason=trained.reason,
            metrics=dict(trained.metrics),
        )


class Models(Wire):
    """Trained models, newest first."""

    models: list[ModelOut]
    served: str | None


class JobRunOut(Wire):
    """One run of one job."""

    id: int
    job: str
    slot: str
    state: RunState
    at: Time | None
    started_at: Time | None
    finished_at: Time | None
    summary: dict[str, object] | None
    error: str | None

    @classmethod
    def of(cls, run: JobRun) -> JobRunOut:
        """As answered."""
        return cls(
            id=run.id,
            job=run.job,
            slot=run.slot,
            state=run.state,
            at=run.at,
            started_at=run.started_at,
            finished_at=run.finished_at,
            summary=None if run.summary is None else dict(run.summary),
            error=run.error,
        )


class JobRuns(Wire):
    """Runs of jobs, newest first."""

    runs: list[JobRunOut]
    next_cursor: str | None


class RunIn(Wire):
    """The instant the run is to work as if it were."""

    at: Time | None = None


class Asked(Wire):
    """A run that a worker will take."""

    id: int
    job: str


class AuditEntry(Wire):
    """Who changed what."""

    id: int
    at: Time
    actor: str
    action: str
    subject: str
    detail: dict[str, object]

    @classmethod
    def of(cls, entry: Entry) -> AuditEntry:
        """As answered."""
        return cls(
            id=entry.id,
            at=entry.at,
            actor=entry.actor,
            action=entry.action,
            subject=entry.subject,
            detail=dict(entry.detail),
        )


class Audit(Wire):
    """Changes, newest first."""

    entries: list[AuditEntry]
    next_cursor: str | None
