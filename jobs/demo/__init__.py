"""The demo: a year of real shopping imported and trained on, then a month of it lived day by day and scored."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import perf_counter

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from engine.config import Settings
from engine.store import customers
from engine.store.database import Database
from jobs import train
from jobs.demo import data, report
from jobs.demo.assignment import assign
from jobs.demo.hands import hired
from jobs.demo.households import Truth
from jobs.demo.month import Diary, Month
from jobs.demo.place import CUT, fresh, settings, settle_in, stock
from jobs.demo.scores import Household, households, score
from jobs.demo.shop import open_shop

__all__ = ["curl", "run", "settings"]

SEED = 20171130
Bar = Callable[[int, int], None]


class _Stages:
    """Stages with a bar each, and what each took."""

    def __init__(self, out: Console) -> None:
        self.seconds: dict[str, float] = {}
        self._out = out

    @contextmanager
    def __call__(self, name: str) -> Iterator[Bar]:
        start = perf_counter()
        columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
        with Progress(*columns, console=self._out, transient=True) as progress:
            task = progress.add_task(name, total=None)
            yield lambda done, total: progress.update(task, completed=done, total=total)
        self.seconds[name] = perf_counter() - start
        self._out.print(f"{name}: {self.seconds[name]:.1f} s")


def run(here: Settings, out: Console | None = None) -> list[Household]:
    """Everything up to the report; the households it shows."""
    out = out or Console(width=None if Console().is_terminal else 140)
    stage = _Stages(out)
    with stage("reading The Complete Journey"):
        journey = data.load()
        known = journey.before(CUT)
        truth = Truth.of(journey.lines, journey.items, SEED)
    db = fresh(here)
    with stage("importing what was known on 30 November") as bar:
        lines = stock(db, here, known, bar)
    out.print(f"  {lines:,} order lines, {len(known.items):,} items")
    with stage("assigning what the data do not say"):
        assigned = assign(known, CUT, SEED)
        settle_in(db, assigned, CUT)
    out.print("  agency, consents, mandates and goals are ASSIGNED by a seeded rule: the data say nothing of them")
    with stage("training as of 2017-11-30"):
        trained = train.run(db, here, as_of=CUT, now=CUT)
    out.print(f"  {trained.model_id}: {trained.reason}")
    diary = Diary()
    with (
        stage("living December day by day") as bar,
        open_shop(here.home / "gateway.db", SEED) as shop,
        hired(here) as hands,
    ):
        month = Month(
            db=db,
            settings=here,
            journey=journey,
            assigned=assigned,
            truth=truth,
            hands=hands,
            shop=shop,
            diary=diary,
        )
        month.live(bar)
        at_shop = shop.orders()
    with stage("scoring"):
        examples = households(db, here, here.clock.now(), str(here.home))
        stages = {**stage.seconds, **{f"  of it {name}": n for name, n in diary.seconds.items()}}
        scores = score(db, here, diary, truth, at_shop, stages)
        page = report.written(scores, examples, len(assigned), here.home)
    report.told(scores, examples, page, out)
    db.close()
    return examples


def curl(here: Settings, url: str, key: str) -> str:
    """A decision to be asked for, ready to paste."""
    db = Database.open(here.database_url)
    with db.read() as tx:
        id = customers.ids(tx)[0]
    db.close()
    body = json.dumps({"customer_id": id, "touchpoint": "app.home", "request": {"query": "white milk"}})
    return (
        f"curl -s {url}/v1/decisions -H 'Authorization: Bearer {key}' -H 'Content-Type: application/json' -d '{body}'"
    )
