"""Those of whom little is known: their persona where something is, and lists where nothing was bought yet."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest

from engine.domain.history import History, day_of
from engine.learn.base import Model, decode, encode
from engine.learn.catalogue import Catalogue
from engine.learn.lines import Lines
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
