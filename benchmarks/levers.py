"""Every lever that a shop's customers are offered, tried: it gives what it promises, and no part of it does.

    RAPPORT_HOME=.rapport/demo python -m benchmarks.levers [--at TIME] [--present]

Everybody is decided for anew, as they stand at the end (or at TIME), and nothing is kept. Each lever is read off its
words alone, as a customer would follow it: the settings are changed as they say and the decision is made once more. It
must give the need the rung and mode that were promised, and be worth more to the customer; no smaller set of its
changes, the empty one included, may give that rung. Exit 1 where one of them does not hold.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import partial
from itertools import combinations

from engine.config import Settings
from engine.domain.context import Context
from engine.domain.customers import Grant, Mandate, Purpose
from engine.domain.decisions import Change, Decision, Experience, Lever, Rung
from engine.domain.shopping import Item
from engine.domain.values import Money, to_minor
from engine.learn.base import Model
from engine.store import context as contexts
from engine.store import customers, items, orders
from engine.store.database import Database, Tx
from jobs.evaluate import served
from modes.decide import decide
from modes.parameters import policy_of

BATCH = 50
MONEY = ("price_low", "price_high", "order_limit", "budget")
Decide = Callable[[Context], Decision]


@dataclass(frozen=True, kw_only=True)
class Tried:
    """What came of all levers."""

    decisions: int = 0
    needs: int = 0
    levers: int = 0
    kept: int = 0  # gave what they promised
    subsets: int = 0
    loose: int = 0  # subsets that gave the promised rung as well
    lesser: int = 0  # levers a part of which leads to the promised mode, on a lower rung
    settings: Counter[str] = field(default_factory=Counter)  # kinds of changes
    promises: Counter[str] = field(default_factory=Counter)  # from which rung to which
    faults: tuple[str, ...] = ()

    def __add__(self, other: Tried) -> Tried:
        return Tried(**{name: getattr(self, name) + getattr(other, name) for name in Tried.__dataclass_fields__})


def main() -> None:
    """Print what came of the levers of a home."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--at", type=datetime.fromisoformat, help="default: just after the newest order")
    parser.add_argument("--present", action="store_true", help="as if everybody were looking at the start page")
    given = parser.parse_args()
    settings = Settings.from_env()
    db = Database.open(settings.database_url)
    found = tried(db, settings, served(settings), given.at, "app.home" if given.present else None)
    db.close()
    sys.stdout.write("\n".join(_told(found)) + "\n")
    sys.exit(1 if found.faults else 0)


def tried(
    db: Database, settings: Settings, model: Model, at: datetime | None = None, touchpoint: str | None = None
) -> Tried:
    """Of every customer of a home."""
    found = Tried()
    with db.read() as tx:
        now = at or (orders.newest(tx) or datetime.now(UTC)) + timedelta(microseconds=1)
        catalogue = catalogue_of(tx)
        for context in _everybody(tx, now, settings):
            made = partial(
                decide,
                model=model,
                now=now,
                catalogue=catalogue,
                policy=policy_of(settings),
                decision_id="tried",
                touchpoint=touchpoint,
            )
            found += of_customer(context, made)
    return found


def of_customer(context: Context, decided: Decide) -> Tried:
    """The levers of one customer's decision."""
    decision = decided(context)
    found = Tried(decisions=1, needs=len(decision.experiences))
    for one in decision.experiences:
        if one.lever is not None:
            found += _of_lever(one, one.lever, context, decided)
    return found


def _of_lever(one: Experience, lever: Lever, context: Context, decided: Decide) -> Tried:
    after = _same(one, decided(changed(context, lever.changes)))
    kept = (
        after is not None and (after.rung, after.mode) == (lever.rung, lever.would_give) and _value(after) > _value(one)
    )
    parts = [part for size in range(len(lever.changes)) for part in combinations(lever.changes, size)]
    given = [_same(one, decided(changed(context, part))) for part in parts]
    loose = [part for part, other in zip(parts, given, strict=True) if other and other.rung is lever.rung]
    lesser = any(other is not None and other.mode is lever.would_give for other in given)
    who = f"{context.customer.customer_id}, {one.need.family}: {_words(lever.changes)}"
    came = "no such need" if after is None else after.rung.label
    faults = [] if kept else [f"{who} promised {lever.rung.label} and gave {came}"]
    faults += [f"{who} promised {lever.rung.label}, and so does {_words(part) or 'nothing'}" for part in loose]
    return Tried(
        levers=1,
        kept=int(kept),
        subsets=len(parts),
        loose=len(loose),
        lesser=int(lesser),
        settings=Counter(_kind(change) for change in lever.changes),
        promises=Counter({f"{one.rung.label} to {lever.rung.label}": 1}),
        faults=tuple(faults),
    )


def _same(one: Experience, decision: Decision) -> Experience | None:
    """What the same need is given in another decision."""
    return next((other for other in decision.experiences if other.need == one.need), None)


def _value(one: Experience) -> float:
    values = [each.value for mode in one.considered for each in mode.rungs if each.rung is one.rung]
    return values[0] or 0.0


def changed(context: Context, changes: Iterable[Change]) -> Context:
    """The context after a customer did what a lever says, read off its words alone."""
    for one in changes:
        kind, *name = one.setting.split(".", 1)
        context = {"consents": _consented, "preferences": _preferred, "mandates": _signed}[kind](context, name, one)
    return context


def _consented(context: Context, name: Sequence[str], change: Change) -> Context:
    return replace(context, consents={**context.consents, Purpose(name[0]): Grant(str(change.after))})


def _preferred(context: Context, name: Sequence[str], change: Change) -> Context:
    field, *of = name[0].split(".", 1)
    own = context.preferences
    if field == "paused":
        return replace(context, preferences=replace(own, paused=bool(change.after), paused_until=None))
    rung = Rung.of(str(change.after))
    if field == "ceiling":
        return replace(context, preferences=replace(own, ceiling=rung))
    if field == "category_ceilings":
        return replace(context, preferences=replace(own, category_ceilings={**own.category_ceilings, of[0]: rung}))
    return replace(context, preferences=replace(own, family_ceilings={**own.family_ceilings, of[0]: rung}))


def _signed(context: Context, name: Sequence[str], change: Change) -> Context:
    """A mandate signed as proposed, or a term of one changed."""
    if not name:
        return replace(context, mandates=(*context.mandates, _proposed(context, change)))
    id, field = name[0].rsplit(".", 1)
    currency = next(_currencies(context, id), "USD")
    value = _money(f"{change.after} {currency}") if field in MONEY else change.after
    given = {field: value}
    mandates = tuple(
        replace(one, **given) if one.mandate_id == id else one  # type: ignore[arg-type]
        for one in context.mandates
    )
    return replace(context, mandates=mandates)


def _proposed(context: Context, change: Change) -> Mandate:
    terms = change.after
    assert isinstance(terms, dict)
    return Mandate(
        mandate_id="followed",
        customer_id=context.customer.customer_id,
        families=frozenset(terms["families"]),
        max_quantity=terms["max_quantity"],
        price_high=_money(terms["price_high"]),
        signed_at=datetime(1970, 1, 1, tzinfo=UTC),
    )


def _currencies(context: Context, id: str) -> Iterator[str]:
    """In which the terms of a mandate are."""
    for one in context.mandates:
        if one.mandate_id == id:
            yield from (limit.currency for limit in (getattr(one, name) for name in MONEY) if limit is not None)


def _money(text: str) -> Money:
    number, currency = text.split()
    return Money(minor=to_minor(Decimal(number), currency), currency=currency)


def catalogue_of(tx: Tx) -> Callable[..., dict[str, Item]]:
    """The stored items, each read once."""
    known: dict[str, Item | None] = {}

    def some(ids: Iterable[str]) -> dict[str, Item]:
        missing = [id for id in ids if id not in known]
        if missing:
            read = items.get_many(tx, missing)
            known.update({id: read.get(id) for id in missing})
        return {id: item for id in ids if (item := known[id]) is not None}

    return some


def _everybody(tx: Tx, now: datetime, settings: Settings) -> Iterator[Context]:
    """Every customer as known at ``now``."""
    ids, default = sorted(customers.ids(tx)), Grant(settings.personalization_default)
    for start in range(0, len(ids), BATCH):
        part = ids[start : start + BATCH]
        yield from contexts.read_many(tx, part, now, zone=settings.timezone, personalization_default=default).values()


def _kind(change: Change) -> str:
    """The kind of setting, without the name of anything."""
    parts = change.setting.split(".")
    if parts[0] == "mandates":
        return "a mandate signed" if len(parts) == 1 else f"mandates.{parts[-1]}"
    return ".".join(parts[:2])


def _words(changes: Sequence[Change]) -> str:
    return "; ".join(f"{one.setting} from {one.before} to {one.after}" for one in changes)


def _told(found: Tried) -> Iterator[str]:
    yield f"{found.decisions:,} decisions, {found.needs:,} needs, {found.levers:,} levers"
    yield f"gave the rung and mode they promised, and more: {found.kept:,} of {found.levers:,}"
    yield f"smaller sets of their changes tried: {found.subsets:,}; that gave the promised rung: {found.loose:,}"
    yield f"levers of which a part, or nothing, leads to the same mode on a lower rung: {found.lesser:,}"
    for title, counted in (("promises", found.promises), ("changes", found.settings)):
        yield f"{title}: {', '.join(f'{name} {n:,}' for name, n in counted.most_common()) or 'none'}"
    yield from found.faults[:20]


if __name__ == "__main__":
    main()
