"""What goes with an item, and what may stand in for it."""

import pytest

from engine.domain.decisions import Reason
from engine.learn.base import Recommendations
from modes import evidence
from modes.evidence import SENTENCES
from modes.filters import Filter
from modes.phrases import ENGLISH
from modes.related import Relation, related
from modes.shelf import Shelf
from tests.builders import an_item
from tests.modes.shop import ITEMS, FakeModel, catalogue, items_but

BEANS = ITEMS[0]


class Shop(FakeModel):
    """Beans are bought with milk, dark beans and wine, in this order of nearness."""

    def related(self, item_id: str, k: int, *, exclude=frozenset()) -> Recommendations:
        why = (Reason(code="goes_with", params={"item_id": item_id}),)
        return Recommendations(
            items=("m1", "i2", "w1"), scores=(0.9, 0.5, 0.2), repeat=(False,) * 3, reasons=(why,) * 3
        )


def found(kind=None, limit=10, items=ITEMS, **shelf):
    """Item, score and relation of what is related to the beans."""
    made = Shelf(catalogue(items), shelf.get("exclude", ()), shelf.get("condition"))
    return [(o.item_id, o.score, r.value) for o, r in related(BEANS, Shop(), made, limit, kind)]


def test_the_nearest_come_first_and_each_says_what_it_is():
    assert found() == [("m1", 0.9, "complement"), ("i2", 0.5, "substitute"), ("w1", 0.2, "complement")]
    assert found(limit=1) == [("m1", 0.9, "complement")]


def test_complements_are_of_other_families_and_substitutes_of_the_same_one():
    assert [id for id, _, _ in found(Relation.COMPLEMENT)] == ["m1", "w1"]
    assert found(Relation.SUBSTITUTE) == [("i2", 0.5, "substitute"), ("i3", 0.0, "substitute")]


def test_what_may_not_be_offered_is_not_related():
    gone = items_but(an_item("i2", family="coffee", available=False))
    assert found(Relation.SUBSTITUTE, items=gone) == [("i3", 0.0, "substitute")]
    assert [id for id, _, _ in found(exclude={"m1"})] == ["i2", "w1"]
    assert [id for id, _, _ in found(condition=Filter.parse("item.price > 5.0"))] == ["i2", "w1"]
    assert found(condition=Filter.parse("false")) == []


def test_reasons_name_what_it_is_bought_with():
    (first, _), *_, (last, _) = related(BEANS, Shop(), Shelf(catalogue()), 9, Relation.SUBSTITUTE)
    assert first.reasons[0].params == {"item_id": "i1", "nearness": 0.5}
    assert first.reasons[0].sentence == "It is bought by those who buy Beans."
    assert last.reasons[0].sentence == "Many customers who want coffee take it."


FACTS = {"days": 3, "times": 2, "days_ago": 4, "item_id": "i1", "place": 7, "family": "coffee", "hours_ago": 5}


@pytest.mark.parametrize("code", SENTENCES)
def test_every_code_is_a_sentence_with_its_facts(code):
    said = evidence.sentence(Reason(code=code, params=FACTS), lambda id: f"Item {id}", ENGLISH)
    assert said[0].isupper()
    assert said.endswith(".")
    assert "{" not in said


@pytest.mark.parametrize(
    ("code", "params", "said"),
    [
        ("buys_every", {"days": 1}, "You buy it every day."),
        ("buys_every", {"days": 12, "family": "coffee"}, "You buy it about every 12 days."),
        ("last_bought", {"days": 0, "times": 1}, "You bought it today."),
        ("last_bought", {"days": 9, "times": 3}, "You bought it on 3 days, the last time 9 days ago."),
        ("popular", {}, "Many customers buy it."),
        ("popular", {"place": 2, "category": "TEA"}, "It is number 2 of what customers buy most lately in TEA."),
        ("looked_at", {"hours_ago": 0}, "You looked at it a moment ago."),
        ("in_cart", {"hours_ago": 72}, "You put it in your cart 3 days ago."),
        ("unheard_of", {}, ""),
    ],
)
def test_sentences(code, params, said):
    assert evidence.sentence(Reason(code=code, params=params), str, ENGLISH) == said


def test_one_reason_is_given_once():
    twice = [Reason(code="popular", params={"place": 2})] * 2
    assert len(evidence.worded(twice, str, ENGLISH)) == 1
