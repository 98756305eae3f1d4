"""What needs no key: health, readiness, metrics, the docs page."""

from __future__ import annotations

import os
from http import HTTPStatus

import structlog
from apiflask import APIBlueprint
from flask import Response, render_template, send_from_directory
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, generate_latest, multiprocess

from api import figures, problem
from api.console.csp import strict
from api.routes import Topic
from api.service import service
from api.wire.plain import Health, Ready
from engine.store import figures as standing

topic = Topic(name="place", description="Health, readiness, metrics")
plain = APIBlueprint("pages", __name__, enable_openapi=False, template_folder="../pages")
UP = b"# HELP rapport_database_up Whether it answers\n# TYPE rapport_database_up gauge\nrapport_database_up %d\n"
log = structlog.get_logger(__name__)


@topic.route("GET", "/healthz", scopes=frozenset(), answer=Health)
def healthz() -> Health:
    """Whether the process answers."""
    return Health(status="ok")


@topic.route("GET", "/readyz", scopes=frozenset(), answer=Ready, problems=frozenset({HTTPStatus.SERVICE_UNAVAILABLE}))
def readyz() -> Response | Ready:
    """Whether requests can be served: the database answers and is migrated; which model is served, and what time it is.

    A place without a model is ready: it decides cold.
    """
    trouble = _database_trouble()
    if trouble:
        return problem.answer(HTTPStatus.SERVICE_UNAVAILABLE, trouble)
    here, model = service(), service().model()
    return Ready(
        status="ready",
        database=here.db.dialect,
        model_id=None if model is None else model.model_id,
        now=here.now(),
        clock_moved=here.settings.clock.moved,
    )


def _database_trouble() -> str | None:
    try:
        current = service().db.is_current()
    except Exception as error:  # whatever the driver raises: an answer, never a crash
        log.error("the database does not answer", error=type(error).__name__)
        return "the database does not answer"
    return None if current else "the database is not migrated: run `rapport db upgrade`"


@topic.route("GET", "/metrics", scopes=frozenset(), media_type="text/plain")
def metrics() -> Response:
    """Figures for Prometheus: of all processes that answer here, and of what stands in the database.

    Where the database does not answer, those that stand in it are left out, and `rapport_database_up` is 0.
    """
    registry = REGISTRY
    if os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
        registry = CollectorRegistry()
        multiprocess.MultiProcessCollector(registry)
    return Response(generate_latest(registry) + _standing(), content_type=CONTENT_TYPE_LATEST)


def _standing() -> bytes:
    try:
        with service().db.read() as tx:
            found = figures.text(standing.read(tx, service().now()))
    except Exception as error:  # whatever the driver raises: the process's own figures are shown all the same
        log.error("the database does not answer", error=type(error).__name__)
        return UP % 0
    return found + UP % 1


@plain.get("/docs")
def docs() -> Response:
    """The browsable document."""
    return strict(Response(render_template("docs.html"), content_type="text/html; charset=utf-8"))


@plain.get("/docs/<path:name>")
def docs_asset(name: str) -> Response:
    """The docs page's own files."""
    return send_from_directory(plain.root_path + "/../pages/static", name, max_age=3600)
