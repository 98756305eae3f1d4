"""Executions that are due soon while something speaks against them, by the very rules that placing asks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta

from api.service import Service
from engine.domain.alerts import AlertKind
from engine.domain.customers import Grant
from engine.domain.executions import Execution
from engine.store import alerts, executions, house, items
from engine.store import context as contexts
from engine.store.database import Tx
from modes import ordering
from modes.rules import Objection

LOOKED_AT = 200  # executions in one page: customers are read for each

Risky = tuple[Execution, Sequence[Objection]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Found:
    """Executions at risk, the next due first, and where to go on."""

    at_risk: list[Risky]
    following: str | None


def page(here: Service, tx: Tx, within: timedelta, limit: int, after: str | None = None) -> Found:
    """Those at risk among the next that are due within so long; there may be more behind a short page."""
    due = executions.upcoming_page(tx, LOOKED_AT, after, here.now() + within)
    at_risk: list[Risky] = []
    for one, objections in _looked_at(here, tx, due):
        at_risk += [(one, objections)] if objections else []
        if len(at_risk) == limit:
            return Found(at_risk=at_risk, following=one.execution_id)
    return Found(at_risk=at_risk, following=due[-1].execution_id if len(due) == LOOKED_AT else None)


def _looked_at(here: Service, tx: Tx, due: Sequence[Execution]) -> Iterator[Risky]:
    now, default = here.now(), Grant(here.settings.personalization_default)
    ids = {one.customer_id for one in due}
    known = contexts.read_many(tx, ids, now, zone=here.settings.timezone, personalization_default=default)
    catalogue = items.get_many(tx, {line.item_id for one in due for line in one.lines})
    set_up = house.read(tx, now, zone=here.settings.timezone, customers=ids)
    failing = _failing(tx)
    for one in due:
        yield one, ordering.risks(one, known[one.customer_id], now, catalogue, set_up, here.policy, failing)


def _failing(tx: Tx) -> list[str]:
    return [alert.subject for alert in alerts.open_now(tx) if alert.kind == AlertKind.GATEWAY]
