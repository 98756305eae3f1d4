"""A catalogue where nothing is bought twice: our lists beside those of every recommender that `implicit` has.

    python -m benchmarks.films [--customers 1000] [--items 800] [--seeds 3]

Seeded customers with hidden tastes see films, each once, some well known and most not, a few at a time. The last order
of everybody is foreseen from what lay before it. Each of `implicit`'s models (ALS, BPR, cosine, TF-IDF, BM25) has the
settings that were best on the orders before the last ones; ours learns from them in its own way.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from engine.learn.accuracy import Accuracy
from engine.learn.baskets import Ranked, joined
from engine.learn.evaluation import DEPTH, Exam
from engine.learn.learning import learned
from engine.learn.lines import Lines, Split, last_orders

TASTES = 12
NEAREST = 50  # neighbours of an item, in implicit's models of neighbours


def main() -> None:
    """Print the table, a seed after another."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--customers", type=int, default=1_000)
    parser.add_argument("--items", type=int, default=800)
    parser.add_argument("--seeds", type=int, default=3)
    args = parser.parse_args()
    print(f"{'seed':>4}  {'method':<24}{'recall@10':>10}{'s.e.':>8}{'ndcg@10':>10}")
    for seed in range(args.seeds):
        for method, found in compared(films(args.customers, args.items, seed), seed):
            print(f"{seed:4}  {method:<24}{found.recall_10:10.4f}{found.se:8.4f}{found.ndcg_10:10.4f}")


def films(customers: int, items: int, seed: int) -> Lines:
    """What everybody saw: 12 to 40 orders of one to three films, a few days apart, none twice."""
    rng = np.random.default_rng(seed)
    fame = -0.7 * np.log(np.arange(1, items + 1)) + rng.normal(0, 0.3, items)
    films = rng.normal(size=(items, TASTES)) / np.sqrt(TASTES)
    columns: list[tuple[int, int, int, float]] = []
    order = 0
    for customer in range(customers):
        taste, day = 2.5 * rng.normal(size=TASTES), float(rng.integers(0, 100))
        drift = rng.normal(size=TASTES)
        sizes = rng.integers(1, 4, rng.integers(12, 41))
        liking = fame + films @ taste + rng.gumbel(size=items)
        seen = np.argsort(-liking - 0.02 * (films @ drift))[: sizes.sum()]
        rng.shuffle(seen)
        for film_s in np.split(seen, np.cumsum(sizes)[:-1]):
            day += float(rng.integers(1, 12))
            columns += [(customer, int(film), order, day) for film in film_s]
            order += 1
    found = np.array(columns)
    return Lines(
        customers=found[:, 0].astype(np.int64),
        items=found[:, 1].astype(np.int64),
        orders=found[:, 2].astype(np.int64),
        days=found[:, 3],
        n_customers=customers,
        n_items=items,
    )


def compared(lines: Lines, seed: int) -> Iterator[tuple[str, Accuracy]]:
    """Ours and every model of implicit on the last orders."""
    n = lines.n_items
    split = last_orders(lines)
    ours = learned(split.past, np.arange(n), n, seed=seed)
    exam = Exam.of(split, np.arange(n), n, seed=seed, tasting=ours.tasting)
    yield "rapport", _judged(exam, exam.ours(ours))
    earlier = last_orders(lines, 2)
    for name, choices in implicits(seed).items():
        trial = Exam.of(earlier, np.arange(n), n, seed=seed)
        best = max(choices, key=lambda make: _judged(trial, _lists(earlier, make)).recall_10)
        yield name, _judged(exam, _lists(split, best))


Make = Callable[[], object]


def implicits(seed: int) -> dict[str, list[Make]]:
    """Each model of implicit with the settings that are tried."""
    from implicit import nearest_neighbours
    from implicit.cpu.als import AlternatingLeastSquares
    from implicit.cpu.bpr import BayesianPersonalizedRanking

    def als(factors: int, regularization: float, alpha: float) -> Make:
        return lambda: AlternatingLeastSquares(
            factors=factors, regularization=regularization, alpha=alpha, random_state=seed
        )

    def bpr(factors: int, rate: float) -> Make:
        return lambda: BayesianPersonalizedRanking(
            factors=factors, learning_rate=rate, iterations=100, random_state=seed, num_threads=1
        )

    def near(name: str, **more: float) -> Make:
        return lambda: getattr(nearest_neighbours, name)(K=NEAREST, **more)

    return {
        "implicit ALS": [als(f, r, a) for f in (16, 64) for r in (0.05, 5.0) for a in (1.0, 10.0)],
        "implicit BPR": [bpr(f, rate) for f in (16, 64) for rate in (0.01, 0.05)],
        "implicit cosine": [near("CosineRecommender")],
        "implicit TF-IDF": [near("TFIDFRecommender")],
        "implicit BM25": [near("BM25Recommender", K1=k, B=b) for k in (0.3, 1.2) for b in (0.2, 0.6)],
    }


def _lists(split: Split, make: Make) -> Callable[[bool], Ranked]:
    past = split.past
    matrix = csr_matrix(
        (np.ones(len(past), np.float32), (past.customers, past.items)), (past.n_customers, past.n_items)
    )
    model = make()
    model.fit(matrix, show_progress=False)  # type: ignore[attr-defined]
    known = np.zeros(past.n_customers, bool)
    known[past.customers] = True
    owners = np.unique(split.future.customers[known[split.future.customers]])
    ids, scores = model.recommend(owners, matrix[owners], N=DEPTH, filter_already_liked_items=True)  # type: ignore[attr-defined]
    return lambda only_new: joined([_listed(place, ids[place], scores[place]) for place in range(len(owners))])


def _listed(owner: int, items: NDArray[np.int32], scores: NDArray[np.float32]) -> Ranked:
    kept = items >= 0
    n = int(kept.sum())
    return Ranked(
        owners=np.full(n, owner),
        items=items[kept].astype(np.int64),
        scores=scores[kept].astype(float),
        own=np.zeros(n, bool),
        filler=np.zeros(n, bool),
    )


def _judged(exam: Exam, method: Callable[[bool], Ranked]) -> Accuracy:
    found = exam.judged(method)
    assert found is not None
    return found


if __name__ == "__main__":
    main()
