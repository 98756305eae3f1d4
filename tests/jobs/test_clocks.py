"""Clocks that disagree, jump, or change for the summer: nothing is early, nothing is stuck, a slot runs once."""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import HealthCheck, example, given
from hypothesis import settings as given_that
from hypothesis import strategies as st

from benchmarks._ledgers import NOW, fill, settings
from engine.domain.customers import QuietHours
from engine.domain.executions import Answer, Call, Execution, Result, State
from engine.errors import Conflict
from engine.store import executions, job_runs, ledger, mandates
from engine.store.database import Database
from engine.store.ledger import claiming, completing, intending
from engine.store.tables import metadata
from jobs import scheduler, sweep
from jobs.gateway import Terms
from jobs.scheduler import Job, Shop, run_slot, slot_of
from jobs.sweep import Sweep
from modes import attention
from tests.fakes import FakeGateway
from tests.ledgers import complete, intend

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
JUMPS = (-DAY, -HOUR, HOUR, DAY)
TERMS = Terms()
START, END = datetime(2026, 1, 1, tzinfo=UTC), datetime(2031, 1, 1, tzinfo=UTC)


class Moved:
    """The database's clock, which the test moves."""

    def __init__(self, at: datetime = NOW) -> None:
        self.at = at

    def __call__(self, tx: object) -> datetime:
        return self.at


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Moved:
    """What everything that asks for the database's clock is told."""
    moved = Moved()
    for module, name in (
        (claiming, "clock"),
        (intending, "clock"),
        (completing, "clock"),
        (job_runs, "clock"),
        (sweep, "database_clock"),
        (scheduler, "database_clock"),
    ):
        monkeypatch.setattr(module, name, moved)
    return moved


@contextmanager
def memory() -> Iterator[Database]:
    """A database in memory, made at once: the migrations would take longer than what is tried."""
    db = Database.open("sqlite://")
    with db.begin() as tx:
        metadata.create_all(tx)
    yield db
    db.close()


def made(db: Database, home: Path, at: Callable[[], datetime], gateway: FakeGateway) -> Sweep:
    here = settings(db, home)
    return Sweep(db=db, gateway=gateway, settings=here, clock=at, owner="w", terms=TERMS, told=lambda clock: clock)


spans = st.one_of(st.sampled_from(JUMPS), st.timedeltas(-DAY, 2 * DAY))  # no further apart than what is stale


@given_that(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(worker=spans, database=spans, due=spans)
def test_of_two_clocks_the_slower_one_is_heard(
    clock: Moved, tmp_path: Path, worker: timedelta, database: timedelta, due: timedelta
) -> None:
    clock.at, gateway = NOW + database, FakeGateway()
    with memory() as db:
        fill(db, 1, due_at=NOW + due)
        made(db, tmp_path, lambda: NOW + worker, gateway).run()
    assert len(gateway.orders) == (due <= worker and due <= database)


@pytest.mark.parametrize("ahead", ["worker", "database"])
def test_what_has_ended_by_one_of_two_clocks_is_not_drawn_on(clock: Moved, tmp_path: Path, ahead: str) -> None:
    gateway, later = FakeGateway(), NOW + HOUR
    clock.at, worker = (NOW, later) if ahead == "worker" else (later, NOW)
    with memory() as db:
        fill(db, 2)
        with db.begin() as tx:
            [signed] = mandates.of_customer(tx, "c0000001")
            mandates.replace(tx, replace(signed, expires_at=NOW + HOUR / 2))
        assert made(db, tmp_path, lambda: worker, gateway).run() == Counter(placed=1, refused=1)
    assert list(gateway.orders) == ["e0000000"]


def claimed(db: Database) -> list[ledger.Claim]:
    with db.begin() as tx:
        return ledger.claim(tx, "w", NOW, 10, TERMS.lease)


def intended(db: Database, one: ledger.Claim) -> Execution:
    with db.begin() as tx:
        return intend(tx, one.execution, TERMS.call(one.since_first_call), NOW)


def completed(db: Database, one: Execution, answer: Answer) -> State:
    with db.begin() as tx:
        return complete(tx, one, Call.PLACE, answer, NOW, timedelta(minutes=5)).execution.state


@pytest.mark.parametrize("jump", JUMPS)
def test_a_lease_ends_wherever_the_database_s_clock_jumps(db: Database, clock: Moved, jump: timedelta) -> None:
    fill(db, 1)
    stale = intended(db, claimed(db)[0])
    assert claimed(db) == []
    clock.at = NOW + jump
    [again] = claimed(db)
    assert again.execution.fence == stale.fence + 1
    with pytest.raises(Conflict):
        completed(db, stale, Answer(result=Result.PLACED, order_id="stale"))
    assert claimed(db) == [], "once the clock was set back, leases hold again"


@pytest.mark.parametrize("jump", JUMPS)
def test_a_retry_comes_wherever_the_database_s_clock_jumps(db: Database, clock: Moved, jump: timedelta) -> None:
    fill(db, 1)
    completed(db, intended(db, claimed(db)[0]), Answer(result=Result.UNKNOWN))
    assert claimed(db) == []
    clock.at = NOW + jump
    [again] = claimed(db)
    known = jump == HOUR  # after a day, or where nobody knows how long it was, the gateway is only asked
    assert TERMS.call(again.since_first_call) is (Call.PLACE if known else Call.LOOK_UP)


@given_that(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(st.one_of(st.sampled_from(JUMPS), st.timedeltas(timedelta(), HOUR)), min_size=1, max_size=30))
def test_a_slot_runs_once_however_the_clock_jumps(clock: Moved, tmp_path: Path, steps: list[timedelta]) -> None:
    ran, clock.at, slots = Counter[str](), NOW, set()
    job = Job(name="purge", every=HOUR, does="", run=lambda shop, at: ran.update([slot_of(clock.at, HOUR)]) or {})
    with memory() as db:
        shop = Shop(db=db, settings=settings(db, tmp_path))
        for step in steps:
            clock.at += step
            slots.add(slot_of(clock.at, HOUR))
            run_slot(shop, job)
            run_slot(shop, job)
    assert ran == Counter(slots)


def changes(name: str) -> Iterator[datetime]:
    """The instants from 2026 to 2030 at which a zone's clocks are changed, to the minute."""
    zone, at, week = ZoneInfo(name), START, timedelta(days=7)
    while at < END:
        low, high = at, at + week
        while zone.utcoffset(low.astimezone(zone)) != zone.utcoffset(high.astimezone(zone)):
            if high - low <= timedelta(minutes=1):
                yield high
                break
            middle = low + (high - low) / 2
            same = zone.utcoffset(middle.astimezone(zone)) == zone.utcoffset(low.astimezone(zone))
            low, high = (middle, high) if same else (low, middle)
        at += week


CHANGES = sorted(
    {(tuple(changes(name)), name) for name in sorted(available_timezones()) if name not in ("localtime", "build/etc")}
)
CHANGED = [(name, at.replace(second=0, microsecond=0)) for some, name in CHANGES for at in some]


def test_every_zone_s_clocks_are_looked_at() -> None:
    names = {name for name, _ in CHANGED}
    assert {"America/New_York", "Europe/Berlin", "Australia/Lord_Howe", "Africa/Casablanca"} <= names
    assert sum(name == "Europe/Berlin" for name, _ in CHANGED) == 10


def test_one_run_a_local_slot_at_every_change_of_every_zone() -> None:
    """Slots are cut in UTC: an hour that comes twice on the wall is two of them, one that is left out is none."""
    for _, at in CHANGED:
        begun = at - 3 * HOUR
        looks = [begun + timedelta(minutes=10 * n) for n in range(36)]
        slots = [slot_of(look, HOUR) for look in looks]
        assert sorted(set(slots)) == list(dict.fromkeys(slots)), "a slot came twice"
        assert 6 <= len(set(slots)) <= 7


@given_that(max_examples=300, deadline=None)
@given(
    change=st.sampled_from(CHANGED),
    away=st.timedeltas(-26 * HOUR, 26 * HOUR),
    start=st.times(),
    end=st.times(),
)
@example(  # they end in the hour that the clock skips: with it, and not when that hour would have come
    change=("Africa/Casablanca", datetime(2026, 3, 22, 2, tzinfo=UTC)),
    away=timedelta(days=-1, seconds=4200),
    start=time(3, 0, 1),
    end=time(2, 0, 1),
)
def test_quiet_hours_are_the_customer_s_at_every_change(
    change: tuple[str, datetime], away: timedelta, start: time, end: time
) -> None:
    name, at = change
    zone, now = ZoneInfo(name), at + away
    quiet = QuietHours(start=start.replace(microsecond=0), end=end.replace(microsecond=0))
    sent = attention.send_at(now, quiet, zone)
    assert sent >= now
    assert not quiet.covers(sent.astimezone(zone).time())
    steps = int((sent - now) / timedelta(minutes=5))
    assert all(quiet.covers((now + timedelta(minutes=5 * n)).astimezone(zone).time()) for n in range(steps))


def test_a_waiting_execution_is_neither_early_nor_forgotten_as_clocks_jump(
    db: Database, clock: Moved, tmp_path: Path
) -> None:
    fill(db, 3, due_at=NOW + HOUR)
    gateway, worker = FakeGateway(), [NOW]
    one = made(db, tmp_path, lambda: worker[0], gateway)
    for jump in (*JUMPS, timedelta()):  # one clock is right, the other one is not
        for worker[0], clock.at in ((NOW + jump, NOW), (NOW, NOW + jump)):
            assert one.run() == Counter()
    worker[0] = clock.at = NOW + HOUR
    assert one.run() == Counter(placed=3)
    with db.read() as tx:
        assert executions.counts(tx) == {State.PLACED: 3}
