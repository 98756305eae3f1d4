"""A caller's condition on items, in CEL: ``item.price < 20.0 && item.available``.

It is type-checked before it runs; an item it cannot be told for is left out. Loops, concatenation and long or deep
expressions are refused, so that the cost of one stays proportional to its length.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Self

from cel_expr_python import cel

from engine.domain.shopping import Item
from engine.domain.values import minor_digits
from engine.errors import InputError

MAX_LENGTH = 1_000
FIELD = "filter"
_ENVIRONMENT = """
stdlib:
  exclude_macros: [all, exists, exists_one, map, filter]
  exclude_functions:
    - name: _+_
      overloads: [{id: add_string}, {id: add_bytes}, {id: add_list}]
variables:
  - {name: item.item_id, type_name: string}
  - {name: item.name, type_name: string}
  - {name: item.category, type_name: string}
  - {name: item.categories, type_name: list, params: [{type_name: string}]}
  - {name: item.family, type_name: string}
  - {name: item.price, type_name: double}
  - {name: item.price_minor, type_name: int}
  - {name: item.currency, type_name: string}
  - {name: item.available, type_name: bool}
  - {name: item.attributes, type_name: map, params: [{type_name: string}, {type_name: dyn}]}
"""


@dataclass(frozen=True, slots=True)
class Filter:
    """A compiled condition."""

    source: str
    expression: Any
    named: tuple[str, ...]  # the fields it may ask for: a catalogue is large, and each field costs

    @classmethod
    def parse(cls, source: str, field: str = FIELD) -> Self:
        """The condition a text means.

        Raises
        ------
        InputError
            of ``field``, with line and column where the text is wrong

        Examples
        --------
        >>> Filter.parse("item.price < 20.0").source
        'item.price < 20.0'
        """
        if len(source) > MAX_LENGTH:
            raise InputError.of(field, f"at most {MAX_LENGTH} characters", f"{len(source)} characters")
        try:
            expression = _environment().compile(source)
        except (RuntimeError, ValueError) as error:
            raise InputError.of(field, _meant(str(error)), source) from None
        if expression.return_type().name() != "BOOL":
            raise InputError.of(field, "a condition that is true or false", source)
        return cls(source, expression, tuple(name for name in FIELDS if _names(source, name)))

    def keeps(self, item: Item) -> bool:
        """Whether the condition is true of the item; what cannot be told is not true."""
        try:
            value = self.expression.eval(data=_fields(item, self.named))
            return value.type().name() == "BOOL" and value.plain_value() is True
        except (RuntimeError, ValueError, TypeError, OverflowError):
            return False


@lru_cache(maxsize=1)
def _environment() -> Any:
    return cel.NewEnv(config=cel.NewEnvConfigFromYaml(_ENVIRONMENT))


def _price(item: Item) -> float | None:
    return None if item.price is None else item.price.minor / 10 ** minor_digits(item.price.currency)


FIELDS: Mapping[str, Callable[[Item], object]] = {
    "item.item_id": lambda item: item.item_id,
    "item.name": lambda item: item.name or "",
    "item.category": lambda item: " > ".join(item.category),
    "item.categories": lambda item: list(item.category),
    "item.family": lambda item: item.family,
    "item.price": _price,
    "item.price_minor": lambda item: None if item.price is None else item.price.minor,
    "item.currency": lambda item: None if item.price is None else item.price.currency,
    "item.available": lambda item: item.available,
    "item.attributes": lambda item: dict(item.attributes),
}


def _fields(item: Item, named: Collection[str]) -> dict[str, object]:
    """An item as conditions see it; what is not known is absent, so that asking for it keeps nothing."""
    known = ((name, FIELDS[name](item)) for name in named)
    return {name: value for name, value in known if value is not None}


def _names(source: str, name: str) -> bool:
    """Whether a text may name a field; blanks may stand around the dot."""
    return re.search(rf"\b{name.removeprefix('item.')}\b", source) is not None


def _meant(message: str) -> str:
    """What the compiler missed, in one line with its place."""
    found = re.search(r"<input>:(\d+):(\d+): ([^\n]*)", message)
    if found is None:
        return "a condition such as item.price < 20.0 that is not nested so deeply"
    line, column, what = found.groups()
    return f"a condition such as item.price < 20.0 (line {line}, column {column}: {_plain(what)})"


def _plain(what: str) -> str:
    return what.split(" expecting {")[0].strip()
