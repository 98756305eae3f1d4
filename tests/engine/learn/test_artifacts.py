"""A whole model as it is kept: nothing lost, nothing of anybody, and nothing damaged goes unseen."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from engine.domain.artifacts import Artifact
from engine.domain.history import History, day_of
from engine.errors import ArtifactError
from engine.learn.base import Model, decode, encode
from engine.learn.catalogue import Catalogue
from engine.learn.training import train
from engine.store import artifacts
from tests.engine.learn.known import history, lines

AS_OF = datetime(2017, 7, 1, tzinfo=UTC)
NOW = day_of(AS_OF)
FAMILIES = {"Käse": 4, "007": 9, "tea > green": 15}  # family -> days between purchases
COUNTS = ("evidence7", "evidence14", "evidence28")  # fewer thresholds or windows certify less, never more


def trained() -> Model:
    """Many customers with two items of each family, over half a year, the odd ones with the second item."""
    rng = np.random.default_rng(8)
    items = [(f"{family}/{n}", family, ("FOOD", family)) for family in FAMILIES for n in (0, 1)]
    rows = []
    for customer in range(150):
        for place, gap in enumerate(FAMILIES.values()):
            days = NOW - np.cumsum(rng.normal(gap, gap / 8, 180 // gap).clip(1))
            code = 2 * place + customer % 2
            rows += [(customer, code, 1_000 - n, float(day)) for n, day in enumerate(days) if day > NOW - 180]
    bought = lines([(c, i, int(d * 24), d) for c, i, _, d in rows], n_items=len(items))
    return train(bought, Catalogue.of(items), model_id="m1", created_at=AS_OF, as_of=AS_OF, seed=3).model


@pytest.fixture(scope="module")
def model() -> Model:
    """Trained once."""
    return trained()


@pytest.fixture(scope="module")
def artifact(model) -> Artifact:
    """That model, encoded."""
    return encode(model)


KAESE = history(*(("Käse/0", "Käse", NOW - 3 - 4 * n) for n in range(12)))
CUSTOMERS = {
    "a customer": KAESE,
    "nobody": History.empty(),
    "somebody with one order": KAESE.take(slice(0, 1)),
    "somebody with what the model never saw": history(
        ("x", "new", NOW - 1), ("x", "new", NOW - 9), ("y", "z", NOW - 2)
    ),
}


def answers(model: Model, own: History) -> list[object]:
    """All that a model is asked of one customer, and of nobody in particular."""
    return [
        model.recommend(own, NOW, 4),
        model.recommend(own, NOW, 9, only_new=True, exclude={"007/1", "x"}),
        *(model.forecast(own, NOW, window) for window in (1.0, 7.0, 30.0, 60.0)),
        model.rhythms(own, NOW),
        model.related("Käse/0", 3),
        model.popular(3, family="007"),
        *(model.certificate(window, promise) for window in (7, 14, 28) for promise in (0.5, 0.9)),
    ]


@pytest.mark.parametrize("who", CUSTOMERS)
def test_a_model_from_the_disk_answers_as_the_one_that_was_trained(model, artifact, tmp_path, who):
    artifacts.publish(tmp_path, artifact)
    kept = decode(artifacts.read(tmp_path, artifacts.served_id(tmp_path)))
    assert answers(kept, CUSTOMERS[who]) == answers(model, CUSTOMERS[who])
    assert (kept.model_id, kept.as_of, kept.metrics) == (model.model_id, model.as_of, model.metrics)


def test_the_known_shop_was_learned(model):
    assert model.replenishment.hazards is not None
    assert {7.0, 14.0} <= set(model.replenishment.hazards.knots.tolist())
    assert any(model.certificate(window, 0.8).is_open for window in (7, 14, 28))


def test_what_the_model_never_saw_is_recommended_and_left_out_on_demand(model):
    own = CUSTOMERS["somebody with what the model never saw"]
    assert {"x", "y"} <= set(model.recommend(own, NOW, 8).items)
    assert "x" not in model.recommend(own, NOW, 8, exclude={"x"}).items
    assert {one.family for one in model.forecast(own, NOW, 7.0)} == {"new"}


def lost(artifact: Artifact, name: str) -> list[Artifact]:
    """The artifact without an array, with half of it, and with one entry less."""
    array = artifact.arrays[name]
    parts = [array[:length] for length in {len(array) // 2, len(array) - 1}]
    without = {key: kept for key, kept in artifact.arrays.items() if key != name}
    return [replace(artifact, arrays=arrays) for arrays in (without, *({**without, name: part} for part in parts))]


def test_no_array_can_be_lost_or_cut_short_unseen(artifact):
    for name in artifact.arrays:
        missing, *cut = lost(artifact, name)
        for broken in (missing,) if name.startswith(COUNTS) else (missing, *cut):
            with pytest.raises(ArtifactError, match="m1"):
                decode(broken)


@pytest.mark.parametrize(
    "name", ["catalogue.family_of", "catalogue.category_of", "market.ranking", "neighbours.others"]
)
@pytest.mark.parametrize("change", [-1_000, 1_000])
def test_codes_that_point_nowhere_are_refused(artifact, name, change):
    with pytest.raises(ArtifactError, match="beyond"):
        decode(replace(artifact, arrays={**artifact.arrays, name: artifact.arrays[name] + change}))


@pytest.mark.parametrize("settings", [{}, {"taste": True}, {"windows": None}, {"windows": [7, 14]}, {"features": []}])
def test_settings_that_are_none_are_refused(artifact, settings):
    whole = {} if not settings else {**artifact.settings, **settings}
    if settings == {"taste": True}:
        whole.pop("features")
    with pytest.raises(ArtifactError):
        decode(replace(artifact, settings=whole))


def test_features_of_another_version_are_refused(artifact):
    """Trees that ask for columns by their place must find the same things there."""
    swapped = [artifact.settings["features"][1], artifact.settings["features"][0], *artifact.settings["features"][2:]]
    with pytest.raises(ArtifactError, match="features"):
        decode(replace(artifact, settings={**artifact.settings, "features": swapped}))


def files(folder: Path) -> list[Path]:
    """Every file of the model."""
    return sorted(path for path in (folder / "m1").iterdir())


@pytest.mark.parametrize("damage", [lambda raw: raw[:-1], lambda raw: b"", lambda raw: raw[:-1] + bytes([raw[-1] ^ 1])])
def test_a_damaged_file_is_refused_whichever_it_is(artifact, tmp_path, damage):
    artifacts.write(tmp_path, artifact)
    for path in files(tmp_path):
        raw = path.read_bytes()
        path.write_bytes(damage(raw))
        with pytest.raises(ArtifactError):
            artifacts.read(tmp_path, "m1")
        path.write_bytes(raw)
    decode(artifacts.read(tmp_path, "m1"))


def test_a_lost_file_is_refused(artifact, tmp_path):
    artifacts.write(tmp_path, artifact)
    for path in files(tmp_path):
        aside = path.rename(tmp_path / "aside")
        with pytest.raises(ArtifactError):
            artifacts.read(tmp_path, "m1")
        aside.rename(path)


def test_later_orders_do_not_move_a_training():
    """What is bought from the instant on changes nothing, be it as much as was bought before."""
    items = [("a", "a", ()), ("b", "b", ())]
    early = [(c, c % 2, day, NOW - 60 + day) for c in range(30) for day in range(c % 5, 60, 5)]
    late = [(c, 1 - c % 2, 60 + day, NOW + day / 4) for c in range(30) for day in range(60)]
    first, second = (
        train(lines(rows, n_items=2), Catalogue.of(items), model_id="m", created_at=AS_OF, as_of=AS_OF, seed=1).model
        for rows in (early, early + late)
    )
    assert first.metrics == second.metrics
    one, other = encode(first), encode(second)
    assert one.settings == other.settings
    for name, array in one.arrays.items():
        assert np.array_equal(array, other.arrays[name]), name


def test_the_time_between_is_in_days(model):
    (found,) = model.forecast(KAESE, NOW, 7.0)
    assert found.evidence.since_days == pytest.approx(3.0)
    assert found.evidence.median_gap_days == pytest.approx(4.0)
    assert found.expected_day == pytest.approx(day_of(AS_OF + timedelta(days=1)), abs=1.5)


def test_proofs_of_classes_are_kept_and_an_artifact_without_them_serves_as_one_class(model, artifact):
    classes = {
        window: (found, replace(found, n=found.n * 0, hits=found.hits * 0)) for window, found in model.evidence.items()
    }
    parted = replace(model, stakes=(500.0,), by_stake=classes, _certificates={})
    again = decode(encode(parted))
    below, above = (again.certificate(14, 0.5, stake=price) for price in (499.0, 500.0))
    whole = model.certificate(14, 0.5)
    assert (below.threshold, below.below, below.certificate_id) == (whole.threshold, 500.0, "m1.14d.0.5.s0")
    assert (above.threshold, above.at_least, above.certificate_id) == (None, 500.0, "m1.14d.0.5.s1")
    assert again.certificate(14, 0.5) == whole
    assert "stakes" not in artifact.settings
    assert decode(artifact).certificate(14, 0.5, stake=10_000.0) == whole
