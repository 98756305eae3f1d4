"""What asking boosted trees costs beside what the trees do: xgboost's Python wrapper, and its C interface.

    python -m benchmarks.trees

Trees as large as those of a forecast, asked on one thread; answers are compared to the bit.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable

import numpy as np
import xgboost

from engine.learn.raw_scores import raw_scores

SEED, TIMES = 1, 300
SIZES = (1, 60, 100, 300)
FEATURES, TREES, DEPTH = 28, 100, 5


def grown() -> xgboost.Booster:
    """A hundred trees on seeded rows."""
    rng = np.random.default_rng(SEED)
    rows = rng.normal(size=(5_000, FEATURES)).astype(np.float32)
    bought = rows[:, 0] + rows[:, 1] * rows[:, 2] + rng.normal(size=len(rows)) > 0
    settings = {"objective": "binary:logistic", "max_depth": DEPTH, "nthread": 1, "seed": SEED}
    booster = xgboost.train(settings, xgboost.DMatrix(rows, bought), TREES)
    booster.set_param({"nthread": 1})
    return booster


def median(doing: Callable[[], object]) -> float:
    """Milliseconds by the clock."""
    found = []
    for _ in range(TIMES):
        begun = time.perf_counter()
        doing()
        found.append(time.perf_counter() - begun)
    return float(np.median(found)) * 1e3


def main() -> None:
    """Print both sides; exit 1 where they answer differently."""
    booster, rng, alike = grown(), np.random.default_rng(SEED + 1), True
    sys.stdout.write("rows   wrapper, ms   C interface, ms   ratio\n")
    for n in SIZES:
        rows = rng.normal(size=(n, FEATURES)).astype(np.float32)
        wrapped, plain = (
            lambda rows=rows: booster.inplace_predict(rows, predict_type="margin"),
            lambda rows=rows: raw_scores(booster, rows),
        )
        alike = alike and np.array_equal(wrapped(), plain())
        slow, quick = median(wrapped), median(plain)
        sys.stdout.write(f"{n:4}{slow:14.3f}{quick:18.3f}{slow / quick:8.2f}\n")
    sys.exit(0 if alike else 1)


if __name__ == "__main__":
    main()
