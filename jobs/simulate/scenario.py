"""A scenario: everything an invented world of customers is made from, as a YAML file tells it."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import Field, dataclass, field, fields
from pathlib import Path
from typing import Any

import yaml

from engine.errors import InputError, Problem, shown

SHIPPED = Path(__file__).parent / "scenarios"
RUNGS = 6
KINDS = 3  # of customers


@dataclass(frozen=True, kw_only=True, slots=True)
class Allowed:
    """What a field of a scenario may hold."""

    low: float = 0.0
    high: float = math.inf
    whole: bool = False
    count: int = 0  # numbers in a list; 0 of a single number
    rising: bool = False  # the list's numbers go up
    total: float | None = None  # what they sum to

    def __str__(self) -> str:
        kind = "whole number" if self.whole else "number"
        span = f"from {self.low:g}" + ("" if math.isinf(self.high) else f" to {self.high:g}")
        if not self.count:
            return f"a {kind} {span}"
        more = " that do not fall" if self.rising else "" if self.total is None else f" that sum to {self.total:g}"
        return f"a list of {self.count} {kind}s {span}{more}"

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
        if not (self.low <= given <= self.high and math.isfinite(given)):
            return None
        return given if self.whole else float(given)


def number(low: float = 0.0, high: float = math.inf) -> Any:
    """A field that holds one number."""
    return field(metadata={"allowed": Allowed(low=low, high=high)})


def whole(low: int = 0, high: float = math.inf) -> Any:
    """A field that holds a whole number."""
    return field(metadata={"allowed": Allowed(low=low, high=high, whole=True)})


def several(count: int, low: float = 0.0, high: float = math.inf, total: float | None = None) -> Any:
    """A field that holds a list of numbers."""
    return field(metadata={"allowed": Allowed(low=low, high=high, count=count, total=total)})


def span(low: float = 0.0, high: float = math.inf) -> Any:
    """A field that holds two numbers, the first not above the second."""
    return field(metadata={"allowed": Allowed(low=low, high=high, count=2, rising=True)})


@dataclass(frozen=True, kw_only=True, slots=True)
class People:
    """Who the customers are, and what they say of themselves; ``scenarios/grocery.yaml`` tells what each field is."""

    shares: tuple[float, ...] = several(KINDS, high=1, total=1)
    agency: tuple[float, ...] = several(KINDS, low=0.01, high=0.99)
    trust: tuple[float, ...] = several(KINDS, low=0.01, high=0.99)
    alike: float = number(low=1)
    comfort: tuple[float, ...] = span(high=RUNGS - 1)
    comfort_between_needs: float = number(high=3)
    ceiling_noise: float = number(high=3)
    ceiling_untouched: float = number(high=1)
    says_agency: float = number(high=1)
    says_trust: float = number(high=1)


@dataclass(frozen=True, kw_only=True, slots=True)
class Habits:
    """How things run out, and what is wished for when they do."""

    gap: float = number(low=1)
    gap_between_pairs: float = number(high=2)
    gap_range: tuple[float, ...] = span(low=1)
    variation: tuple[float, ...] = span(low=0.01, high=2)
    lead: float = number()
    variety: float = number(high=0.99)
    recalls: tuple[float, ...] = span(low=0.01, high=1)
    elsewhere: float = number(high=1)
    ends: float = number(high=1)
    shifts: float = number(high=1)
    shift_size: float = number(high=2)
    dear: float = number(high=1)
    cheap_again: float = number(high=1)
    waits: float = number(high=1)
    goals: float = number(high=1)
    goals_told: float = number(high=1)
    goal_inertia: float = number()
    receptive: tuple[float, ...] = span(high=1)


@dataclass(frozen=True, kw_only=True, slots=True)
class Worth:
    """What things are worth to customers, and to the shop."""

    order: float = number()
    effort: tuple[float, ...] = several(RUNGS)
    effort_scale: float = number(low=1)
    out_of_stock: float = number()
    goal: float = number()
    idea: float = number()
    message: float = number()
    message_load: float = number()
    edit: float = number()
    veto: float = number()
    send_back: float = number()
    put_up_with: float = number()
    needless: float = number()
    overreach: float = number()
    margin: float = number()
    return_cost: float = number()


@dataclass(frozen=True, kw_only=True, slots=True)
class Replies:
    """How customers answer."""

    take_up: float = number(low=-10, high=10)
    take_up_trust: float = number(high=10)
    take_up_load: float = number(high=10)
    take_up_overreach: float = number(high=10)
    snooze: float = number(high=1)
    notice: float = number(high=1)
    principle: float = number(high=1)
    sends_back: float = number(high=1)
    complains: float = number(high=1)


@dataclass(frozen=True, kw_only=True, slots=True)
class Moods:
    """What experience does to trust, comfort and patience."""

    trust_gain: float = number(high=1)
    trust_loss: float = number(high=1)
    trust_loss_veto: float = number(high=1)
    comfort_gain: float = number(high=5)
    comfort_loss: float = number(high=5)
    calm: float = number(high=1)
    ignored: float = number()
    soft_overreach: float = number()
    hard_overreach: float = number()
    vetoed: float = number()
    unwanted: float = number()
    complained: float = number()
    patience: float = number()
    touchiness: float = number()
    leaves: float = number(high=1)


@dataclass(frozen=True, kw_only=True, slots=True)
class Scenario:
    """A world to be."""

    name: str
    customers: int = whole(low=1, high=100_000)
    needs: int = whole(low=1, high=100)
    days: int = whole(low=2, high=10_000)
    burn_in: int = whole(low=1, high=10_000)
    people: People
    habits: Habits
    worth: Worth
    replies: Replies
    moods: Moods


GROUPS: Mapping[str, type] = {
    "people": People,
    "habits": Habits,
    "worth": Worth,
    "replies": Replies,
    "moods": Moods,
}
Given = Mapping[str, Any]


def shipped() -> tuple[str, ...]:
    """The names of the scenarios that come with Rapport."""
    return tuple(sorted(file.stem for file in SHIPPED.glob("*.yaml")))


def of(named: str) -> Scenario:
    """The scenario of a name or in a YAML file.

    Raises
    ------
    InputError
        naming every field that is unknown, missing or not as it must be

    Examples
    --------
    >>> of("regular").habits.elsewhere
    0.04
    >>> of("weekly")
    Traceback (most recent call last):
    engine.errors.InputError: SCENARIO: expected grocery, regular, touchy or a .yaml file, came 'weekly'
    """
    file = Path(named)
    if named in shipped():
        return read(_text(SHIPPED / f"{named}.yaml"), named)
    if file.suffix not in (".yaml", ".yml"):
        raise InputError.of("SCENARIO", f"{', '.join(shipped())} or a .yaml file", named)
    if not file.is_file():
        raise InputError.of("SCENARIO", "a file that is there", named)
    return read(_text(file), file.stem)


def read(text: str, name: str) -> Scenario:
    """The scenario that a YAML text tells, with what it leaves out taken from the one it is ``like``."""
    given = _document(text, name)
    problems: list[Problem] = []
    parts: dict[str, Any] = {}
    for one in fields(Scenario):
        if one.name in GROUPS:
            parts[one.name] = _group(one.name, given.get(one.name), problems)
        elif one.name != "name":
            parts[one.name] = _value(one, one.name, given, problems)
    problems += _unknown("", given, {"like", *parts})
    if not problems and parts["burn_in"] >= parts["days"]:
        problems.append(Problem(field="burn_in", expected="fewer than days", came=shown(parts["burn_in"])))
    if problems:
        raise InputError(problems)
    return Scenario(name=name, **parts)


def _document(text: str, name: str) -> dict[str, Any]:
    """The mapping that a text holds, over that of the scenario it is like."""
    try:
        given = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise InputError.of(name, "YAML", str(error)) from None
    if not isinstance(given, dict):
        raise InputError.of(name, "a mapping of fields", given)
    like = given.get("like")
    if like is None:
        return given
    if like not in shipped():
        raise InputError.of("like", ", ".join(shipped()), like)
    return _over(_document(_text(SHIPPED / f"{like}.yaml"), str(like)), given)


def _over(base: dict[str, Any], given: dict[str, Any]) -> dict[str, Any]:
    merged = {**base, **given}
    for name in GROUPS:
        if isinstance(base.get(name), dict) and isinstance(given.get(name), dict):
            merged[name] = {**base[name], **given[name]}
    return merged


def _group(name: str, given: object, problems: list[Problem]) -> Any:
    kind = GROUPS[name]
    if not isinstance(given, dict):
        came = "nothing" if given is None else shown(given)
        problems.append(Problem(field=name, expected="a mapping of fields, or `like` at the top", came=came))
        return None
    names = [one.name for one in fields(kind)]
    problems += _unknown(f"{name}.", given, set(names))
    found = {one.name: _value(one, f"{name}.{one.name}", given, problems) for one in fields(kind)}
    return None if None in found.values() else kind(**found)


def _value(one: Field[Any], path: str, given: Given, problems: list[Problem]) -> Any:
    allowed: Allowed = one.metadata["allowed"]
    found = allowed.read(given.get(one.name))
    if found is None:
        came = shown(given[one.name]) if one.name in given else "nothing"
        problems.append(Problem(field=path, expected=str(allowed), came=came))
    return found


def _unknown(prefix: str, given: Given, known: set[str]) -> Iterator[Problem]:
    for name in given:
        if name not in known:
            expected = f"one of {', '.join(sorted(known))}"
            yield Problem(field=f"{prefix}{name}", expected=expected, came="an unknown field")


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise InputError.of("SCENARIO", "a file in UTF-8", str(file)) from None
