"""Keys of JSON that are named more than once: readers differ in which of the values they take, so none was meant."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from functools import partial

_SPACED = re.compile(rb'"\s+:')


def named_twice(text: bytes) -> list[str]:
    """The dotted paths of keys that an object of a JSON text has more than once; lists count from 0.

    Raises
    ------
    RecursionError
        for a text that is nested too deeply

    Examples
    --------
    >>> named_twice(b'{"a": 1, "b": [{"c": 1, "c": 2}], "a": 2}')
    ['a', 'b.0.c']
    """
    marked = list[_Pairs]()
    value = json.loads(text, object_pairs_hook=partial(_read, marked), parse_int=str, parse_float=str)
    return list(_paths(value, "")) if marked else []


def may_be_twice(text: bytes, read: object) -> bool:
    """Whether ``text`` may name keys more than once, by what was ``read`` from it: a look that errs on one side.

    Examples
    --------
    >>> may_be_twice(b'{"a": 1, "b": {"a": 2}}', {"a": 1, "b": {"a": 2}}), may_be_twice(b'{"a": 1, "a": 2}', {"a": 2})
    (False, True)
    """
    return text.count(b'":') > _keys(read) or _SPACED.search(text) is not None


def _keys(read: object) -> int:
    """How many keys all objects of a value have together."""
    inner = read.values() if isinstance(read, dict) else read if isinstance(read, list) else ()
    return (len(read) if isinstance(read, dict) else 0) + sum(map(_keys, inner))


class _Pairs(dict[str, object]):
    """An object, and the keys that it names more than once."""

    twice: tuple[str, ...] = ()


def _read(marked: list[_Pairs], pairs: list[tuple[str, object]]) -> _Pairs:
    one = _Pairs(pairs)
    if len(one) < len(pairs):
        one.twice = tuple(key for key, n in Counter(key for key, _ in pairs).items() if n > 1)
        marked.append(one)
    return one


def _paths(value: object, path: str) -> Iterator[str]:
    if isinstance(value, _Pairs):
        for key in value.twice:
            yield under(path, key)
        for key, inner in value.items():
            yield from _paths(inner, under(path, key))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _paths(inner, under(path, str(index)))


def under(path: str, name: str) -> str:
    """The path of a name in what lies at a path."""
    return f"{path}.{name}" if path else name
