"""A scenario: everything an invented world of customers is made from, as a YAML file tells it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from engine.domain.stated import came, document, number, several, span, unknown, value, whole
from engine.errors import InputError, Problem

SHIPPED = Path(__file__).parent / "scenarios"
RUNGS = 6
KINDS = 3  # of customers


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
            parts[one.name] = value(one, one.name, given, problems)
    problems += unknown("", given, {"like", *parts})
    if not problems and parts["burn_in"] >= parts["days"]:
        problems.append(Problem(field="burn_in", expected="fewer than days", came=came(parts["burn_in"])))
    if problems:
        raise InputError(problems)
    return Scenario(name=name, **parts)


def _document(text: str, name: str) -> dict[str, Any]:
    """The mapping that a text holds, over that of the scenario it is like."""
    given = document(text, name)
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
        problems.append(Problem(field=name, expected="a mapping of fields, or `like` at the top", came=came(given)))
        return None
    names = [one.name for one in fields(kind)]
    problems += unknown(f"{name}.", given, set(names))
    found = {one.name: value(one, f"{name}.{one.name}", given, problems) for one in fields(kind)}
    return None if None in found.values() else kind(**found)


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise InputError.of("SCENARIO", "a file in UTF-8", str(file)) from None
