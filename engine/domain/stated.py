"""Values that somebody wrote into a YAML file, read strictly: what is unknown or not as it must be is named."""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import MISSING, Field, dataclass, field
from typing import Any

import yaml

from engine.errors import InputError, Problem, shown

Given = Mapping[str, Any]
EXPECTED = re.compile(r"expected (.+?),? but (?:got|found) (.+)")  # how the parser says what it wanted


@dataclass(frozen=True, kw_only=True, slots=True)
class Allowed:
    """What a field may hold."""

    low: float = 0.0
    high: float = math.inf
    whole: bool = False
    count: int = 0  # numbers in a list; 0 of a single number
    rising: bool = False  # the list's numbers go up
    total: float | None = None  # what they sum to

    def __str__(self) -> str:
        kind = "whole number" if self.whole else "number"
        low, high = ("" if math.isinf(end) else f"{end:g}" for end in (self.low, self.high))
        span = (f" from {low}" if low else "") + (f" to {high}" if high else "")
        if not self.count:
            return f"a {kind}{span}"
        more = " that do not fall" if self.rising else "" if self.total is None else f" that sum to {self.total:g}"
        return f"a list of {self.count} {kind}s{span}{more}"

    def read(self, given: object) -> Any:
        """The value, or None where it is not allowed."""
        if not self.count:
            return self._number(given)
        if not isinstance(given, list) or len(given) != self.count:
            return None
        found = tuple(self._number(one) for one in given)
        if None in found or (self.rising and list(found) != sorted(found)):
            return None
        return found if self.total is None or math.isclose(sum(found), self.total, abs_tol=1e-6) else None

    def _number(self, given: object) -> Any:
        kinds = int if self.whole else (int, float)
        if isinstance(given, bool) or not isinstance(given, kinds):
            return None
        if not self.low <= given <= self.high:
            return None
        try:
            number = float(given)
        except OverflowError:
            return None
        return None if not math.isfinite(number) else given if self.whole else number


def number(low: float = 0.0, high: float = math.inf, *, default: Any = MISSING) -> Any:
    """A field that holds one number."""
    return _field(Allowed(low=low, high=high), default)


def whole(low: int = 0, high: float = math.inf, *, default: Any = MISSING) -> Any:
    """A field that holds a whole number."""
    return _field(Allowed(low=low, high=high, whole=True), default)


def several(count: int, low: float = 0.0, high: float = math.inf, total: float | None = None) -> Any:
    """A field that holds a list of numbers."""
    return _field(Allowed(low=low, high=high, count=count, total=total), MISSING)


def span(low: float = 0.0, high: float = math.inf) -> Any:
    """A field that holds two numbers, the first not above the second."""
    return _field(Allowed(low=low, high=high, count=2, rising=True), MISSING)


def _field(allowed: Allowed, default: Any) -> Any:
    return field(metadata={"allowed": allowed}, default=default)


def document(text: str, name: str) -> dict[str, Any]:
    """The mapping that a YAML text holds; a name that comes twice and a value told by reference are refused.

    Raises
    ------
    InputError
        of ``name``, where the text is none
    """
    try:
        given = yaml.load(text, _Strict)
    except yaml.YAMLError as error:
        raise unreadable(name, error) from None
    except Exception as error:  # of a parser's parts: a date that is none, a number of no digits, lists too deep
        raise InputError.of(name, "YAML", f"{type(error).__name__}: {error}") from None
    if not isinstance(given, dict):
        raise InputError([Problem(field=name, expected="a mapping of fields", came=came(given))])
    return given


def unreadable(name: str, error: yaml.YAMLError) -> InputError:
    """That a text is no YAML, in one line: where, and what stands there.

    Examples
    --------
    >>> try:
    ...     yaml.safe_load("promise: 0.9\\nworth: [1")
    ... except yaml.YAMLError as error:
    ...     print(unreadable("policy.yaml", error))
    policy.yaml: line 2, column 10: expected ',' or ']', came '<stream end>'
    """
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    where = name if mark is None else f"{name}: line {mark.line + 1}, column {mark.column + 1}"
    said = " ".join(str(getattr(error, "problem", None) or error).split())
    parts = EXPECTED.fullmatch(said)
    expected, there = ("YAML", f"none ({said})") if parts is None else parts.groups()
    return InputError([Problem(field=where, expected=expected, came=there)])


def value(one: Field[Any], path: str, given: Given, problems: list[Problem]) -> Any:
    """The value of a field, or None with a problem more."""
    allowed: Allowed = one.metadata["allowed"]
    found = allowed.read(given.get(one.name))
    if found is None:
        said = came(given[one.name]) if one.name in given else "nothing"
        problems.append(Problem(field=path, expected=str(allowed), came=said))
    return found


def unknown(prefix: str, given: Mapping[Any, Any], known: Collection[str]) -> Iterator[Problem]:
    """A problem for each field that is none of those known."""
    for name in given:
        if name not in known:
            expected = f"one of {', '.join(sorted(known))}"
            yield Problem(field=f"{prefix}{came(name, plain=True)}", expected=expected, came="an unknown field")


def came(given: object, *, plain: bool = False) -> str:
    """What came, as a message may carry it, whatever it is."""
    try:
        return str(given)[:80] if plain and isinstance(given, str) else "nothing" if given is None else shown(given)
    except (ValueError, RecursionError):  # a number of thousands of digits, lists in lists
        return f"a {type(given).__name__} that is too long to show"


class _Strict(yaml.SafeLoader):  # type: ignore[misc]
    """YAML in which every value stands where it is told, once."""

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            mark = self.peek_event().start_mark
            raise yaml.composer.ComposerError(None, None, "a value must be written out, not referred to by *", mark)
        found: yaml.Node | None = super().compose_node(parent, index)
        return found

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen = set()
        for key in (key for key, _ in node.value if isinstance(key, yaml.ScalarNode)):
            if (key.tag, key.value) in seen:
                raise yaml.constructor.ConstructorError(None, None, f"{key.value} is told twice", key.start_mark)
            seen.add((key.tag, key.value))
        found: dict[Any, Any] = super().construct_mapping(node, deep)
        return found
