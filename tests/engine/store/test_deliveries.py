"""Promised days and slots as they are kept: calendars by version, places taken and given back, lines joined."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date, time, timedelta
from threading import Barrier
from zoneinfo import ZoneInfo

import pytest

from engine.domain.calendar import Arrival, Calendar, Lead, Slot, Unit
from engine.domain.decisions import Rung
from engine.domain.executions import Answer, Call, Result, State
from engine.domain.rules import Cap, Counted, Every, Per, Rule
from engine.errors import Outdated
from engine.store import bookings, calendars, customers, erasure, executions, house, ledger, rules
from engine.store.database import Database
from modes.rules.mandates import spent
from tests.builders import a_mandate
from tests.ledgers import HOUR, NOW, complete, execution, intend, line, standing, stored

DAY = date(2017, 12, 5)
NOON = Arrival(day=DAY, slot="noon")
SHOP = Calendar(
    zone=ZoneInfo("Europe/Berlin"),
    cut_offs={0: time(14), 5: time(9, 30)},
    closed=frozenset({date(2017, 12, 25)}),
    lead=Lead(amount=2),
    leads={"FOOD > MILK": Lead(amount=4, unit=Unit.HOURS)},
    slots=(
        Slot(name="noon", start=time(11), end=time(13), capacity=3),
        Slot(name="evening", start=time(17), end=time(21), weekdays=frozenset({0, 4})),
    ),
    shipping_cost=2.5,
    slack=timedelta(minutes=30),
)


def in_force(db: Database, calendar: Calendar | None = SHOP) -> None:
    with db.begin() as tx:
        calendars.put(tx, calendar, "operator:k1", NOW)


def for_noon(id="e1", customer="anna", *lines, **given):
    return replace(execution(id, customer, *lines, **given), deliver_by=DAY, slot="noon")


def taken(db: Database) -> int:
    with db.read() as tx:
        return bookings.since(tx, DAY).get(NOON, 0)


def test_a_calendar_comes_back_as_it_was_put_each_time_as_a_version_of_its_own(db: Database) -> None:
    with db.read() as tx:
        assert house.read(tx, NOW).calendar is None
    in_force(db)
    with db.read() as tx:
        assert house.read(tx, NOW).calendar == replace(SHOP, version=1)
    in_force(db, replace(SHOP, shipping_cost=0.0))
    in_force(db, None)
    with db.read() as tx:
        kept = calendars.latest(tx)
        assert (kept.version, kept.calendar, kept.author) == (3, None, "operator:k1")
        assert house.read(tx, NOW).calendar is None


def test_an_execution_comes_back_with_its_promise_and_its_lines_probabilities(db: Database) -> None:
    in_force(db)
    one = for_noon("e1", "anna", replace(line("beans"), probability=0.9), line("milk", "milk"))
    stored(db, one)
    assert standing(db) == one
    with db.read() as tx:
        assert house.read(tx, NOW).booked == {NOON: 1}


def test_a_slot_takes_no_more_orders_than_it_has_places(db: Database) -> None:
    in_force(db)
    stored(db, *(for_noon(f"e{n}", f"c{n}") for n in range(3)))
    with pytest.raises(Outdated):
        stored(db, for_noon("e4", "c4"))
    assert taken(db) == 3
    stored(db, replace(for_noon("e5", "c5"), slot=None))
    with pytest.raises(Outdated):
        stored(db, replace(for_noon("e6", "c6"), slot="no such slot"))


def test_of_very_many_at_once_as_many_are_promised_as_there_are_places(db: Database) -> None:
    in_force(db)
    with db.begin() as tx:
        customers.ensure(tx, [f"c{n}" for n in range(12)], NOW)
    barrier = Barrier(12)

    def attempt(n: int) -> bool:
        barrier.wait()
        try:
            with db.begin() as tx:
                return executions.add(tx, for_noon(f"e{n}", f"c{n}"), NOW) is not None
        except Outdated:
            return False

    with ThreadPoolExecutor(12) as pool:
        assert sum(pool.map(attempt, range(12))) == 3
    assert taken(db) == 3


def test_places_taken_and_given_back_at_once_are_counted_right(db: Database) -> None:
    in_force(db)
    stored(db, *(for_noon(f"e{n}", f"c{n}") for n in range(3)))
    with db.begin() as tx:
        customers.ensure(tx, [f"d{n}" for n in range(6)], NOW)
    barrier = Barrier(9)

    def stop(n: int) -> bool:
        barrier.wait()
        with db.begin() as tx:
            executions.veto(tx, f"e{n}", "customer", NOW)
        return False

    def ask(n: int) -> bool:
        barrier.wait()
        try:
            with db.begin() as tx:
                return executions.add(tx, for_noon(f"f{n}", f"d{n}"), NOW) is not None
        except Outdated:
            return False

    with ThreadPoolExecutor(9) as pool:
        found = [*pool.map(lambda job: job[0](job[1]), [*((stop, n) for n in range(3)), *((ask, n) for n in range(6))])]
    assert taken(db) == sum(found) <= 3
    with db.read() as tx:
        assert bookings.short(tx) == 0


@pytest.mark.parametrize("leave", [executions.veto, executions.skip])
def test_what_is_stopped_gives_its_place_back(db: Database, leave) -> None:
    in_force(db)
    stored(db, for_noon())
    with db.begin() as tx:
        leave(tx, "e1", "anna", NOW)
    assert taken(db) == 0


def test_what_is_snoozed_gives_its_place_and_its_day_back(db: Database) -> None:
    in_force(db)
    stored(db, for_noon())
    with db.begin() as tx:
        executions.snooze(tx, "e1", "anna", NOW, timedelta(days=7))
    assert (standing(db).deliver_by, standing(db).slot, taken(db)) == (None, None, 0)


@pytest.mark.parametrize(
    ("answer", "places"),
    [
        (Answer(result=Result.PLACED, order_id="o1"), 1),
        (Answer(result=Result.REFUSED, detail="out_of_stock"), 0),
        (Answer(result=Result.UNKNOWN), 1),
    ],
)
def test_the_gateways_refusal_gives_the_place_back(db: Database, answer: Answer, places: int) -> None:
    in_force(db)
    stored(db, for_noon())
    placing(db, answer)
    assert taken(db) == places


def test_what_failed_and_was_placed_after_all_has_a_place_even_where_none_is_left(db: Database) -> None:
    in_force(db, replace(SHOP, slots=(replace(SHOP.slots[0], capacity=1),)))
    stored(db, for_noon())
    with db.begin() as tx:
        executions.move(tx, "e1", [State.WAITING], State.PLACING, "test", None, NOW)
        executions.move(tx, "e1", [State.PLACING], State.FAILED, "test", None, NOW)
    assert taken(db) == 0
    stored(db, for_noon("e2", "bert"))
    with db.begin() as tx:
        ledger.settle(tx, "e1", Answer(result=Result.PLACED, order_id="o1"), "test", NOW)
    assert taken(db) == 2
    with db.read() as tx:
        assert bookings.short(tx) == 0


def test_a_new_promise_takes_the_new_place_and_a_full_one_leaves_everything_as_it_was(db: Database) -> None:
    in_force(db)
    stored(db, for_noon(), *(replace(for_noon(f"f{n}", f"c{n}"), deliver_by=DAY + timedelta(days=1)) for n in range(3)))
    with db.begin() as tx, pytest.raises(Outdated):
        executions.promise(tx, standing(db), Arrival(day=DAY + timedelta(days=1), slot="noon"), NOW)
    assert (standing(db).deliver_by, taken(db)) == (DAY, 1)
    with db.begin() as tx:
        executions.promise(tx, standing(db), Arrival(day=DAY, slot="evening"), NOW)
    assert (standing(db).slot, taken(db)) == ("evening", 0)


def test_erasing_a_customer_gives_back_places_of_what_was_not_placed(db: Database) -> None:
    in_force(db)
    stored(db, for_noon(), for_noon("e2", "bert"))
    placing(db, Answer(result=Result.PLACED, order_id="o1"), "e2")
    with db.begin() as tx:
        erasure.erase(tx, "anna", "operator:k1", NOW)
        erasure.erase(tx, "bert", "operator:k1", NOW)
    assert taken(db) == 1  # bert's is on its way


def placing(db: Database, answer: Answer, id: str = "e1") -> None:
    """Let one execution be placed, with this answer of the gateway."""
    with db.begin() as tx:
        (claim,) = [one for one in ledger.claim(tx, "w", NOW, 10, HOUR) if one.execution.execution_id == id]
        intended = intend(tx, claim.execution, Call.PLACE, NOW)
    with db.begin() as tx:
        complete(tx, intended, Call.PLACE, answer, NOW, HOUR)


# Joining


def grown(**given):
    """e1 with milk as a second line, due an hour later."""
    both = (line("beans"), line("milk", "milk", cents=101))
    return replace(for_noon("e1", "anna", *both, due=NOW + HOUR), **given)


def join(db: Database, one) -> bool:
    with db.begin() as tx:
        return executions.join(tx, one, NOW) is not None


def test_a_line_joins_an_order_that_waits_and_takes_no_second_place(db: Database) -> None:
    in_force(db)
    stored(db, for_noon())
    assert join(db, grown())
    after = standing(db)
    assert (len(after.lines), after.total.minor, after.due_at, after.state) == (2, 600, NOW + HOUR, State.WAITING)
    assert taken(db) == 1
    with db.read() as tx:
        assert [move.reason for move in executions.moves(tx, "e1")] == [None, "joined"]


def test_an_order_is_never_due_sooner_for_what_joins_it(db: Database) -> None:
    in_force(db)
    stored(db, for_noon(due=NOW + 5 * HOUR))
    assert join(db, grown())
    assert standing(db).due_at == NOW + 5 * HOUR


def counting(rule: str, minor: int) -> Counted:
    """What an order of anna's adds to a cap."""
    return Counted(
        rule_id=rule, bucket="customer=anna", customer_id="anna", day="2017-12-01", minor=minor, currency="USD"
    )


def test_what_joins_counts_against_caps_and_the_mandates_budget(db: Database) -> None:
    in_force(db)
    stored(db, replace(for_noon(mandate="m1"), counted=(counting("money", 499),)))
    added = (counting("money", 101), counting("milk", 101))
    assert join(db, grown(mandate_id="m1", counted=added))
    caps = [
        Rule(rule_id=id, when="true", effect=Cap(count=9, per=(Per.CUSTOMER,), every=Every.WEEK))
        for id in ("money", "milk")
    ]
    with db.read() as tx:
        found = rules.uses(tx, caps, ["anna"], [State.WAITING], NOW, SHOP.zone)
        under_way = executions.of_customers(tx, ["anna"], NOW)["anna"]
    assert {key: [(use.count, use.minor) for use in uses] for key, uses in found.items()} == {
        ("money", "customer=anna"): [(1, 600)],
        ("milk", "customer=anna"): [(1, 101)],
    }
    assert spent(a_mandate("m1"), under_way, NOW, "USD").minor == 600


def test_an_order_is_as_sure_as_the_least_sure_of_its_lines(db: Database) -> None:
    in_force(db)
    stored(db, replace(for_noon(), probability=0.95))
    milk = replace(line("milk", "milk", cents=101), probability=0.8)
    assert join(db, grown(lines=(line("beans"), milk), probability=0.8))
    assert standing(db).probability == 0.8
    assert {one.need: one.probability for one in standing(db).lines} == {"coffee": 0.95, "milk": 0.8}


def test_an_order_that_somebody_else_gave_a_line_is_decided_on_anew(db: Database) -> None:
    """Whether both fit a mandate or a cap was never looked at."""
    in_force(db)
    stored(db, for_noon())
    assert join(db, grown())
    with pytest.raises(Outdated):
        join(db, grown(lines=(line("beans"), line("tea", "tea"))))


@pytest.mark.parametrize(
    "other",
    [{"deliver_by": DAY + timedelta(days=1)}, {"slot": "evening"}, {"mandate_id": "m2"}, {"rung": Rung.SILENT}],
)
def test_what_it_was_decided_on_must_still_be_so(db: Database, other) -> None:
    in_force(db)
    stored(db, for_noon())
    with pytest.raises(Outdated):
        join(db, grown(**other))
    assert len(standing(db).lines) == 1


def test_what_was_sent_or_stopped_is_given_no_more_lines(db: Database) -> None:
    in_force(db)
    stored(db, for_noon(), for_noon("e2", "bert"))
    with db.begin() as tx:
        executions.veto(tx, "e2", "bert", NOW)
        for claim in ledger.claim(tx, "w", NOW, 10, HOUR):
            intend(tx, claim.execution, Call.PLACE, NOW)
    for id, customer in (("e1", "anna"), ("e2", "bert")):
        with pytest.raises(Outdated):
            join(db, replace(grown(), execution_id=id, customer_id=customer))


def test_a_need_is_ordered_once_a_cycle_also_as_a_line_that_joins(db: Database) -> None:
    in_force(db)
    stored(db, for_noon(), execution("e2", "anna", line("milk", "milk")))
    assert not join(db, grown())
    assert not join(db, grown(lines=standing(db).lines))


def test_of_a_join_and_a_claim_at_once_the_order_goes_out_with_the_lines_it_has(db: Database) -> None:
    """Whoever is first: what is intended is what is kept."""
    in_force(db)
    stored(db, *(for_noon(f"e{n}", f"c{n}") for n in range(3)))
    barrier = Barrier(4)

    def grow(n: int) -> bool:
        barrier.wait()
        try:
            return join(db, replace(grown(due_at=NOW), execution_id=f"e{n}", customer_id=f"c{n}"))
        except Outdated:
            return False

    def sweep(_: int) -> dict[str, int]:
        barrier.wait()
        with db.begin() as tx:
            sent = [intend(tx, one.execution, Call.PLACE, NOW) for one in ledger.claim(tx, "w", NOW, 10, HOUR)]
        return {one.execution_id: len(one.lines) for one in sent}

    with ThreadPoolExecutor(4) as pool:
        sent, *joined = [f.result() for f in [pool.submit(sweep, 0), *(pool.submit(grow, n) for n in range(3))]]
    for id, lines in sent.items():
        assert len(standing(db, id).lines) == lines
    for n, did in enumerate(joined):
        assert len(standing(db, f"e{n}").lines) == 1 + did
