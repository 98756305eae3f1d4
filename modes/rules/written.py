"""Rules as text: YAML read into plain values, each with its place, and nothing that grows beyond what was written.

Only plain mappings, lists and scalars are read, no anchors, aliases or tags; what is deep or large is refused while it
is read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import yaml

MOST_CHARACTERS = 100_000
DEEPEST = 8
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
MOST_VALUES = 4_000


@dataclass(frozen=True, kw_only=True, slots=True)
class Mark:
    """Where something stands in a text; from 1."""

    line: int
    column: int
    style: str | None = None  # of a scalar: | and > are blocks, quotes, or None for plain
    indent: int = 1  # column at which the lines of a block begin

    def within(self, line: int, column: int) -> Mark:
        """The place of what stands at a line and column of this scalar's own text.

        Examples
        --------
        >>> Mark(line=4, column=11, style="'").within(1, 3)
        Mark(line=4, column=14, style=None, indent=1)
        """
        if self.style in ("|", ">"):
            return Mark(line=self.line + line, column=self.indent + column - 1)
        begin = self.column + (1 if self.style in ("'", '"') else 0)
        return Mark(line=self.line + line - 1, column=begin + column - 1 if line == 1 else column)


class Unreadable(Exception):
    """A text that is no YAML we read, and where."""

    def __init__(self, what: str, mark: Mark) -> None:
        self.what, self.mark = what, mark
        super().__init__(what)


@dataclass(slots=True)
class _Open:
    """A mapping or list whose end was not read yet."""

    value: Any
    pointer: str
    key: str | None = None  # of a mapping, read and waiting for its value
    count: int = 0


@dataclass(slots=True)
class Text:
    """What a text holds, and where each value of it stands, by JSON pointer; keys stand under ``POINTER#``."""

    value: Any = None
    marks: dict[str, Mark] = field(default_factory=dict)


def read(text: str) -> Text:
    """What a YAML text holds.

    Raises
    ------
    Unreadable
        with its place

    Examples
    --------
    >>> found = read("rules:\\n  - id: a\\n")
    >>> found.value, found.marks["/rules/0/id"].line
    ({'rules': [{'id': 'a'}]}, 2)
    """
    begin = Mark(line=1, column=1)
    if len(text) > MOST_CHARACTERS:
        raise Unreadable(f"at most {MOST_CHARACTERS} characters, and it has {len(text)}", begin)
    found, open_ones = Text(), list[_Open]()
    try:
        for number, event in enumerate(_events(text)):
            if number == MOST_VALUES:
                raise Unreadable(f"at most {MOST_VALUES} words and values", _mark(event))
            _take(event, found, open_ones, text)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = begin if mark is None else Mark(line=mark.line + 1, column=mark.column + 1)
        raise Unreadable(f"YAML: {error.problem or error.context}", where) from None
    except yaml.YAMLError as error:
        raise Unreadable(f"YAML: {' '.join(str(error).split())[:120]}", begin) from None
    return found


def _events(text: str) -> Iterator[Any]:
    _refuse_deep_flow(text)
    yield from yaml.parse(text, Loader=_LOADER)


def _refuse_deep_flow(text: str) -> None:
    """The library takes time that grows with the square of open brackets: many in one line are no rules."""
    for number, line in enumerate(text.splitlines(), start=1):
        if line.count("[") + line.count("{") > 200:
            raise Unreadable("fewer than 200 brackets in a line", Mark(line=number, column=1))


def _mark(event: Any) -> Mark:
    return Mark(line=event.start_mark.line + 1, column=event.start_mark.column + 1)


def _take(event: Any, found: Text, open_ones: list[_Open], text: str) -> None:
    mark = _mark(event)
    if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
        raise Unreadable("no anchors and aliases", mark)
    if getattr(event, "tag", None):
        raise Unreadable("no tags", mark)
    if isinstance(event, yaml.MappingStartEvent | yaml.SequenceStartEvent):
        value: Any = {} if isinstance(event, yaml.MappingStartEvent) else []
        pointer = _put(value, mark, found, open_ones)
        if len(open_ones) == DEEPEST:
            raise Unreadable(f"nested at most {DEEPEST} deep", mark)
        open_ones.append(_Open(value, pointer))
    elif isinstance(event, yaml.MappingEndEvent | yaml.SequenceEndEvent):
        open_ones.pop()
    elif isinstance(event, yaml.ScalarEvent):
        _scalar(event, mark, found, open_ones, text)


def _scalar(event: Any, mark: Mark, found: Text, open_ones: list[_Open], text: str) -> None:
    inside = open_ones[-1] if open_ones else None
    if inside is not None and isinstance(inside.value, dict) and inside.key is None:
        inside.key = event.value
        here = _below(inside.pointer, event.value)
        if event.value in inside.value:
            raise Unreadable(f"{event.value!r} once, and it stands twice", mark)
        found.marks[f"{here}#"] = mark
        return
    style = event.style or None
    indent = _indent(text, mark.line) if style in ("|", ">") else 1
    _put(_value(event), Mark(line=mark.line, column=mark.column, style=style, indent=indent), found, open_ones)


def _put(value: Any, mark: Mark, found: Text, open_ones: list[_Open]) -> str:
    """Put a value where it belongs; answers its pointer."""
    if not open_ones:
        if found.marks:
            raise Unreadable("one document", mark)
        found.value, found.marks[""] = value, mark
        return ""
    inside = open_ones[-1]
    if isinstance(inside.value, dict):
        if inside.key is None:
            raise Unreadable("a word as the key", mark)
        pointer = _below(inside.pointer, inside.key)
        inside.value[inside.key], inside.key = value, None
    else:
        pointer = _below(inside.pointer, str(len(inside.value)))
        inside.value.append(value)
    found.marks[pointer] = mark
    return pointer


def _value(event: Any) -> Any:
    """A scalar: what is not quoted may be a number, true, false or nothing. Dates stay text."""
    text: str = event.value
    if not event.implicit[0]:
        return text
    if text in ("", "~", "null"):
        return None
    if text in ("true", "false"):
        return text == "true"
    if re.fullmatch(r"[-+]?\d{1,18}", text):
        return int(text)
    if re.fullmatch(r"[-+]?(\d{1,18}\.\d{0,18}|\.\d{1,18})([eE][-+]?\d{1,2})?", text):
        return float(text)
    return text


def _indent(text: str, line: int) -> int:
    """The column at which the lines of a block begin that is opened on a line."""
    for body in text.splitlines()[line:]:
        if body.strip():
            return len(body) - len(body.lstrip(" ")) + 1
    return 1


def _below(pointer: str, key: str) -> str:
    return f"{pointer}/{key.replace('~', '~0').replace('/', '~1')}"


def place(marks: Mapping[str, Mark], pointer: str) -> Mark:
    """Where a value stands; of one that is missing, where what should hold it stands."""
    while pointer not in marks and pointer:
        pointer = pointer.rsplit("/", 1)[0]
    return marks.get(pointer, Mark(line=1, column=1))
