"""Orders as they are kept, and the columns that models read."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import pairwise
from typing import Any
from uuid import uuid4

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sqlalchemy import CursorResult, Float, Select, case, func, select

from engine.domain.history import History
from engine.domain.shopping import OrderLine
from engine.domain.values import Money
from engine.store.database import Tx
from engine.store.rows import BATCH, by_ids, upsert
from engine.store.tables import items, order_lines, orders

CHUNK = 200_000  # lines read at a time


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class OrderColumns:
    """All lines of many orders, coded, in the order of customer, time and order.

    Attributes
    ----------
    customer_ids, item_ids, item_families : object arrays of str; the codes below point into the first two,
        ``item_families`` is the family of each item of ``item_ids``
    customers, items, orders, quantities : int arrays of shape (n_lines,); ``orders`` counts orders over all customers
    days : float array of shape (n_lines,), days since 1970-01-01 UTC
    amounts : float array of shape (n_lines,), minor units, nan where unknown
    """

    customer_ids: NDArray[np.object_]
    item_ids: NDArray[np.object_]
    item_families: NDArray[np.object_]
    customers: NDArray[np.int32]
    items: NDArray[np.int32]
    orders: NDArray[np.int32]
    days: NDArray[np.float64]
    quantities: NDArray[np.int64]
    amounts: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.items)

    def histories(self) -> Iterator[tuple[str, History]]:
        """Each customer's id and history, from the same columns."""
        edges = np.append(np.flatnonzero(np.diff(self.customers, prepend=-1)), len(self))
        for start, end in pairwise(edges):
            yield str(self.customer_ids[self.customers[start]]), self._history(slice(start, end))

    def _history(self, lines: slice) -> History:
        items = self.items[lines]
        return History(
            items=self.item_ids[items],
            families=self.item_families[items],
            orders=(self.orders[lines] - self.orders[lines.start]).astype(np.int64),
            days=self.days[lines],
            quantities=self.quantities[lines],
            amounts=self.amounts[lines],
        )


def new_import() -> int:
    """A number for the lines of one import, that no other has: lines of one add up, those of another replace."""
    return uuid4().int >> 66


def owners(tx: Tx, order_ids: Collection[str]) -> dict[str, str]:
    """The customer of each of those orders that is there."""
    statement = select(orders.c.order_id, orders.c.customer_id)
    return {row.order_id: row.customer_id for row in by_ids(tx, statement, orders.c.order_id, order_ids)}


def put_lines(tx: Tx, lines: Sequence[OrderLine], *, import_id: int, source: str = "shop") -> None:
    """Store lines whose customers and items are there already; the order of a line belongs to its customer."""
    headers = {line.order_id: line for line in lines}
    statement = upsert(tx, orders)
    tx.execute(
        statement.on_conflict_do_update(
            index_elements=["order_id"],
            set_={"ordered_at": statement.excluded.ordered_at},
            where=orders.c.ordered_at != statement.excluded.ordered_at,
        ),
        [
            {"order_id": id, "customer_id": line.customer_id, "ordered_at": line.ordered_at, "source": source}
            for id, line in headers.items()
        ],
    )
    tx.execute(_adding(tx), [_line_row(line, import_id) for line in lines])


def standing(tx: Tx, order_ids: Collection[str]) -> dict[tuple[str, str], OrderLine]:
    """The lines of those orders as they stand, by order and item."""
    statement = select(orders.c.order_id, orders.c.customer_id, orders.c.ordered_at, *_LINE).join_from(
        orders, order_lines
    )
    rows = by_ids(tx, statement, orders.c.order_id, order_ids)
    return {(row.order_id, row.item_id): _line(row) for row in rows}


def history(tx: Tx, customer_id: str, before: datetime | None = None) -> History:
    """What the customer bought, before an instant where one is given."""
    return histories(tx, [customer_id], before).get(customer_id, History.empty())


def histories(tx: Tx, customer_ids: Collection[str], before: datetime | None = None) -> dict[str, History]:
    """The histories of those customers who bought anything."""
    ids = list(dict.fromkeys(customer_ids))
    found: dict[str, History] = {}
    for start in range(0, len(ids), BATCH):
        statement = _lines(tx, before, with_family=True).where(orders.c.customer_id.in_(ids[start : start + BATCH]))
        found |= dict(_columns(tx, statement).histories())
    return found


def columns(
    tx: Tx, before: datetime | None = None, leave_out: Collection[str] = (), own_only: bool = True
) -> OrderColumns:
    """All lines, before an instant where one is given, as columns for training.

    Parameters
    ----------
    leave_out : ids of customers whose lines are not read
    own_only : leave out the orders that were executions: they are our deeds, not the customers' wishes
    """
    statement = _lines(tx, before, with_family=False)
    if own_only:
        statement = statement.where(orders.c.source != "execution")
    read = _columns(tx, statement, tx.execute(select(items.c.item_id, items.c.family)).all())
    return without(read, leave_out)


def newest(tx: Tx) -> datetime | None:
    """When the newest order was made."""
    at: datetime | None = tx.scalar(select(func.max(orders.c.ordered_at)))
    return at


def count_lines(tx: Tx) -> int:
    """How many order lines there are."""
    return tx.scalar(select(func.count()).select_from(order_lines)) or 0


def of_customer(tx: Tx, customer_id: str) -> list[OrderLine]:
    """All lines of one customer, oldest first."""
    statement = (
        select(orders.c.order_id, orders.c.customer_id, orders.c.ordered_at, *_LINE)
        .join_from(orders, order_lines)
        .where(orders.c.customer_id == customer_id)
        .order_by(orders.c.ordered_at, orders.c.order_id, order_lines.c.item_id)
    )
    return [_line(row) for row in tx.execute(statement)]


_LINE = (order_lines.c.item_id, order_lines.c.quantity, order_lines.c.amount_minor, order_lines.c.currency)


def _adding(tx: Tx) -> Any:
    """The statement by which lines of one import add up and lines of another replace."""
    statement = upsert(tx, order_lines)
    new, same = statement.excluded, order_lines.c.import_id == statement.excluded.import_id
    return statement.on_conflict_do_update(
        index_elements=["order_id", "item_id"],
        set_={
            "quantity": case((same, order_lines.c.quantity + new.quantity), else_=new.quantity),
            "amount_minor": case((same, order_lines.c.amount_minor + new.amount_minor), else_=new.amount_minor),
            "currency": new.currency,
            "import_id": new.import_id,
        },
    )


def _line_row(line: OrderLine, import_id: int) -> dict[str, Any]:
    return {
        "order_id": line.order_id,
        "item_id": line.item_id,
        "quantity": line.quantity,
        "amount_minor": line.amount.minor if line.amount else None,
        "currency": line.amount.currency if line.amount else None,
        "import_id": import_id,
    }


def _line(row: Any) -> OrderLine:
    priced = row.amount_minor is not None
    return OrderLine(
        order_id=row.order_id,
        customer_id=row.customer_id,
        ordered_at=row.ordered_at,
        item_id=row.item_id,
        quantity=row.quantity,
        amount=Money(minor=row.amount_minor, currency=row.currency) if priced else None,
    )


def _lines(tx: Tx, before: datetime | None, *, with_family: bool) -> Select[Any]:
    seconds = (
        (func.julianday(orders.c.ordered_at) - 2440587.5) * 86_400
        if tx.dialect.name == "sqlite"
        else func.extract("epoch", orders.c.ordered_at).cast(Float)
    )
    wanted = [orders.c.customer_id, orders.c.order_id, order_lines.c.item_id, seconds.label("seconds")]
    statement = select(*wanted, order_lines.c.quantity, order_lines.c.amount_minor).join_from(orders, order_lines)
    if with_family:
        statement = statement.add_columns(items.c.family).join(items)
    return statement if before is None else statement.where(orders.c.ordered_at < before)


def _columns(tx: Tx, statement: Select[Any], families: Sequence[Any] | None = None) -> OrderColumns:
    """The lines of a statement of ``_lines``, coded and sorted; families come with the lines or from a list."""
    result = tx.execute(statement, execution_options={"stream_results": tx.dialect.name != "sqlite"})
    names = list(result.keys())
    parts = [pd.DataFrame.from_records(part, columns=names) for part in _parts(tx, result)]
    frame = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=names)
    customers, customer_ids = _coded(frame["customer_id"])
    order_codes, _ = _coded(frame["order_id"])
    item_codes, item_ids = _coded(frame["item_id"])
    seconds = np.round(frame["seconds"].to_numpy(np.float64), 3)
    line_families = (
        frame["family"].to_numpy(object)[_first_lines(item_codes, len(item_ids))]
        if families is None
        else pd.Series(dict(map(tuple, families)), dtype=object).reindex(item_ids).to_numpy(object)
    )
    order = np.lexsort((item_codes, order_codes, seconds, customers))
    ranked = order_codes[order]
    return OrderColumns(
        customer_ids=customer_ids,
        item_ids=item_ids,
        item_families=line_families,
        customers=customers[order],
        items=item_codes[order],
        orders=(np.cumsum(np.diff(ranked, prepend=-1) != 0) - 1).astype(np.int32),
        days=seconds[order] / 86_400,
        quantities=frame["quantity"].to_numpy(np.int64)[order],
        amounts=pd.to_numeric(frame["amount_minor"]).to_numpy(np.float64)[order],
    )


def _parts(tx: Tx, result: CursorResult[Any]) -> Iterator[Sequence[tuple[Any, ...]]]:
    """The rows in parts. SQLite's driver streams by itself, and its texts and numbers need nothing made of them."""
    if tx.dialect.name == "sqlite":
        while part := result.cursor.fetchmany(CHUNK):
            yield part
        return
    for rows in result.partitions(CHUNK):
        yield [tuple(row) for row in rows]


def _coded(ids: pd.Series) -> tuple[NDArray[np.int32], NDArray[np.object_]]:
    """Codes of ids, and the ids they point into, in the order of the ids themselves."""
    codes, uniques = pd.factorize(ids.to_numpy(object), sort=True)
    return codes.astype(np.int32), np.asarray(uniques, object)


def _first_lines(codes: NDArray[np.int32], n: int) -> NDArray[np.int64]:
    """For each code from 0 to n - 1, the first place where it stands."""
    first = np.empty(n, np.int64)
    first[codes[::-1]] = np.arange(len(codes))[::-1]
    return first


def without(read: OrderColumns, leave_out: Collection[str]) -> OrderColumns:
    """The lines of all customers but some, by their ids."""
    if not leave_out:
        return read
    gone = np.isin(read.customer_ids.astype(str), list(leave_out))
    kept = ~gone[read.customers]
    return replace(
        read,
        customers=read.customers[kept],
        items=read.items[kept],
        orders=(np.cumsum(np.diff(read.orders[kept], prepend=-1) != 0) - 1).astype(np.int32),
        days=read.days[kept],
        quantities=read.quantities[kept],
        amounts=read.amounts[kept],
    )
