"""Every customer says no at the very instant at which their order is due: who is heard, and who is told it is too late.

    python -m benchmarks.vetoes [--full] [--kind sqlite|postgresql] [--due N]

Two sweeps place what is due, while four callers send ``POST /v1/executions/ID/veto`` for all of it, in an order drawn
with a seed. Each is either answered 200, and no call of the gateway was ever made for it, or 409, and there is one
order. ``--full`` is ten thousand vetoes a database instead of five hundred.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Event

from api.app import App, create_app
from api.auth import keys
from api.auth.caller import Scope
from benchmarks._ledgers import KINDS, KeptGateway, database, fill
from engine import logs
from engine.config import Settings
from engine.domain.executions import Execution, State
from engine.store import executions
from engine.store.database import Database
from jobs.gateway import Terms
from jobs.sweep import Sweep

SWEEPS, CALLERS = 2, 4


@dataclass(frozen=True, kw_only=True)
class Fired:
    """How vetoes were answered, and what did not fit the answer."""

    answers: Counter[int]
    seconds: float
    wrong: list[str] = field(default_factory=list)

    @property
    def well(self) -> bool:
        """Whether each had its due answer; both must have occurred, or nothing was raced for."""
        return not self.wrong and set(self.answers) == {200, 409}


def fire(db: Database, home: Path, due: int, seed: int = 0) -> Fired:
    """Let everything be due in a moment, and be vetoed at that moment, by whoever comes first."""
    fill(db, due, due_at := datetime.now(UTC) + timedelta(seconds=1 + due / 1_000))
    settings = Settings.from_env({"RAPPORT_HOME": str(home), "RAPPORT_SECRET_KEY": "a secret that is long enough now"})
    gateway, ended = KeptGateway(home / "gateway.db"), Event()
    app, key = create_app(settings, db, model=lambda: None), keys.create_key(db, Scope.BACKEND, name="vetoes").key
    ids = [f"e{n:07}" for n in range(due)]
    random.Random(seed).shuffle(ids)
    with ThreadPoolExecutor(SWEEPS + CALLERS) as pool:
        sweeps = [pool.submit(_sweep, _made(db, gateway, settings, str(n), ended), ended) for n in range(SWEEPS)]
        time.sleep(max((due_at - datetime.now(UTC)).total_seconds(), 0))
        begun = time.monotonic()
        said = [pool.submit(_veto, app, key, ids[n::CALLERS]) for n in range(CALLERS)]
        answers = {id: status for one in said for id, status in one.result().items()}
        ended.set()
        for one in sweeps:
            one.result()
    seconds = time.monotonic() - begun
    _made(db, gateway, settings, "last", Event()).run()
    return Fired(answers=Counter(answers.values()), seconds=seconds, wrong=_wrong(db, gateway, answers))


def _made(db: Database, gateway: KeptGateway, settings: Settings, owner: str, ended: Event) -> Sweep:
    clock, terms = settings.clock.now, Terms(at_once=4)
    return Sweep(
        db=db,
        gateway=gateway,
        settings=settings,
        clock=clock,
        owner=owner,
        terms=terms,
        stopped=ended.is_set,
        told=settings.clock.told,
    )


def _sweep(sweep: Sweep, ended: Event) -> None:
    while not ended.is_set():
        sweep.run()
        time.sleep(0.01)


def _veto(app: App, key: str, ids: Sequence[str]) -> dict[str, int]:
    client, headers = app.test_client(), {"Authorization": f"Bearer {key}"}
    return {id: client.post(f"/v1/executions/{id}/veto", headers=headers).status_code for id in ids}


def _wrong(db: Database, gateway: KeptGateway, answers: dict[str, int]) -> list[str]:
    with db.read() as tx:
        found = executions.get_many(tx, list(answers))
        called = {one.execution_id for one in found if one.attempt or executions.attempts(tx, one.execution_id)}
    wrong = [
        f"{one.execution_id}: answered {answers[one.execution_id]}, and is {one.state}"
        for one in found
        if not _fits(one, answers[one.execution_id], one.execution_id in called, gateway)
    ]
    counts, late = gateway.counts(), list(answers.values()).count(409)
    if counts != {"orders": late, "executions": late}:
        wrong.append(f"{late} came too late, and the gateway has {counts}")
    return wrong


def _fits(one: Execution, status: int, called: bool, gateway: KeptGateway) -> bool:
    order_id = gateway.look_up(one.execution_id).order_id
    if status == 200:
        return one.state is State.VETOED and not called and order_id is None
    return status == 409 and one.state is State.PLACED and order_id == one.order_id


def main() -> None:
    """Fire, on each database; exit 1 where an answer was wrong."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--full", action="store_true", help="ten thousand vetoes a database")
    parser.add_argument("--due", type=int, help="vetoes a database")
    parser.add_argument("--kind", choices=KINDS, help="only one database")
    args = parser.parse_args()
    logs.configure("CRITICAL")
    due, well = args.due or (10_000 if args.full else 500), []
    print(f"{'':12}{'vetoes':>8}{'heard':>8}{'too late':>9}{'wrong':>7}{'seconds':>9}")
    for kind in (args.kind,) if args.kind else KINDS:
        with database(kind) as db, TemporaryDirectory(prefix="rapport-") as home:
            end = fire(db, Path(home), due)
        heard, late = end.answers[200], end.answers[409]
        print(f"{kind:12}{due:8,}{heard:8,}{late:9,}{len(end.wrong):7}{end.seconds:9.1f}", *end.wrong[:3], flush=True)
        well.append(end.well)
    sys.exit(0 if all(well) else 1)


if __name__ == "__main__":
    main()
