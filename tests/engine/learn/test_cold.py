"""Those of whom little is known: their persona where something is, and lists where nothing was bought yet."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest

from engine.domain.history import History, day_of
from engine.learn import cold as cold_module
from engine.learn.base import Model, decode, encode
from engine.learn.catalogue import Catalogue
from engine.learn.cold import ANONYMOUS, NEW_ITEM, NOTHING, ONE_ORDER, PERSONA, ColdRow, Known, cold
from engine.learn.lines import Lines
from engine.learn.newcomers import TRAITS, Newcomers, Shelf, launched
from engine.learn.personas.leanings import Leanings, prior
from engine.learn.training import train

AS_OF = datetime(2017, 7, 1, tzinfo=UTC)
NOW = day_of(AS_OF)
DAILY, YEARLY = 60, 140  # customers
ITEMS = [(f"{family}/{n}", family, ("FOOD", family)) for family in ("bread", "wine") for n in range(3)]


def lines(rows: list[tuple[int, int, int, float]], n_items: int) -> Lines:
    """From customer, item, order of the customer, and day, in any order."""
    ordered = sorted(rows, key=lambda row: (row[0], row[3], row[2], row[1]))
    customers, items, orders = (np.array(column, np.int64) for column in list(zip(*ordered, strict=True))[:3])
    new = (np.diff(customers, prepend=-1) != 0) | (np.diff(orders, prepend=-1) != 0)
    return Lines(
        customers=customers,
        items=items,
        orders=np.cumsum(new) - 1,
        days=np.array([day for *_, day in ordered]),
        n_customers=int(customers.max()) + 1,
        n_items=n_items,
    )


def history(*bought: tuple[str, str, float]) -> History:
    """Item, family and day of each line, an order each."""
    rows = sorted(bought, key=lambda row: row[2])
    return History(
        items=np.array([item for item, _, _ in rows], object),
        families=np.array([family for _, family, _ in rows], object),
        orders=np.arange(len(rows)),
        days=np.array([day for _, _, day in rows]),
        quantities=np.ones(len(rows), np.int64),
        amounts=np.full(len(rows), np.nan),
    )


def shop() -> tuple[Lines, np.ndarray]:
    """Some come every other day for bread, and spend much; most come seldom for wine; with what each line cost."""
    rng = np.random.default_rng(4)
    rows = []
    for customer in range(DAILY + YEARLY):
        often = customer < DAILY
        for order in range(rng.integers(60, 90) if often else rng.integers(2, 6)):
            day = NOW - (2 * order + rng.uniform(0, 1.5) if often else 25 * order + rng.uniform(1, 24))
            rows += [(customer, int(item), int(day * 24), day) for item in rng.integers(0, 3, 2) + (0 if often else 3)]
    bought = lines(rows, n_items=len(ITEMS))
    return bought, np.full(len(bought), 250.0)


def trained(**given) -> Model:
    """A model of that shop."""
    bought, amounts = shop()
    options = {"model_id": "m1", "created_at": AS_OF, "as_of": AS_OF, "amounts": amounts, **given}
    return train(bought, Catalogue.of(ITEMS), **options).model


@pytest.fixture(scope="module")
def model() -> Model:
    """Trained once."""
    return trained()


OFTEN = history(*((f"bread/{n % 3}", "bread", NOW - 2 * n - 1) for n in range(70)))
SELDOM = history(("wine/1", "wine", NOW - 20), ("wine/1", "wine", NOW - 50))


def test_a_live_history_shows_its_persona(model):
    often, seldom = (model.persona(replace(own, amounts=np.full(len(own), 500.0)), NOW) for own in (OFTEN, SELDOM))
    assert (often.persona_id, seldom.persona_id) == (1, 2)  # those who spend most come first
    assert min(often.probability, seldom.probability) > 0.99
    assert often.share == pytest.approx(DAILY / (DAILY + YEARLY), abs=0.02)
    assert "rare" in seldom.name
    assert not often.tentative


def test_whoever_bought_nothing_has_no_persona(model):
    assert model.persona(History.empty(), NOW) is None
    assert model.persona(OFTEN, NOW - 1_000) is None
    assert replace(model, kinds=None).persona(OFTEN, NOW) is None


def test_a_persona_of_few_is_not_told(model):
    few = replace(model.kinds, personas=replace(model.kinds.personas, sizes=np.array([29, 171])))
    assert replace(model, kinds=few).persona(OFTEN, NOW) is None
    assert [one["persona_id"] for one in few.described()["personas"]] == [2]


def test_personas_go_on_from_one_training_to_the_next(model):
    before = replace(model.kinds.personas, ids=(7, 3), next_id=9)
    again = trained(before=before, seed=5)
    assert again.kinds.personas.ids == (7, 3)
    assert again.kinds.personas.names == before.names


def test_a_kept_model_tells_the_same(model):
    kept = decode(encode(model))
    assert kept.persona(SELDOM, NOW) == model.persona(SELDOM, NOW)
    assert kept.recommend(History.empty(), NOW, 6, persona=2) == model.recommend(History.empty(), NOW, 6, persona=2)
    assert kept.kinds.described() == model.kinds.described()


def test_without_amounts_lines_stand_for_money():
    bare = trained(amounts=None)
    assert "basket" not in bare.kinds.personas.features
    assert bare.persona(OFTEN, NOW).persona_id == 1


def test_with_nothing_known_it_is_what_is_bought_most(model):
    found = model.recommend(History.empty(), NOW, 4)
    assert found.items == model.popular(4).items
    assert found.items[0].startswith("bread")
    assert model.recommend(History.empty(), NOW, 4, persona=99) == found


def test_a_persona_moves_the_list_of_whoever_bought_nothing(model):
    found = model.recommend(History.empty(), NOW, 3, persona=2)
    assert {id.split("/")[0] for id in found.items} == {"wine"}
    assert "wine/0" not in model.recommend(History.empty(), NOW, 6, persona=2, exclude={"wine/0"}).items
    assert model.recommend(OFTEN, NOW, 3, persona=2) == model.recommend(OFTEN, NOW, 3)


def test_many_lists_are_those_of_each(model):
    people = [OFTEN, History.empty(), SELDOM, History.empty()]
    each = [model.recommend(own, NOW, 5, persona=2) for own in people]
    assert model.recommend_each(people, NOW, 5, persona=2) == each


def test_what_nobody_bought_only_fills_the_list():
    bought, _ = shop()
    model = train(
        replace(bought, n_items=len(ITEMS) + 1),
        Catalogue.of([*ITEMS, ("never", "never", ())]),
        model_id="m1",
        created_at=AS_OF,
        as_of=AS_OF,
    ).model
    found = list(model.recommend(History.empty(), NOW, 9))
    assert [one.item_id for one in found if one.filler] == ["never"]
    assert [one.reasons[0].code for one in found][-2:] == ["popular", "in_catalogue"]


def test_a_shop_of_few_customers_says_why_it_has_no_personas():
    bought, amounts = shop()
    some = bought.customers < 20
    few = trained_on(bought.take(some), amounts[some])
    assert few.kinds is None
    assert few.metrics["personas"]["needed"] == "30 customers"
    assert decode(encode(few)).kinds is None


def trained_on(bought: Lines, amounts: np.ndarray) -> Model:
    """A model of some of the shop's lines."""
    catalogue = Catalogue.of(ITEMS)
    return train(bought, catalogue, model_id="m1", created_at=AS_OF, as_of=AS_OF, amounts=amounts).model


def test_the_prior_is_that_of_the_draw():
    rng = np.random.default_rng(2)
    share = rng.dirichlet(np.full(300, 0.5))
    kinds = rng.dirichlet(400 * share, size=40)
    counts = np.stack([rng.multinomial(5_000, kind) for kind in kinds]).astype(float)
    assert prior(counts) == pytest.approx(400, rel=0.15)


def test_personas_that_differ_by_chance_alone_lean_to_nothing():
    rng = np.random.default_rng(2)
    counts = np.stack([rng.multinomial(n, rng.dirichlet(np.ones(50))) for n in (1_000, 9_000)]).astype(float)
    same = np.stack([rng.multinomial(n, counts[1] / counts[1].sum()) for n in (1_000, 9_000)]).astype(float)
    assert prior(counts) < 1_000
    assert prior(same) > 10_000


def test_leanings_are_of_the_last_four_weeks_and_drawn_to_all():
    rows = [(0, 0, n, NOW - 1 - n % 20) for n in range(50)] + [(1, 1, n, NOW - 1 - n % 20) for n in range(50)]
    rows += [(0, 1, 100 + n, NOW - 40) for n in range(500)]
    found = Leanings.fit(lines(rows, n_items=3), np.array([0, 1]), 2, NOW).lifts
    assert found[0, 0] == found[1, 1] == pytest.approx(2, abs=0.1)
    assert found[0, 1] == pytest.approx(0, abs=0.1)
    assert found[:, 2].tolist() == [1, 1]


def test_what_is_new_is_first_sold_then_and_counts_for_whoever_bought_before():
    rows = [(0, 0, 0, 1.0), (0, 1, 1, 12.0), (1, 1, 0, 13.0), (0, 0, 2, 14.0), (2, 2, 0, 3.0), (2, 1, 1, 30.0)]
    found = launched(lines(rows, n_items=4), 10.0, 20.0)
    assert found.items.tolist() == [1]
    assert found.owners.tolist() == [0]  # 1 had bought nothing before, 2 took it too late
    assert found.came(np.array([0, 2])).tolist() == [[True], [False]]


def kinship() -> tuple[Lines, Catalogue, np.ndarray]:
    """Each customer buys of one of ten families; every ten days each of these has a new item."""
    rng = np.random.default_rng(6)
    items = [(f"{family}/{n}", f"f{family}", ("FOOD", f"f{family}")) for family in range(10) for n in range(12)]
    rows = []
    for customer in range(200):
        family = customer % 10
        for order in range(20):
            day = NOW - 100 + 5 * order + rng.uniform(0, 4)
            on_sale = 2 + int((day - NOW + 100) / 10)  # a new item of each family every ten days
            for place in set(rng.integers(0, on_sale, 9).tolist()):
                rows.append((customer, 12 * family + place, order, day))
    return lines(rows, n_items=120), Catalogue.of(items), np.full(120, np.log(300.0))


def test_new_items_are_ranked_by_their_kin():
    bought, catalogue, prices = kinship()
    day = NOW - 20
    learned = Newcomers.fit(bought.before(day), catalogue, prices, day, seed=1)
    launch = launched(bought, day, np.inf)
    shelf = Shelf(lines=bought.before(day), catalogue=catalogue, prices=prices, day=day)
    for places, traits in shelf.parts(launch.owners, launch.items):
        best = launch.items[learned.scores(traits).argmax(axis=1)]
        assert np.array_equal(catalogue.family_of[best], launch.owners[places] % 10)


def test_the_traits_of_a_new_item_are_what_they_say():
    rows = [(0, 0, 0, NOW - 84), (0, 3, 1, NOW - 0.5), (1, 3, 0, NOW - 10)]
    prices = np.log(np.array([100.0, 200.0, 100.0, 400.0, np.nan, 50.0]))
    shelf = Shelf(lines=lines(rows, n_items=6), catalogue=Catalogue.of(ITEMS), prices=prices, day=NOW)
    ((_, traits),) = shelf.parts(np.array([0]), np.array([1, 4]))
    bread, wine = (dict(zip(TRAITS, row, strict=True)) for row in traits[0])
    assert bread["own_family"] == pytest.approx(np.log(0.5 + 0.05))  # once, a half-life ago
    assert wine["own_category"] == pytest.approx(np.log(2 ** (-0.5 / 84) + 0.05))
    assert wine["family_sales"] == pytest.approx(np.log(3))
    assert wine["family_sales_an_item"] == pytest.approx(np.log(2 + 0.05))
    usual = np.log(200)  # of 100 and 400
    assert bread["price"] == pytest.approx(0)
    assert bread["price_in_family"] == pytest.approx(-abs(np.log(200) - (np.log(100) + 2 * usual) / 3))
    assert wine["price"] == pytest.approx(-1.5)  # unknown


def test_too_few_new_items_teach_nothing():
    bought, catalogue, prices = kinship()
    assert Newcomers.fit(bought.before(NOW - 99), catalogue, prices, NOW - 99, seed=1) is None


def test_one_new_item_that_everybody_took_teaches_nothing():
    rows = [(customer, 0, 0, NOW - 60) for customer in range(60)] + [
        (customer, 1, 1, NOW - 5) for customer in range(60)
    ]
    catalogue = Catalogue.of([("old", "f", ("FOOD",)), ("new", "f", ("FOOD",))])
    assert Newcomers.fit(lines(rows, n_items=2), catalogue, np.full(2, np.log(300.0)), NOW, seed=1) is None


@pytest.fixture(scope="module")
def judged() -> list[ColdRow]:
    """All cases of that shop."""
    return cold(known(), NOW - 20, seed=1, folds=[0])


def known() -> Known:
    """That shop, and what is known of it."""
    bought, catalogue, prices = kinship()
    return Known(lines=bought, catalogue=catalogue, amounts=np.full(len(bought), 300.0), prices=np.exp(prices))


def of(rows: list[ColdRow], case: str) -> dict[str, ColdRow]:
    """The methods of one case."""
    return {row.method: row for row in rows if row.case == case}


def test_every_case_stands_beside_a_naive_method(judged):
    for case in (NOTHING, PERSONA, ONE_ORDER, ANONYMOUS, NEW_ITEM):
        methods = of(judged, case)
        naive, *_, ours = methods.values()
        assert ours.method == "rapport"
        assert (naive.gain, naive.gain_se) == (0.0, 0.0)
        assert len({row.accuracy.customers for row in methods.values()}) == 1
        assert ours.gain == pytest.approx(ours.accuracy.recall_10 - naive.accuracy.recall_10)


def test_kin_tell_who_takes_a_new_item(judged):
    ours = of(judged, NEW_ITEM)["rapport"]
    assert ours.gain > 0.2
    assert ours.gain > 4 * ours.gain_se


def test_nothing_of_a_hidden_customer_is_looked_at(judged):
    whole = known()
    hidden = cold_module._hidden(whole.lines, 0, 1)
    assert of(judged, NOTHING)["rapport"].accuracy.customers == np.count_nonzero(hidden)
    theirs = hidden[whole.lines.customers] & (whole.lines.days < NOW - 20)
    less = replace(whole, lines=whole.lines.take(~theirs), amounts=whole.amounts[~theirs])
    again = cold(less, NOW - 20, seed=1, folds=[0])
    for case in (NOTHING, ONE_ORDER, ANONYMOUS):
        assert of(again, case) == of(judged, case)
    assert of(again, PERSONA) == {}  # what they bought is all that tells it


def test_each_customer_is_taken_for_new_once(judged):
    whole = known()
    hidden = [cold_module._hidden(whole.lines, fold, 1) for fold in range(cold_module.FOLDS)]
    assert np.array_equal(np.sum(hidden, axis=0), np.ones(whole.lines.n_customers))
    two = cold(whole, NOW - 20, seed=1, folds=[0, 1])
    assert of(two, NOTHING)["rapport"].accuracy.customers == np.count_nonzero(hidden[0] | hidden[1])
    assert of(two, NEW_ITEM) == of(judged, NEW_ITEM)


def test_cold_cases_of_nothing_are_none():
    nothing = known()
    kept = nothing.lines.days < 0
    assert cold(replace(nothing, lines=nothing.lines.take(kept), amounts=nothing.amounts[kept]), NOW, seed=1) == []
