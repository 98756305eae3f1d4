"""The outside, where orders are placed: what is asked of it over HTTP, and what its answers mean.

Other kinds of gateways stand in ``jobs.gateways``.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Protocol
from urllib.parse import quote

import httpx
import orjson
from standardwebhooks import Webhook

from engine.config import Settings
from engine.domain.executions import Answer, Execution, Result
from engine.domain.gateways import Terms
from engine.domain.values import parse_id
from engine.errors import InputError, Unavailable

MOST_BYTES = 65_536  # of an answer; more is none that the contract knows
CODES = ("out_of_stock", "price_changed", "payment_failed", "rejected")


class Gateway(Protocol):
    """Where orders are placed. It keeps one order a key, however often it is asked."""

    def place(self, execution: Execution) -> Answer:
        """Place the order of an execution, under its key."""

    def look_up(self, execution_id: str) -> Answer:
        """Whether there is an order of this execution."""


class HttpGateway:
    """A gateway behind a URL, spoken to as CONTRACT says; whatever it does, an Answer comes back."""

    def __init__(
        self,
        url: str,
        secret: str | None = None,
        terms: Terms | None = None,
        client: httpx.Client | None = None,
    ) -> None:
        """Speak to the gateway at ``url``; of several secrets, parted by spaces, each signs what is sent."""
        self.terms = terms or Terms()
        self._url = url.rstrip("/")
        self._signers = [Webhook(one) for one in (secret or "").split()]
        self._seconds = self.terms.timeout.total_seconds()
        limits = httpx.Limits(max_connections=self.terms.at_once, max_keepalive_connections=self.terms.at_once)
        self._client = client or httpx.Client(timeout=self._seconds, limits=limits, follow_redirects=False)

    @classmethod
    def of(cls, settings: Settings, terms: Terms | None = None) -> HttpGateway:
        """The gateway that the settings name.

        Raises
        ------
        Unavailable
            where they name none
        """
        if settings.gateway_url is None:
            raise Unavailable("no gateway: set RAPPORT_GATEWAY_URL to where orders are placed")
        return cls(settings.gateway_url, settings.gateway_secret, terms or settings.gateway_terms)

    def place(self, execution: Execution) -> Answer:
        """Place the order of an execution, under its key."""
        body = orjson.dumps(wire(execution))
        headers = {"Content-Type": "application/json", **self.key(execution), **self._signature(execution.key, body)}
        return self._asked("POST", self._url, headers, body, placed)

    def look_up(self, execution_id: str) -> Answer:
        """Whether there is an order of this execution; one that cannot look up is not called."""
        if not self.terms.looks_up:
            return unknown("the gateway cannot look up")
        url = f"{self._url}/{quote(execution_id, safe='')}"
        return self._asked("GET", url, self._signature(execution_id, b""), b"", found)

    def key(self, execution: Execution) -> dict[str, str]:
        """The header by which the gateway tells a repeat."""
        return {"Idempotency-Key": execution.key}

    def close(self) -> None:
        """Let go of all connections."""
        self._client.close()

    def _asked(self, method: str, url: str, headers: Mapping[str, str], body: bytes, read: Reader) -> Answer:
        try:
            return read(*self._called(method, url, headers, body))
        except (httpx.HTTPError, httpx.InvalidURL, TimeoutError) as error:
            return unknown(type(error).__name__)
        except InputError as refused:
            return unknown(str(refused))

    def _called(self, method: str, url: str, headers: Mapping[str, str], body: bytes) -> tuple[int, bytes]:
        """The status and the body, read for as long as one time-out and up to the cap."""
        end, came = time.monotonic() + self._seconds, b""
        with self._client.stream(
            method, url, headers={"Accept-Encoding": "identity", **headers}, content=body or None
        ) as response:
            for part in response.iter_raw():
                came += part
                if len(came) > MOST_BYTES or time.monotonic() > end:
                    raise TimeoutError
        return response.status_code, came

    def _signature(self, id: str, body: bytes) -> dict[str, str]:
        """The headers of Standard Webhooks; with two secrets two signatures, so that either may be taken away."""
        if not self._signers:
            return {}
        at = datetime.now(UTC)
        signed = " ".join(one.sign(id, at, body.decode()) for one in self._signers)
        return {"webhook-id": id, "webhook-timestamp": str(int(at.timestamp())), "webhook-signature": signed}


class Reader(Protocol):
    """What makes an answer of a status and a body."""

    def __call__(self, status: int, body: bytes) -> Answer: ...


def wire(execution: Execution) -> dict[str, object]:
    """The order as the gateway is sent it; the same at every attempt."""
    return {
        "execution_id": execution.execution_id,
        "customer_id": execution.customer_id,
        "lines": [
            {"item_id": line.item_id, "quantity": line.quantity, "unit_price": line.unit_price.decimal()}
            for line in execution.lines
        ],
        "total": execution.total.decimal(),
        "currency": execution.total.currency,
        "mandate_id": execution.mandate_id,
    }


def placed(status: int, body: bytes) -> Answer:
    """What an answer to placing means.

    Examples
    --------
    >>> placed(409, b'{"order_id": "o1"}').result.value, placed(422, b'{"code": "out_of_stock"}').result.value
    ('repeat', 'refused')
    >>> placed(200, b"fine").result.value
    'unknown'
    """
    if status == 422 and (code := _field(body, "code")) in CODES:
        return Answer(result=Result.REFUSED, detail=code)
    if status == 409:
        return _ordered(Result.REPEAT, status, body)
    return _ordered(Result.PLACED, status, body) if 200 <= status < 300 else unknown(f"status {status}")


def found(status: int, body: bytes) -> Answer:
    """What an answer to a look-up means."""
    if status == 404:
        return Answer(result=Result.NOT_FOUND, detail="the gateway has no order of it")
    return _ordered(Result.PLACED, status, body) if status == 200 else unknown(f"status {status}")


def unknown(detail: str) -> Answer:
    """No answer that tells whether there is an order."""
    return Answer(result=Result.UNKNOWN, detail=detail)


def _ordered(result: Result, status: int, body: bytes) -> Answer:
    try:
        return Answer(result=result, order_id=parse_id(_field(body, "order_id"), "order_id"))
    except InputError:
        return unknown(f"status {status} without an order_id")


def _field(body: bytes, name: str) -> object:
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError:
        return None
    return document.get(name) if isinstance(document, dict) else None
