"""Tastes fitted by Spark's ALS beside those of `implicit`, on real data: how well they foresee the last baskets.

    python -m benchmarks.spark_tastes [--home HOME] [--master local[2]] [--level family]

The lists hold what suits a customer best, bought before or not, and what suits best of what is new; they are judged as
`rapport evaluate` judges its line "implicit als". It needs the extra `[spark]` and Java. HOME is a folder that
`python -m jobs.demo.year` filled; one is made, for this run, where none is given.
"""

from __future__ import annotations

import argparse
import time
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from benchmarks.next_basket import filled
from engine.config import Settings
from engine.learn.als import Factorize, by_implicit
from engine.learn.evaluation import Exam, baselines
from engine.learn.lines import last_orders
from engine.store.database import Database
from jobs import shopping, spark

NOW = datetime(2018, 1, 2, tzinfo=UTC)
SEED = 1


def main() -> None:
    """Print recall and ndcg of both, and their ratio."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--home", type=Path)
    parser.add_argument("--master", default="local[2]")
    parser.add_argument("--level", choices=("item", "family"), default="item")
    args = parser.parse_args()
    if find_spec("pyspark") is None:
        return print("the extra [spark] is not installed: nothing to compare")
    with TemporaryDirectory() as folder:
        _compare(args.home or filled(Path(folder)), args.level, args.master)
    return None


def _compare(home: Path, level: str, master: str) -> None:
    settings = Settings.from_env({"RAPPORT_HOME": str(home)})
    read = shopping.read(Database.open(settings.database_url), settings, NOW)
    n = len(read.catalogue.families)
    lines, above = read.lines, read.catalogue.family_of
    if level == "family":
        lines, above = lines.by(above, n), np.arange(n)
    split = last_orders(lines)
    print(f"{'':10}{'list':<6}{'recall@10':>10}{'s.e.':>8}{'ndcg@10':>10}{'fit, s':>9}")
    reached: dict[str, list[float]] = {}
    for name, factorize in (("implicit", by_implicit), ("spark", spark.factorize(master))):
        clocked, took = _clocked(factorize)
        exam = Exam.of(split, above, n, seed=SEED, factorize=clocked)
        als = baselines(exam)["implicit als"]
        for only_new in (False, True):
            found = exam.judged(als, only_new=only_new)
            assert found is not None
            reached.setdefault(name, []).append(found.recall_10)
            kind = "new" if only_new else "all"
            print(f"{name:10}{kind:<6}{found.recall_10:10.4f}{found.se:8.4f}{found.ndcg_10:10.4f}{took[0]:9.1f}")
    ratios = [theirs / ours for ours, theirs in zip(reached["implicit"], reached["spark"], strict=True)]
    print("spark to implicit: all {:.3f}, new {:.3f}".format(*ratios))


def _clocked(factorize: Factorize) -> tuple[Factorize, list[float]]:
    took: list[float] = []

    def timed(*args):  # type: ignore[no-untyped-def]
        began = time.perf_counter()
        found = factorize(*args)
        took.append(time.perf_counter() - began)
        return found

    return timed, took


if __name__ == "__main__":
    main()
