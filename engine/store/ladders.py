"""Where customers stand on their ladders, how they came there, and what they said is to be believed of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import Row, insert, select

from engine.domain.decisions import Rung
from engine.domain.signals import Climb, Record, Standing
from engine.store import signals
from engine.store.database import Tx
from engine.store.rows import by_ids, replace_rows
from engine.store.tables import beliefs, climbs, customers, reviews
from engine.store.tables import ladders as table

STEPWISE = ("hits", "misses", "sure", "shadows")


def records(tx: Tx, customer_ids: Collection[str], now: datetime) -> dict[str, Record]:
    """What is known of the conduct of each customer of whom anything is."""
    standings: dict[str, dict[str, Standing]] = defaultdict(dict)
    for row in by_ids(tx, select(table), table.c.customer_id, customer_ids):
        standings[row.customer_id][row.need] = _standing(row)
    seen = reviewed(tx, customer_ids)
    heard = signals.of_customers(tx, customer_ids, now)
    found = {
        id: Record(standings=standings.get(id, {}), reviewed_at=seen.get(id), heard=heard.get(id, ()))
        for id in standings.keys() | seen.keys() | heard.keys()
    }
    for row in by_ids(tx, select(beliefs), beliefs.c.customer_id, customer_ids):
        known = found.get(row.customer_id, Record())
        found[row.customer_id] = replace(
            known, stated_agency=row.agency, stated_trust=row.trust, stated_at=row.stated_at
        )
    return found


def reviewed(tx: Tx, customer_ids: Collection[str]) -> dict[str, datetime]:
    """When the ladders of those customers were last reviewed."""
    rows = by_ids(tx, select(reviews), reviews.c.customer_id, customer_ids)
    return {row.customer_id: row.reviewed_at for row in rows}


def unreviewed(tx: Tx, since: datetime) -> list[str]:
    """The customers whose ladders were not reviewed at an instant or later."""
    done = set(tx.scalars(select(reviews.c.customer_id).where(reviews.c.reviewed_at >= since)))
    return sorted(set(tx.scalars(select(customers.c.customer_id))) - done)


def put(
    tx: Tx, found: Mapping[str, Mapping[str, Standing]], moves: Mapping[str, Sequence[Climb]], at: datetime
) -> None:
    """Keep the standings that a review came to, and the moves that led there."""
    rows = [_row(id, need, one) for id, standings in found.items() for need, one in standings.items()]
    replace_rows(tx, table, ["customer_id", "need"], rows)
    replace_rows(tx, reviews, ["customer_id"], [{"customer_id": id, "reviewed_at": at} for id in found])
    made = [_climb(id, one) for id, several in moves.items() for one in several]
    if made:
        tx.execute(insert(climbs), made)


def moves(tx: Tx, customer_id: str) -> list[Climb]:
    """How a customer came to where they stand, the oldest first."""
    rows = tx.execute(select(climbs).where(climbs.c.customer_id == customer_id).order_by(climbs.c.at, climbs.c.id))
    return [
        Climb(
            need=row.need,
            at=row.at,
            before=Rung.of(row.before),
            after=Rung.of(row.after),
            why=row.why,
            evidence=row.evidence,
        )
        for row in rows
    ]


def state(tx: Tx, customer_id: str, agency: float | None, trust: float | None, now: datetime) -> None:
    """Keep what a customer says is to be believed of them."""
    row = {"customer_id": customer_id, "agency": agency, "trust": trust, "stated_at": now}
    replace_rows(tx, beliefs, ["customer_id"], [row])


def _row(customer_id: str, need: str, one: Standing) -> dict[str, Any]:
    return {
        "customer_id": customer_id,
        "need": need,
        "rung": one.rung.label,
        "evidence": {name: list(getattr(one, name)) for name in STEPWISE} | {"kept": one.kept},
        "rest_until": one.rest_until,
        "falls": one.falls,
    }


def _standing(row: Row[Any]) -> Standing:
    given = {name: tuple(row.evidence[name]) for name in STEPWISE}
    return Standing(
        rung=Rung.of(row.rung), kept=row.evidence["kept"], rest_until=row.rest_until, falls=row.falls, **given
    )


def _climb(customer_id: str, one: Climb) -> dict[str, Any]:
    return {
        "customer_id": customer_id,
        "need": one.need,
        "at": one.at,
        "before": one.before.label,
        "after": one.after.label,
        "why": one.why,
        "evidence": dict(one.evidence),
    }
