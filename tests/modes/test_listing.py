"""Lists: what may be in them, what fills them, and what operators put forward within that."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.domain.history import History
from engine.domain.placements import Placement, PlacementKind
from engine.learn.base import Recommendations
from modes import curate, listing
from modes.listing import Wish
from tests.builders import an_item, usd
from tests.modes.shop import ITEMS, NOW, FakeModel, a_context, a_history, a_scene, ranked

ALL = ("i1", "m1", "t1", "w1", "i2", "i3")
NEW = a_context(history=History.empty())


def boost(factor: float, *items: str, id: str = "b", **given) -> Placement:
    """A boost of these items."""
    base = {"placement_id": id, "kind": PlacementKind.BOOST, "author": "o", "updated_at": NOW}
    return Placement(**{**base, "items": items, "factor": factor, **given})


def pin(position: int, *items: str, id: str = "p", **given) -> Placement:
    """A pin of these items."""
    base = {"placement_id": id, "kind": PlacementKind.PIN, "author": "o", "updated_at": NOW}
    return Placement(**{**base, "items": items, "position": position, **given})


def offers(*placements: Placement, context=NEW, model=None, wish=None, limit=6, **scene):
    """A list for somebody new."""
    served = FakeModel(recommended=ALL) if model is None else model
    return listing.made(wish or Wish(limit=limit), a_scene(context, served, placements=placements, **scene))


def listed(*placements: Placement, **given) -> list[str]:
    """Its items."""
    return [offer.item_id for offer in offers(*placements, **given)]


class Scored(FakeModel):
    """A model with scores of any sign, the last of them filler."""

    def __init__(self, scores: dict[str, float], reached: int) -> None:
        super().__init__(recommended=scores)
        self.scores, self.reached = scores, reached

    def recommend(self, history, now_day, k, *, exclude=frozenset(), only_new=False) -> Recommendations:
        found = super().recommend(history, now_day, k, exclude=exclude)
        kept = [id for id in found.items if not (only_new and id in set(history.items))]
        known = ranked(kept, set(history.items))
        scores = tuple(self.scores[id] for id in kept)
        return Recommendations(
            items=known.items, scores=scores, repeat=known.repeat, reasons=known.reasons, reached=self.reached
        )


# Relevance


def test_relevance_does_not_depend_on_the_sign_of_scores_and_filler_has_none():
    below = Scored({"i1": 2.0, "m1": 0.5, "t1": -1.0, "w1": -1.000001}, reached=3)
    for least, wanted in ((0.0, ["i1", "m1", "t1", "w1"]), (0.01, ["i1", "m1"]), (0.5, ["i1", "m1"]), (0.6, ["i1"])):
        assert listed(model=below, wish=Wish(limit=4, min_relevance=least)) == wanted
    near = Scored({"i1": 1.0, "m1": 0.9, "t1": 0.899999}, reached=2)
    assert listed(model=near, wish=Wish(limit=4, min_relevance=0.01)) == ["i1", "m1"]


# Again, or new


def test_what_was_bought_before_and_what_was_not():
    context = a_context(history=a_history(("m1", "milk", 9), ("w1", "wine", 5), ("w1", "wine", 2)))
    model = Scored({"i1": 3.0, "m1": 2.0, "t1": 1.0}, reached=3)
    assert listed(context=context, model=model, wish=Wish(limit=4, repeat=True)) == ["m1", "w1"]
    assert listed(context=context, model=model, wish=Wish(limit=4, repeat=False)) == ["i1", "t1"]
    assert listed(context=context, model=model, wish=Wish(limit=4)) == ["i1", "m1", "t1"]


# The whole catalogue


class Stocked(FakeModel):
    """Knows all items of the shop, and which of them are bought most."""

    catalogue = ITEMS

    def popular(self, k, *, family=None, category=None, exclude=frozenset()) -> Recommendations:
        return ranked(["w1", "i3", "t1"][:k], set()) if family is None else super().popular(k, family=family)


def test_what_meets_a_filter_is_looked_for_in_the_whole_catalogue():
    items = [*ITEMS, an_item("z1", family="z", price=usd(100)), an_item("z2", family="z", available=False)]
    model = Stocked(recommended=("i1",))
    given = {"items": items, "model": model, "browse": lambda: iter(items)}
    assert listed(**given, filter="item.price > 4.60") == ["i1", "w1", "i2"]
    assert listed(**given, filter="item.family == 'z'") == ["z1"]
    assert listed(**given, filter="item.family == 'z'", exclude={"z1"}) == []
    assert listed(**given, filter="item.family == 'z'", wish=Wish(limit=6, min_relevance=0.01)) == []
    assert listed(**given, filter="false") == []
    assert listed(**given, limit=2, filter="item.price > 0.0") == ["i1", "w1"]


def test_decisions_look_there_too():
    items = [*ITEMS, an_item("z1", family="z", price=usd(100))]
    scene = a_scene(NEW, Stocked(recommended=("i1",)), items=items, browse=lambda: items, filter="item.family == 'z'")
    assert [one.item_id for one in curate.recommended(scene, 3, {})] == ["z1"]


def test_without_a_model_there_is_what_the_customer_bought_and_no_more():
    context = a_context(history=a_history(("m1", "milk", 9), ("w1", "wine", 5), ("w1", "wine", 2)))
    bare = replace(a_scene(context), model=None)
    assert [one.item_id for one in listing.made(Wish(limit=5), bare)] == ["w1", "m1"]
    assert listing.made(Wish(limit=5), replace(bare, context=NEW)) == ()


# Boosts


def test_a_boost_multiplies_relevance_and_says_so():
    assert listed() == list(ALL)
    found = offers(boost(2.5, "w1"))
    assert [one.item_id for one in found] == ["i1", "w1", "m1", "t1", "i2", "i3"]
    assert found[1].reasons[-1].code == "placed"
    assert [one.score for one in found] == sorted((one.score for one in found), reverse=True)
    assert listed(boost(10, "i3"))[0] == "i3"
    assert listed(boost(0.2, "i1")) == ["m1", "t1", "w1", "i1", "i2", "i3"]


def test_of_several_boosts_the_strongest_counts():
    assert listed(boost(2.5, "w1"), boost(1.1, "w1", id="a")) == listed(boost(2.5, "w1"))


def test_a_boost_brings_up_what_lies_further_down_than_is_usually_looked_at():
    many = [an_item(f"n{n}", family=f"f{n}") for n in range(40)]
    model = FakeModel(recommended=[item.item_id for item in many])
    given = {"model": model, "items": many, "limit": 2}
    assert listed(**given) == ["n0", "n1"]
    assert listed(boost(10, "n14"), **given) == ["n0", "n14"]


def test_a_boost_does_not_lift_over_the_least_relevance():
    model = Scored({"i1": 1.0, "m1": 0.2}, reached=2)
    assert listed(boost(10, "m1"), model=model, wish=Wish(limit=4, min_relevance=0.5)) == ["i1"]


def test_a_boost_by_condition():
    assert listed(boost(10, condition="item.family == 'wine'", items=()))[0] == "w1"


# Pins


def test_a_pin_stands_at_its_place_once_and_says_so():
    found = offers(pin(2, "i3"))
    assert [one.item_id for one in found] == ["i1", "i3", "m1", "t1", "w1", "i2"]
    assert found[1].reasons[0].code == "placed"
    assert found[1].reasons[0].sentence
    assert listed(pin(1, "w1", "i2")) == ["w1", "i2", "i1", "m1", "t1", "i3"]


def test_a_pin_behind_the_end_stands_at_the_end_and_beyond_the_limit_nowhere():
    model = FakeModel(recommended=("i1", "m1"))
    assert listed(pin(5, "w1"), model=model) == ["i1", "m1", "w1"]
    assert listed(pin(5, "w1"), limit=3) == ["i1", "m1", "t1"]


def test_two_pins_of_one_place_and_one_item_pinned_twice():
    assert listed(pin(1, "w1", id="a"), pin(1, "t1", id="b"))[:3] == ["w1", "t1", "i1"]
    assert listed(pin(1, "w1", id="a"), pin(3, "w1", id="b")) == ["w1", "i1", "m1", "t1", "i2", "i3"]


def test_a_pin_by_condition_is_the_customers_best_of_them_or_the_most_popular():
    assert listed(pin(1, condition="item.family == 'coffee' && item.price > 5.0"))[0] == "i2"
    assert listed(pin(1, condition="item.family == 'tea'"), model=Stocked(recommended=("i1",)), limit=2) == ["t1", "i1"]


@pytest.mark.parametrize(
    ("placed", "touchpoint", "applies"),
    [
        ({}, None, True),
        ({"touchpoints": ("app.home",)}, "app.home", True),
        ({"touchpoints": ("app.home",)}, "web", False),
        ({"touchpoints": ("app.home",)}, None, False),
        ({"starts_at": NOW}, None, True),
        ({"starts_at": NOW + timedelta(hours=1)}, None, False),
        ({"ends_at": NOW}, None, False),
        ({"ends_at": NOW + timedelta(hours=1)}, None, True),
    ],
)
def test_a_placement_has_its_time_and_place(placed, touchpoint, applies):
    assert (listed(pin(1, "i3", **placed), touchpoint=touchpoint)[0] == "i3") is applies


CONDITIONS = st.sampled_from([None, "item.price < 5.0", "item.family == 'coffee'", "false"])
PLACED = st.one_of(
    st.builds(boost, st.sampled_from([0.1, 2.0, 10.0]), st.sampled_from(ALL)),
    st.builds(pin, st.integers(1, 8), st.sampled_from(ALL), st.sampled_from(ALL)),
    st.builds(lambda position, text: pin(position, condition=text), st.integers(1, 8), CONDITIONS.filter(bool)),
)


@given(
    st.lists(PLACED, max_size=4),
    CONDITIONS,
    st.frozensets(st.sampled_from(ALL), max_size=3),
    st.frozensets(st.sampled_from(ALL), max_size=3),
    st.integers(1, 7),
    st.sampled_from([None, True, False]),
)
def test_placements_keep_every_filter_exclusion_and_availability(placed, condition, exclude, gone, limit, repeat):
    items = [an_item(i.item_id, family=i.family, price=i.price, available=i.item_id not in gone) for i in ITEMS]
    placements = [
        Placement(**{**{name: getattr(one, name) for name in one.__slots__}, "placement_id": f"p{n}"})
        for n, one in enumerate(placed)
    ]
    context = a_context(history=a_history(("m1", "milk", 9), ("w1", "wine", 5)))
    scene = a_scene(
        context,
        FakeModel(recommended=ALL),
        items=items,
        exclude=exclude,
        filter=condition,
        placements=tuple(placements),
    )
    found = listing.made(Wish(limit=limit, repeat=repeat), scene)
    ids = [one.item_id for one in found]
    assert len(ids) == len(set(ids)) <= limit
    assert not set(ids) & (exclude | gone)
    assert all(scene.shelf.may_offer(scene.shelf.item(id)) for id in ids)
    assert repeat is None or all((id in {"m1", "w1"}) is repeat for id in ids)
    plain = listing.made(
        Wish(limit=limit, repeat=repeat),
        a_scene(context, FakeModel(recommended=ALL), items=items, exclude=exclude, filter=condition),
    )
    assert len(found) >= len(plain)
