"""The catalogue as it is kept, and the search through it."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, func, literal_column, or_, select, text

from engine.domain.shopping import Item
from engine.domain.values import Money
from engine.store.database import Tx
from engine.store.rows import Put, Values, add_missing, by_ids, put_many
from engine.store.tables import items as table

PART = 2_000  # items read at a time
LEVELS = " > "  # parts the levels of a category


def get_many(tx: Tx, ids: Collection[str]) -> dict[str, Item]:
    """The items there are among ``ids``, by id."""
    return {row.item_id: _item(row) for row in by_ids(tx, select(table), table.c.item_id, ids)}


def put(tx: Tx, items: Sequence[Item]) -> list[Put]:
    """Store items; one that is there is replaced."""
    return put_many(tx, table, "item_id", [_row(item) for item in items])


def ensure(tx: Tx, ids: Collection[str]) -> None:
    """Make those items that are not there yet: their own family, without price, available."""
    add_missing(tx, table, ["item_id"], [_row(Item(item_id=id, family=id)) for id in dict.fromkeys(ids)])


def count(tx: Tx) -> int:
    """How many items there are."""
    return tx.scalar(select(func.count()).select_from(table)) or 0


def currencies(tx: Tx, ids: Collection[str]) -> dict[str, str]:
    """The currency of each of those items that has one."""
    statement = select(table.c.item_id, table.c.currency).where(table.c.currency.is_not(None))
    return {row.item_id: row.currency for row in by_ids(tx, statement, table.c.item_id, ids)}


def families(tx: Tx, ids: Collection[str]) -> dict[str, str]:
    """The family of each of those items."""
    statement = select(table.c.item_id, table.c.family)
    return {row.item_id: row.family for row in by_ids(tx, statement, table.c.item_id, ids)}


def classified(tx: Tx) -> list[tuple[str, str, tuple[str, ...]]]:
    """Id, family and category of every item, in the order of their ids."""
    statement = select(table.c.item_id, table.c.family, table.c.category).order_by(table.c.item_id)
    return [(id, family, tuple(path.split(LEVELS)) if path else ()) for id, family, path in tx.execute(statement)]


def unavailable(tx: Tx) -> set[str]:
    """The ids of the items that cannot be had now."""
    return set(tx.scalars(select(table.c.item_id).where(~table.c.available)))


def in_category(tx: Tx, category: str, limit: int) -> list[str]:
    """Items of a category or of what lies under it, in the order of their ids."""
    statement = select(table.c.item_id).where(_within(category)).order_by(table.c.item_id).limit(limit)
    return list(tx.scalars(statement))


def meant(tx: Tx, query: str | None, category: str | None, limit: int) -> list[str]:
    """Items that words, a category, or words within a category may mean, best first."""
    if query is not None:
        return search(tx, query, limit, category)
    return [] if category is None else in_category(tx, category, limit)


def search(tx: Tx, query: str, limit: int, category: str | None = None) -> list[str]:
    """Items that a customer may mean by ``query``, best first; any text may be asked.

    Every word must be found in name, category or family, the last one perhaps only begun; where no item has them all,
    the items that have most of them.
    """
    words = re.findall(r"\w+", query.casefold())[:20]
    if not words:
        return []
    return _found(tx, words, "&", limit, category) or _found(tx, words, "|", limit, category)


def _found(tx: Tx, words: Sequence[str], join: str, limit: int, category: str | None) -> list[str]:
    statement = _matches_sqlite(words, join) if tx.dialect.name == "sqlite" else _matches_postgresql(words, join)
    if category is not None:
        statement = statement.where(_within(category))
    return list(tx.scalars(statement.limit(limit)))


def _matches_sqlite(words: Sequence[str], join: str) -> Select[tuple[str]]:
    wanted = (" AND " if join == "&" else " OR ").join(f'"{word}"' for word in words) + "*"
    return (
        select(table.c.item_id)
        .join(text("item_search"), text("item_search.rowid = items.number"))
        .where(text("item_search MATCH :wanted").bindparams(wanted=wanted))
        .order_by(text("bm25(item_search, 4.0, 1.0, 2.0)"), table.c.item_id)
    )


def _matches_postgresql(words: Sequence[str], join: str) -> Select[tuple[str]]:
    asked = func.to_tsquery("simple", join.join(f"'{word}'" for word in words) + ":*")
    kept: ColumnElement[Any] = literal_column("items.search")
    return (
        select(table.c.item_id)
        .where(kept.op("@@")(asked))
        .order_by(func.ts_rank_cd(kept, asked).desc(), table.c.item_id)
    )


def everything(tx: Tx) -> Iterator[Item]:
    """Every item, in no order, read in parts."""
    yield from map(_item, tx.execute(select(table), execution_options={"yield_per": PART}))


def page(tx: Tx, limit: int, after: str | None = None) -> list[Item]:
    """Up to ``limit`` items in the order of their ids, from just behind the id ``after``."""
    statement = select(table).order_by(table.c.item_id).limit(limit)
    if after is not None:
        statement = statement.where(table.c.item_id > after)
    return [_item(row) for row in tx.execute(statement)]


def _within(category: str) -> ColumnElement[bool]:
    """Whether an item lies in the category or below it."""
    return or_(table.c.category == category, table.c.category.startswith(category + LEVELS, autoescape=True))


def _row(item: Item) -> Values:
    return {
        "item_id": item.item_id,
        "name": item.name,
        "category": LEVELS.join(item.category),
        "family": item.family,
        "price_minor": item.price.minor if item.price else None,
        "currency": item.price.currency if item.price else None,
        "available": item.available,
        "attributes": dict(item.attributes),
    }


def _item(row: Row[Any]) -> Item:
    _, id, name, category, family, minor, currency, available, attributes = tuple(row)  # by name it takes longer
    return Item(
        item_id=id,
        name=name,
        category=tuple(category.split(LEVELS)) if category else (),
        family=family,
        price=None if minor is None else Money(minor=minor, currency=currency),
        available=available,
        attributes=attributes,
    )
