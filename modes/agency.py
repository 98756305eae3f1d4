"""How much a customer lets be done without asking: what they stated, in general, per category, per family."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache

from engine.domain.context import Context
from engine.domain.customers import Preferences
from engine.domain.decisions import Removal, Rung, Stage
from engine.errors import InputError

UNSTATED = Rung.APPROVE
LEVELS = " > "


@dataclass(frozen=True, kw_only=True, slots=True)
class Ceiling:
    """One ceiling that applies to a need, and the setting that holds it."""

    setting: str
    rung: Rung
    stated: bool = True


def ceilings(preferences: Preferences, family: str | None, category: tuple[str, ...]) -> Iterator[Ceiling]:
    """Every ceiling that applies; the lowest of them counts."""
    general = preferences.ceiling
    yield Ceiling(
        setting="preferences.ceiling", rung=UNSTATED if general is None else general, stated=general is not None
    )
    for name in names(category):
        if name in preferences.category_ceilings:
            yield Ceiling(setting=f"preferences.category_ceilings.{name}", rung=preferences.category_ceilings[name])
    if family is not None and family in preferences.family_ceilings:
        yield Ceiling(setting=f"preferences.family_ceilings.{family}", rung=preferences.family_ceilings[family])


@lru_cache(maxsize=4096)
def names(category: tuple[str, ...]) -> tuple[str, ...]:
    """The ways a customer may name what an item lies in: each level, and each path from the top.

    Examples
    --------
    >>> names(("FOOD", "MILK"))
    ('FOOD', 'FOOD > MILK', 'MILK')
    """
    paths = (LEVELS.join(category[: n + 1]) for n in range(len(category)))
    return tuple(dict.fromkeys(name for pair in zip(paths, category, strict=True) for name in pair))


def lowest(context: Context, family: str | None, category: tuple[str, ...]) -> Rung:
    """The most that may be done for the need."""
    return least(ceilings(context.preferences, family, category))


def least(applied: Iterable[Ceiling]) -> Rung:
    """The most that several ceilings leave."""
    return min(ceiling.rung for ceiling in applied)


def stated(context: Context, family: str | None, category: tuple[str, ...]) -> bool:
    """Whether the customer said how much may be done for the need."""
    return any(ceiling.stated for ceiling in ceilings(context.preferences, family, category))


def paused(preferences: Preferences, now: datetime) -> bool:
    """Whether the customer wants nothing to be done unasked at ``now``; a pause with an end is over then."""
    until = preferences.paused_until
    return preferences.paused if until is None else now < until


def told(preferences: Preferences, now: datetime) -> Preferences:
    """Preferences as they are shown at ``now``: a pause that is over is none. When it ended stays with them."""
    return replace(preferences, paused=preferences.paused and paused(preferences, now))


def stated_at(preferences: Preferences, before: Preferences, now: datetime) -> Preferences:
    """Preferences as somebody states them at ``now``.

    A pause is stated whole: the switch, and perhaps an end that is to come. What stood ``before`` may always be sent
    back, as it is kept or as it is told: a pause that is over stays over, and no other begins.

    Raises
    ------
    InputError
        for a new pause that is over already, or an end without a pause
    """
    until = preferences.paused_until
    if until is None:
        return preferences
    if _pause(preferences) in (_pause(before), _pause(told(before, now))):
        return told(preferences, now)
    if until <= now:
        raise InputError.of("paused_until", f"a time after {now.isoformat()}, or null", until.isoformat())
    if not preferences.paused:
        raise InputError.of("paused", "true with a paused_until that is to come, or paused_until null", False)
    return preferences


def _pause(preferences: Preferences) -> tuple[bool, datetime | None]:
    return preferences.paused, preferences.paused_until


def held_until(preferences: Preferences, now: datetime) -> datetime | None:
    """Until when a pause has held what fell due, which is now while it lasts; None where there was none."""
    return now if paused(preferences, now) else preferences.paused_until


def removals(
    context: Context, rung: Rung, family: str | None, category: tuple[str, ...], now: datetime
) -> list[Removal]:
    """One for every setting of control that keeps the rung out."""
    return kept_out(rung, ceilings(context.preferences, family, category), context.preferences, now)


def kept_out(rung: Rung, applied: Iterable[Ceiling], preferences: Preferences, now: datetime) -> list[Removal]:
    """The same by ceilings that are known to apply."""
    if rung is Rung.RESPOND:
        return []
    found = [
        Removal(
            stage=Stage.CEILING, rule=ceiling.setting, detail={"ceiling": ceiling.rung.label, "stated": ceiling.stated}
        )
        for ceiling in applied
        if rung > ceiling.rung
    ]
    if paused(preferences, now):
        found.insert(0, Removal(stage=Stage.CEILING, rule="preferences.paused", detail=_until(preferences)))
    return found


def _until(preferences: Preferences) -> dict[str, object]:
    until = preferences.paused_until
    return {} if until is None else {"until": until.isoformat()}
