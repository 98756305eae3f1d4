"""A caller's condition on items, in CEL: ``item.price < 20.0 && item.available``.

It is type-checked before it runs; an item it cannot be told for is left out. Loops, patterns, concatenation and long or
deep expressions are refused, so that the cost of one stays proportional to its length.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Self

from engine.domain.shopping import Item
from engine.domain.values import minor_digits
from engine.errors import InputError
from modes.cel import Condition, Failed, Language, Wrong

MAX_LENGTH = 1_000
FIELD = "filter"


@dataclass(frozen=True, slots=True)
class Filter:
    """A compiled condition."""

    source: str
    condition: Condition

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
            return cls(source, _language().compile(source))
        except Wrong as error:
            raise InputError.of(field, _meant(error), source) from None

    def keeps(self, item: Item) -> bool:
        """Whether the condition is true of the item; what cannot be told is not true."""
        try:
            return self.condition.holds(_fields(item, self.condition.named))
        except Failed:
            return False


@lru_cache(maxsize=1)
def _language() -> Language:
    return Language(TYPES, without=("matches",), longest=MAX_LENGTH)


def _price(item: Item) -> float | None:
    return None if item.price is None else item.price.minor / 10 ** minor_digits(item.price.currency)


TYPES = {
    "item.item_id": "string",
    "item.name": "string",
    "item.category": "string",
    "item.categories": "list",
    "item.family": "string",
    "item.price": "double",
    "item.price_minor": "int",
    "item.currency": "string",
    "item.available": "bool",
    "item.attributes": "map",
}
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


def _meant(error: Wrong) -> str:
    """What was missed, in one line with its place."""
    if error.line is None:
        return f"a condition such as item.price < 20.0 that is {error.what}"
    return f"a condition such as item.price < 20.0 (line {error.line}, column {error.column}: {error.what})"
