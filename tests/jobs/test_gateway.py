"""The gateway's client against the example gateway, in all its bad manners."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from threading import Thread

import httpx
import pytest

from engine.config import Settings
from engine.domain.executions import Answer, Call, Result
from engine.errors import Unavailable
from jobs.example_gateway import Book, Manners, Server
from jobs.gateway import MOST_BYTES, HttpGateway, Terms, wire
from tests.ledgers import execution, line

SECRET = "whsec_" + "c2VjcmV0" * 4
QUICK = Terms(timeout=timedelta(seconds=0.3))


@contextmanager
def example(tmp_path: Path, secret: str | None = None, **manners: object) -> Iterator[Server]:
    server = Server(0, Book(str(tmp_path / "gateway.db")), Manners(hold=1.0, **manners), secret)
    Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def answering(status: int, body: bytes = b"", **headers: str) -> HttpGateway:
    """A client whose gateway always gives one answer."""
    transport = httpx.MockTransport(
        lambda request: httpx.Response(status, stream=httpx.ByteStream(body), headers=headers)
    )
    return HttpGateway("http://shop/orders", client=httpx.Client(transport=transport))


def test_an_order_is_placed_once_however_often_it_is_asked_for(tmp_path: Path) -> None:
    with example(tmp_path) as server:
        gateway = HttpGateway(server.url, terms=QUICK)
        first, second = gateway.place(execution()), gateway.place(execution())
        assert (first.result, second.result) == (Result.PLACED, Result.REPEAT)
        assert first.order_id == second.order_id == gateway.look_up("e1").order_id
        assert gateway.look_up("e2").result is Result.NOT_FOUND
        assert httpx.get(server.url).json() == {"orders": 1, "executions": 1}


def test_what_is_sent_is_signed_and_what_is_not_is_refused(tmp_path: Path) -> None:
    with example(tmp_path, secret=SECRET) as server:
        assert HttpGateway(server.url, SECRET, QUICK).place(execution()).result is Result.PLACED
        for secret in (None, SECRET[:-4]):
            answer = HttpGateway(server.url, secret, QUICK).place(execution("e2"))
            assert answer == Answer(result=Result.UNKNOWN, detail="status 401")
        assert server.book.counts()["orders"] == 1


def test_a_late_answer_is_unknown_and_the_repeat_finds_the_order(tmp_path: Path) -> None:
    with example(tmp_path, late=1.0) as server:
        gateway = HttpGateway(server.url, terms=QUICK)
        assert gateway.place(execution()).result is Result.UNKNOWN
        assert gateway.look_up("e1").result is Result.PLACED
        assert server.book.counts() == {"orders": 1, "executions": 1}


@pytest.mark.parametrize(("manner", "detail"), [("fail", "status 500"), ("stall", "ReadTimeout")])
def test_a_failure_or_silence_is_unknown_and_keeps_nothing(tmp_path: Path, manner: str, detail: str) -> None:
    with example(tmp_path, **{manner: 1.0}) as server:
        gateway = HttpGateway(server.url, terms=QUICK)
        assert gateway.place(execution()) == Answer(result=Result.UNKNOWN, detail=detail)
        assert gateway.look_up("e1").result is Result.NOT_FOUND


def test_a_gateway_that_is_not_there_is_unknown() -> None:
    gateway = HttpGateway("http://127.0.0.1:9/orders", terms=QUICK)
    assert gateway.place(execution()).detail == gateway.look_up("e1").detail == "ConnectError"


@pytest.mark.parametrize(
    ("status", "body", "result", "detail"),
    [
        (201, b'{"order_id": "o1"}', Result.PLACED, None),
        (409, b'{"order_id": "o1"}', Result.REPEAT, None),
        (409, b'{"error": "busy"}', Result.UNKNOWN, "status 409 without an order_id"),
        (200, b'{"order_id": 7}', Result.UNKNOWN, "status 200 without an order_id"),
        (200, b'{"order_id": "a/b"}', Result.UNKNOWN, "status 200 without an order_id"),
        (200, b"[]", Result.UNKNOWN, "status 200 without an order_id"),
        (200, b"", Result.UNKNOWN, "status 200 without an order_id"),
        (422, b'{"code": "out_of_stock"}', Result.REFUSED, "out_of_stock"),
        (422, b'{"code": "price_changed"}', Result.REFUSED, "price_changed"),
        (422, b'{"code": "because"}', Result.UNKNOWN, "status 422"),
        (422, b'{"code": []}', Result.UNKNOWN, "status 422"),
        (503, b"", Result.UNKNOWN, "status 503"),
        (200, b'{"order_id": "o1", "more": "' + b"x" * MOST_BYTES + b'"}', Result.UNKNOWN, "TimeoutError"),
    ],
)
def test_what_answers_mean(status: int, body: bytes, result: Result, detail: str | None) -> None:
    answer = answering(status, body).place(execution())
    assert (answer.result, answer.detail) == (result, detail)


def test_redirects_are_not_followed() -> None:
    assert answering(307, location="http://elsewhere/").place(execution()).detail == "status 307"


def test_the_order_as_it_is_sent() -> None:
    one = execution("e1", "anna", line("beans", cents=499, quantity=2), line("milk", "milk", cents=101), mandate="m1")
    assert wire(one) == {
        "execution_id": "e1",
        "customer_id": "anna",
        "lines": [
            {"item_id": "beans", "quantity": 2, "unit_price": "4.99"},
            {"item_id": "milk", "quantity": 1, "unit_price": "1.01"},
        ],
        "total": "10.99",
        "currency": "USD",
        "mandate_id": "m1",
    }


def test_an_id_is_quoted_when_it_is_looked_up() -> None:
    asked = []
    transport = httpx.MockTransport(
        lambda request: asked.append(request.url.raw_path) or httpx.Response(404, stream=httpx.ByteStream(b""))
    )
    gateway = HttpGateway("http://shop/orders/", client=httpx.Client(transport=transport))
    assert gateway.look_up("a b?ü").result is Result.NOT_FOUND
    assert asked == [b"/orders/a%20b%3F%C3%BC"]


def test_the_key_is_used_as_long_as_it_is_known() -> None:
    terms = Terms()
    assert terms.call(None) is terms.call(timedelta(hours=23)) is Call.PLACE
    assert terms.call(timedelta(hours=24) - terms.timeout) is Call.LOOK_UP
    assert terms.lease > 2 * terms.timeout


def test_without_a_gateway_it_says_so() -> None:
    with pytest.raises(Unavailable, match="RAPPORT_GATEWAY_URL"):
        HttpGateway.of(Settings.from_env({}))


def test_a_test_order_says_so_and_no_other_does() -> None:
    from dataclasses import replace

    from jobs.gateway import wire
    from tests.ledgers import execution

    assert wire(replace(execution(), test=True))["test"] is True
    assert "test" not in wire(execution())
