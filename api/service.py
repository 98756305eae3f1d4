"""What every view works with: settings, memory, the served model, the clock."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from threading import Semaphore

from flask import current_app

from api.auth.failures import Failures
from engine.config import Settings
from engine.domain.context import Context
from engine.domain.customers import Grant
from engine.errors import NotFound, Unavailable
from engine.learn.base import Model
from engine.store import context as contexts
from engine.store import customers
from engine.store.database import Database, Tx
from modes.policy import Policy

EXTENSION = "rapport"
CHOOSY = 4  # lists with a condition that are made at once
WAIT = 2.0  # seconds for a turn


@dataclass(frozen=True, kw_only=True)
class Service:
    """The process's one set of things that live longer than a request."""

    settings: Settings
    db: Database
    model: Callable[[], Model | None]  # the served model, taken once a request
    policy: Policy
    failures: Failures
    turns: Semaphore = field(default_factory=lambda: Semaphore(CHOOSY), repr=False)  # of lists with a condition

    def now(self) -> datetime:
        """The instant it is, by the settings' clock."""
        return self.settings.clock.now()

    def context(self, tx: Tx, customer_id: str, now: datetime) -> Context:
        """One customer as a decision sees them."""
        default = Grant(self.settings.personalization_default)
        return contexts.read(tx, customer_id, now, zone=self.settings.timezone, personalization_default=default)

    @contextmanager
    def choosing(self, filter: str | None) -> Iterator[None]:
        """A turn for a list with a condition, for which the whole catalogue may be gone through.

        Few are made at once, so that whoever asks for many takes neither the database nor the processors from others.

        Raises
        ------
        Unavailable
            where none of the others is done in time
        """
        if filter is None:
            yield
            return
        if not self.turns.acquire(timeout=WAIT):
            raise Unavailable("too many lists with a filter are being made: ask again in a moment")
        try:
            yield
        finally:
            self.turns.release()

    @contextmanager
    def reading(self, customer_id: str) -> Iterator[Tx]:
        """A snapshot in which the customer exists; NotFound where there is none."""
        with self.db.read() as tx:
            require_customer(tx, customer_id)
            yield tx

    @contextmanager
    def writing(self, customer_id: str) -> Iterator[Tx]:
        """A write transaction in which the customer exists; NotFound where there is none."""
        with self.db.begin() as tx:
            require_customer(tx, customer_id)
            yield tx


def require_customer(tx: Tx, customer_id: str) -> None:
    """NotFound unless the customer exists."""
    if customers.get(tx, customer_id) is None:
        raise NotFound("customer", customer_id)


def service() -> Service:
    """The service of the current app."""
    found: Service = current_app.extensions[EXTENSION]
    return found
