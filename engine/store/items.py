"""The catalogue as it is kept, and the search through it."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Integer, Row, Select, cast, func, literal_column, or_, select, text

from engine.domain.shopping import Found, Item
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


def meant(tx: Tx, query: str | None, category: str | None, limit: int) -> Found:
    """Items that words, a category, or words within a category may mean."""
    if query is not None:
        return search(tx, query, limit, category)
    return Found(items=() if category is None else tuple(in_category(tx, category, limit)))


def search(tx: Tx, query: str, limit: int, category: str | None = None) -> Found:
    """Items that a customer may mean by ``query``; any text may be asked.

    Every word must be found in name, category or family, the last one perhaps only begun; where no item has them all,
    the items that have most of them, and they are told as not whole.
    """
    words = _words(query)
    if not words:
        return Found()
    whole = _ranked(tx, words, "&", limit, category)
    return Found(items=whole) if whole else Found(items=_ranked(tx, words, "|", limit, category), whole=False)


def _words(query: str) -> list[str]:
    """Up to 20 words, each once: where it was said last, so that the word that may be only begun stays the last."""
    said = re.findall(r"\w+", query.casefold())[:20]
    return list(dict.fromkeys(reversed(said)))[::-1]


def _ranked(tx: Tx, words: Sequence[str], join: str, limit: int, category: str | None) -> tuple[str, ...]:
    statement = _matches_sqlite(words, join) if tx.dialect.name == "sqlite" else _matches_postgresql(words, join)
    if category is not None:
        statement = statement.where(_within(category))
    return tuple(tx.scalars(statement.limit(limit)))


def _matches_sqlite(words: Sequence[str], join: str) -> Select[tuple[str]]:
    wanted = (" AND " if join == "&" else " OR ").join(f'"{word}"' for word in words) + "*"
    return (
        select(table.c.item_id)
        .join(text("item_search"), text("item_search.rowid = items.number"))
        .where(text("item_search MATCH :wanted").bindparams(wanted=wanted))
        .order_by(
            *_most([_has_sqlite(n, word) for n, word in enumerate(_each(words, '"', "*"))], join),
            text("bm25(item_search, 4.0, 1.0, 2.0)"),
            table.c.item_id,
        )
    )


def _has_sqlite(n: int, word: str) -> ColumnElement[bool]:
    having = text(f"SELECT rowid FROM item_search WHERE item_search MATCH :word{n}").bindparams(**{f"word{n}": word})
    return table.c.number.in_(having.columns(literal_column("rowid", Integer)))


def _matches_postgresql(words: Sequence[str], join: str) -> Select[tuple[str]]:
    asked = func.to_tsquery("simple", join.join(f"'{word}'" for word in words) + ":*")
    kept: ColumnElement[Any] = literal_column("items.search")
    has = [kept.op("@@", is_comparison=True)(func.to_tsquery("simple", word)) for word in _each(words, "'", ":*")]
    return (
        select(table.c.item_id)
        .where(kept.op("@@")(asked))
        .order_by(*_most(has, join), func.ts_rank_cd(kept, asked).desc(), table.c.item_id)
    )


def _each(words: Sequence[str], quote: str, begun: str) -> list[str]:
    """One question a word; the last one may be only begun."""
    return [f"{quote}{word}{quote}" for word in words[:-1]] + [f"{quote}{words[-1]}{quote}{begun}"]


def _most(has: Sequence[ColumnElement[bool]], join: str) -> list[ColumnElement[int]]:
    """What puts first whoever has more of the words; nothing where all have all of them."""
    return [] if join == "&" else [sum((cast(one, Integer) for one in has[1:]), cast(has[0], Integer)).desc()]


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
