"""A rule looked at before it holds, on the demo's data: are the households it names those it would touch?

    RAPPORT_HOME=.rapport/demo python -m benchmarks.previewed [--days 28]

Three rules, one of each kind that a line decides by itself: what is ordered for, what it costs, how sure it was. Each
is previewed as ``rapport rules preview`` does. Beside what is named stands what a statement of our own finds in the
tables of executions. Exit 1 where the orders are not the very same, or where a rule touches none and so shows nothing.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from sqlalchemy import text

from api import ruling
from api.cli.here import opened
from api.wire.rules import PreviewOut
from engine.config import Settings
from engine.domain.executions import SPENT, STOPPABLE, State
from engine.errors import Unavailable
from engine.store import orders
from engine.store.database import Database, Tx

RULES = {  # id: (the rule, what holds of the lines it is about)
    "no-milk": ('need.family.startsWith("FLUID MILK")\n    effect: forbid', "lines.need LIKE 'FLUID MILK%'"),
    "dear": (
        "price > 3.0\n    effect: require_approval",
        "lines.unit_price_minor > 300 AND executions.rung <> 'approve'",
    ),
    "unsure": (
        "forecast.probability < 0.9\n    effect: {veto_window: 72h}",
        "coalesce(lines.probability, executions.probability) < 0.9 AND executions.rung = 'veto'",
    ),
}
FOUND = """
    SELECT DISTINCT executions.execution_id, executions.customer_id, executions.total_minor
    FROM executions JOIN execution_lines AS lines USING (execution_id)
    WHERE NOT executions.test AND lines.dropped IS NULL AND {condition} AND (
        executions.state IN ({stoppable})
        OR executions.state IN ({done}) AND coalesce(executions.placed_at, executions.updated_at) >= :since
    )
"""
HEAD = "| rule | orders | households | money | by our own statement | |"


@dataclass(frozen=True, kw_only=True, slots=True)
class Touched:
    """What a rule would touch."""

    orders: frozenset[str]
    households: frozenset[str]
    money: Decimal

    def __str__(self) -> str:
        return f"{len(self.orders)} orders, {len(self.households)} households, {self.money}"


def main() -> None:
    """Print a row a rule."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--days", type=int, default=28)
    days, settings = parser.parse_args().days, Settings.from_env()
    db = opened(settings)
    sys.stdout.write(f"{HEAD}\n|{'---|' * HEAD.count(' | ')}---|\n")
    right = True
    for line, same in told(db, settings, days):
        sys.stdout.write(line + "\n")
        right = right and same
    sys.exit(0 if right else 1)


def told(db: Database, settings: Settings, days: int) -> Iterator[tuple[str, bool]]:
    """A row of the table, and whether both sides are the same."""
    with db.read() as tx:
        newest = orders.newest(tx)
    if newest is None:
        raise Unavailable("nothing was bought here: make the demo first (make demo ARGS=--no-serve)")
    now = newest + timedelta(microseconds=1)
    for id, (rule, condition) in RULES.items():
        named = previewed(db, settings, f"rules:\n  - id: {id}\n    when: {rule}\n", now, days)
        with db.read() as tx:
            ours = read(tx, condition, now - timedelta(days=days))
        some = ", ".join(sorted(named.households)[:3])
        cells = f"{len(named.orders)} | {len(named.households)} ({some}, …) | {named.money}"
        right = named == ours and bool(ours.orders)
        word = "the same" if right else "DIFFERS" if ours.orders else "TOUCHES NONE"
        yield f"| {id} | {cells} | {ours} | {word} |", right


def previewed(db: Database, settings: Settings, document: str, now: datetime, days: int) -> Touched:
    """What the preview of a rule names."""
    checked = ruling.reader(settings, db).text(document)
    ruling.require_sound(checked)
    found: PreviewOut = ruling.shown(ruling.preview(db, settings, checked.rules, now, days), days, 1_000_000)
    return Touched(
        orders=frozenset(one.execution_id for one in found.executions),
        households=frozenset(one.customer_id for one in found.executions),
        money=sum((Decimal(one.total) for one in found.executions), Decimal(0)),
    )


def read(tx: Tx, condition: str, since: datetime) -> Touched:
    """What a statement of our own finds; the demo's money has two places."""
    named = {state.name.lower(): state.value for state in (*STOPPABLE, *SPENT, State.RETURNED)}
    statement = FOUND.format(
        condition=condition,
        stoppable=", ".join(f":{state.name.lower()}" for state in sorted(STOPPABLE)),
        done=", ".join(f":{state.name.lower()}" for state in sorted([*SPENT, State.RETURNED])),
    )
    rows = tx.execute(text(statement), {**named, "since": since.replace(tzinfo=None)}).all()
    return Touched(
        orders=frozenset(row.execution_id for row in rows),
        households=frozenset(row.customer_id for row in rows),
        money=sum((Decimal(row.total_minor) / 100 for row in rows), Decimal(0)),
    )


if __name__ == "__main__":
    main()
