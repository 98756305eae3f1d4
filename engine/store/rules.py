"""Operators' rules as they are kept: their versions, what counts against their caps, how often they failed."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import fields, replace
from datetime import datetime
from itertools import groupby
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Row, and_, delete, func, insert, or_, select, true, tuple_, update

from engine.domain.executions import State
from engine.domain.rules import Cap, Counted, Failure, Gateway, Rule, Use, Uses, Version, kept, known
from engine.errors import Conflict, NotFound
from engine.store.database import Tx
from engine.store.rows import BATCH, lock, upsert
from engine.store.tables import executions, rule_failures, rule_uses
from engine.store.tables import rules as table


def all(tx: Tx) -> dict[str, list[Version]]:
    """Every version of every rule, by id, the newest first."""
    rows = tx.execute(select(table).order_by(table.c.rule_id, table.c.version.desc()))
    return {id: list(versions) for id, versions in groupby(map(_version, rows), key=lambda one: one.rule_id)}


def versions(tx: Tx, rule_id: str) -> list[Version]:
    """Every version of one rule, the newest first; none of an unknown one."""
    rows = tx.execute(select(table).where(table.c.rule_id == rule_id).order_by(table.c.version.desc()))
    return [_version(row) for row in rows]


def in_force(tx: Tx, now: datetime) -> tuple[Rule, ...]:
    """The rules that hold at ``now``, by id."""
    begun = and_(table.c.approved_at.is_not(None), or_(table.c.starts_at.is_(None), table.c.starts_at <= now))
    newest = select(table.c.rule_id, func.max(table.c.version)).where(begun).group_by(table.c.rule_id)
    statement = select(table).where(tuple_(table.c.rule_id, table.c.version).in_(newest)).order_by(table.c.rule_id)
    found = [_version(row) for row in tx.execute(statement)]
    return tuple(one.rule for one in found if one.rule is not None and not one.ended(now))


def ruling(found: Sequence[Version], now: datetime) -> Rule | None:
    """What holds of the versions of one rule, the newest first: the newest that was approved and has begun."""
    begun = next((one for one in found if one.begun(now)), None)
    return None if begun is None or begun.ended(now) else begun.rule


def naming(tx: Tx, gateway: str, now: datetime) -> list[str]:
    """The rules that send orders to a gateway, or will: in force, approved for later, or waiting for approval."""
    return [
        f"rule {one.rule_id!r} (version {one.version})"
        for found in all(tx).values()
        for one in _to_come(found, now)
        if one.rule is not None and one.rule.effect == Gateway(name=gateway)
    ]


def _to_come(found: Sequence[Version], now: datetime) -> Iterator[Version]:
    """Of the versions of one rule, the newest first, those that hold or may come to hold."""
    for one in found:
        if not one.ended(now) and (one is found[0] or one.approved_at is not None):
            yield one
        if one.begun(now):
            return


def add(tx: Tx, version: Version, replaces: int) -> Version:
    """Keep a version in place of the one that its author saw; answers it with its number.

    Parameters
    ----------
    replaces : number of the newest version its author knew; 0: there was none

    Raises
    ------
    Conflict
        where somebody else kept one since
    """
    standing = tx.scalar(select(func.max(table.c.version)).where(table.c.rule_id == version.rule_id)) or 0
    row = _row(version, replaces + 1)
    unless = upsert(tx, table).values(row).on_conflict_do_nothing(index_elements=["rule_id", "version"])
    if standing != replaces or tx.scalar(unless.returning(table.c.version)) is None:
        raise Conflict(f"rule {version.rule_id!r} stands at version {standing}, and this was to replace {replaces}")
    return _version_of(row)


def approve(tx: Tx, rule_id: str, version: int, actor: str, now: datetime) -> Version:
    """Approve the newest version of a rule; of two who do, one succeeds.

    Raises
    ------
    NotFound
        for an unknown rule
    Conflict
        where it is not the newest, or was approved already
    """
    found = versions(tx, rule_id)
    if not found:
        raise NotFound("rule", rule_id)
    if found[0].version != version:
        raise Conflict(f"rule {rule_id!r} stands at version {found[0].version}: {version} cannot be approved")
    one = and_(table.c.rule_id == rule_id, table.c.version == version, table.c.approved_at.is_(None))
    if tx.execute(update(table).where(one).values(approved_by=actor, approved_at=now)).rowcount != 1:
        raise Conflict(f"version {version} of rule {rule_id!r} was approved already")
    return versions(tx, rule_id)[0]


def hold(tx: Tx, *, change: bool = False) -> None:
    """Let the rules stay as they are until the transaction ends; to ``change`` them, wait for all who hold them so.

    To be asked for before anything else is locked: whoever changes a cap counts what was placed before it.
    """
    lock(tx, "rules", shared=not change)


def lock_caps(tx: Tx, rules: Iterable[Rule]) -> None:
    """Let one worker at a time look at what is left of caps that are not a customer's own, and use it.

    Customers are locked already where executions are claimed. SQLite has one writer anyway.
    """
    shared = {one.rule_id for one in rules if isinstance(one.effect, Cap) and not one.effect.personal}
    for rule_id in sorted(shared):
        lock(tx, f"cap:{rule_id}")


def uses(
    tx: Tx,
    rules: Iterable[Rule],
    customer_ids: Collection[str] | None,
    states: Collection[State],
    now: datetime,
    zone: ZoneInfo,
) -> Uses:
    """What counts against the caps among some rules, day by day, from the stretch of ``now`` on.

    Parameters
    ----------
    customer_ids : of whom personal caps are wanted; None: of everybody
    states : of executions that count
    """
    today = now.astimezone(zone).date()
    caps = {one.rule_id: one.effect.every.begin(today) for one in rules if isinstance(one.effect, Cap)}
    if not caps:
        return {}
    column = rule_uses.c
    since = or_(*(and_(column.rule_id == id, column.day >= begin) for id, begin in sorted(caps.items())))
    amounts = (func.count(), func.sum(column.minor))
    keys = (column.rule_id, column.bucket, column.day, column.currency)
    statement = select(*keys, *amounts).join_from(rule_uses, executions).where(since)
    counting = and_(executions.c.state.in_([state.value for state in states]), executions.c.test.is_(False))
    statement = statement.where(counting).group_by(*keys)
    found: dict[tuple[str, str], tuple[Use, ...]] = {}
    for whose in _whose(customer_ids):
        for id, bucket, day, currency, count, minor in tx.execute(statement.where(whose)):
            use = Use(day=day, count=count, minor=int(minor), currency=currency)
            found[id, bucket] = (*found.get((id, bucket), ()), use)
    return found


def _whose(customer_ids: Collection[str] | None) -> Iterator[Any]:
    if customer_ids is None:
        yield true()
        return
    yield rule_uses.c.customer_id.is_(None)
    wanted = sorted(set(customer_ids))
    for start in range(0, len(wanted), BATCH):
        yield rule_uses.c.customer_id.in_(wanted[start : start + BATCH])


def count(tx: Tx, counted: Mapping[str, Sequence[Counted]]) -> None:
    """Let executions count against caps, by their ids; what they counted as before is replaced."""
    rows = [_counted(id, one) for id, adds in counted.items() for one in added_up(adds)]
    if rows:
        tx.execute(delete(rule_uses).where(rule_uses.c.execution_id.in_(sorted({row["execution_id"] for row in rows}))))
        tx.execute(insert(rule_uses), rows)


def count_more(tx: Tx, execution_id: str, counted: Sequence[Counted]) -> None:
    """Let an execution count for more than it did; it stays one order."""
    rows = tx.execute(select(rule_uses).where(rule_uses.c.execution_id == execution_id).order_by(rule_uses.c.rule_id))
    before = [Counted(**{field.name: row._mapping[field.name] for field in fields(Counted)}) for row in rows]
    count(tx, {execution_id: [*before, *counted]})


def added_up(adds: Iterable[Counted]) -> list[Counted]:
    """What an order of several needs adds to each cap and bucket: it is one order, of all their money."""
    found: dict[tuple[str, str], Counted] = {}
    for one in adds:
        had = found.get((one.rule_id, one.bucket))
        found[one.rule_id, one.bucket] = one if had is None else replace(had, minor=had.minor + one.minor)
    return list(found.values())


def recount(tx: Tx, rule_id: str, counted: Mapping[str, Sequence[Counted]]) -> None:
    """Let exactly these executions count against one cap."""
    tx.execute(delete(rule_uses).where(rule_uses.c.rule_id == rule_id))
    rows = [_counted(id, one) for id, adds in counted.items() for one in adds if one.rule_id == rule_id]
    if rows:
        tx.execute(insert(rule_uses), rows)


RuleFailed = tuple[str, int, str]  # its id and version, and what went wrong


def failed(tx: Tx, times: Mapping[RuleFailed, int], now: datetime) -> None:
    """Count how many times more rules could not be told true or false, in the same order whoever counts."""
    for (rule_id, version, error), n in sorted(times.items()):
        row = {"rule_id": rule_id, "version": version, "count": n, "error": error, "first_at": now, "last_at": now}
        more = {"count": rule_failures.c.count + n, "error": error, "last_at": now}
        statement = upsert(tx, rule_failures).values(row)
        tx.execute(statement.on_conflict_do_update(index_elements=["rule_id", "version"], set_=more))


def failures(tx: Tx) -> list[Failure]:
    """How often rules failed, the latest first."""
    rows = tx.execute(select(rule_failures).order_by(rule_failures.c.last_at.desc(), rule_failures.c.rule_id))
    return [Failure(**row._mapping) for row in rows]


def _counted(execution_id: str, one: Counted) -> dict[str, Any]:
    return {
        "execution_id": execution_id,
        "rule_id": one.rule_id,
        "bucket": one.bucket,
        "customer_id": one.customer_id,
        "day": one.day,
        "minor": one.minor,
        "currency": one.currency,
    }


def _row(version: Version, number: int) -> dict[str, Any]:
    return {
        "rule_id": version.rule_id,
        "version": number,
        "document": None if version.rule is None else kept(version.rule),
        "why": version.why,
        "author": version.author,
        "created_at": version.created_at,
        "approved_by": version.approved_by,
        "approved_at": version.approved_at,
        "starts_at": None if version.rule is None else version.rule.starts_at,
    }


def _version(row: Row[Any]) -> Version:
    return _version_of(dict(row._mapping))


def _version_of(row: Mapping[str, Any]) -> Version:
    document = row["document"]
    rule = None if document is None else known(row["rule_id"], row["version"], document)
    return Version(**{name: row[name] for name in _PLAIN}, rule=rule)


_PLAIN = ("rule_id", "version", "author", "why", "created_at", "approved_by", "approved_at")
