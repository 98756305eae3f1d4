"""What every view works with: settings, memory, the served model, the clock."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from flask import current_app

from api.auth.failures import Failures
from engine.config import Settings
from engine.domain.context import Context
from engine.domain.customers import Grant
from engine.errors import NotFound
from engine.learn.base import Model
from engine.store import context as contexts
from engine.store import customers
from engine.store.database import Database, Tx
from modes.policy import Policy

EXTENSION = "rapport"


@dataclass(frozen=True, kw_only=True)
class Service:
    """The process's one set of things that live longer than a request."""

    settings: Settings
    db: Database
    model: Callable[[], Model | None]  # the served model, taken once a request
    policy: Policy
    failures: Failures

    def now(self) -> datetime:
        """The instant it is, by the settings' clock."""
        return self.settings.clock.now()

    def context(self, tx: Tx, customer_id: str, now: datetime) -> Context:
        """One customer as a decision sees them."""
        default = Grant(self.settings.personalization_default)
        return contexts.read(tx, customer_id, now, zone=self.settings.timezone, personalization_default=default)

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
