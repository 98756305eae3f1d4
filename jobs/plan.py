"""Planning: once a day, decide for everybody who lets something be done unasked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta

from engine.config import Settings
from engine.domain.customers import Grant, Purpose
from engine.learn.base import Model
from engine.store import consents, customers, decisions
from engine.store.database import Database
from jobs.decisions import Deciding

TRIGGER = "plan"
AGAIN = timedelta(hours=23)  # after which a customer's turn comes again


def run(
    db: Database,
    model: Model | None,
    now: datetime,
    settings: Settings,
    *,
    stopped: Callable[[], bool] = lambda: False,
) -> Counter[str]:
    """Decide for everybody who granted coaching or automation and was not planned for lately.

    Answers how many customers there were, and how many experiences of each rung they were given. Without a model
    nothing is known to be due, so nobody is decided for.
    """
    found = Counter[str](customers=0)
    if model is None:
        return found
    deciding = Deciding(db=db, settings=settings, model=model, trigger=TRIGGER)
    for document in deciding.many(_turn(db, now), now, stopped=stopped):
        found["customers"] += 1
        found.update(experience["rung"] for experience in document["experiences"])
    return found


def _turn(db: Database, now: datetime) -> list[str]:
    """Whose turn it is."""
    with db.read() as tx:
        willing = set(customers.ids(tx)) - (
            consents.without(tx, Purpose.COACHING, Grant.REFUSED)
            & consents.without(tx, Purpose.AUTOMATION, Grant.REFUSED)
        )
        return sorted(willing - decisions.decided_for(tx, TRIGGER, now - AGAIN))
