"""What was done a moment ago moves the next list, as far as it may be looked at."""

import re
from pathlib import Path

import pytest

from engine.domain.customers import Grant
from engine.domain.history import History
from engine.domain.shopping import EVENT_KINDS
from engine.learn.base import Recommendations
from modes import interest, listing
from modes.capability import reduced
from modes.interest import WEIGHTS
from modes.listing import Wish
from tests.builders import an_event, an_item
from tests.modes.shop import FakeModel, a_context, a_history, a_scene, ago, consents, items_but, ranked

FIVE = ("m1", "t1", "i1", "i2", "i3")
HOUR = 1 / 24


class Shop(FakeModel):
    """Knows what wine is bought with."""

    def related(self, item_id: str, k: int, *, exclude=frozenset()) -> Recommendations:
        return ranked(["t1", "m1"][:k], set()) if item_id == "w1" else Recommendations()


def event(kind: str, item: str, days: float = HOUR, **given):
    """Something the customer did so many days ago."""
    return an_event(f"{kind}-{item}-{days}", kind=kind, item_id=item, occurred_at=ago(days), **given)


def offers(*events, limit=5, wish=None, **given):
    """A list for a customer who bought nothing and did this."""
    context = a_context(**{"history": History.empty(), "events": events, **given})
    scene = a_scene(reduced(context), Shop(recommended=FIVE))
    return listing.made(wish or Wish(limit=limit), scene)


def listed(*events, **given) -> list[str]:
    """Its items."""
    return [offer.item_id for offer in offers(*events, **given)]


def test_a_cart_and_a_view_bring_an_item_up_and_say_so():
    assert listed() == list(FIVE)
    viewed = offers(event("view", "i3"))
    assert [one.item_id for one in viewed] == ["m1", "t1", "i3", "i1", "i2"]
    assert viewed[2].reasons[0].sentence == "You looked at it an hour ago."
    assert [one.item_id for one in offers(event("cart", "i3"))][:2] == ["m1", "i3"]


def test_what_the_ranking_did_not_reach_is_brought_in_with_what_is_bought_with_it():
    found = offers(event("cart", "w1"))
    assert "w1" in [one.item_id for one in found]
    assert {r.code for one in found if one.item_id == "t1" for r in one.reasons} >= {"goes_with"}


def test_without_the_consent_an_event_changes_nothing():
    for state in (Grant.UNSET, Grant.REFUSED):
        assert listed(event("cart", "i3"), consents=consents(behaviour=state)) == list(FIVE)


@pytest.mark.parametrize("kind", [kind for kind, weight in WEIGHTS.items() if weight == interest.Weight()])
def test_kinds_without_a_weight_say_nothing(kind):
    assert listed(event(kind, "i3")) == list(FIVE)
    assert listed(event("dance", "i3")) == list(FIVE)


def test_a_return_is_held_against_that_item_alone():
    assert listed(event("return", "m1", 1.0)) == ["t1", "i1", "i2", "i3", "m1"]
    assert listed(event("return", "i2", 1.0)) == ["m1", "t1", "i1", "i3", "i2"]


def test_it_fades_and_adds_up_to_no_more_than_the_first_place():
    scene = a_scene(a_context(history=History.empty(), events=tuple(event("cart", "i3", n / 100) for n in range(20))))
    assert interest.interests(scene)["i3"].amount == 1.0
    assert listed(event("view", "i3", 9.0)) == list(FIVE)


def test_what_was_bought_since_is_no_interest_any_more():
    bought = a_history(("i1", "coffee", 0.01))
    assert listed(event("cart", "i3"), history=bought) == listed(history=bought)
    before = a_history(("i1", "coffee", 2))
    assert listed(event("cart", "i3"), history=before) != listed(history=before)


def test_interest_never_brings_back_what_is_left_out():
    gone = items_but(an_item("i3", name="Mild beans", available=False))
    context = a_context(history=History.empty(), events=(event("cart", "i3"), event("view", "unknown")))
    for given in ({"items": gone}, {"exclude": {"i3"}}, {"filter": "item.price > 4.60"}):
        scene = a_scene(context, Shop(recommended=FIVE), **given)
        assert "i3" not in [one.item_id for one in listing.made(Wish(limit=9), scene)]


def test_interest_is_relevance_of_its_own():
    wish = Wish(limit=5, min_relevance=0.4)
    assert listed(wish=wish) == ["m1", "t1"]
    assert listed(event("cart", "i3"), wish=wish) == ["m1", "i3", "t1"]


def test_the_table_of_weights_stands_in_the_concepts_and_names_every_kind():
    assert set(WEIGHTS) == set(EVENT_KINDS)
    with pytest.raises(TypeError):
        WEIGHTS["view"] = interest.Weight()  # type: ignore[index]
    text = (Path(__file__).parents[2] / "docs/concepts.md").read_text()
    told = {}
    for kinds, own, around in re.findall(r"^\| ([a-z, ']+) \| (-?[\d.]+) \| ([\d.]+)", text, re.M):
        for kind in kinds.split(", "):
            told[kind] = (float(own), float(around))
    assert told == {kind: (weight.own, weight.around) for kind, weight in WEIGHTS.items()}
