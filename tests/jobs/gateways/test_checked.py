"""Calls to addresses that operators gave: the address that was looked at is the one that is called."""

from __future__ import annotations

import socket
import ssl
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import httpx
import pytest

from engine.domain import addresses
from engine.domain.executions import Result
from engine.domain.gateways import Terms
from jobs.gateway import HttpGateway
from jobs.gateways.checked import CheckedTransport, checked_client, resolved
from tests.ledgers import execution

SHOP = "93.184.215.14"


class Recording(httpx.BaseTransport):
    """Takes every request, and says where it would have gone."""

    def __init__(self, *refusing: str) -> None:
        self.sent: list[httpx.Request] = []
        self._refusing = refusing

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self.sent.append(request)
        if request.url.host in self._refusing:
            raise httpx.ConnectError("nobody listens")
        return httpx.Response(201, stream=httpx.ByteStream(b'{"order_id": "o1"}'))


class Names:
    """A resolver that gives one answer after the other, the last for ever."""

    def __init__(self, *answers: Sequence[str]) -> None:
        self.asked, self._answers = 0, list(answers)

    def __call__(self, host: str, port: int) -> Sequence[str]:
        self.asked += 1
        return self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]


def gateway(names: Names, sent: Recording, url: str = "https://shop.example/orders") -> HttpGateway:
    return HttpGateway(url, client=httpx.Client(transport=CheckedTransport(sent, names), trust_env=False))


def test_the_address_that_was_checked_is_called_under_the_hosts_name() -> None:
    sent = Recording()
    assert gateway(Names([SHOP]), sent).place(execution()).result is Result.PLACED
    request = sent.sent[0]
    assert (request.url.host, request.headers["host"]) == (SHOP, "shop.example")
    assert request.extensions["sni_hostname"] == "shop.example"
    assert request.url.path == "/orders"
    assert request.headers["idempotency-key"] == "e1"
    assert b'"execution_id":"e1"' in request.read()


def test_a_name_that_leads_inside_afterwards_is_looked_up_once_a_call_and_refused_the_next_time() -> None:
    sent, names = Recording(), Names([SHOP], ["127.0.0.1"])
    placed = gateway(names, sent)
    assert placed.place(execution()).result is Result.PLACED
    assert names.asked == 1
    assert [one.url.host for one in sent.sent] == [SHOP]
    answer = placed.place(execution("e2"))
    assert answer.result is Result.UNKNOWN
    assert "127.0.0.1" in str(answer.detail)
    assert placed.look_up("e2").result is Result.UNKNOWN
    assert len(sent.sent) == 1


@pytest.mark.parametrize("found", [[], ["10.0.0.1"], [SHOP, "10.0.0.1"], ["::ffff:127.0.0.1"], ["64:ff9b::7f00:1"]])
def test_nothing_is_sent_to_a_host_with_any_address_inside(found: list[str]) -> None:
    sent = Recording()
    assert gateway(Names(found), sent).place(execution()).result is Result.UNKNOWN
    assert sent.sent == []


def test_where_nobody_listens_the_second_address_is_tried_and_no_third() -> None:
    sent = Recording(SHOP)
    assert gateway(Names([SHOP, "1.1.1.1"]), sent).place(execution()).result is Result.PLACED
    assert [one.url.host for one in sent.sent] == [SHOP, "1.1.1.1"]
    sent = Recording(SHOP, "1.1.1.1")
    answer = gateway(Names([SHOP, "1.1.1.1", "8.8.8.8"]), sent).place(execution())
    assert answer.detail == "ConnectError"
    assert len(sent.sent) == 2


def test_numbers_that_mean_this_machine_are_refused() -> None:
    for host in ("2130706433", "0x7f.0.0.1", "127.1", "localhost", "[::1]", "[::ffff:127.0.0.1]", "0"):
        client = checked_client(Terms())
        answer = HttpGateway(f"https://{host}:8443/orders", client=client).place(execution())
        assert answer.result is Result.UNKNOWN
        assert "public addresses" in str(answer.detail), (host, answer.detail)


def test_a_name_that_is_none_has_no_addresses() -> None:
    assert resolved("nowhere.invalid", 443) == ()
    assert resolved("a" * 70 + ".example", 443) == ()


class Shop(BaseHTTPRequestHandler):
    """Answers what the test wants."""

    answer: tuple[int, dict[str, str], bytes] = (201, {}, b'{"order_id": "o1"}')
    came: list[dict[str, str]] = []

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        type(self).came.append(dict(self.headers))
        status, headers, body = self.answer
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@contextmanager
def serving(tls: ssl.SSLContext | None = None) -> Iterator[int]:
    """A shop on this machine; its port."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Shop)
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    Thread(target=server.serve_forever, daemon=True).start()
    Shop.came, Shop.answer = [], (201, {}, b'{"order_id": "o1"}')
    yield server.server_address[1]
    server.shutdown()
    server.server_close()


@pytest.fixture
def inside_is_public(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let this machine count as the open internet, so that something can answer."""
    monkeypatch.setattr(addresses, "is_public", lambda address: address == "127.0.0.1")


@pytest.mark.usefixtures("inside_is_public")
def test_over_tls_the_certificate_is_that_of_the_name_not_of_the_address(tmp_path: Path) -> None:
    key, cert = tmp_path / "key.pem", tmp_path / "cert.pem"
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    names = ["-subj", "/CN=shop.example", "-addext", "subjectAltName=DNS:shop.example", "-days", "2"]
    subprocess.run([*command, "-keyout", key, "-out", cert, *names], check=True, capture_output=True)
    ours, theirs = ssl.create_default_context(cafile=cert), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    theirs.load_cert_chain(cert, key)
    asked: list[str] = []
    theirs.sni_callback = lambda connection, name, context: asked.append(name)
    with serving(theirs) as port:
        for host, result, detail in (
            ("shop.example", Result.PLACED, None),
            ("other.example", Result.UNKNOWN, "ConnectError"),
        ):
            transport = CheckedTransport(httpx.HTTPTransport(verify=ours, trust_env=False), Names(["127.0.0.1"]))
            client = httpx.Client(transport=transport, trust_env=False)
            answer = HttpGateway(f"https://{host}:{port}/orders", client=client).place(execution())
            assert (answer.result, answer.detail) == (result, detail)
    assert asked == ["shop.example", "other.example"]
    assert [one["Host"] for one in Shop.came] == [f"shop.example:{port}"]


@pytest.mark.usefixtures("inside_is_public")
def test_redirects_proxies_and_packed_answers_lead_nowhere(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    lookup = socket.getaddrinfo

    def here(host: str, port: int, *more: object, **options: object) -> object:
        return lookup("127.0.0.1" if host == "shop.example" else host, port, *more, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(socket, "getaddrinfo", here)
    with serving() as port:
        placed = HttpGateway(f"http://shop.example:{port}/orders", client=checked_client(Terms()))
        assert placed.place(execution()).result is Result.PLACED
        Shop.answer = (307, {"Location": f"http://shop.example:{port}/elsewhere"}, b"")
        assert placed.place(execution()).detail == "status 307"
        Shop.answer = (201, {"Content-Encoding": "gzip"}, b"\x1f\x8b" + b"\0" * 20)
        assert placed.place(execution()).detail == "status 201 without an order_id"
        Shop.answer = (201, {}, b'{"order_id": "o1"' + b" " * 70_000 + b"}")
        assert placed.place(execution()).detail == "TimeoutError"
        assert len(Shop.came) == 4
        assert {one["Accept-Encoding"] for one in Shop.came} == {"identity"}
