"""What comes in is stored once, on both databases, however often it comes."""

from datetime import timedelta

import numpy as np
import pytest

from engine.domain.history import day_of
from engine.domain.shopping import Found
from engine.errors import Problem
from engine.store import customers, items, orders
from engine.store.rows import Put
from engine.store.taking import take
from tests.builders import NOON, a_customer, a_line, an_event, an_item, usd


@pytest.fixture
def bring(db):
    """Take in objects as one import."""

    def bring(kind, *objects):
        with db.begin() as tx:
            return take(tx, kind, objects, import_id=orders.new_import(), now=NOON).said

    return bring


@pytest.mark.parametrize(
    ("kind", "thing", "other"),
    [
        ("items", an_item(), an_item(name="Beans")),
        ("customers", a_customer(), a_customer(locale="de")),
        ("orders", a_line(), a_line(quantity=2)),
        ("events", an_event(), an_event(kind="cart")),
    ],
)
def test_an_equal_object_is_a_duplicate_and_a_changed_one_replaces(bring, kind, thing, other):
    assert bring(kind, thing) == (Put.ACCEPTED,)
    assert bring(kind, thing) == (Put.DUPLICATE,)
    assert bring(kind, other) == (Put.ACCEPTED,)
    assert bring(kind, thing) == (Put.ACCEPTED,)


def test_lines_of_one_import_add_up_and_those_of_another_replace(db, bring):
    for _ in range(2):
        bring("orders", a_line(quantity=1), a_line(quantity=2))
        with db.read() as tx:
            (line,) = orders.of_customer(tx, "c1")
        assert (line.quantity, line.amount) == (3, usd(998))


def test_an_order_creates_its_customer_and_item(db, bring):
    bring("orders", a_line(item_id="new"))
    with db.read() as tx:
        assert customers.get(tx, "c1") == a_customer()
        assert items.get_many(tx, ["new"])["new"] == an_item("new", family="new", price=None)


def test_an_order_stays_with_its_customer(db, bring):
    first, second = bring("orders", a_line(), a_line(item_id="i2", customer_id="c2"))
    assert first is Put.ACCEPTED
    assert isinstance(second, Problem)
    assert second.field == "customer_id"
    with db.read() as tx:
        assert orders.count_lines(tx) == 1


def test_history_is_in_time_with_its_families(db, bring):
    bring("items", an_item("i1", family="coffee"), an_item("i2", family="milk"))
    later = NOON + timedelta(days=2)
    bring("orders", a_line("o2", "i1", ordered_at=later), a_line("o1", "i2"), a_line("o1", "i1", amount=None))
    with db.read() as tx:
        history = orders.history(tx, "c1")
        before = orders.history(tx, "c1", before=later)
    assert list(history.items) == ["i1", "i2", "i1"]
    assert list(history.families) == ["coffee", "milk", "coffee"]
    assert list(history.orders) == [0, 0, 1]
    assert list(history.days) == [day_of(NOON), day_of(NOON), day_of(later)]
    assert np.isnan(history.amounts[0])
    assert len(before) == 2


def test_columns_for_training_leave_out_who_refused_and_what_we_did(db, bring):
    bring("orders", a_line("o1"), a_line("o2", customer_id="c2"), a_line("o3", customer_id="c3"))
    with db.begin() as tx:
        customers.ensure(tx, ["c1"], NOON)
        orders.put_lines(tx, [a_line("ours")], import_id=1, source="execution")
        read = orders.columns(tx, leave_out={"c2"})
        both = orders.columns(tx, own_only=False)
    assert {id for id, _ in read.histories()} == {"c1", "c3"}
    assert (len(read), len(both)) == (2, 4)


def test_no_orders_are_no_columns(db):
    with db.read() as tx:
        assert len(orders.columns(tx)) == 0
        assert len(orders.history(tx, "nobody")) == 0
        assert orders.newest(tx) is None


CATALOGUE = (
    an_item("a", name="Dark roast coffee", family="coffee", category=("Drinks", "Hot")),
    an_item("b", name="Coffee filters", family="filters", category=("Kitchen",)),
    an_item("c", name="Crème brûlée", family="dessert", category=("Sweets",)),
    an_item("d", name="100%_sure", family="x", category=("Drinks & more",)),
)


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("coffee", {"a", "b"}),
        ("dark coffee", {"a"}),
        ("coff", {"a", "b"}),
        ("coffee rocket", {"a", "b"}),
        ("COFFEE!", {"a", "b"}),
        ("'; DROP TABLE items; --", set()),
        ('" OR 1 NEAR( * ^', set()),
        ("", set()),
        ("\x00", set()),
    ],
)
def test_search_finds_what_is_meant_and_survives_anything(db, bring, query, found):
    bring("items", *CATALOGUE)
    with db.read() as tx:
        assert set(items.search(tx, query, 10).items) == found


SHELF = (
    an_item("melon", name="Cantaloupe Whole", family="melons"),
    an_item("pint", name="Whole Milk Pint", family="milk"),
    *(an_item(f"milk{n}", name="Fluid Milk White Only", family="milk") for n in range(5)),
)


@pytest.mark.parametrize(
    ("query", "first", "whole"),
    [
        ("whole milk pint", ["pint"], True),
        ("whole milk chocolate", ["pint"], False),
        ("chocolate whole mil", ["pint"], False),
        ("cantaloupe white mi", ["milk0", "milk1", "milk2", "milk3", "milk4"], False),
        ("whole whole whole white milk only", ["milk0", "milk1", "milk2", "milk3", "milk4", "pint", "melon"], False),
    ],
)
def test_where_no_item_has_all_the_words_those_that_have_most_of_them_come_first(db, bring, query, first, whole):
    bring("items", *SHELF)
    with db.read() as tx:
        found = items.meant(tx, query, None, 10)
    assert (list(found.items[: len(first)]), found.whole) == (first, whole)


def test_most_of_the_words_within_a_category(db, bring):
    bring("items", *CATALOGUE)
    with db.read() as tx:
        assert items.meant(tx, "dark coffee filters", "Kitchen", 10) == Found(items=("b",), whole=False)
        assert items.meant(tx, None, "Kitchen", 10) == Found(items=("b",))
        assert items.meant(tx, None, None, 10) == items.meant(tx, "?", None, 10) == Found()


def test_search_follows_the_catalogue(db, bring):
    bring("items", *CATALOGUE)
    bring("items", an_item("a", name="Green tea", family="tea"))
    with db.read() as tx:
        assert items.search(tx, "roast", 10) == Found(whole=False)
        assert items.search(tx, "tea", 10) == Found(items=("a",))


def test_a_category_holds_what_lies_under_it_and_no_neighbour(db, bring):
    bring("items", *CATALOGUE)
    with db.read() as tx:
        assert items.in_category(tx, "Drinks", 10) == ["a"]
        assert items.in_category(tx, "Drinks > Hot", 10) == ["a"]
        assert items.in_category(tx, "%", 10) == []
