"""A gateway to try with: it keeps orders in a database of its own, and misbehaves when told to.

It stands on the standard library alone, so that it shares nothing with what it tests. ``POST /orders`` places an order,
once a key; ``GET /orders/ID`` looks an execution up; ``GET /orders`` counts.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
import random
import sqlite3
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import unquote
from uuid import uuid4

MOST_BYTES = 1_000_000
PLACE = "orders"  # the path; GET of it counts, GET of what lies below looks up
TOLERANCE = 300  # seconds a signature may be old
SCHEMA = """
CREATE TABLE IF NOT EXISTS orders (order_id TEXT PRIMARY KEY, key TEXT UNIQUE, execution_id TEXT, body TEXT);
CREATE TABLE IF NOT EXISTS refusals (key TEXT PRIMARY KEY, code TEXT);
"""


@dataclass(frozen=True, kw_only=True)
class Manners:
    """How it misbehaves: the shares of calls that go wrong in each way, and when it dies."""

    late: float = 0.0  # the order is kept, the answer comes after the caller has gone
    fail: float = 0.0  # 500, nothing kept
    stall: float = 0.0  # no answer, nothing kept
    refuse: Mapping[str, float] = field(default_factory=dict)  # 422 with the code, nothing kept
    stores_errors: bool = False  # whether a refusal stands under its key
    looks_up: bool = True  # whether it tells of an execution whether there is an order
    die_after: int | None = None  # orders kept until the process ends before it answers
    hold: float = 30.0  # seconds that a late or stalled answer takes
    seed: int = 0

    def draw(self, key: str, call: int) -> str:
        """How the n-th call with one key goes: late, fail, stall, the code of a refusal, or well; always the same."""
        chance = random.Random(f"{self.seed} {key} {call}").random()
        for name, share in (("late", self.late), ("fail", self.fail), ("stall", self.stall), *self.refuse.items()):
            if chance < share:
                return name
            chance -= share
        return "well"


@dataclass
class Book:
    """The orders, in one SQLite file; a key has one order, whatever happens."""

    path: str
    kept: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self._db = sqlite3.connect(self.path, check_same_thread=False, isolation_level=None)
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.executescript(SCHEMA)

    def place(self, key: str | None, order: Mapping[str, Any]) -> tuple[str, bool]:
        """The order's id, and whether it was there already; without a key every call is a new order.

        Raises
        ------
        ValueError
            where another order stands under the key
        """
        body = json.dumps(order, sort_keys=True)
        with self._lock:
            found = self._one("SELECT order_id FROM orders WHERE key = ?", key)
            if found:
                if self._one("SELECT body FROM orders WHERE key = ?", key) != body:
                    raise ValueError("another order stands under this key")
                return found, True
            order_id = f"shop-{uuid4().hex}"
            row = (order_id, key, str(order["execution_id"]), body)
            self._db.execute("INSERT INTO orders VALUES (?, ?, ?, ?)", row)
            self.kept += 1
            return order_id, False

    def has(self, key: str | None) -> bool:
        """Whether there is an order under a key."""
        with self._lock:
            return self._one("SELECT order_id FROM orders WHERE key = ?", key) is not None

    def refused(self, key: str | None) -> str | None:
        """The code that a key was refused with, where that was kept."""
        with self._lock:
            return self._one("SELECT code FROM refusals WHERE key = ?", key)

    def refuse(self, key: str | None, code: str) -> None:
        """Keep that a key was refused."""
        with self._lock:
            self._db.execute("INSERT OR IGNORE INTO refusals VALUES (?, ?)", (key, code))

    def look_up(self, execution_id: str) -> str | None:
        """The order of an execution, if there is one."""
        with self._lock:
            return self._one("SELECT order_id FROM orders WHERE execution_id = ?", execution_id)

    def counts(self) -> dict[str, int]:
        """How many orders there are, and for how many executions."""
        with self._lock:
            row = self._db.execute("SELECT count(*), count(DISTINCT execution_id) FROM orders").fetchone()
        return {"orders": row[0], "executions": row[1]}

    def _one(self, statement: str, value: str | None) -> str | None:
        row = self._db.execute(statement, (value,)).fetchone()
        return str(row[0]) if row else None


def signed(secret: str, id: str, timestamp: str, body: bytes) -> str:
    """The signature of Standard Webhooks: HMAC-SHA256 over ``id.timestamp.body``, in base64.

    Examples
    --------
    >>> signed("whsec_c2VjcmV0", "e1", "1512086400", b"{}")
    'v1,3Y+Arwtp3uk+BYu/l/XN8CTM0sLS24amgTpu38wTaAs='
    """
    key = base64.b64decode(secret.removeprefix("whsec_") + "==")
    digest = hmac.new(key, b".".join((id.encode(), timestamp.encode(), body)), hashlib.sha256).digest()
    return "v1," + base64.b64encode(digest).decode()


class Handler(BaseHTTPRequestHandler):
    """One call."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # head and body go out in two writes; the second is not to wait for the first
    server: Server

    def do_POST(self) -> None:
        """Place an order."""
        body = self._body()
        if body is None:
            return self._answer(HTTPStatus.BAD_REQUEST, {"error": "a JSON order of at most 1 MB"})
        raw, order = body
        if not self._genuine(raw):
            return self._answer(HTTPStatus.UNAUTHORIZED, {"error": "the signature is not ours"})
        key = self.headers.get("Idempotency-Key")
        how = self.server.manner(key or str(order["execution_id"]))
        if how == "stall":
            return self._hold()
        if how == "fail":
            return self._answer(HTTPStatus.INTERNAL_SERVER_ERROR, {"error": "told to fail"})
        if code := self._refusal(key, how):
            return self._answer(HTTPStatus.UNPROCESSABLE_ENTITY, {"code": code})
        try:
            order_id, repeat = self.server.book.place(key, order)
        except ValueError as another:
            return self._answer(HTTPStatus.UNPROCESSABLE_ENTITY, {"error": str(another)})
        if self.server.book.kept == self.server.manners.die_after:
            os._exit(9)
        if how == "late":
            self._hold()
        self._answer(HTTPStatus.CONFLICT if repeat else HTTPStatus.CREATED, {"order_id": order_id})

    def do_GET(self) -> None:
        """Look an execution up, or count."""
        asked = unquote(self.path.rstrip("/").rsplit("/", 1)[-1])
        if asked in ("", PLACE):
            return self._answer(HTTPStatus.OK, self.server.book.counts())
        if not self.server.manners.looks_up:
            return self._answer(HTTPStatus.METHOD_NOT_ALLOWED, {"error": "nothing is looked up here"})
        order_id = self.server.book.look_up(asked)
        if order_id is None:
            return self._answer(HTTPStatus.NOT_FOUND, {"error": "no order of this execution"})
        self._answer(HTTPStatus.OK, {"order_id": order_id})

    def _refusal(self, key: str | None, how: str) -> str | None:
        """The code that this call is refused with; an order that is there is never refused afterwards."""
        book, manners = self.server.book, self.server.manners
        if manners.stores_errors and (code := book.refused(key)):
            return code
        if how not in manners.refuse or book.has(key):
            return None
        if manners.stores_errors:
            book.refuse(key, how)
        return how

    def _body(self) -> tuple[bytes, dict[str, Any]] | None:
        length = self.headers.get("Content-Length", "")
        if not length.isdigit() or int(length) > MOST_BYTES:
            self.close_connection = True
            return None
        raw = self.rfile.read(int(length))
        try:
            order = json.loads(raw)
        except ValueError:
            return None
        return (raw, order) if isinstance(order, dict) and "execution_id" in order else None

    def _genuine(self, raw: bytes) -> bool:
        if self.server.secret is None:
            return True
        id, timestamp = self.headers.get("webhook-id", ""), self.headers.get("webhook-timestamp", "")
        if not timestamp.isdigit() or abs(time.time() - int(timestamp)) > TOLERANCE:
            return False
        came = self.headers.get("webhook-signature", "").split()
        wanted = [signed(secret, id, timestamp, raw) for secret in self.server.secret.split()]
        return any(hmac.compare_digest(one, other) for one in wanted for other in came)

    def _hold(self) -> None:
        """Let the caller wait, most likely until it is gone."""
        self.close_connection = True
        self.server.ended.wait(self.server.manners.hold)

    def _answer(self, status: HTTPStatus, document: Mapping[str, object]) -> None:
        body = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing: the book tells what happened."""


class Server(ThreadingHTTPServer):
    """The gateway: a book, its manners, and a secret where signatures are to be checked; of several any will do."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, port: int, book: Book, manners: Manners, secret: str | None = None) -> None:
        self.book, self.manners, self.secret = book, manners, secret
        self.ended = threading.Event()
        self._calls: dict[str, int] = {}
        super().__init__(("127.0.0.1", port), Handler)

    def manner(self, key: str) -> str:
        """How this call goes."""
        call = self._calls[key] = self._calls.get(key, 0) + 1
        return self.manners.draw(key, call)

    def handle_error(self, request: object, client_address: object) -> None:
        """Callers that are gone are nothing to speak of."""

    def server_close(self) -> None:
        """Let held calls go, and end."""
        self.ended.set()
        super().server_close()

    @property
    def url(self) -> str:
        """Where orders are placed."""
        return f"http://127.0.0.1:{self.server_address[1]}/{PLACE}"


def main(
    port: int = 8900,
    db_path: Path = Path("gateway.db"),
    *,
    late: float = 0.0,
    fail: float = 0.0,
    stall: float = 0.0,
    refuse: Mapping[str, float] | None = None,
    stores_errors: bool = False,
    looks_up: bool = True,
    die_after: int | None = None,
    seed: int = 0,
    hold: float = 30.0,
    secret: str | None = None,
    say: Callable[[str], object] = print,
) -> None:
    """Serve until interrupted.

    Parameters
    ----------
    late, fail, stall : shares of calls, 0 to 1
    refuse : code -> share of calls that are refused with it
    stores_errors : whether a refusal stands under its key
    looks_up : whether it tells of an execution whether there is an order
    die_after : end the process, without an answer, once so many orders are kept
    hold : seconds that a late or stalled answer takes
    """
    manners = Manners(
        late=late,
        fail=fail,
        stall=stall,
        refuse=refuse or {},
        stores_errors=stores_errors,
        looks_up=looks_up,
        die_after=die_after,
        seed=seed,
        hold=hold,
    )
    db_path.parent.mkdir(parents=True, exist_ok=True)
    server = Server(port, Book(str(db_path)), manners, secret)
    say(f"orders are taken at {server.url}")
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        pass
    finally:
        server.server_close()
