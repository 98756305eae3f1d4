"""What the worker counts, and that it shows it."""

from __future__ import annotations

from collections import Counter

import httpx
import pytest

from engine.config import Settings
from engine.domain.executions import Answer, Result
from engine.store.database import Database
from jobs import observing
from jobs.observing import REGISTRY, Observed
from jobs.scheduler import JOBS, Shop, run_now, run_sweep
from tests.fakes import FakeGateway
from tests.ledgers import NOW, execution
from tests.stories.test_kill_worker import automated


def value(name: str, **labels: str) -> float:
    """A figure as it stands."""
    return REGISTRY.get_sample_value(name, labels) or 0.0


def test_calls_are_counted_by_what_came_of_them_and_timed() -> None:
    before = Counter({word: value("rapport_gateway_calls_total", call="place", result=word) for word in Result})
    timed = value("rapport_gateway_seconds_count", call="place")
    gateway = Observed(FakeGateway(["well", "fail", "out_of_stock"]))
    for n in range(3):
        gateway.place(execution(f"e{n}"))
    assert gateway.look_up("e0") == Answer(result=Result.PLACED, order_id="shop-1")
    for word in (Result.PLACED, Result.UNKNOWN, Result.REFUSED):
        assert value("rapport_gateway_calls_total", call="place", result=word) == before[word] + 1
    assert value("rapport_gateway_seconds_count", call="place") == timed + 3


def test_a_gateway_that_breaks_is_counted_and_breaks() -> None:
    def broken(_: object) -> None:
        raise RuntimeError

    before = value("rapport_gateway_calls_total", call="place", result="broken")
    with pytest.raises(RuntimeError):
        Observed(FakeGateway(before=broken)).place(execution())
    assert value("rapport_gateway_calls_total", call="place", result="broken") == before + 1


def test_a_sweep_counts_what_executions_came_to_and_every_run_is_counted(
    sqlite_db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    automated(sqlite_db, ["anna", "ben"])
    settings = Settings.from_env({"RAPPORT_NOW": NOW.isoformat()})
    shop = Shop(db=sqlite_db, settings=settings, gateway=FakeGateway())
    placed = value("rapport_executions_total", to="placed")
    done = value("rapport_job_runs_total", job="sweep", state="done")
    failed = value("rapport_job_runs_total", job="sweep", state="failed")
    [usual] = shop.default()
    run_sweep(shop, usual)
    assert value("rapport_executions_total", to="placed") == placed + 2
    assert value("rapport_job_runs_total", job="sweep", state="done") == done + 1

    def gone(*given: object, **more: object) -> None:
        raise ConnectionError

    monkeypatch.setattr("jobs.sweep.ledger.claim", gone)
    run_sweep(shop, usual)
    assert value("rapport_job_runs_total", job="sweep", state="failed") == failed + 1


def test_watching_is_a_job_that_runs_every_half_minute(sqlite_db: Database) -> None:
    settings = Settings.from_env({"RAPPORT_NOW": NOW.isoformat()})
    assert JOBS["watch"].every.total_seconds() == 30
    before = value("rapport_job_runs_total", job="watch", state="done")
    assert run_now(Shop(db=sqlite_db, settings=settings), "watch") == {}
    assert value("rapport_job_runs_total", job="watch", state="done") == before + 1


def test_the_figures_are_shown_on_a_port_of_the_loopback(unused_port: int) -> None:
    observing.EXECUTIONS.labels("placed").inc(0)
    end = observing.show(("127.0.0.1", unused_port))
    try:
        text = httpx.get(f"http://127.0.0.1:{unused_port}/metrics").text
    finally:
        end()
    assert 'rapport_executions_total{to="placed"}' in text
    assert "rapport_backlog" in text


@pytest.fixture
def unused_port() -> int:
    """A port that nobody listens at."""
    import socket

    with socket.socket() as tried:
        tried.bind(("127.0.0.1", 0))
        return int(tried.getsockname()[1])
