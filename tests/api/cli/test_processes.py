"""Commands that stay: the server, the worker, the example gateway; each as a process, each ended by SIGTERM."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import contextmanager

import httpx
import pytest

from engine.domain.customers import Consent, Grant, Purpose
from engine.domain.decisions import Rung
from engine.domain.executions import State
from engine.store import artifacts, consents, executions, items
from engine.store.database import Database
from tests.builders import an_item
from tests.ledgers import HOUR, NOW, execution, standing, stored


def free_port():
    """A port that nobody listens at."""
    with socket.socket() as tried:
        tried.bind(("127.0.0.1", 0))
        return tried.getsockname()[1]


@contextmanager
def process(environment, *words, **settings):
    """A command that runs; killed at the end if it still does."""
    buffered = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    environ = {**buffered, "RAPPORT_HOME": str(environment.home), **environment.more, **settings}
    command = [sys.executable, "-m", "api.cli", *map(str, words)]
    running = subprocess.Popen(
        command, env=environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=environment.home.parent
    )
    try:
        yield running
    finally:
        running.kill()
        running.communicate()


def ended(running):
    """The code a process ends with within ten seconds of SIGTERM, and what it said on standard error."""
    running.send_signal(signal.SIGTERM)
    _, said = running.communicate(timeout=10)
    return running.returncode, said


def until(happened, seconds=30.0):
    """Wait for something to happen."""
    end = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.1)


def answers(url):
    """Whether somebody answers 200 there."""
    try:
        return httpx.get(url).status_code == 200
    except httpx.TransportError:
        return False


def approved(db):
    """Store an execution that asked first, and was said yes to."""
    granted = Consent(purpose=Purpose.AUTOMATION, state=Grant.GRANTED, at=NOW - HOUR)
    stored(db, execution(rung=Rung.APPROVE, due=NOW + HOUR))
    with db.begin() as tx:
        items.put(tx, [an_item("beans")])
        consents.put(tx, "anna", [granted])
        executions.approve(tx, "e1", "anna", NOW)


@pytest.mark.parametrize("command", ["serve", "gateway-example"])
def test_a_port_that_is_taken_is_named(rapport, command):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        rapport(command, "--port", port).failed(1, f"--port {port}", "in use")


def test_a_host_that_is_not_here_is_named(rapport):
    rapport("serve", "--host", "192.0.2.1").failed(1, "--host 192.0.2.1")


@pytest.mark.parametrize(
    "command", [["worker"], ["jobs", "run", "sweep"], ["doctor"], ["gateway-example"]], ids=" ".join
)
def test_a_gateway_that_cannot_be_called_is_named(rapport, command):
    for url in ("nonsense", "ftp://shop/orders", "http://", "http://[shop/orders"):
        rapport(*command, RAPPORT_GATEWAY_URL=url).failed(2, "RAPPORT_GATEWAY_URL", repr(url))
    for secret in ("%%%", "whsec_", "abcde"):
        said = rapport(*command, RAPPORT_GATEWAY_SECRET=secret)
        said.failed(2, "RAPPORT_GATEWAY_SECRET")
        assert secret not in said.err


def test_the_server_makes_its_place_answers_and_ends(environment):
    port = free_port()
    with process(environment, "serve", "--port", port, RAPPORT_NOW="-3240d") as running:
        until(lambda: answers(f"http://127.0.0.1:{port}/readyz"))
        assert httpx.get(f"http://127.0.0.1:{port}/readyz").json()["clock_moved"] is True
        assert ended(running)[0] == 0


def test_a_server_without_a_sound_model_says_so_in_json(environment):
    port = free_port()
    environment.settings.models.mkdir(parents=True)
    (environment.settings.models / artifacts.SERVED).write_text("lost")
    with process(environment, "serve", "--port", port) as running:
        until(lambda: answers(f"http://127.0.0.1:{port}/healthz"))
        httpx.get(f"http://127.0.0.1:{port}/readyz")
        where, *said = ended(running)[1].splitlines()
    assert where.startswith("API and console at http://127.0.0.1")
    [told] = [line for line in map(json.loads, said) if line["event"] == "model.unserved"]
    assert (told["model_id"], told["goes_on_serving"], told["level"]) == ("lost", None, "error")
    assert "ArtifactError" in told["exception"]


def test_a_worker_places_what_is_due_at_the_example_gateway(rapport, environment, tmp_path):
    environment.more |= {"RAPPORT_NOW": NOW.isoformat(), "RAPPORT_GATEWAY_SECRET": "whsec_c2VjcmV0"}
    port = free_port()
    url = f"http://127.0.0.1:{port}/orders"
    assert rapport("db", "upgrade").code == 0
    db = Database.open(environment.settings.database_url)
    approved(db)
    with process(environment, "gateway-example", "--port", port, "--database", tmp_path / "book.db") as gateway:
        assert gateway.stdout.readline() == f"orders are taken at {url}\n"
        with process(environment, "worker", RAPPORT_GATEWAY_URL=url) as worker:
            until(lambda: standing(db).state is not State.WAITING and standing(db).state is not State.PLACING)
            code, said = ended(worker)
        placed = standing(db)
        assert placed.state in (State.PLACED, State.CONFIRMED), placed.reason
        assert httpx.get(f"{url}/e1").json() == {"order_id": placed.order_id}
        assert httpx.get(url).json() == {"orders": 1, "executions": 1}
    assert code == 0
    assert [json.loads(line)["event"] for line in said.splitlines()][-1] == "worker.ended"
    db.close()
