"""The example gateway's bad manners, each by itself, and what the client makes of them."""

from __future__ import annotations

import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Thread

import httpx
import orjson
import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from engine.domain.executions import Answer, Call, Result, State
from engine.domain.gateways import Terms
from jobs.example_gateway import TOLERANCE, Book, Manners, Server, signed
from jobs.gateway import CODES, HttpGateway, wire
from tests.ledgers import execution, line

OLD, NEW = "whsec_" + "c2VjcmV0" * 4, "whsec_" + "bmV3ZXI=" * 1
TERMS = Terms(timeout=timedelta(seconds=5))


@contextmanager
def example(tmp_path: Path, secret: str | None = None, **manners: object) -> Iterator[Server]:
    """A gateway in this process."""
    server = Server(0, Book(str(tmp_path / "gateway.db")), Manners(hold=1.0, **manners), secret)
    Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize("code", CODES)
def test_it_refuses_with_each_code_and_keeps_nothing(tmp_path: Path, code: str) -> None:
    with example(tmp_path, refuse={code: 1.0}) as server:
        gateway = HttpGateway(server.url, terms=TERMS)
        assert gateway.place(execution()) == Answer(result=Result.REFUSED, detail=code)
        assert gateway.look_up("e1").result is Result.NOT_FOUND
        assert server.book.counts()["orders"] == 0


def test_what_is_kept_is_not_refused_afterwards(tmp_path: Path) -> None:
    with example(tmp_path) as server:
        HttpGateway(server.url).place(execution())
        server.manners = Manners(refuse={"rejected": 1.0})
        assert HttpGateway(server.url).place(execution()).result is Result.REPEAT


@pytest.mark.parametrize(("stores", "then"), [(True, Result.REFUSED), (False, Result.PLACED)])
def test_a_refusal_stands_under_its_key_where_errors_are_stored(tmp_path: Path, stores: bool, then: Result) -> None:
    with example(tmp_path, refuse={"payment_failed": 1.0}, stores_errors=stores) as server:
        gateway = HttpGateway(server.url, terms=TERMS)
        assert gateway.place(execution()).result is Result.REFUSED
        server.manners = Manners(stores_errors=stores)
        assert gateway.place(execution()).result is then


def test_one_that_cannot_look_up_is_not_asked_and_leads_to_review(tmp_path: Path) -> None:
    with example(tmp_path, looks_up=False) as server:
        assert HttpGateway(server.url, terms=TERMS).look_up("e1").detail == "status 405"
        gateway = HttpGateway(server.url, terms=Terms(looks_up=False))
        answer = gateway.look_up("e1")
        assert answer == Answer(result=Result.UNKNOWN, detail="the gateway cannot look up")
        assert answer.leads_to(Call.LOOK_UP) is State.NEEDS_REVIEW
        assert gateway.terms.call(timedelta(hours=24)) is Call.LOOK_UP


def test_another_order_under_a_key_is_refused_and_is_no_answer_to_ours(tmp_path: Path) -> None:
    with example(tmp_path) as server:
        gateway = HttpGateway(server.url, terms=TERMS)
        gateway.place(execution())
        other = gateway.place(execution("e1", "anna", line(cents=501)))
        assert other == Answer(result=Result.UNKNOWN, detail="status 422")
        assert server.book.counts() == {"orders": 1, "executions": 1}


# Signatures


def headers_of(secret: str) -> tuple[dict[str, str], bytes]:
    """What is sent with an order."""
    came: list[httpx.Request] = []
    nothing = httpx.ByteStream(b"")
    transport = httpx.MockTransport(lambda request: came.append(request) or httpx.Response(500, stream=nothing))
    HttpGateway("http://shop/orders", secret, client=httpx.Client(transport=transport)).place(execution())
    return dict(came[0].headers), came[0].content


@pytest.mark.parametrize("secret", [OLD, OLD.removeprefix("whsec_")])
def test_what_is_signed_is_verified_by_the_standards_own_library(secret: str) -> None:
    headers, body = headers_of(secret)
    assert Webhook(OLD).verify(body, headers) == orjson.loads(body) == wire(execution())
    assert headers["webhook-id"] == headers["idempotency-key"] == "e1"
    for changed in (body[:-1] + b" }", body.replace(b"4.99", b"0.99")):
        with pytest.raises(WebhookVerificationError):
            Webhook(OLD).verify(changed, headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(OLD).verify(body, {**headers, "webhook-id": "e2"})


def test_with_two_secrets_whoever_knows_either_verifies(tmp_path: Path) -> None:
    headers, body = headers_of(f"{OLD} {NEW}")
    assert len(headers["webhook-signature"].split()) == 2
    for secret in (OLD, NEW):
        assert Webhook(secret).verify(body, headers)
        with example(tmp_path, secret=secret) as server:
            assert HttpGateway(server.url, f"{OLD} {NEW}").place(execution()).result in (Result.PLACED, Result.REPEAT)
    with example(tmp_path, secret=f"{OLD} {NEW}") as server:
        assert HttpGateway(server.url, NEW).place(execution("e2")).result is Result.PLACED


@pytest.mark.parametrize(
    ("age", "status"), [(0, 201), (TOLERANCE - 60, 201), (TOLERANCE + 60, 401), (-TOLERANCE - 60, 401)]
)
def test_a_signature_that_is_old_or_from_the_future_is_none(tmp_path: Path, age: int, status: int) -> None:
    body = orjson.dumps(wire(execution()))
    stamp = str(int(datetime.now(UTC).timestamp()) - age)
    headers = {"webhook-id": "e1", "webhook-timestamp": stamp, "webhook-signature": signed(OLD, "e1", stamp, body)}
    with example(tmp_path, secret=OLD) as server:
        assert httpx.post(server.url, content=body, headers=headers).status_code == status


# As a command


def free_port() -> int:
    with socket.socket() as tried:
        tried.bind(("127.0.0.1", 0))
        return int(tried.getsockname()[1])


@contextmanager
def command(tmp_path: Path, *options: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """The gateway as it is started by hand."""
    port = str(free_port())
    words = [sys.executable, "-m", "api.cli", "gateway-example", "--port", port, "--database", str(tmp_path / "b.db")]
    process = subprocess.Popen([*words, *options], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        said = process.stdout.readline()
        assert re.search(r"http://\S+", said), said or process.communicate()[1]
        yield process, said.split()[-1]
    finally:
        process.kill()
        process.communicate()


def test_every_switch_of_the_command_does_what_it_says(tmp_path: Path) -> None:
    shares = ["--late", "0.2", "--fail", "0.2", "--stall", "0.2", "--refuse", "out_of_stock=0.2"]
    more = ["--refuse", "payment_failed=0.1", "--stores-errors", "--no-look-up", "--seed", "19"]
    with command(tmp_path, *shares, *more) as (_, url):
        gateway = HttpGateway(url, terms=Terms(timeout=timedelta(seconds=3)))
        said = [gateway.place(execution(f"e{n}")) for n in range(8)]
        found = {(answer.result, answer.detail) for answer in said}
        assert found == {
            (Result.PLACED, None),
            (Result.UNKNOWN, "status 500"),
            (Result.UNKNOWN, "ReadTimeout"),
            (Result.REFUSED, "out_of_stock"),
            (Result.REFUSED, "payment_failed"),
        }
        expected = Manners(late=0.2, fail=0.2, stall=0.2, refuse={"out_of_stock": 0.2, "payment_failed": 0.1}, seed=19)
        drawn = [expected.draw(f"e{n}", 1) for n in range(8)]
        kept = drawn.count("late") + drawn.count("well")
        assert httpx.get(url).json()["orders"] == kept
        assert [answer.result is Result.PLACED for answer in said] == [word == "well" for word in drawn]
        assert gateway.look_up("e0").detail == "status 405"


def test_it_dies_after_so_many_orders_before_it_answers(tmp_path: Path) -> None:
    with command(tmp_path, "--die-after", "3") as (process, url):
        gateway = HttpGateway(url, terms=TERMS)
        said = [gateway.place(execution(f"e{n}")).result for n in range(3)]
        assert said == [Result.PLACED, Result.PLACED, Result.UNKNOWN]
        process.wait(30)
        assert process.returncode == 9
    with command(tmp_path) as (_, url):
        assert HttpGateway(url).place(execution("e2")).result is Result.REPEAT
        assert httpx.get(url).json() == {"orders": 3, "executions": 3}


@pytest.mark.parametrize("text", ["out_of_stock", "because=0.1", "rejected=2", "rejected=", "rejected=-1", "=0.1"])
def test_a_refusal_that_cannot_be_read_is_named(tmp_path: Path, text: str) -> None:
    words = [sys.executable, "-m", "api.cli", "gateway-example", "--refuse", text]
    ended = subprocess.run(words, capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == 2
    assert "--refuse" in ended.stderr
