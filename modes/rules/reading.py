"""Rules as somebody wrote them: checked before they are kept, every mistake told with its place."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from engine.domain.gateways import NAMES, is_name
from engine.domain.rules import (
    LEAST_WINDOW,
    MOST_RULES,
    MOST_WINDOW,
    Cap,
    Effect,
    Every,
    Forbid,
    Gateway,
    Per,
    RaiseGate,
    RequireApproval,
    Rule,
    VetoWindow,
)
from engine.domain.values import Money, parse_currency, parse_money, parse_time
from engine.errors import InputError, shown
from modes.cel import Wrong
from modes.rules import written
from modes.rules.language import compiled
from modes.rules.written import Mark, Unreadable

Found = TypeVar("Found")
Choice = TypeVar("Choice", bound=StrEnum)

LONGEST_NOTE = 1_000
_ID = re.compile(r"[a-z0-9][a-z0-9_-]{0,99}")
_SPAN = re.compile(r"(\d{1,6})(s|m|h|d)")
_UNITS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}
_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
_RULE = ("id", "when", "effect", "note", "says", "from", "until", "replaces")
_EFFECTS = ("forbid", "require_approval", "raise_gate", "cap", "veto_window", "gateway")


@dataclass(frozen=True, kw_only=True, slots=True)
class Problem:
    """One mistake. ``line`` and ``column`` are of the file, or, without a file, of the condition; from 1."""

    rule_id: str | None
    pointer: str  # JSON pointer
    expected: str
    came: str
    line: int | None = None
    column: int | None = None

    @property
    def message(self) -> str:
        """In one sentence."""
        where = "" if self.line is None else f"line {self.line}, column {self.column}: "
        return f"{where}{self.pointer or 'the file'}: expected {self.expected}, came {self.came}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """A rule somebody wants to be kept, and which version they saw of it."""

    rule: Rule
    replaces: int | None = None  # None: it was not said


@dataclass(frozen=True, kw_only=True, slots=True)
class Checked:
    """What was read: the rules that are sound, and every mistake of the others."""

    asked: tuple[Asked, ...] = ()
    problems: tuple[Problem, ...] = ()

    @property
    def rules(self) -> tuple[Rule, ...]:
        """The sound ones."""
        return tuple(one.rule for one in self.asked)


class _Bad(Exception):
    """One mistake in one value."""

    def __init__(self, pointer: str, expected: str, came: object, at: tuple[int, int] | None = None) -> None:
        self.pointer, self.expected, self.came, self.at = pointer, expected, came, at
        super().__init__(expected)


@dataclass(frozen=True, kw_only=True, slots=True)
class Reader:
    """What rules are read with."""

    currency: str  # of money that names none
    zone: ZoneInfo  # of dates
    gateways: frozenset[str] | None = None  # that orders may be sent to, by name; None: that is not known here
    marks: Mapping[str, Mark] = field(default_factory=dict)  # of a file

    def text(self, text: str) -> Checked:
        """The rules of a YAML file."""
        try:
            found = written.read(text)
        except Unreadable as error:
            return _no_rules(error.what, "another text", error.mark)
        if found.value is None:
            return _no_rules("rules: a list of rules", "an empty file", Mark(line=1, column=1))
        return replace(self, marks=found.marks).document(found.value)

    def document(self, document: object) -> Checked:
        """The rules of a document ``{"rules": [...]}``."""
        if not isinstance(document, dict) or not isinstance(document.get("rules"), list):
            return Checked(problems=(self._problem(None, _Bad("", "rules: a list of rules", document)),))
        rows: list[object] = document["rules"]
        more = [_Bad(f"/{key}#", "rules alone", key) for key in document if key != "rules"]
        if len(rows) > MOST_RULES:
            more.append(_Bad("/rules", f"at most {MOST_RULES} rules", f"{len(rows)} rules"))
            rows = []
        asked, problems = list[Asked](), [self._problem(None, one) for one in more]
        for place, row in enumerate(rows):
            found, bad = self._rule(row, f"/rules/{place}")
            name = row.get("id") if isinstance(row, dict) else None
            problems += [self._problem(name if isinstance(name, str) else None, one) for one in bad]
            asked += [] if found is None else [found]
        problems += list(self._twice(asked, rows))
        return Checked(asked=tuple(asked), problems=tuple(problems))

    def _twice(self, asked: Sequence[Asked], rows: Sequence[object]) -> Iterator[Problem]:
        seen = set[object]()
        for place, row in enumerate(rows):
            name = row.get("id") if isinstance(row, dict) else None
            if isinstance(name, str) and name in seen:
                yield self._problem(name, _Bad(f"/rules/{place}/id", "each id once", name))
            seen.add(name if isinstance(name, str) else None)

    def _problem(self, rule_id: str | None, bad: _Bad) -> Problem:
        line, column = self._place(bad)
        pointer, came = bad.pointer.removesuffix("#"), bad.came if isinstance(bad.came, str) else shown(bad.came)
        return Problem(
            rule_id=rule_id, pointer=pointer, expected=bad.expected, came=came[:200], line=line, column=column
        )

    def _place(self, bad: _Bad) -> tuple[int | None, int | None]:
        if not self.marks:
            return bad.at or (None, None)
        mark = written.place(self.marks, bad.pointer)
        if bad.at is not None:
            mark = mark.within(*bad.at)
        return mark.line, mark.column

    def _rule(self, row: object, at: str) -> tuple[Asked | None, list[_Bad]]:
        if not isinstance(row, dict):
            return None, [_Bad(at, "a rule with id, when and effect", row)]
        bad = [_Bad(f"{at}/{key}#", f"one of {', '.join(_RULE)}", key) for key in row if key not in _RULE]

        def read(key: str, of: Callable[[Any, str], Found], otherwise: Found) -> Found:
            try:
                return of(row[key], f"{at}/{key}") if row.get(key) is not None else otherwise
            except _Bad as error:
                bad.append(error)
                return otherwise

        nothing: Effect = Forbid()  # stands for an effect that is wrong
        bad += [_Bad(f"{at}/{key}", key, "nothing") for key in ("id", "when", "effect") if row.get(key) is None]
        rule = Rule(
            rule_id=read("id", _id, ""),
            when=read("when", _when, ""),
            effect=read("effect", self._effect, nothing),
            note=read("note", _words, ""),
            says=read("says", _words, None),
            starts_at=read("from", self._time, None),
            ends_at=read("until", self._time, None),
        )
        replaces = read("replaces", _whole, None)
        if rule.starts_at is not None and rule.ends_at is not None and rule.ends_at <= rule.starts_at:
            bad.append(_Bad(f"{at}/until", "a time after from", str(row["until"])))
        return (None if bad else Asked(rule=rule, replaces=replaces)), bad

    def _time(self, value: object, at: str) -> datetime:
        try:
            return parse_time(value if isinstance(value, str) else str(value), at, date_zone=self.zone)
        except InputError as error:
            raise _Bad(at, error.problems[0].expected, value) from None

    def _effect(self, value: object, at: str) -> Effect:
        if isinstance(value, str):
            value = {value: None}
        if not isinstance(value, dict) or len(value) != 1:
            raise _Bad(at, f"one of {', '.join(_EFFECTS)}", value)
        ((kind, given),) = value.items()
        if kind not in _EFFECTS:
            raise _Bad(at, f"one of {', '.join(_EFFECTS)}", kind)
        here = f"{at}/{kind}"
        match kind:
            case "raise_gate":
                return _gate(_mapping(given, here, ("by", "at_least")), here)
            case "cap":
                return self._cap(_mapping(given, here, ("money", "currency", "count", "per", "every")), here)
            case "veto_window":
                return VetoWindow(length=_window(given, here))
            case "gateway":
                return Gateway(name=self._gateway(given, here))
        if given not in (None, True):
            raise _Bad(here, f"{kind} with nothing more", given)
        return Forbid() if kind == "forbid" else RequireApproval()

    def _gateway(self, given: object, at: str) -> str:
        if not isinstance(given, str) or not is_name(given):
            raise _Bad(at, f"the name of a gateway: {NAMES}", given)
        if self.gateways is not None and given not in self.gateways:
            raise _Bad(at, f"a gateway that is there ({', '.join(sorted(self.gateways))})", given)
        return given

    def _cap(self, given: Mapping[str, Any], at: str) -> Cap:
        if given.get("money") is None and given.get("count") is None:
            raise _Bad(at, "money, count or both", dict(given))
        per = given.get("per", "shop")
        names = per if isinstance(per, list) else [per]
        if not names:
            raise _Bad(f"{at}/per", f"one or more of {', '.join(Per)}", per)
        scopes = sorted({_choice(Per, name, f"{at}/per") for name in names})
        return Cap(
            count=None if given.get("count") is None else _whole(given["count"], f"{at}/count"),
            money=None if given.get("money") is None else self._money(given, at),
            per=tuple(scopes) if scopes == [Per.SHOP] else tuple(one for one in scopes if one is not Per.SHOP),
            every=_choice(Every, given.get("every", "total"), f"{at}/every"),
        )

    def _money(self, given: Mapping[str, Any], at: str) -> Money:
        here, amount = f"{at}/money", given["money"]
        if not isinstance(amount, str):
            raise _Bad(here, 'an amount in quotes, such as "100.00"', amount)
        try:
            currency = parse_currency(given.get("currency", self.currency), f"{at}/currency")
        except InputError as error:
            raise _Bad(f"{at}/currency", error.problems[0].expected, given["currency"]) from None
        try:
            return parse_money(amount, currency, here)
        except InputError as error:
            raise _Bad(here, error.problems[0].expected, amount) from None


def _no_rules(expected: str, came: str, mark: Mark) -> Checked:
    """What a text comes to that is none of rules."""
    problem = Problem(rule_id=None, pointer="", expected=expected, came=came, line=mark.line, column=mark.column)
    return Checked(problems=(problem,))


def _id(value: object, at: str) -> str:
    return _matching(_ID, value, at, "1 to 100 small letters, digits, - and _, such as no-alcohol")


def _when(value: object, at: str) -> str:
    if not isinstance(value, str):
        raise _Bad(at, "a condition in CEL, such as price > 50.0", value)
    try:
        return compiled(value.rstrip()).source
    except Wrong as error:
        place = None if error.line is None or error.column is None else (error.line, error.column)
        raise _Bad(at, f"a sound condition ({_hint(error.what)})", " ".join(value.split()), place) from None


def _hint(what: str) -> str:
    """What the compiler missed, with a word where its own say little."""
    numbers = "(double, int)" in what or "(int, double)" in what
    return f"{what}: write 50.0 for a double and 50 for an int" if numbers else what


def _words(value: object, at: str) -> str:
    if not isinstance(value, str) or len(value) > LONGEST_NOTE or _CONTROL.search(value):
        raise _Bad(at, f"text of at most {LONGEST_NOTE} characters", value)
    return value


def _whole(value: object, at: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= 1_000_000_000:
        raise _Bad(at, "a whole number of 0 or more", value)
    return value


def _mapping(value: object, at: str, keys: Sequence[str]) -> Mapping[str, Any]:
    if not isinstance(value, dict) or not value:
        raise _Bad(at, f"{', '.join(keys)}", value)
    for key in value:
        if key not in keys:
            raise _Bad(f"{at}/{key}#", f"one of {', '.join(keys)}", key)
    return value


def _gate(given: Mapping[str, Any], at: str) -> RaiseGate:
    by, least = (_share(given.get(key), f"{at}/{key}") for key in ("by", "at_least"))
    if not by and not least:
        raise _Bad(at, "by or at_least above 0", dict(given))
    return RaiseGate(by=by, at_least=least)


def _share(value: object, at: str) -> float:
    if value is None:
        return 0.0
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
        raise _Bad(at, "a number from 0 to 1", value)
    return float(value)


def _window(value: object, at: str) -> timedelta:
    expected = "a length of time from 1h to 14d, such as 48h"
    found = _SPAN.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        raise _Bad(at, expected, value)
    length = timedelta(seconds=int(found[1]) * _UNITS[found[2]])
    if not LEAST_WINDOW <= length <= MOST_WINDOW:
        raise _Bad(at, expected, value)
    return length


def _matching(pattern: re.Pattern[str], value: object, at: str, expected: str) -> str:
    if not isinstance(value, str) or not pattern.fullmatch(value):
        raise _Bad(at, expected, value)
    return value


def _choice(kind: type[Choice], value: object, at: str) -> Choice:
    if not isinstance(value, str) or value not in list(kind):
        raise _Bad(at, f"one of {', '.join(kind)}", value)
    return kind(value)
