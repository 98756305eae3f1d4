"""What a customer asks for: an order ready to confirm, and what is said of the rest."""

import pytest

from engine.domain.customers import Grant
from engine.domain.decisions import Mode, Phase, Rung, Source
from engine.domain.shopping import Found
from engine.domain.values import Money
from engine.errors import InputError
from modes.request import Request, matched
from tests.builders import an_item, usd
from tests.modes.shop import (
    FakeModel,
    a_context,
    a_goal,
    a_history,
    consents,
    considered,
    decided,
    items_but,
    only,
    rules,
)


def answered(request: Request, **given: object):
    """What is given for a request by a customer of whom no need is forecast."""
    context, model = given.pop("context", a_context()), given.pop("model", FakeModel())
    return only(decided(context, model, request=request, **given))


def lines(experience) -> list[tuple[str, int]]:
    """What would be ordered, and how many."""
    return [(line.item_id, line.quantity) for line in experience.order.lines]


def test_items_asked_for_are_an_order_to_confirm():
    found = answered(Request(items=(("i2", 2), ("m1", 1))))
    assert (found.rung, found.need.source, found.need.phase) == (Rung.RESPOND, Source.REQUEST, Phase.RESPOND)
    assert lines(found) == [("i2", 2), ("m1", 1)]
    assert found.order.total == usd(2 * 520 + 120)
    assert found.order.unmet == ()
    assert found.reason == "Your order is ready to confirm: 2 × Dark beans and 1 × Milk, 11.60 USD in all."


def test_an_item_asked_for_twice_is_one_line():
    assert lines(answered(Request(items=(("i2", 2), ("m1", 1), ("i2", 3))))) == [("i2", 5), ("m1", 1)]


def test_what_cannot_be_had_is_said_with_what_stands_in_for_it():
    gone = items_but(an_item("i2", name="Dark beans", available=False))
    found = answered(Request(items=(("i2", 1), ("m1", 1))), items=gone)
    assert lines(found) == [("m1", 1)]
    (unmet,) = found.order.unmet
    assert (unmet.item_id, unmet.reason) == ("i2", "unavailable")
    assert [offer.item_id for offer in unmet.substitutes] == ["i1", "i3"]  # the customer's own first
    assert "Dark beans is out of stock, Beans could stand in for it." in found.reason


def test_an_order_of_nothing_that_can_be_had_has_no_total():
    found = answered(Request(items=(("w1", 1),)), items=items_but(an_item("w1", family="wine", available=False)))
    assert (found.order.lines, found.order.total) == ((), None)
    assert found.order.unmet[0].substitutes == ()
    assert found.reason == "w1 is out of stock."


def test_every_unknown_item_is_named():
    with pytest.raises(InputError) as raised:
        answered(Request(items=(("nothing", 1), ("i1", 1), ("neither", 2))))
    assert [one.field for one in raised.value.problems] == ["request.items.0.item_id", "request.items.2.item_id"]
    assert "'neither'" in str(raised.value)


def test_an_order_in_two_currencies_has_no_total():
    foreign = an_item("t1", name="Tea", family="tea", price=Money(minor=300, currency="EUR"))
    found = answered(Request(items=(("i1", 1), ("t1", 1))), items=items_but(foreign))
    assert lines(found) == [("i1", 1), ("t1", 1)]
    assert found.order.total is None
    assert found.reason == "Your order is ready to confirm: 1 × Beans and 1 × Tea."


def test_an_item_without_a_price_can_be_asked_for():
    found = answered(Request(items=(("t1", 1),)), items=items_but(an_item("t1", family="tea", price=None)))
    assert lines(found) == [("t1", 1)]
    assert found.order.lines[0].unit_price is None
    assert found.order.total is None


def test_words_mean_the_customers_own_item_in_the_usual_quantity():
    history = a_history(("i3", "coffee", 60, 2), ("i3", "coffee", 40, 2), ("i3", "coffee", 20, 4))
    found = answered(Request(query="beans", matches=("i2", "i1", "i3")), context=a_context(history=history))
    assert (found.rung, found.need.phase) == (Rung.RESPOND, Phase.REQUEST)
    assert lines(found) == [("i3", 2)]
    assert [offer.item_id for offer in found.offers] == ["i3", "i2", "i1"]


def test_words_mean_the_best_match_for_who_never_bought_any():
    found = answered(Request(query="wine", matches=("w1", "t1")))
    assert lines(found) == [("w1", 1)]


def test_what_lacks_a_word_is_a_choice_even_where_it_is_the_usual_item():
    found = answered(Request(query="whole beans", matches=("i2", "i1"), partly=True))
    assert (found.rung, found.order) == (Rung.CURATE, None)
    assert [offer.item_id for offer in found.offers] == ["i1", "i2"]
    assert found.reason == "You asked for “whole beans”: here is what we have, to choose from."
    beside = answered(Request(items=(("m1", 1),), query="whole beans", matches=("i2",), partly=True))
    assert lines(beside) == [("m1", 1)]


@pytest.mark.parametrize("request_", [Request(query="beans", matches=("i1",)), Request(category="C", matches=("i1",))])
def test_what_has_no_known_price_is_a_choice(request_):
    found = answered(request_, items=items_but(an_item("i1", name="Beans", family="coffee", price=None)))
    assert (found.rung, found.order) == (Rung.CURATE, None)
    assert [offer.item_id for offer in found.offers] == ["i1"]


@pytest.mark.parametrize("whole", [True, False])
def test_a_match_that_lacks_a_word_is_marked(whole):
    asked = matched(Request(query="whole milk"), None, lambda *_: Found(items=("m1",), whole=whole))
    assert asked == Request(query="whole milk", matches=("m1",), partly=not whole)


def test_the_consent_to_use_ones_orders_decides_which_item_words_mean():
    refused = a_context(consents=consents(personalization=Grant.REFUSED))
    assert lines(answered(Request(query="beans", matches=("i2", "i1")), context=refused)) == [("i2", 1)]
    assert lines(answered(Request(query="beans", matches=("i2", "i1")))) == [("i1", 1)]


def test_a_category_is_the_usual_item_or_a_choice():
    assert lines(answered(Request(category="COFFEE", matches=("i2", "i1")))) == [("i1", 1)]
    choice = answered(Request(category="WINE", matches=("w1",)))
    assert choice.rung is Rung.CURATE
    assert choice.order is None
    assert [offer.item_id for offer in choice.offers] == ["w1"]
    assert choice.reason == "You asked for “WINE”: here is what we have, to choose from."


def test_words_that_find_nothing_say_so_and_show_something():
    found = answered(Request(query="unobtainium"))
    assert (found.rung, found.order) == (Rung.CURATE, None)
    assert [offer.item_id for offer in found.offers] == ["i1", "m1", "t1"]
    assert found.reason == "We have nothing for “unobtainium” now; here is what might suit you instead."


def test_what_was_found_and_cannot_be_had_is_not_said_to_be_here():
    found = answered(Request(query="wine", matches=("w1",)), items=items_but(an_item("w1", available=False)))
    assert "w1" not in [offer.item_id for offer in found.offers]
    assert found.reason == "We have nothing for “wine” now; here is what might suit you instead."


def test_words_for_the_usual_item_that_is_gone_say_that_it_is_gone():
    gone = items_but(an_item("i1", name="Beans", available=False))
    found = answered(Request(query="my beans", matches=("i1",), partly=True), items=gone)
    assert (found.rung, found.order.lines) == (Rung.RESPOND, ())
    (unmet,) = found.order.unmet
    assert [offer.item_id for offer in unmet.substitutes] == ["i2", "i3"]
    assert found.reason == "Beans is out of stock, Dark beans could stand in for it."


def test_an_item_asked_for_by_name_and_by_words_is_one_line():
    found = answered(Request(items=(("i1", 2),), query="beans", matches=("i1", "i2")))
    assert lines(found) == [("i1", 2)]


def test_what_is_left_out_is_not_what_words_mean():
    request = Request(query="beans", matches=("i1", "i2", "i3"))
    assert lines(answered(request, exclude={"i1", "i2"})) == [("i3", 1)]
    assert lines(answered(request, filter="item.price < 5.0")) == [("i3", 1)]


def test_an_empty_request_asks_for_nothing():
    assert Request().empty
    assert only(decided(request=Request())).need.source is Source.FORECAST


@pytest.mark.parametrize("request_", [Request(items=(("i1", 1),)), Request(query="x"), Request(category="WINE")])
def test_nothing_is_started_beside_a_request(request_):
    found = answered(request_)
    removed = rules(found)
    assert {removed[rung] for rung in Rung if rung >= Rung.COACH} == {"phase.asked"}
    assert considered(found, Mode.EXECUTE).removed_by.detail == {"phase": found.need.phase.value}


def test_what_was_asked_for_comes_first_whatever_else_is_due():
    found = decided(request=Request(items=(("m1", 1),)))
    assert [one.need.source for one in found.experiences] == [Source.REQUEST, Source.FORECAST]
    assert found.mode is Mode.RESPOND


@pytest.mark.parametrize(
    "request_",
    [Request(items=(("i2", 1),)), Request(query="beans", matches=("i3",)), Request(category="COFFEE", matches=("i1",))],
)
def test_what_is_asked_for_is_not_ordered_a_second_time(request_):
    assert only(decided()).rung is Rung.SILENT
    assert only(decided(request=request_)).need.source is Source.REQUEST
    assert only(decided(a_context(goals=(a_goal(),)), request=request_)).need.source is Source.REQUEST
