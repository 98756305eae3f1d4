"""Operators' rules: checked, looked at before they are in force, put in force, approved, taken back."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from api.wire.rules import PreviewOut
from engine.config import Settings
from engine.domain.context import Context
from engine.domain.customers import Grant
from engine.domain.executions import Execution
from engine.domain.rules import MOST_RULES, Cap, Gateway, Rule, Standing, Version, kept
from engine.domain.shopping import Item
from engine.errors import Conflict, Forbidden, InputError, NotFound
from engine.errors import Problem as Mistake
from engine.store import audit, executions, gateways, items, rules
from engine.store import context as contexts
from engine.store.database import Database, Tx
from modes.rules import preview as previewing
from modes.rules.preview import Touched
from modes.rules.reading import Asked, Checked, Problem, Reader

BATCH = 500  # customers read at once
MOST_LOOKED_AT = 20_000  # executions of one preview


@dataclass(frozen=True, kw_only=True, slots=True)
class Applied:
    """What became of one rule that was to be kept."""

    version: Version
    changed: bool  # False: it stood as it was


@dataclass(frozen=True, kw_only=True, slots=True)
class Preview:
    """What rules would have changed."""

    since: datetime
    rules: tuple[Rule, ...]  # that would be new or otherwise
    looked_at: tuple[Execution, ...]
    touched: tuple[Touched, ...]
    whole: bool  # False: there was more than is looked at


def reader(settings: Settings, db: Database | None) -> Reader:
    """How rules are read here; without a database it is not known which gateways there are."""
    return Reader(currency=settings.currency, zone=settings.timezone, gateways=None if db is None else _gateways(db))


def _gateways(db: Database) -> frozenset[str]:
    with db.read() as tx:
        return gateways.names(tx)


def require_sound(checked: Checked) -> None:
    """InputError with every mistake, where there is one."""
    if checked.problems:
        raise InputError(
            Mistake(field=one.pointer.strip("/").replace("/", "."), expected=_expected(one), came=one.came)
            for one in checked.problems
        )


def preview(db: Database, settings: Settings, asked: Sequence[Rule], now: datetime, days: int) -> Preview:
    """What rules would have changed about what is planned and what was made in the last ``days`` days.

    Rules that are in force as they stand change nothing and are left out.
    """
    since = now - timedelta(days=days)
    with db.read() as tx:
        standing = {one.rule_id: replace(one, version=0) for one in rules.in_force(tx, now)}
        new = tuple(one for one in asked if standing.get(one.rule_id) != one)
        looked_at = executions.planned_or_placed(tx, since, MOST_LOOKED_AT + 1)
        found = _looked_back(tx, settings, looked_at[:MOST_LOOKED_AT], new, now)
    some = tuple(looked_at[:MOST_LOOKED_AT])
    return Preview(since=since, rules=new, looked_at=some, touched=tuple(found), whole=len(looked_at) == len(some))


def shown(found: Preview, days: int, limit: int) -> PreviewOut:
    """A preview as it is answered."""
    return PreviewOut.of(found.since, days, found.rules, found.looked_at, found.touched, limit, found.whole)


def apply(
    db: Database, settings: Settings, asked: Sequence[Asked], actor: str, why: str, now: datetime, *, seen: bool = True
) -> list[Applied]:
    """Keep rules, each as a new version of its own, all of them or none; what stands as asked is left.

    Without four eyes they are approved with it, else they await another's approval.

    Parameters
    ----------
    seen : whether whoever changes a rule must say which version they saw of it

    Raises
    ------
    Conflict
        where somebody else changed one of them since, or there would be too many
    """
    with db.begin() as tx:
        rules.hold(tx, change=True)
        before = rules.all(tx)
        done = [_kept(tx, settings, one, before.get(one.rule.rule_id, []), actor, why, now, seen) for one in asked]
        living = [found for found in rules.all(tx).values() if found[0].rule is not None]
        if len(living) > MOST_RULES:
            raise Conflict(
                f"there would be {len(living)} rules, and at most {MOST_RULES} can be kept: retire some first"
            )
        _recount(tx, settings, [one.version for one in done if one.changed], now)
    return done


def approve(db: Database, settings: Settings, rule_id: str, version: int, actor: str, now: datetime) -> Version:
    """Approve what somebody else wrote."""
    with db.begin() as tx:
        rules.hold(tx, change=True)
        newest = _newest(tx, rule_id)
        if settings.four_eyes and newest.author == actor:
            raise Forbidden("four eyes are asked for: another key than the author's must approve it")
        done = rules.approve(tx, rule_id, version, actor, now)
        _require_gateway(tx, done.rule)
        audit.add(tx, actor, "rule.approve", rule_id, {"version": version}, now)
        _recount(tx, settings, [done], now)
    return done


def retire(
    db: Database, settings: Settings, rule_id: str, version: int, actor: str, why: str, now: datetime
) -> Version:
    """Take a rule out of force; with four eyes once another approved it."""
    return _follow(db, settings, rule_id, version, None, "rule.retire", actor, why, now)


def roll_back(
    db: Database, settings: Settings, rule_id: str, version: int, to: int, actor: str, why: str, now: datetime
) -> Version:
    """Put an earlier version in force again, as a new one."""
    with db.read() as tx:
        earlier = next((one for one in rules.versions(tx, rule_id) if one.version == to), None)
    if earlier is None:
        raise NotFound("version", f"{rule_id} {to}")
    return _follow(db, settings, rule_id, version, earlier.rule, "rule.rollback", actor, why, now)


def standing(found: Sequence[Version], now: datetime) -> dict[int, Standing]:
    """Where each version of one rule stands, the newest first."""
    told, ruling = dict[int, Standing](), True
    for one in found:
        if one.approved_at is None:
            told[one.version] = Standing.AWAITS if one is found[0] else Standing.REPLACED
        elif not ruling:
            told[one.version] = Standing.REPLACED
        elif not one.begun(now):
            told[one.version] = Standing.UPCOMING
        else:
            told[one.version] = _ruling(one, now)
            ruling = False
    return told


def _ruling(one: Version, now: datetime) -> Standing:
    if one.rule is None:
        return Standing.RETIRED
    return Standing.ENDED if one.ended(now) else Standing.IN_FORCE


def _kept(
    tx: Tx,
    settings: Settings,
    asked: Asked,
    before: Sequence[Version],
    actor: str,
    why: str,
    now: datetime,
    seen: bool,
) -> Applied:
    newest = before[0] if before else None
    if newest is not None and newest.rule is not None and replace(newest.rule, version=0) == asked.rule:
        return Applied(version=newest, changed=False)
    number = 0 if newest is None else newest.version
    if asked.replaces is None and seen and number:
        raise Conflict(f"rule {asked.rule.rule_id!r} stands at version {number}: say so in `replaces` to change it")
    replaces = number if asked.replaces is None else asked.replaces
    version = _add(tx, settings, asked.rule.rule_id, asked.rule, replaces, "rule.put", actor, why, now)
    return Applied(version=version, changed=True)


def _follow(
    db: Database,
    settings: Settings,
    rule_id: str,
    version: int,
    rule: Rule | None,
    action: str,
    actor: str,
    why: str,
    now: datetime,
) -> Version:
    with db.begin() as tx:
        rules.hold(tx, change=True)
        _newest(tx, rule_id)
        done = _add(tx, settings, rule_id, rule, version, action, actor, why, now)
        _recount(tx, settings, [done], now)
    return done


def _add(
    tx: Tx,
    settings: Settings,
    rule_id: str,
    rule: Rule | None,
    replaces: int,
    action: str,
    actor: str,
    why: str,
    now: datetime,
) -> Version:
    _require_gateway(tx, rule)
    approved = {} if settings.four_eyes else {"approved_by": actor, "approved_at": now}
    made = Version(rule_id=rule_id, version=0, rule=rule, author=actor, why=why, created_at=now, **approved)  # type: ignore[arg-type]
    done = rules.add(tx, made, replaces)
    detail = {"version": done.version, "replaces": replaces, "why": why, "rule": None if rule is None else kept(rule)}
    audit.add(tx, actor, action, rule_id, detail, now)
    return done


def _require_gateway(tx: Tx, rule: Rule | None) -> None:
    """Conflict where a rule sends orders to a gateway that is not there, or no longer."""
    if rule is None or not isinstance(rule.effect, Gateway):
        return
    known = gateways.names(tx)
    if rule.effect.name not in known:
        there = ", ".join(sorted(known))
        raise Conflict(f"rule {rule.rule_id!r} sends orders to {rule.effect.name!r}, and the gateways are {there}")


def _newest(tx: Tx, rule_id: str) -> Version:
    found = rules.versions(tx, rule_id)
    if not found:
        raise NotFound("rule", rule_id)
    return found[0]


def _recount(tx: Tx, settings: Settings, changed: Iterable[Version], now: datetime) -> None:
    """Let caps that were approved count what was made and planned before them, in the stretch that runs now."""
    for version in changed:
        rule = version.rule
        if rule is None or not isinstance(rule.effect, Cap) or version.approved_at is None:
            continue
        begin = rule.effect.every.begin(now.astimezone(settings.timezone).date())
        since = None if not begin else datetime.fromisoformat(begin).replace(tzinfo=settings.timezone)
        some = executions.planned_or_placed(tx, since, None)
        found = {}
        for batch, known, catalogue in _read(tx, settings, some, now):
            for one in batch:
                found[one.execution_id] = previewing.counted(
                    one, known[one.customer_id], catalogue, rule, settings.timezone
                )
        rules.recount(tx, rule.rule_id, found)


def _looked_back(
    tx: Tx, settings: Settings, some: Sequence[Execution], new: Sequence[Rule], now: datetime
) -> list[Touched]:
    if not new:
        return []
    known, catalogue = dict[str, Context](), dict[str, Item]()
    for _, more, stocked in _read(tx, settings, some, now):
        known |= more
        catalogue |= stocked
    return previewing.touched(some, known, catalogue, new, settings.timezone)


def _read(
    tx: Tx, settings: Settings, some: Sequence[Execution], now: datetime
) -> Iterator[tuple[list[Execution], dict[str, Context], dict[str, Item]]]:
    """Executions of some customers at a time, with what is known of them and of the items."""
    default = Grant(settings.personalization_default)
    ids = sorted({one.customer_id for one in some})
    for start in range(0, len(ids), BATCH):
        whose = set(ids[start : start + BATCH])
        batch = [one for one in some if one.customer_id in whose]
        known = contexts.read_many(tx, whose, now, zone=settings.timezone, personalization_default=default)
        yield batch, known, items.get_many(tx, {line.item_id for one in batch for line in one.lines})


def _expected(one: Problem) -> str:
    return one.expected if one.line is None else f"{one.expected} (line {one.line}, column {one.column})"
