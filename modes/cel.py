"""Our own port for CEL, the language that conditions are written in: typed, without loops, and never truthy by mistake.

Loops (macros) and what makes long values out of short ones are left out, so that the cost of a condition stays
proportional to its length; the library itself refuses what is nested more than 32 deep. A run-time error comes back
from the library as a value that Python takes for true: only a BOOL that is True counts here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from cel_expr_python import cel

LOOPS = ("all", "exists", "exists_one", "map", "filter")
_TYPES = {
    "list": "type_name: list, params: [{type_name: string}]",
    "map": "type_name: map, params: [{type_name: string}, {type_name: dyn}]",
}


class Wrong(Exception):
    """A text that is no condition, and where; ``line`` and ``column`` count from 1, and are None where none is told."""

    def __init__(self, what: str, line: int | None = None, column: int | None = None) -> None:
        self.what, self.line, self.column = what, line, column
        super().__init__(what)


class Failed(Exception):
    """A condition that could not be told true or false of something."""


@dataclass(frozen=True, slots=True)
class Condition:
    """A compiled condition."""

    source: str
    expression: Any
    named: tuple[str, ...]  # the fields it may ask for: each one costs

    def holds(self, values: Mapping[str, object]) -> bool:
        """Whether it is true of these values of fields; Failed where that cannot be told."""
        return self.of(lambda: self.expression.eval(data=values))

    def of(self, evaluated: Any) -> bool:
        """What an evaluation came to."""
        try:
            value = evaluated()
            if value.type().name() != "BOOL":
                raise Failed(_error(value))
            return value.plain_value() is True
        except (RuntimeError, ValueError, TypeError, OverflowError) as error:
            raise Failed(str(error)) from None


class Language:
    """CEL over some fields.

    Parameters
    ----------
    fields : name -> type: string, int, double, bool, timestamp, list (of texts) or map (from texts)
    without : functions that are left out
    longest : characters of a condition
    """

    def __init__(self, fields: Mapping[str, str], *, without: Iterable[str] = (), longest: int) -> None:
        self.fields, self.longest = dict(fields), longest
        self._environment = cel.NewEnv(config=cel.NewEnvConfigFromYaml(_environment(fields, without)))

    def compile(self, source: str) -> Condition:
        """The condition a text means.

        Raises
        ------
        Wrong
            with the place, where it is none
        """
        if len(source) > self.longest:
            raise Wrong(f"at most {self.longest} characters, and it has {len(source)}")
        try:
            expression = self._environment.compile(source)
        except (RuntimeError, ValueError) as error:
            raise _wrong(str(error)) from None
        if expression.return_type().name() != "BOOL":
            raise Wrong(f"a condition that is true or false, and it is {_kind(expression)}", 1, 1)
        return Condition(source, expression, tuple(name for name in self.fields if names(source, name)))

    def activation(self, values: Mapping[str, object]) -> Any:
        """Values of fields made ready for several conditions."""
        return self._environment.Activation(values)


def names(source: str, name: str) -> bool:
    """Whether a text may name a field; blanks may stand around the dot."""
    return re.search(rf"\b{name.rsplit('.', 1)[-1]}\b", source) is not None


def _environment(fields: Mapping[str, str], without: Iterable[str]) -> str:
    variables = (f"  - {{name: {name}, {_TYPES.get(type, f'type_name: {type}')}}}" for name, type in fields.items())
    excluded = (f"    - name: {name}" for name in without)
    return "\n".join(
        [
            "stdlib:",
            f"  exclude_macros: [{', '.join(LOOPS)}]",
            "  exclude_functions:",
            "    - name: _+_",
            "      overloads: [{id: add_string}, {id: add_bytes}, {id: add_list}]",
            *excluded,
            "variables:",
            *variables,
        ]
    )


def _kind(expression: Any) -> str:
    return str(expression.return_type().name()).lower()


def _error(value: Any) -> str:
    """What a value that is no truth says of itself, in a line of at most 200 characters."""
    text = str(value.value()) if value.type().name() == "ERROR" else f"a {value.type().name().lower()} came"
    return " ".join(text.split())[:200]


def _wrong(message: str) -> Wrong:
    """What the compiler missed, with its place."""
    found = re.search(r"<input>:(\d+):(\d+): ([^\n]*)", message)
    if found is None:
        return Wrong("not nested so deeply")
    line, column, what = found.groups()
    return Wrong(_plain(what), int(line), int(column))


def _plain(what: str) -> str:
    return what.split(" expecting {")[0].strip()
