"""Looking whether somebody should look: alerts are raised, cleared, and told."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from engine.config import Settings
from engine.domain.alerts import Alarm, Alert, AlertKind
from engine.domain.house import House
from engine.store import alerts, checks, differences, executions, house, mandates, rules
from engine.store.database import Database, Tx
from engine.store.figures import LATE
from jobs import observing, telling
from modes import alarms

log = structlog.get_logger()
CAUGHT_UP = timedelta(minutes=1)  # none may be later than this for it to be over
WINDOW = timedelta(minutes=10)  # of calls that tell how the gateway does
RULES = timedelta(hours=1)  # for which a rule that failed is told of
SOON = timedelta(days=2)  # orders within which a mandate's budget matters
MOST = 1_000  # of those that are looked at
BUDGETS = timedelta(days=400)  # the longest period of a budget that is looked back on


@dataclass(frozen=True, kw_only=True, slots=True)
class Seen:
    """What is looked at, and what was raised before."""

    tx: Tx
    now: datetime
    house: House
    standing: tuple[Alert, ...]

    def subjects(self, kind: AlertKind) -> list[str]:
        """Of what the alerts of a kind stand."""
        return [alert.subject for alert in self.standing if alert.kind == kind]


def run(
    db: Database, settings: Settings, now: datetime, *, stopped: Callable[[], bool] = lambda: False
) -> Counter[str]:
    """Raise and clear alerts, then tell whoever is to be told; answers how many of each."""
    told = settings.alert_url is not None
    with db.begin() as tx:
        seen = Seen(
            tx=tx, now=now, house=house.read(tx, now, zone=settings.timezone), standing=tuple(alerts.open_now(tx))
        )
        raised = [alarm for source in SOURCES for alarm in source(seen)]
        changed = alerts.settle(tx, raised, now, tell=told)
    for one in changed.opened:
        log.warning("alert.opened", kind=one.kind, subject=one.subject)
    for one in changed.cleared:
        log.info("alert.cleared", kind=one.kind, subject=one.subject)
    found = Counter(opened=len(changed.opened), cleared=len(changed.cleared), open=len(raised))
    return +(found + telling.run(db, settings, stopped=stopped))


def _stops(seen: Seen) -> Iterable[Alarm]:
    for stop in seen.house.stops:
        until = stop.until and stop.until.isoformat()
        detail = {"of": stop.subject, "reason": stop.reason, "by": stop.actor, "until": until}
        yield Alarm(kind=AlertKind.STOP, subject=stop.stop_id, detail=detail)


def _gateways(seen: Seen) -> Iterable[Alarm]:
    return alarms.gateways(checks.calls(seen.tx, WINDOW), seen.subjects(AlertKind.GATEWAY))


def _backlog(seen: Seen) -> Iterable[Alarm]:
    late = CAUGHT_UP if seen.subjects(AlertKind.BACKLOG) else LATE
    overdue = checks.overdue(seen.tx, seen.now - late, seen.house.stops)
    observing.BACKLOG.set(overdue)
    return _counted(AlertKind.BACKLOG, overdue)


def _review(seen: Seen) -> Iterable[Alarm]:
    return _counted(AlertKind.REVIEW, checks.in_review(seen.tx))


def _differences(seen: Seen) -> Iterable[Alarm]:
    return _counted(AlertKind.DIFFERS, differences.count(seen.tx))


def _rules(seen: Seen) -> Iterable[Alarm]:
    failed = [one for one in rules.failures(seen.tx) if one.last_at >= seen.now - RULES]
    return [
        Alarm(kind=AlertKind.RULE, subject=f"{one.rule_id}@{one.version}", detail={"times": one.count})
        for one in failed
    ]


def _gate(seen: Seen) -> Iterable[Alarm]:
    for rung, since in seen.house.shut.items():
        yield Alarm(kind=AlertKind.GATE, subject=rung.label, detail={"since": since.isoformat()})


def _caps(seen: Seen) -> Iterable[Alarm]:
    today = seen.now.astimezone(seen.house.zone).date()
    return alarms.caps(seen.house, today, seen.subjects(AlertKind.CAP))


def _budgets(seen: Seen) -> Iterable[Alarm]:
    due = executions.upcoming_page(seen.tx, MOST, until=seen.now + SOON)
    drawn = {one.mandate_id for one in due}
    customers = {one.customer_id for one in due if one.mandate_id is not None}
    every = [one for own in mandates.of_customers(seen.tx, customers).values() for one in own]
    signed = [one for one in every if one.mandate_id in drawn and one.budget is not None]
    theirs = executions.of_customers(seen.tx, {one.customer_id for one in signed}, seen.now - BUDGETS)
    return alarms.budgets(signed, theirs, seen.now, bool(seen.subjects(AlertKind.BUDGET)))


def _counted(kind: AlertKind, n: int) -> list[Alarm]:
    return [Alarm(kind=kind, detail={"n": n})] if n else []


SOURCES: tuple[Callable[[Seen], Iterable[Alarm]], ...] = (
    *(_stops, _gateways, _backlog, _review, _differences, _rules, _budgets, _gate, _caps),
)  # whatever else is to be looked at is one more of these
