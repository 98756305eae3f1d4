"""What columns are made of: aware UTC times, JSON, ids; and the names of constraints."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from math import isfinite

import orjson
from sqlalchemy import (
    JSON,
    Column,
    DateTime,
    Dialect,
    ForeignKey,
    MetaData,
    String,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.types import TypeDecorator

from engine.domain.values import require_aware


class UtcDateTime(TypeDecorator[datetime]):
    """An aware instant; a naive one is refused on the way in, UTC comes out on both databases."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """In: UTC, without its zone where the database keeps none."""
        if value is None:
            return None
        utc = require_aware(value)
        return utc.replace(tzinfo=None) if dialect.name == "sqlite" else utc

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Out: aware, in UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


_PLAIN = orjson.OPT_PASSTHROUGH_DATACLASS | orjson.OPT_PASSTHROUGH_DATETIME
Json = JSON().with_variant(JSONB(), "postgresql")
Id = String(200)

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(column_0_label)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def written(value: object) -> str:
    """JSON as it is kept and answered; a number that is none is null.

    What the quick writer does not take (keys that are numbers, integers of more than 64 bits, text that is no UTF-8),
    the standard one does.

    Raises
    ------
    TypeError
        for what is no JSON

    Examples
    --------
    >>> written({"a": [1, 2.5, float("nan")]}), written({1: [2**70, float("inf")]})
    ('{"a":[1,2.5,null]}', '{"1": [1180591620717411303424, null]}')
    """
    try:
        return orjson.dumps(value, option=_PLAIN).decode()
    except TypeError:
        return json.dumps(_finite(value), allow_nan=False)


_EMPTY: Mapping[str | bytes, type] = {"{}": dict, b"{}": dict, "[]": list, b"[]": list}


def read(text: str | bytes) -> object:
    """The inverse of ``written``; most of what is kept is empty, and need not be parsed."""
    empty = _EMPTY.get(text)
    return json.loads(text) if empty is None else empty()


def _finite(value: object) -> object:
    if isinstance(value, dict):
        return {key: _finite(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(inner) for inner in value]
    return None if isinstance(value, float) and not isfinite(value) else value


def customer(**options: object) -> Column[str]:
    """The column of the customer that a row is of."""
    return Column("customer_id", Id, ForeignKey("customers.customer_id"), nullable=False, **options)  # type: ignore[arg-type]


def decision(**options: object) -> Column[str]:
    """The column of the decision that a row is part of, and goes with."""
    return _part_of("decisions", "decision_id", **options)


def execution(**options: object) -> Column[str]:
    """The column of the execution that a row is part of, and goes with."""
    return _part_of("executions", "execution_id", **options)


def _part_of(table: str, name: str, **options: object) -> Column[str]:
    return Column(name, Id, ForeignKey(f"{table}.{name}", ondelete="CASCADE"), **options)  # type: ignore[arg-type]
