"""Running the place: models, jobs, audit."""

from __future__ import annotations

from http import HTTPStatus

from api.auth.caller import OPERATOR
from api.routes import Topic, caller
from api.service import service
from api.wire.base import Page
from api.wire.operators import (
    JOBS,
    Asked,
    Audit,
    AuditEntry,
    JobRunOut,
    JobRuns,
    ModelOut,
    Models,
    RunIn,
)
from engine.errors import ArtifactError, Conflict, NotFound
from engine.store import artifacts, audit, job_runs, models

topic = Topic(name="operators", description="Models, jobs, audit")


@topic.route("GET", "/v1/models", scopes=OPERATOR, answer=Models)
def list_models() -> Models:
    """Trained models, newest first, and which one is served."""
    served = artifacts.served_id(service().settings.models)
    with service().db.read() as tx:
        return Models(models=[ModelOut.of(row, served) for row in models.all(tx)], served=served)


@topic.route("GET", "/v1/models/<ident:model_id>", scopes=OPERATOR, answer=ModelOut)
def get_model(model_id: str) -> ModelOut:
    """One trained model and its metrics."""
    with service().db.read() as tx:
        found = models.get(tx, model_id)
    if found is None:
        raise NotFound("model", model_id)
    return ModelOut.of(found, artifacts.served_id(service().settings.models))


@topic.route("POST", "/v1/models/<ident:model_id>/rollback", scopes=OPERATOR, answer=ModelOut)
def roll_back(model_id: str) -> ModelOut:
    """Serve this model from now on. Every process swaps it in once it has checked it."""
    now = service().now()
    with service().db.begin() as tx:
        found = models.get(tx, model_id)
        if found is None:
            raise NotFound("model", model_id)
        audit.add(tx, caller().actor, "model.rollback", model_id, {}, now)
        _point(model_id)
    return ModelOut.of(found, model_id)


def _point(model_id: str) -> None:
    try:
        artifacts.point(service().settings.models, model_id)
    except ArtifactError as error:
        raise Conflict(f"this model cannot be served: {error}") from None


@topic.route("GET", "/v1/jobs", scopes=OPERATOR, query=Page, answer=JobRuns)
def list_jobs(query: Page) -> JobRuns:
    """Runs of jobs, newest first, asked-for ones included."""
    with service().db.read() as tx:
        found, following = job_runs.page(tx, query.limit, query.cursor)
    return JobRuns(runs=[JobRunOut.of(run) for run in found], next_cursor=following)


@topic.route(
    "POST",
    "/v1/jobs/<ident:job>/runs",
    scopes=OPERATOR,
    body=RunIn,
    body_needed=False,
    answer=Asked,
    status=HTTPStatus.ACCEPTED,
)
def run_job(job: str, body: RunIn) -> Asked:
    """Ask for a run: it is written down here, and a worker takes it."""
    if job not in JOBS:
        raise NotFound("job", job)
    now = service().now()
    with service().db.begin() as tx:
        run = job_runs.ask(tx, job, body.at)
        audit.add(tx, caller().actor, "job.ask", job, {"run": run}, now)
    return Asked(id=run, job=job)


@topic.route("GET", "/v1/audit", scopes=OPERATOR, query=Page, answer=Audit)
def list_audit(query: Page) -> Audit:
    """Who changed what, newest first."""
    with service().db.read() as tx:
        found, following = audit.page(tx, query.limit, query.cursor)
    return Audit(entries=[AuditEntry.of(entry) for entry in found], next_cursor=following)
