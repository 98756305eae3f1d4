"""What the worker counts: calls of the gateway, what became of executions, runs of jobs; shown on a port of its own."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

import structlog
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, start_http_server

from engine.domain.executions import Answer, Call, Execution
from jobs.gateway import Gateway

REGISTRY = CollectorRegistry()
CALLS = Counter("rapport_gateway_calls_total", "Calls of the gateway", ["call", "result"], registry=REGISTRY)
SECONDS = Histogram(
    "rapport_gateway_seconds",
    "Time from call to answer",
    ["call"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
    registry=REGISTRY,
)
EXECUTIONS = Counter(
    "rapport_executions_total", "What executions came to, counted when their sweep ends", ["to"], registry=REGISTRY
)
RUNS = Counter("rapport_job_runs_total", "Runs of jobs", ["job", "state"], registry=REGISTRY)
RUN_SECONDS = Counter("rapport_job_seconds_total", "Time that runs of jobs took", ["job"], registry=REGISTRY)
BACKLOG = Gauge("rapport_backlog", "Executions that are overdue, as the last look found", registry=REGISTRY)
log = structlog.get_logger()


class Observed:
    """A gateway whose calls are counted and timed."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway

    def place(self, execution: Execution) -> Answer:
        """Place the order of an execution, under its key."""
        return _timed(Call.PLACE, lambda: self._gateway.place(execution))

    def look_up(self, execution_id: str) -> Answer:
        """Whether there is an order of this execution."""
        return _timed(Call.LOOK_UP, lambda: self._gateway.look_up(execution_id))


def swept(summary: Mapping[str, object]) -> None:
    """A sweep has ended, and came to that."""
    for to, n in summary.items():
        if isinstance(n, int):
            EXECUTIONS.labels(to).inc(n)


def ran(job: str, state: str, seconds: float) -> None:
    """A run of a job has ended so."""
    RUNS.labels(job, state).inc()
    RUN_SECONDS.labels(job).inc(seconds)


def show(address: tuple[str, int]) -> Callable[[], None]:
    """Show the figures at an address, for Prometheus; what is given ends it."""
    server, thread = start_http_server(address[1], address[0], registry=REGISTRY)
    log.info("metrics.shown", host=address[0], port=server.server_port)

    def end() -> None:
        server.shutdown()
        server.server_close()
        thread.join(1.0)

    return end


def _timed(call: Call, work: Callable[[], Answer]) -> Answer:
    began = time.perf_counter()
    result = "broken"
    try:
        answer = work()
        result = answer.result.value
        return answer
    finally:
        SECONDS.labels(call.value).observe(time.perf_counter() - began)
        CALLS.labels(call.value, result).inc()
