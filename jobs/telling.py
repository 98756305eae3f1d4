"""Alerts told to a webhook: signed, at least once, under an id that stays the same; a dead receiver blocks nobody."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from threading import Thread
from typing import Protocol

import httpx
import orjson
import structlog
from standardwebhooks import Webhook

from engine.config import Settings
from engine.domain.alerts import Message
from engine.store import alerts
from engine.store.database import Database

log = structlog.get_logger()
TIMEOUT = 5.0  # seconds for each step of a call
ENDS = 10.0  # seconds after which a call is given up whatever it does
LEASE = timedelta(minutes=1)  # for which nobody else tells a message that is being told
FIRST_RETRY = timedelta(seconds=10)  # doubled each time
LONGEST_RETRY = timedelta(hours=1)
GIVE_UP = 80  # attempts, some three days
MOST = 100  # messages in one run


class Receiver(Protocol):
    """Who is told."""

    def tell(self, message: Message) -> str | None:
        """What went wrong; None where it was taken."""


class Hook:
    """A webhook that the environment names: it is trusted, is not followed elsewhere, and its answer is not read."""

    def __init__(self, url: str, secret: str | None = None, client: httpx.Client | None = None) -> None:
        self._url = url
        self._signer = Webhook(secret) if secret else None
        self._client = client or httpx.Client(timeout=TIMEOUT, follow_redirects=False)

    def tell(self, message: Message) -> str | None:
        """What went wrong; None where it was taken."""
        said: list[str | None] = []
        call = Thread(target=lambda: said.append(self._told(message)), name="alert", daemon=True)
        call.start()
        call.join(ENDS)
        return said[0] if said else f"no answer within {ENDS:.0f} s"

    def _told(self, message: Message) -> str | None:
        body = orjson.dumps(message.document)
        headers = {"Content-Type": "application/json", **self._signature(message.message_id, body)}
        try:
            with self._client.stream("POST", self._url, headers=headers, content=body) as response:
                return None if response.is_success else f"status {response.status_code}"
        except Exception as error:  # whatever the client stumbles over, it was not told
            return type(error).__name__

    def _signature(self, id: str, body: bytes) -> dict[str, str]:
        at = datetime.now(UTC)
        named = {"webhook-id": id, "webhook-timestamp": str(int(at.timestamp()))}
        if self._signer is None:
            return named
        return named | {"webhook-signature": self._signer.sign(id, at, body.decode())}


def run(db: Database, settings: Settings, *, stopped: Callable[[], bool] = lambda: False) -> Counter[str]:
    """Tell what is to be told; answers how many messages were taken, and whether one was not."""
    if settings.alert_url is None:
        return Counter()
    return deliver(db, Hook(settings.alert_url, settings.alert_secret), stopped=stopped)


def deliver(db: Database, receiver: Receiver, *, stopped: Callable[[], bool] = lambda: False) -> Counter[str]:
    """Tell what is to be told until one is not taken: whoever does not take one is left alone for a while."""
    found = Counter[str]()
    while found["told"] < MOST and not stopped():
        with db.begin() as tx:
            message = alerts.take_message(tx, LEASE)
        if message is None:
            break
        error = receiver.tell(message)
        with db.begin() as tx:
            if error is None:
                alerts.told(tx, message)
            else:
                alerts.untold(tx, message, error, again_in(message.attempts))
        if error is not None:
            log.warning("alert.untold", message_id=message.message_id, attempts=message.attempts, error=error)
            return found + Counter(untold=1)
        found["told"] += 1
    return found


def again_in(attempts: int) -> timedelta | None:
    """How long to wait after the n-th attempt; None after the last.

    Examples
    --------
    >>> [again_in(n).total_seconds() for n in (1, 2, 60)], again_in(80)
    ([10.0, 20.0, 3600.0], None)
    """
    if attempts >= GIVE_UP:
        return None
    return min(FIRST_RETRY * (1 << min(attempts - 1, 20)), LONGEST_RETRY)
