"""What suits a taste best in a large catalogue: looking at every item, beside the index of the extra `[ann]`.

    python -m benchmarks.large_catalogue [--items 30000 100000 300000 1000000]

Seeded factors lie in heaps, as those of real catalogues do; tastes are drawn alike. For each size: the time of one
answer by looking at all, by the index, the share of the true first 50 that it finds, and what building it takes.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from engine.learn import nearest
from engine.learn.nearest import AMONG, Nearest, exact, share_found

WIDTH, HEAPS, TRIED, ASKED, SEED = 64, 500, 500, 200, 0


def main() -> None:
    """Print a row a size."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--items", type=int, nargs="+", default=[30_000, 100_000, 300_000, 1_000_000])
    sizes = parser.parse_args().items
    if not nearest.present():
        return print("the extra [ann] is not installed: nothing to compare")
    print(
        f"{'items':>10}{'all, ms':>10}{'index, ms':>11}{'ratio':>8}{'recall':>8}{'probes':>8}{'built, s':>10}{'MB':>7}"
    )
    for n in sizes:
        print(_row(n), flush=True)
    return None


def _row(n: int) -> str:
    rng = np.random.default_rng(SEED)
    heaps = rng.normal(size=(HEAPS, WIDTH)).astype(np.float32)
    factors = _around(heaps, n, rng)
    began = time.perf_counter()
    index = Nearest.fit(factors, _around(heaps, TRIED, rng), seed=SEED)
    built = time.perf_counter() - began
    tastes = _around(heaps, ASKED, rng)
    every = _each(lambda taste: exact(factors, taste, AMONG), tastes)
    quick = _each(lambda taste: index.top(taste, AMONG), tastes)
    recall = share_found(index.top(tastes, AMONG), exact(factors, tastes, AMONG))
    size = len(index.packed) / 1e6
    return f"{n:10,}{every:10.2f}{quick:11.2f}{every / quick:8.1f}{recall:8.3f}{index.probes:8}{built:10.1f}{size:7.0f}"


def _around(heaps: NDArray[np.float32], n: int, rng: np.random.Generator) -> NDArray[np.float32]:
    spread = rng.standard_normal((n, WIDTH), dtype=np.float32)
    return heaps[rng.integers(0, len(heaps), n)] + np.float32(0.7) * spread


def _each(answer: Callable[[NDArray[np.float32]], object], tastes: NDArray[np.float32]) -> float:
    """The median time of one answer, in ms."""
    took = []
    for taste in tastes:
        began = time.perf_counter()
        answer(taste[None, :])
        took.append(time.perf_counter() - began)
    return 1e3 * float(np.median(took))


if __name__ == "__main__":
    main()
