"""What every module of the memory does with rows: put them where they changed, and read many by id."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from enum import StrEnum
from typing import Any, TypeVar

from sqlalchemy import Column, ColumnElement, Row, Select, Table, any_, func, literal, select
from sqlalchemy.dialects import postgresql, sqlite

from engine.errors import InputError
from engine.store.database import Tx

T = TypeVar("T")
Values = Mapping[str, Any]  # one row, column name -> value
BATCH = 500  # ids in one question: below every database's limit of parameters


class Put(StrEnum):
    """What became of a row that was put: stored (new or changed), or there already, equal."""

    ACCEPTED = "accepted"
    DUPLICATE = "duplicate"


def upsert(tx: Tx, table: Table) -> postgresql.Insert | sqlite.Insert:
    """An INSERT that takes ON CONFLICT, in the words of this database."""
    return sqlite.insert(table) if tx.dialect.name == "sqlite" else postgresql.insert(table)


def replace_rows(tx: Tx, table: Table, key: Sequence[str], rows: Sequence[Values], keep: Collection[str] = ()) -> None:
    """Insert rows; one whose key is there already replaces it, except for the columns to ``keep``."""
    if not rows:
        return
    statement = upsert(tx, table)
    changed = {name: statement.excluded[name] for name in rows[0] if name not in key and name not in keep}
    tx.execute(statement.on_conflict_do_update(index_elements=list(key), set_=changed), list(rows))


def add_missing(tx: Tx, table: Table, key: Sequence[str], rows: Sequence[Values]) -> None:
    """Insert the rows whose key is not there yet."""
    if rows:
        tx.execute(upsert(tx, table).on_conflict_do_nothing(index_elements=list(key)), list(rows))


def by_ids(
    tx: Tx, statement: Select[Any], column: Column[Any], ids: Collection[str], *, often: bool = False
) -> Iterator[Row[Any]]:
    """The rows of ``statement`` whose ``column`` is among ``ids``, asked for in batches; ``often``: see ``among``."""
    unique = list(dict.fromkeys(ids))
    for start in range(0, len(unique), BATCH):
        some = unique[start : start + BATCH]
        yield from tx.execute(statement.where(among(tx, column, some) if often else column.in_(some)))


def among(tx: Tx, column: Column[Any], ids: Collection[str]) -> ColumnElement[bool]:
    """Whether a column holds one of some ids, for what is asked often: PostgreSQL takes them as one array.

    A statement then reads alike for any number of ids and is prepared once, with a plan for a table of the size it had
    by then. Where a table grows from nothing while it is asked, as in an import, that is the wrong plan until
    PostgreSQL has looked at the table again; a parameter for each id has a plan of its own each time.
    """
    if tx.dialect.name == "postgresql":
        return column == any_(literal(list(ids), postgresql.ARRAY(column.type)))
    return column.in_(list(ids))


def put_many(tx: Tx, table: Table, id: str, rows: Sequence[Values], keep: Collection[str] = ()) -> list[Put]:
    """Store rows by their id; answers for each whether it was new or changed, or equal to what stands.

    Of rows with the same id the last one stays, as if they had come one after the other.
    """
    names = [name for name in rows[0] if name not in keep] if rows else []
    statement = select(*(table.c[name] for name in names))
    standing = {row._mapping[id]: dict(row._mapping) for row in by_ids(tx, statement, table.c[id], _ids(rows, id))}
    said, changed = [], {}
    for row in rows:
        shown = {name: row[name] for name in names}
        said.append(Put.DUPLICATE if standing.get(row[id]) == shown else Put.ACCEPTED)
        if said[-1] is Put.ACCEPTED:
            standing[row[id]] = shown
            changed[row[id]] = row
    replace_rows(tx, table, [id], list(changed.values()), keep)
    return said


def paged(
    tx: Tx, statement: Select[Any], key: Column[Any], limit: int, cursor: str | None, made: Callable[[Row[Any]], T]
) -> tuple[list[T], str | None]:
    """Up to ``limit`` rows, the greatest ``key`` first, and the cursor that asks for those behind them.

    Raises
    ------
    InputError
        for a cursor that no page has given
    """
    if cursor is not None:
        statement = statement.where(key < _key(key, cursor))
    rows = tx.execute(statement.order_by(key.desc()).limit(limit + 1)).all()
    following = str(rows[limit - 1]._mapping[key.name]) if len(rows) > limit else None
    return [made(row) for row in rows[:limit]], following


def _key(key: Column[Any], cursor: str) -> str | int:
    if key.type.python_type is str:
        return cursor
    if re.fullmatch(r"\d{1,18}", cursor) is None:
        raise InputError.of("cursor", "the next_cursor of an earlier page", cursor)
    return int(cursor)


def _ids(rows: Sequence[Values], id: str) -> list[str]:
    return [row[id] for row in rows]


def lock(tx: Tx, name: str, *, shared: bool = False) -> None:
    """Until the transaction ends, let nobody else pass who locks the same name; SQLite has one writer anyway.

    Parameters
    ----------
    shared : let others pass who lock it shared too
    """
    if tx.dialect.name == "postgresql":
        locked = func.pg_advisory_xact_lock_shared if shared else func.pg_advisory_xact_lock
        tx.execute(select(locked(func.hashtextextended(name, 0))))
