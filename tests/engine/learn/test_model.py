"""The served model as a whole: what it answers, and how it is kept."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from engine.domain.history import History, day_of
from engine.errors import ArtifactError, InputError
from engine.learn.base import Model, decode, encode
from engine.learn.catalogue import Catalogue
from engine.learn.lines import Lines
from engine.learn.training import train
from engine.store import artifacts

START = datetime(2017, 1, 1, tzinfo=UTC)
AS_OF = START + timedelta(days=200)


def shop() -> tuple[Lines, Catalogue]:
    """Forty customers who buy milk weekly and tea every three weeks, one of two items each."""
    catalogue = Catalogue.of(
        [(f"{family}-{n}", family, ("FOOD", family.upper())) for family in ("milk", "tea") for n in (1, 2)]
        + [("never", "never", ("OTHER",))]
    )
    rows = [
        (customer, catalogue.known([f"{family}-{1 + customer % 2}"])[0], day_of(START) + day)
        for customer in range(40)
        for family, gap in (("milk", 7), ("tea", 21))
        for day in np.arange(customer % gap, 200, gap) + 0.3 * ((customer * 7) % 3)
    ]
    rows.sort(key=lambda row: (row[0], row[2], row[1]))
    customers, items, days = (np.array(column) for column in zip(*rows, strict=True))
    orders = np.unique(customers * 1e6 + days, return_inverse=True)[1]
    lines = Lines(
        customers=customers.astype(np.int64),
        items=items.astype(np.int64),
        orders=orders.astype(np.int64),
        days=days.astype(float),
        n_customers=40,
        n_items=len(catalogue),
    )
    return lines, catalogue


def history(*bought: tuple[str, str, float]) -> History:
    """What one customer bought: item, family, days before ``AS_OF``."""
    rows = sorted(bought, key=lambda row: -row[2])
    days = np.array([day_of(AS_OF) - row[2] for row in rows], float)
    return History(
        items=np.array([row[0] for row in rows], object),
        families=np.array([row[1] for row in rows], object),
        orders=np.arange(len(rows)),
        days=days,
        quantities=np.ones(len(rows), np.int64),
        amounts=np.full(len(rows), np.nan),
    )


MILK = history(*(("milk-1", "milk", 7.0 * n + 5) for n in range(10)))


@pytest.fixture(scope="module")
def model() -> Model:
    """Trained on that shop."""
    lines, catalogue = shop()
    return train(lines, catalogue, model_id="m1", created_at=AS_OF, as_of=AS_OF, seed=1).model


def answers(model: Model) -> list[object]:
    """Everything it can be asked."""
    now = day_of(AS_OF)
    return [
        model.recommend(MILK, now, 5),
        model.recommend(MILK, now, 3, only_new=True, exclude={"tea-2"}),
        model.recommend(History.empty(), now, 2),
        model.forecast(MILK, now, 9.0),
        model.rhythms(MILK, now),
        model.related("milk-1", 3),
        model.popular(3, category="TEA"),
        [model.certificate(window, promise) for window in (7, 14, 28) for promise in (0.8, 0.9, 0.952)],
    ]


def test_a_training_again_gives_the_same_answers(model):
    lines, catalogue = shop()
    again = train(lines, catalogue, model_id="m1", created_at=AS_OF, as_of=AS_OF, seed=1).model
    assert answers(again) == answers(model)


def test_a_kept_model_gives_the_same_answers(model, tmp_path):
    artifacts.publish(tmp_path, encode(model))
    assert answers(decode(artifacts.read(tmp_path, "m1"))) == answers(model)


def test_what_was_bought_later_is_not_looked_at(model):
    now = day_of(AS_OF) - 30
    assert model.forecast(MILK, now, 7.0) == model.forecast(MILK.before(now), now, 7.0)
    assert model.recommend(MILK, now, 4) == model.recommend(MILK.before(now), now, 4)


def test_the_whole_catalogue_is_given_before_there_are_fewer(model):
    found = model.recommend(MILK, day_of(AS_OF), 50)
    assert sorted(found.items) == ["milk-1", "milk-2", "never", "tea-1", "tea-2"]
    assert found.repeat[found.items.index("milk-1")]
    assert sum(found.repeat) == 1


def test_reasons_name_the_evidence(model):
    found = {one.item_id: one.reasons for one in model.recommend(MILK, day_of(AS_OF), 5)}
    assert [reason.code for reason in found["milk-1"]] == ["buys_every", "bought_before"]
    assert found["milk-1"][0].params == {"days": 7}
    assert found["tea-1"][0].code == "goes_with"
    assert found["tea-1"][0].params == {"item_id": "milk-1"}
    assert found["never"][0].code == "in_catalogue"


@pytest.mark.parametrize("window", [0.0, -1.0, 60.1])
def test_a_window_that_cannot_be_is_refused(model, window):
    with pytest.raises(InputError, match="within"):
        model.forecast(MILK, day_of(AS_OF), window)


def test_items_nobody_knows_are_related_to_nothing(model):
    assert len(model.related("nothing", 5)) == 0
    assert len(model.popular(5, family="nothing")) == 0


@pytest.mark.parametrize("lost", ["als.factors", "neighbours.starts", "catalogue.family_of", "evidence14.table"])
def test_arrays_that_do_not_fit_together_are_refused(model, lost):
    artifact = encode(model)
    for arrays in (
        {name: array for name, array in artifact.arrays.items() if name != lost},
        {**artifact.arrays, lost: artifact.arrays[lost][:2, ...] if lost != "evidence14.table" else np.zeros(3)},
    ):
        broken = type(artifact)(
            model_id="m1",
            created_at=artifact.created_at,
            as_of=artifact.as_of,
            settings=artifact.settings,
            metrics=artifact.metrics,
            arrays=arrays,
        )
        with pytest.raises(ArtifactError):
            decode(broken)


def test_an_altered_file_is_refused(model, tmp_path):
    artifacts.publish(tmp_path, encode(model))
    file = tmp_path / "m1" / "als.factors.npy"
    file.write_bytes(file.read_bytes()[:-1] + b"x")
    with pytest.raises(ArtifactError, match="not what was written"):
        artifacts.read(tmp_path, "m1")


def test_categories_are_met_by_path_and_by_level(model):
    for category in ("FOOD", "FOOD > MILK", "MILK"):
        assert "milk-1" in model.popular(9, category=category).items
    assert not model.popular(9, category="FOOD > NOTHING").items
