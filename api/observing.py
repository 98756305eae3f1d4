"""What a request leaves behind: an id, a log line, and figures."""

from __future__ import annotations

import re
import time
import uuid

import structlog
from apiflask import APIFlask
from flask import Response, g, request
from prometheus_client import Counter, Histogram

REQUESTS = Counter("rapport_requests_total", "Requests answered", ["method", "route", "status"])
SECONDS = Histogram(
    "rapport_request_seconds",
    "Time from request to answer",
    ["method", "route"],
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10),
)
DECISIONS = Counter("rapport_decisions_total", "Decisions answered", ["mode"])

_SANE_ID = re.compile(r"[A-Za-z0-9._:-]{1,128}")
_QUIET = frozenset({"healthz", "readyz", "metrics"})
log = structlog.get_logger("rapport.request")


def observe(app: APIFlask) -> None:
    """Give every request an id, count it, and log it once it is answered."""
    app.before_request(_begin)
    app.after_request(_end)


def request_id() -> str:
    """The caller's X-Request-ID where its characters are sane, else a fresh one.

    What is echoed into a header and a log line must not be able to break either.
    """
    given = request.headers.get("X-Request-ID", "")
    return given if _SANE_ID.fullmatch(given) else uuid.uuid4().hex


def _begin() -> None:
    g.request_id = request_id()
    g.begun = time.perf_counter()
    structlog.contextvars.clear_contextvars()
    structlog.contextvars.bind_contextvars(request_id=g.request_id)


def _end(response: Response) -> Response:
    response.headers["X-Request-ID"] = g.get("request_id") or request_id()
    response.headers.setdefault("X-Content-Type-Options", "nosniff")
    response.headers.setdefault("Cache-Control", "no-store")
    response.headers.setdefault("Referrer-Policy", "same-origin")
    seconds = time.perf_counter() - g.get("begun", time.perf_counter())
    route = request.url_rule.rule if request.url_rule else "none"  # never the path: it would be a label a customer
    REQUESTS.labels(request.method, route, response.status_code).inc()
    SECONDS.labels(request.method, route).observe(seconds)
    if request.endpoint is None or request.endpoint.rpartition(".")[2] not in _QUIET:
        log.info(
            "request",
            method=request.method,
            route=route,
            status=response.status_code,
            milliseconds=round(seconds * 1000, 2),
            caller=_caller(),
        )
    return response


def _caller() -> str | None:
    caller = g.get("caller")
    return None if caller is None else caller.actor
