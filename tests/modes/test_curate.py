"""Lists to choose from: the customer's own first, with reasons, variety, and nothing that was left out."""

from engine.domain.customers import Preferences
from engine.domain.decisions import Rung
from engine.domain.history import History
from engine.learn.base import Recommendations
from modes import curate, listing
from modes.candidates import Wish
from modes.shelf import Shelf
from modes.variety import varied
from tests.builders import an_item, usd
from tests.modes.shop import (
    NO_MODEL,
    FakeModel,
    a_context,
    a_forecast,
    a_history,
    a_scene,
    catalogue,
    decided,
    items_but,
    only,
    ranked,
)

CURATED = Preferences(ceiling=Rung.CURATE)


def ids(offers) -> list[str]:
    """What is offered, in order."""
    return [offer.item_id for offer in offers]


def test_a_family_begins_with_the_customers_own_items_then_what_others_take():
    history = a_history(("i3", "coffee", 80), ("i3", "coffee", 50), ("i2", "coffee", 20))
    found = curate.of_family("coffee", None, a_scene(a_context(history=history)))
    assert ids(found) == ["i3", "i2", "i1"]
    assert [offer.reasons[0].code for offer in found] == ["last_bought", "last_bought", "popular_in"]
    assert found[0].reasons[0].params == {"days": 50, "times": 2}
    assert found[0].price == usd(450)


def test_the_usual_item_carries_its_rhythm_and_its_probability():
    found = curate.of_family("coffee", a_forecast(probability=0.9), a_scene())
    assert [(reason.code, reason.params) for reason in found[0].reasons] == [
        ("buys_every", {"days": 28, "family": "coffee"}),
        ("last_bought", {"days": 27, "times": 3}),
    ]
    assert [offer.probability for offer in found] == [0.9, None, None]


def test_what_cannot_be_had_or_is_left_out_is_not_offered():
    gone = items_but(an_item("i1", available=False))
    assert ids(curate.of_family("coffee", None, a_scene(items=gone))) == ["i2", "i3"]
    assert ids(curate.of_family("coffee", None, a_scene(exclude={"i2"}))) == ["i1", "i3"]
    assert ids(curate.of_family("coffee", None, a_scene(filter="item.price < 5.0"))) == ["i3"]


def test_a_list_is_filled_up_with_what_else_may_be_wanted():
    found = only(decided(a_context(preferences=CURATED), touchpoint="app.home"))
    assert found.rung is Rung.CURATE
    assert ids(found.offers) == ["i1", "i2", "i3", "m1", "t1"]
    short = only(decided(a_context(preferences=CURATED), touchpoint="app.home", limit=2))
    assert ids(short.offers) == ["i1", "i2"]


def test_variety_brings_each_family_once_before_any_comes_twice():
    found = list(ranked(["i1", "i2", "i3", "m1", "t1"], set()))
    shelf = Shelf(catalogue())
    for variety, limit, wanted in (
        (0.0, 5, ["i1", "i2", "i3", "m1", "t1"]),
        (1.0, 5, ["i1", "m1", "t1", "i2", "i3"]),
        (1.0, 2, ["i1", "m1"]),
    ):
        assert ids(varied(found, lambda one: shelf.item(one.item_id).family, limit, variety)) == wanted
    assert ids(varied(found, lambda one: shelf.item(one.item_id).family, 5, 0.3))[0] == "i1"


def test_without_a_model_there_is_what_the_customer_bought():
    history = a_history(("m1", "milk", 5), ("i1", "coffee", 3), ("i1", "coffee", 30))
    found = only(decided(a_context(history=history), NO_MODEL))
    assert found.rung is Rung.RESPOND
    assert ids(found.offers) == ["i1", "m1"]


def listed(model=None, **given: object) -> list[str]:
    """Plain recommendations, without a decision."""
    served = FakeModel(recommended=("i1", "i2", "m1", "t1")) if model is None else model
    shelf = {name: given.pop(name) for name in ("exclude", "filter") if name in given}
    scene = a_scene(a_context(history=History.empty()), served, **shelf)
    return ids(listing.made(Wish(**{"limit": 10, **given}), scene))


def test_plain_recommendations():
    assert listed() == ["i1", "i2", "m1", "t1"]
    assert listed(limit=2) == ["i1", "i2"]
    assert listed(exclude={"i1"}) == ["i2", "m1", "t1"]
    assert listed(filter="item.price < 4.0") == ["m1", "t1"]
    assert listed(variety=1.0) == ["i1", "m1", "t1", "i2"]
    assert listed(min_relevance=0.5) == ["i1", "i2"]


def test_a_category_is_filled_up_with_what_most_buy_in_it():
    class Stocked(FakeModel):
        """Knows what most buy in a category."""

        def popular(self, k, *, family=None, category=None, exclude=frozenset()) -> Recommendations:
            return ranked(["i3", "i1", "i2"][:k], set()) if category else super().popular(k, family=family)

    model = Stocked(recommended=("m1", "i1"))
    assert listed(model, category="COFFEE") == ["i1", "i3", "i2"]
    assert listed(FakeModel(recommended=("m1", "i1")), category="DRINKS > COFFEE") == ["i1"]


def test_a_model_that_knows_nothing_and_a_limit_of_nothing_give_nothing():
    assert listed(FakeModel(recommended=())) == []
    assert curate.recommended(a_scene(), 0, {}) == ()


def test_a_condition_that_leaves_out_much_still_finds_what_there_is():
    many = [an_item(f"n{n}", family=f"f{n}", price=usd(900 if n < 39 else 100)) for n in range(40)]
    model = FakeModel(recommended=[item.item_id for item in many])
    scene = a_scene(a_context(history=History.empty()), model, items=many, filter="item.price < 2.0", limit=2)
    assert ids(curate.recommended(scene, 2, {})) == ["n39"]
