"""The server as a process: it answers, replaces its workers, and ends in time with streams open."""

from __future__ import annotations

import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import orjson
import pytest

from api.auth import keys
from api.auth.caller import Scope
from engine.store import customers
from engine.store.database import Database
from tests.api.conftest import NOW, settings_at

SERVE = "import sys; from api.server import serve; from engine.config import Settings; \
serve(Settings.from_env(), port=int(sys.argv[1]), workers=int(sys.argv[2]))"

pytestmark = pytest.mark.long


@contextmanager
def serving(home: Path, workers: int = 1, **more: str) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """A server in ``home``, once it is ready; killed at the end if it still runs. ``more``: settings of its own."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    settings = settings_at(home, **more)
    database = Database.open(settings.database_url)
    database.upgrade()
    database.close()
    environ = {**os.environ, "RAPPORT_HOME": str(home), "RAPPORT_NOW": NOW, "RAPPORT_SECRET_KEY": settings.secret_key}
    environ |= {f"RAPPORT_{name}": value for name, value in more.items()}
    process = subprocess.Popen([sys.executable, "-c", SERVE, str(port), str(workers)], env=environ)
    try:
        until = time.monotonic() + 60
        while time.monotonic() < until and not ready(port):
            assert process.poll() is None
            time.sleep(0.2)
        yield process, port
    finally:
        process.terminate()  # killed at once, it would leave its workers behind
        try:
            process.wait(timeout=15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def ready(port: int) -> bool:
    """Whether the server answers that it is."""
    try:
        return ask(port, "GET", "/readyz")[0] == 200
    except OSError:
        return False


def ask(port: int, method: str, path: str, body: bytes | None = None, **headers: str) -> tuple[int, bytes]:
    """One request; its status and body."""
    line = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    try:
        line.request(method, path, body, {name.replace("_", "-"): value for name, value in headers.items()})
        answer = line.getresponse()
        return answer.status, answer.read()
    finally:
        line.close()


def refused_unread(port: int, authorization: str) -> int:
    """The status given to a request that announces ten megabytes and sends none of them."""
    line = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    line.putrequest("POST", "/v1/items")
    for name, value in {"Authorization": authorization, "Content-Length": "10000000"}.items():
        line.putheader(name, value)
    line.putheader("Content-Type", "application/json")
    line.endheaders()
    status = line.getresponse().status
    line.close()
    return status


@contextmanager
def opened(home: Path) -> Iterator[Database]:
    """The server's database."""
    database = Database.open(settings_at(home).database_url)
    yield database
    database.close()


@pytest.mark.parametrize("workers", [1, 2])
def test_it_ends_within_ten_seconds_with_streams_open(tmp_path: Path, workers: int) -> None:
    with serving(tmp_path, workers) as (process, port), opened(tmp_path) as db:
        with db.begin() as tx:
            customers.ensure(tx, ["ann"], settings_at(tmp_path).clock.now())
        token = keys.create_token(db, settings_at(tmp_path), "ann").key
        lines = []
        for _ in range(3):
            line = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
            line.request("GET", "/v1/customers/ann/nudges/stream", headers={"Authorization": f"Bearer {token}"})
            answer = line.getresponse()
            assert answer.status == 200
            assert answer.readline() == b"retry: 2000\n"
            lines.append((line, answer))
        begun = time.monotonic()
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=15) == 0
        assert time.monotonic() - begun < 10
        for line, answer in lines:
            answer.read()
            line.close()


def test_a_killed_worker_is_replaced(tmp_path: Path) -> None:
    with serving(tmp_path, 2) as (process, port):
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        os.kill(int(children[0]), signal.SIGKILL)
        time.sleep(3)
        after = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        assert len(after) == len(children)
        assert children[0] not in after
        assert ready(port)
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=15)


def test_the_clock_is_the_settings_one_and_bodies_are_bounded(tmp_path: Path) -> None:
    with serving(tmp_path) as (_, port), opened(tmp_path) as db:
        assert orjson.loads(ask(port, "GET", "/readyz")[1])["now"] == NOW
        key = f"Bearer {keys.create_key(db, Scope.BACKEND).key}"
        sent = {"Authorization": key, "Content_Type": "application/json"}
        status, body = ask(port, "POST", "/v1/items", b'{"item_id": "i"}', **sent)
        assert (status, orjson.loads(body)["accepted"]) == (200, 1)
        assert refused_unread(port, key) == 413
        assert ask(port, "GET", "/metrics")[0] == 200


def test_workers_add_up_their_figures(tmp_path: Path) -> None:
    with serving(tmp_path, 2) as (_, port):
        for _ in range(40):
            ask(port, "GET", "/healthz")
        text = ask(port, "GET", "/metrics")[1].decode()
        counted = [
            line for line in text.splitlines() if line.startswith("rapport_requests_total") and "/healthz" in line
        ]
        assert sum(float(line.rsplit(" ", 1)[1]) for line in counted) == 40
