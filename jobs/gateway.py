"""The outside, where orders are placed: what is asked of it over HTTP, and what its answers mean.

Other kinds of gateways stand in ``jobs.gateways``.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Protocol
from urllib.parse import quote

import httpx
import orjson
from standardwebhooks import Webhook

from engine.config import Settings
from engine.domain.executions import Answer, Execution, Result
from engine.domain.gateways import Terms
from engine.domain.values import Money, parse_currency, parse_decimal, parse_id, to_minor
from engine.errors import InputError, Unavailable
from jobs.keptalive import KeptAlive, direct

CONNECT = 0.75  # seconds to reach the gateway: longer, and a stop pressed meanwhile would not hold in time
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
        self._kept = KeptAlive(self._time_out(), MOST_BYTES) if client is None and direct(self._url) else None
        self._client = client or httpx.Client(timeout=self._time_out(), limits=limits, follow_redirects=False)

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
        if execution.test:
            headers["Rapport-Test"] = "true"
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
        if self._kept is not None:
            self._kept.close()

    def _time_out(self) -> httpx.Timeout:
        return httpx.Timeout(self._seconds, connect=min(self._seconds, CONNECT))

    def _asked(self, method: str, url: str, headers: Mapping[str, str], body: bytes, read: Reader) -> Answer:
        try:
            return read(*self._called(method, url, headers, body))
        except (httpx.HTTPError, httpx.InvalidURL, TimeoutError) as error:
            return unknown(type(error).__name__)
        except InputError as refused:
            return unknown(str(refused))

    def _called(self, method: str, url: str, headers: Mapping[str, str], body: bytes) -> tuple[int, bytes]:
        """The status and the body, read for as long as one time-out and up to the cap."""
        if self._kept is not None:
            return self._kept.call(method, url, headers, body)
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
    """The order as the gateway is sent it; the same at every attempt. One that is a test says so, and no other."""
    test = {"test": True} if execution.test else {}
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
        **promise(execution),
        **test,
    }


def promise(execution: Execution) -> dict[str, object]:
    """The day, and the slot of it, that an order is promised for; nothing where none is."""
    if execution.deliver_by is None:
        return {}
    slot = {} if execution.slot is None else {"slot": execution.slot}
    return {"deliver_by": execution.deliver_by.isoformat(), **slot}


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
        return Answer(
            result=Result.REFUSED, detail=str(code), items=_named(body), hard=_field(body, "decline") == "hard"
        )
    if status == 409:
        return _ordered(Result.REPEAT, status, body)
    return _ordered(Result.PLACED, status, body) if 200 <= status < 300 else unknown(f"status {status}")


def found(status: int, body: bytes) -> Answer:
    """What an answer to a look-up means; it may tell the order's ``total`` and ``currency``, too.

    Examples
    --------
    >>> found(200, b'{"order_id": "o1", "total": 4.99, "currency": "USD"}').total
    '4.99 USD'
    """
    if status == 404:
        return Answer(result=Result.NOT_FOUND, detail="the gateway has no order of it")
    if status != 200:
        return unknown(f"status {status}")
    return replace(_ordered(Result.PLACED, status, body), total=_total(body))


def unknown(detail: str) -> Answer:
    """No answer that tells whether there is an order."""
    return Answer(result=Result.UNKNOWN, detail=detail)


def _ordered(result: Result, status: int, body: bytes) -> Answer:
    try:
        return Answer(result=result, order_id=parse_id(_field(body, "order_id"), "order_id"))
    except InputError:
        return unknown(f"status {status} without an order_id")


def _total(body: bytes) -> str | None:
    """What the order came to; None where that is not told. What is no whole number of minor units stays as it came."""
    try:
        currency = parse_currency(_field(body, "currency"))
        number = parse_decimal(_field(body, "total"), "total")
    except InputError:
        return None
    money = Money(minor=to_minor(number, currency), currency=currency)
    return str(money) if Decimal(money.decimal()) == number else f"{number} {currency}"


def _named(body: bytes) -> tuple[str, ...]:
    """The items that a refusal names; none where it names them in no way the contract knows."""
    named = _field(body, "item_ids")
    return tuple(id for id in named if isinstance(id, str)) if isinstance(named, list) else ()


def _field(body: bytes, name: str) -> object:
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError:
        return None
    return document.get(name) if isinstance(document, dict) else None
