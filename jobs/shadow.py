"""What was foreseen and not ordered is closed by what was bought, and ladders are reviewed weekly."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import groupby

from engine.config import Settings
from engine.domain.decisions import Rung
from engine.domain.history import History, at_day, day_of
from engine.domain.house import House
from engine.domain.signals import Climb, Heard, Record, Signal, Standing
from engine.learn.base import Model
from engine.learn.shadows import Shadows
from engine.store import decisions, house, ladders, orders, signals
from engine.store.database import Database, Tx
from engine.store.decisions import Foreseen
from jobs.shopping import refusing
from modes import gate
from modes.climb import boundary, climbed
from modes.parameters import policy_of
from modes.policy import Policy
from modes.signals import LESSONS

BACK = timedelta(days=63)  # in which a decision's window is over for sure
BATCH = 200  # customers at once
SHADOWS = (Signal.SHADOW_RIGHT, Signal.SHADOW_WRONG)


def run(
    db: Database,
    model: Model | None,
    now: datetime,
    settings: Settings,
    *,
    stopped: Callable[[], bool] = lambda: False,
) -> Counter[str]:
    """Close what is over, then review whose week has come; safe to run twice."""
    found = Counter[str](customers=0)
    with db.read() as tx:
        refused = refusing(tx, settings)
        seen = decisions.foreseen(tx, now - BACK, now)
    for ids in _batches(sorted({one.customer_id for one in seen} - refused)):
        if not stopped():
            found += _closed(db, ids, [one for one in seen if one.customer_id in set(ids)], now)
    with db.read() as tx:
        waiting = ladders.unreviewed(tx, boundary(now))
    return found + reviewed(db, waiting, model, now, policy_of(settings), stopped=stopped)


def reviewed(
    db: Database,
    ids: Sequence[str],
    model: Model | None,
    now: datetime,
    policy: Policy,
    *,
    stopped: Callable[[], bool] = lambda: False,
) -> Counter[str]:
    """Review the ladders of some customers as of the latest weekly review."""
    with db.read() as tx:
        proved = certified(model, policy, house.read(tx, now))
    found = Counter[str](customers=0)
    for some in _batches(ids):
        if stopped():
            break
        found += _reviewed(db, some, now, proved)
    return found


def _reviewed(db: Database, ids: Sequence[str], now: datetime, proved: Sequence[bool]) -> Counter[str]:
    """The same of a few: looked at and climbed before anything is written, so that nobody waits to write meanwhile.

    Whoever was reviewed by somebody else in between is left as that one left them.
    """
    with db.read() as tx:
        known, seen = ladders.records(tx, ids, boundary(now)), ladders.reviewed(tx, ids)
    done = climbed(known, now, proved)
    with db.begin() as tx:
        latest = ladders.reviewed(tx, ids)
        ours = [id for id in ids if latest.get(id) == seen.get(id)]
        standings: dict[str, Mapping[str, Standing]] = {id: done[id].standings if id in done else {} for id in ours}
        moves: dict[str, Sequence[Climb]] = {id: done[id].moves for id in ours if id in done}
        ladders.put(tx, standings, moves, boundary(now))
    return Counter(customers=len(ours), moves=sum(len(several) for several in moves.values()))


def certified(model: Model | None, policy: Policy, house: House) -> list[bool]:
    """For each step whether it is proved, over any window, that it acts right often enough; asking needs no proof."""
    return [True, *(gate.proved(model, rung, policy, house) for rung in (Rung.VETO, Rung.SILENT))]


def remember(
    db: Database, past: Shadows, customers: Sequence[str], families: Sequence[str], model: Model, policy: Policy
) -> int:
    """Begin the ladders of customers who have none with the evidence of their own past; answers how many began."""
    with db.read() as tx:
        fresh = set(ladders.unreviewed(tx, at_day(0.0)))
    heard = {id: several for id, several in told(past, customers, families).items() if id in fresh}
    for ids in _batches(sorted(heard)):
        with db.begin() as tx:
            signals.add(tx, {id: heard[id] for id in ids})
    reviewed(db, sorted(heard), model, model.as_of, policy)
    return len(heard)


def told(past: Shadows, customers: Sequence[str], families: Sequence[str]) -> dict[str, list[Heard]]:
    """Past shadows as the signals of each customer."""
    heard: dict[str, list[Heard]] = defaultdict(list)
    columns = (past.owners, past.families, past.opened, past.closed, past.probability, past.right)
    for owner, family, opened, closed, probability, right in zip(*(one.tolist() for one in columns), strict=True):
        heard[customers[owner]].append(
            Heard(
                signal=Signal.SHADOW_RIGHT if right else Signal.SHADOW_WRONG,
                at=at_day(closed),
                need=families[family],
                probability=probability,
                source=f"history:{at_day(opened).date().isoformat()}",
            )
        )
    return dict(heard)


def stood(heard: Mapping[str, Sequence[Heard]], model: Model, now: datetime, policy: Policy) -> dict[str, Record]:
    """Where customers stand by past shadows alone; nothing is stored."""
    records = {id: Record(heard=tuple(several)) for id, several in heard.items()}
    found: dict[str, Record] = {}
    proved = certified(model, policy, House())
    for ids in _batches(sorted(records)):
        done = climbed({id: records[id] for id in ids}, now, proved)
        found |= {id: Record(standings=done[id].standings, reviewed_at=boundary(now)) for id in ids}
    return found


def _closed(db: Database, ids: Sequence[str], seen: Sequence[Foreseen], now: datetime) -> Counter[str]:
    with db.read() as tx:
        made = dict(_shadows(tx, ids, seen, now))
    with db.begin() as tx:
        signals.add(tx, made)
    return Counter(shadows=sum(len(several) for several in made.values()))


def _shadows(tx: Tx, ids: Sequence[str], seen: Sequence[Foreseen], now: datetime) -> Iterator[tuple[str, list[Heard]]]:
    histories = orders.histories(tx, list(ids), before=now)
    heard = signals.all_of(tx, ids, now)
    by_customer = sorted(seen, key=lambda one: (one.customer_id, one.family, one.decided_at))
    for id, own in groupby(by_customer, key=lambda one: one.customer_id):
        made: list[Heard] = []
        for family, several in groupby(own, key=lambda one: one.family):
            known = [one for one in heard.get(id, ()) if one.need == family]
            made += _of_pair(list(several), known, histories.get(id) or History.empty(), now)
        if made:
            yield id, made


def _of_pair(seen: Sequence[Foreseen], known: Sequence[Heard], history: History, now: datetime) -> list[Heard]:
    """The shadows of one need, one after the other; one in whose window we acted says nothing."""
    free = max((one.at for one in known if one.signal in SHADOWS), default=None)
    bought = history.days[history.families == seen[0].family]
    found = []
    for one in seen:
        if free is not None and one.decided_at < free:
            continue
        end = one.decided_at + timedelta(days=one.window_days)
        began = day_of(one.decided_at)
        came = bought[(bought > began) & (bought < day_of(end))]
        closed = at_day(float(came.min())) if len(came) else end
        if closed > now:
            break
        free = closed
        acted = any(_acts(other) and one.decided_at <= other.at <= end for other in known)
        if not acted:
            found.append(
                Heard(
                    signal=Signal.SHADOW_RIGHT if len(came) else Signal.SHADOW_WRONG,
                    at=closed,
                    need=one.family,
                    probability=one.probability,
                    source=f"decision:{one.decision_id}",
                )
            )
    return found


def _acts(heard: Heard) -> bool:
    lesson = LESSONS[heard.signal]
    return heard.signal not in SHADOWS and bool(lesson.hit or lesson.miss)


def _batches(ids: Sequence[str]) -> Iterator[Sequence[str]]:
    return (ids[start : start + BATCH] for start in range(0, len(ids), BATCH))
