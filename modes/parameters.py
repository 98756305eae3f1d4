"""A shop's parameters as its YAML file tells them: read strictly over the defaults, and told again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import Field, fields, replace
from datetime import timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any, Protocol

import yaml

from engine.domain.decisions import Rung
from engine.domain.stated import Allowed, came, document, unknown, value
from engine.errors import InputError, Problem
from modes.policy import LEVELS, Chance, Harm, Mask, Policy, Worth

LIVE = Policy(chance=Chance())  # what is in force where a shop says nothing
PLAIN = tuple(one for one in fields(Policy) if "allowed" in one.metadata)
GROUPS: Mapping[str, type] = {"chance": Chance, "harm": Harm}
LABELS = {rung.label: rung for rung in Rung}
MASKED = {rung.label: rung for rung in Rung if rung <= Rung.APPROVE}
MOST_STAKES = 8
LONGEST = 1_000_000  # characters of a file
Problems = list[Problem]
Json = dict[str, Any]


class File(Protocol):
    """A file, and what stood in it when the settings were read."""

    @property
    def path(self) -> Path: ...
    @property
    def text(self) -> str: ...


class Given(Protocol):
    """What the settings of the place say on decisions."""

    @property
    def veto_window(self) -> timedelta: ...
    @property
    def currency(self) -> str: ...
    @property
    def policy(self) -> File | None: ...


def policy_of(settings: Given) -> Policy:
    """What decisions are really made under: the shop's file over the defaults, and what the settings say.

    Raises
    ------
    InputError
        naming the file and every field that is not as it must be
    """
    file = settings.policy
    known = LIVE if file is None else read(file.text, str(file.path))
    return replace(known, veto_window=settings.veto_window, currency=settings.currency)


@lru_cache(maxsize=8)
def read(text: str, name: str) -> Policy:
    """The policy that a file's text tells; what it leaves out is as by default.

    Raises
    ------
    InputError
        naming the file and every field that is unknown or not as it must be

    Examples
    --------
    >>> found = read("promise: 0.95\\ncategories: {FOOD: {missed: 2}, FOOD > MILK: {wrong: {veto: 1}}}", "policy.yaml")
    >>> found.promise, found.worth_of(("FOOD", "MILK")).missed, found.worth_of(("TOYS",)).missed
    (0.95, 2.0, 1.7)
    >>> read("promise: most", "policy.yaml")
    Traceback (most recent call last):
    engine.errors.InputError: policy.yaml: promise: expected a number from 0.5 to 0.999, came 'most'
    """
    if len(text) > LONGEST:
        raise InputError([Problem(field=name, expected=f"at most {LONGEST} characters", came=f"{len(text)}")])
    problems: Problems = []
    found = _policy(document(text, name) if text.strip() else {}, problems)
    if problems:
        raise InputError(replace(one, field=f"{name}: {one.field}") for one in problems)
    return found


def told(policy: Policy) -> Json:
    """The policy as the file would tell it, complete.

    Examples
    --------
    >>> read(written(LIVE), "again.yaml") == LIVE
    True
    """
    return {
        **{one.name: getattr(policy, one.name) for one in PLAIN},
        **{
            name: {one.name: getattr(getattr(policy, name), one.name) for one in fields(GROUPS[name])}
            for name in GROUPS
        },
        "stakes": list(policy.stakes),
        "masks": [_mask_told(mask) for mask in policy.masks],
        "worth": _worth_told(policy.worth),
        "categories": {path: _worth_told(worth) for path, worth in policy.categories.items()},
    }


def written(policy: Policy) -> str:
    """The same as YAML."""
    return str(yaml.safe_dump(told(policy), sort_keys=False, allow_unicode=True))


def _policy(given: Json, problems: Problems) -> Policy:
    known = {*(one.name for one in PLAIN), *GROUPS, "stakes", "masks", "worth", "categories"}
    problems += unknown("", given, known)
    plain = {one.name: value(one, one.name, given, problems) for one in PLAIN if one.name in given}
    groups = {name: _group(name, given[name], problems) for name in GROUPS if name in given}
    worth = _worth("worth", given["worth"], LIVE.worth, problems) if "worth" in given else LIVE.worth
    return replace(
        LIVE,
        **plain,
        **groups,
        worth=worth,
        stakes=_stakes(given["stakes"], problems) if "stakes" in given else (),
        masks=_masks(given["masks"], problems) if "masks" in given else (),
        categories=_categories(given["categories"], worth, problems) if "categories" in given else {},
    )


def _group(name: str, given: object, problems: Problems) -> Any:
    stated, base = _mapping(name, given, problems), getattr(LIVE, name)
    names = {one.name: one for one in fields(GROUPS[name])}
    problems += unknown(f"{name}.", stated, names)
    return replace(base, **_plain(name, stated, names, problems))


def _worth(path: str, given: object, base: Worth, problems: Problems) -> Worth:
    """What is stated of a category, over what holds for the level above."""
    stated = _mapping(path, given, problems)
    names = {one.name: one for one in fields(Worth)}
    problems += unknown(f"{path}.", stated, names)
    plain = {name: one for name, one in names.items() if "allowed" in one.metadata}
    by_rung: Json = {
        name: _of_rungs(f"{path}.{name}", stated[name], one.metadata["of_rung"], getattr(base, name), problems)
        for name, one in names.items()
        if "of_rung" in one.metadata and name in stated
    }
    return replace(base, **_plain(path, stated, plain, problems), **by_rung)


def _plain(path: str, stated: Json, names: Mapping[str, Field[Any]], problems: Problems) -> Json:
    return {name: value(one, f"{path}.{name}", stated, problems) for name, one in names.items() if name in stated}


def _of_rungs(
    path: str, given: object, allowed: Allowed, base: Mapping[Rung, float], problems: Problems
) -> dict[Rung, float]:
    """A number for each rung that is named; the others as before."""
    stated, found = _mapping(path, given, problems), dict(base)
    problems += unknown(f"{path}.", stated, LABELS)
    for label, rung in LABELS.items():
        if label in stated:
            number = allowed.read(stated[label])
            found[rung] = base[rung] if number is None else number
            if number is None:
                problems.append(Problem(field=f"{path}.{label}", expected=str(allowed), came=came(stated[label])))
    return found


def _categories(given: object, worth: Worth, problems: Problems) -> dict[str, Worth]:
    """Each category over the nearest level above it that is stated, the upper ones first."""
    stated, found = _mapping("categories", given, problems), dict[str, Worth]()
    for path in stated:
        if not _is_path(path):
            expected = f"a category, its levels parted by '{LEVELS}'"
            problems.append(Problem(field=f"categories.{came(path, plain=True)}", expected=expected, came=came(path)))
    for path in sorted((one for one in stated if _is_path(one)), key=lambda one: len(one.split(LEVELS))):
        levels = path.split(LEVELS)
        above = (LEVELS.join(levels[:n]) for n in range(len(levels) - 1, 0, -1))
        base = next((found[one] for one in above if one in found), worth)
        found[path] = _worth(f"categories.{path}", stated[path], base, problems)
    return found


def _is_path(given: object) -> bool:
    return isinstance(given, str) and all(level and level == level.strip() for level in given.split(LEVELS))


def _stakes(given: object, problems: Problems) -> tuple[float, ...]:
    allowed = Allowed(low=0.01)
    found: list[Any] = [allowed.read(one) for one in given] if isinstance(given, list) else [None]
    if None in found or found != sorted(set(found)) or len(found) > MOST_STAKES:
        expected = f"a list of at most {MOST_STAKES} prices that rise"
        problems.append(Problem(field="stakes", expected=expected, came=came(given)))
        return ()
    return tuple(found)


def _masks(given: object, problems: Problems) -> tuple[Mask, ...]:
    if not isinstance(given, list):
        problems.append(Problem(field="masks", expected="a list of masks", came=came(given)))
        return ()
    return tuple(_mask(f"masks.{place}", one, problems) for place, one in enumerate(given))


def _mask(path: str, given: object, problems: Problems) -> Mask:
    stated = _mapping(path, given, problems)
    problems += unknown(f"{path}.", stated, ("at_most", "categories", "families"))
    families, categories = (
        _names(f"{path}.{name}", stated.get(name, []), problems) for name in ("families", "categories")
    )
    if isinstance(given, dict) and not families and not categories:
        problems.append(Problem(field=path, expected="families or categories", came="neither"))
    at_most = stated.get("at_most", Mask().at_most.label)
    if not isinstance(at_most, str) or at_most not in MASKED:
        problems.append(Problem(field=f"{path}.at_most", expected=f"one of {', '.join(MASKED)}", came=came(at_most)))
        return Mask(families=families, categories=categories)
    return Mask(families=families, categories=categories, at_most=MASKED[at_most])


def _names(path: str, given: object, problems: Problems) -> frozenset[str]:
    if not isinstance(given, list) or not all(isinstance(one, str) and one for one in given):
        problems.append(Problem(field=path, expected="a list of names", came=came(given)))
        return frozenset()
    return frozenset(given)


def _mapping(path: str, given: object, problems: Problems) -> Json:
    if isinstance(given, dict):
        return given
    problems.append(Problem(field=path, expected="a mapping of fields", came=came(given)))
    return {}


def _worth_told(worth: Worth) -> Json:
    return {
        one.name: {rung.label: found[rung] for rung in Rung} if "of_rung" in one.metadata else found
        for one in fields(Worth)
        for found in (getattr(worth, one.name),)
    }


def _mask_told(mask: Mask) -> Json:
    named = {"families": sorted(mask.families), "categories": sorted(mask.categories)}
    return {**{name: several for name, several in named.items() if several}, "at_most": mask.at_most.label}
