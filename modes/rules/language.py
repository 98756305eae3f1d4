"""The operators' language: CEL over the fields of ``facts``, compiled once, and told line by line which rules hold."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from engine.domain.rules import LONGEST_RULE, Rule
from modes.cel import Condition, Failed, Language, Wrong
from modes.rules.facts import FIELDS, Subject, values


@dataclass(frozen=True, kw_only=True, slots=True)
class Held:
    """A rule that is true of a line, or could not be told true or false of it."""

    rule: Rule
    error: str | None = None


@lru_cache(maxsize=1)
def language() -> Language:
    """Without patterns: one of them may cost more than everything else together."""
    types = {name: field.type for name, field in FIELDS.items()}
    return Language(types, without=("matches", "dyn"), longest=LONGEST_RULE)


@lru_cache(maxsize=4_096)
def compiled(when: str) -> Condition:
    """The condition of a rule, compiled once as long as it reads the same; Wrong where it is none."""
    return language().compile(when)


def held(rules: Iterable[Rule], subject: Subject) -> Iterator[Held]:
    """The rules that are true of a line, and those that failed on it, in their order."""
    conditions = [(rule, _compiled(rule)) for rule in rules]
    named = {name for _, one in conditions if isinstance(one, Condition) for name in one.named}
    ready = _ready(named, subject) if conditions else None
    for rule, condition in conditions:
        found = _told(condition, ready)
        if found is not False:
            yield Held(rule=rule, error=None if found is True else found)


def _ready(named: Collection[str], subject: Subject) -> Any:
    """The named fields made ready once for all rules, or why they cannot be."""
    try:
        return language().activation(values(subject, named))
    except (RuntimeError, ValueError, TypeError, OverflowError) as error:
        return f"its facts cannot be read: {error}"[:200]


def _told(condition: Condition | str, ready: Any) -> bool | str:
    """Whether a condition holds, or why that cannot be told."""
    if isinstance(condition, str) or isinstance(ready, str):
        return condition if isinstance(condition, str) else ready
    try:
        return condition.of(lambda: condition.expression.eval(ready))
    except Failed as error:
        return str(error)


def _compiled(rule: Rule) -> Condition | str:
    """Its condition, or why there is none: it may have been kept by another version of Rapport."""
    try:
        return compiled(rule.when)
    except Wrong as error:
        return error.what
