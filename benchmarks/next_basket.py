"""How long training and recommending take beside raw `implicit` ALS on the same purchases, and in how much memory.

    python -m benchmarks.next_basket [--home HOME]
    python -m benchmarks.next_basket --growth [--most 10]

The reference is `implicit.als.AlternatingLeastSquares` with 64 factors and 15 iterations on the matrix of all
customers and items, given to it ready made: its fit, its `recommend` for all customers, and for one. Ours reads the
database, learns to rank, fits, forecasts and publishes; once without the time split that judges it, and once with.
Every side runs in a process of its own, so that each one's peak memory is its own. `--growth` trains on a tenth of the
customers, on all, and on copies of all of them with other names, from memory.

HOME is a folder that `python -m jobs.demo.year` filled; one is made, for this run, where none is given.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np

from benchmarks._memory import peak

FACTORS, EPOCHS, K = 64, 15, 10
ASKED = 400  # customers that are asked for one by one
NOW = datetime(2018, 1, 2, tzinfo=UTC)
CREATED = NOW + timedelta(hours=1)
Figures = dict[str, float]


def main() -> None:
    """Run every side in its own process and print them."""
    args = _arguments()
    if args.side:
        print(json.dumps(SIDES[args.side](args)))
        return
    with tempfile.TemporaryDirectory() as folder:
        home = args.home or filled(Path(folder))
        if args.growth:
            _print_growth([(share, _run("growth", home, share)) for share in (0.1, 1.0, float(args.most))])
        else:
            _print({side: _run(side, home) for side in ("als", "fit", "train", "lists")})


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--home", type=Path, help="a home with a year of orders")
    parser.add_argument("--growth", action="store_true", help="training on more and more lines")
    parser.add_argument("--most", type=int, default=10, help="copies of all customers, at the most")
    parser.add_argument("--side", choices=tuple(SIDES), help=argparse.SUPPRESS)
    parser.add_argument("--share", type=float, default=1.0, help=argparse.SUPPRESS)
    return parser.parse_args()


def filled(home: Path) -> Path:
    """A home with a year of real orders."""
    subprocess.run([sys.executable, "-m", "jobs.demo.year"], check=True, env={**os.environ, "RAPPORT_HOME": str(home)})
    return home


def _run(side: str, home: Path, share: float = 1.0) -> Figures:
    command = [
        sys.executable,
        "-m",
        "benchmarks.next_basket",
        "--side",
        side,
        "--home",
        str(home),
        "--share",
        str(share),
    ]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    found: Figures = json.loads(done.stdout.strip().splitlines()[-1])
    return found


def _print(found: Mapping[str, Figures]) -> None:
    als, fit, ours, lists = found["als"], found["fit"], found["train"], found["lists"]
    print(f"{als['customers']:,.0f} customers, {als['items']:,.0f} items, {als['cells']:,.0f} cells")
    print(f"{'':46}{'rapport':>10}{'raw ALS':>10}{'ratio':>8}")
    rows = (
        ("training: read, learn, fit, publish, s", fit["seconds"], als["fit"]),
        ("the same with its time split, s", ours["seconds"], als["fit"]),
        ("lists of ten for all customers, s", lists["all"], als["all"]),
        ("the same from their lines on, s", lists["from_lines"], als["all"]),
        ("one list, median, ms", lists["median"], als["median"]),
        ("one list, 99th percentile, ms", lists["p99"], als["p99"]),
        ("peak memory of training, MB", ours["megabytes"], als["megabytes"]),
    )
    for name, mine, theirs in rows:
        print(f"{name:46}{mine:10.2f}{theirs:10.2f}{mine / theirs:8.1f}")


def _print_growth(found: list[tuple[float, Figures]]) -> None:
    print(f"{'lines':>12}{'seconds':>10}{'per million':>13}{'peak MB':>10}")
    for _, one in found:
        lines, seconds = one["lines"], one["seconds"]
        print(f"{lines:12,.0f}{seconds:10.1f}{seconds / lines * 1e6:13.1f}{one['megabytes']:10.0f}")


def _als(args: argparse.Namespace) -> Figures:
    from implicit.cpu.als import AlternatingLeastSquares
    from scipy.sparse import csr_matrix

    read = _read(args)
    lines = read.lines
    matrix = csr_matrix(
        (np.ones(len(lines), np.float32), (lines.customers, lines.items)), (lines.n_customers, lines.n_items)
    )
    matrix.sum_duplicates()
    model = AlternatingLeastSquares(factors=FACTORS, iterations=EPOCHS, random_state=1)
    start = time.perf_counter()
    model.fit(matrix, show_progress=False)
    fit = time.perf_counter() - start
    start = time.perf_counter()
    model.recommend(np.arange(lines.n_customers), matrix, N=K, filter_already_liked_items=False)
    everybody = time.perf_counter() - start
    single = [
        _timed(lambda one=one: model.recommend(one, matrix[one], N=K, filter_already_liked_items=False))
        for one in range(min(ASKED, lines.n_customers))
    ]
    return {
        "customers": lines.n_customers,
        "items": lines.n_items,
        "cells": matrix.nnz,
        "fit": fit,
        "all": everybody,
        **_spread(single),
        "megabytes": peak(),
    }


def _fit(args: argparse.Namespace) -> Figures:
    """A training that nothing is judged by."""
    from engine.learn import training

    training._judged = lambda *args: (None, None)
    return _train(args)


def _train(args: argparse.Namespace) -> Figures:
    from jobs import train

    db, settings = _opened(args)
    start = time.perf_counter()
    train.run(db, settings, as_of=NOW, now=CREATED)
    return {"seconds": time.perf_counter() - start, "megabytes": peak()}


def _lists(args: argparse.Namespace) -> Figures:
    from engine.domain.history import day_of
    from engine.learn.cases import of_lines
    from engine.store import customers, orders
    from jobs.evaluate import served

    db, settings = _opened(args)
    model, read, day = served(settings), _read(args), day_of(NOW)
    everybody = np.unique(read.lines.customers)
    start = time.perf_counter()
    cases = of_lines(
        read.lines, everybody, np.full(len(everybody), day), read.catalogue.family_of, len(read.catalogue.families)
    )
    known = time.perf_counter()
    model.baskets.ranked(cases, K)
    end = time.perf_counter()
    with db.read() as tx:
        ids = customers.ids(tx)[:ASKED]
        histories = list(orders.histories(tx, ids, before=NOW).values())
    for history in histories[:20]:
        model.recommend(history, day, K)
    single = [_timed(lambda history=history: model.recommend(history, day, K)) for history in histories]
    return {"all": end - known, "from_lines": end - start, **_spread(single), "megabytes": peak()}


def _growth(args: argparse.Namespace) -> Figures:
    from engine.learn.lines import Lines
    from engine.learn.training import train

    read = _read(args)
    lines = read.lines
    if args.share < 1:
        lines = lines.take(lines.customers < lines.n_customers * args.share)
    copies = max(round(args.share), 1)
    orders = int(lines.orders.max()) + 1
    grown = Lines(
        customers=np.concatenate([lines.customers + copy * lines.n_customers for copy in range(copies)]),
        items=np.tile(lines.items, copies),
        orders=np.concatenate([lines.orders + copy * orders for copy in range(copies)]),
        days=np.tile(lines.days, copies),
        n_customers=lines.n_customers * copies,
        n_items=lines.n_items,
    )
    start = time.perf_counter()
    train(grown, read.catalogue, model_id="growth", created_at=CREATED, as_of=NOW, seed=1)
    return {"lines": len(grown), "seconds": time.perf_counter() - start, "megabytes": peak()}


SIDES = {"als": _als, "fit": _fit, "train": _train, "lists": _lists, "growth": _growth}


def _opened(args: argparse.Namespace):  # type: ignore[no-untyped-def]
    from engine.config import Settings
    from engine.store.database import Database

    settings = Settings.from_env({"RAPPORT_HOME": str(args.home)})
    return Database.open(settings.database_url), settings


def _read(args: argparse.Namespace):  # type: ignore[no-untyped-def]
    from jobs import shopping

    db, settings = _opened(args)
    return shopping.read(db, settings, NOW)


def _timed(call) -> float:  # type: ignore[no-untyped-def]
    start = time.perf_counter()
    call()
    return (time.perf_counter() - start) * 1e3


def _spread(milliseconds: list[float]) -> Figures:
    return {"median": float(np.median(milliseconds)), "p99": float(np.percentile(milliseconds, 99))}


if __name__ == "__main__":
    main()
