"""Where nothing is bought twice: ours beside every recommender of `implicit`, on seeded films with hidden tastes."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.films import compared, films

SEEDS = (0, 1)


def test_nobody_sees_a_film_twice():
    seen = films(30, 60, 3)
    pairs = seen.customers * seen.n_items + seen.items
    assert len(np.unique(pairs)) == len(pairs)


@pytest.mark.long
def test_no_worse_than_the_best_of_implicit():
    reached: dict[str, list[float]] = {}
    for seed in SEEDS:
        for method, found in compared(films(500, 400, seed), seed):
            reached.setdefault(method, []).append(found.recall_10)
    means = {method: np.mean(recalls) for method, recalls in reached.items()}
    ours = means.pop("rapport")
    assert len(means) == 5
    assert ours >= max(means.values())
