"""Runs of jobs: a slot runs once, whoever asks, and is taken over when its process is gone."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

from engine.domain.jobs import RunState
from engine.store import job_runs
from engine.store.database import Database, now
from tests.ledgers import NOW

LEASE = timedelta(minutes=1)
OVER = timedelta(0)


def test_of_many_processes_one_takes_the_slot(db: Database) -> None:
    barrier = Barrier(5)

    def take(n: int) -> bool:
        barrier.wait()
        with db.begin() as tx:
            return job_runs.take(tx, "plan", "2017-12-01T08", f"w{n}", LEASE) is not None

    with ThreadPoolExecutor(5) as pool:
        assert sum(pool.map(take, range(5))) == 1


def test_a_finished_slot_does_not_run_again(db: Database) -> None:
    with db.begin() as tx:
        run = job_runs.take(tx, "plan", "s", "w1", OVER)
        assert job_runs.finish(tx, run, {"decided": 3})
        assert job_runs.take(tx, "plan", "s", "w2", LEASE) is None
        assert job_runs.take(tx, "train", "s", "w2", LEASE) is not None
        done = job_runs.get(tx, run.id)
    assert (done.state, done.summary, done.error) == (RunState.DONE, {"decided": 3}, None)
    assert done.finished_at is not None


def test_a_slot_whose_process_is_gone_is_taken_over_and_the_first_one_writes_nothing(db: Database) -> None:
    with db.begin() as tx:
        first = job_runs.take(tx, "plan", "s", "w1", OVER)
    with db.begin() as tx:
        second = job_runs.take(tx, "plan", "s", "w2", LEASE)
    assert (second.id, second.owner) == (first.id, "w2")
    with db.begin() as tx:
        assert not job_runs.finish(tx, first, {"late": True})
        assert not job_runs.renew(tx, first, LEASE)
        assert job_runs.renew(tx, second, LEASE)
        assert job_runs.fail(tx, second, "broken")
        assert job_runs.get(tx, first.id).error == "broken"


def test_what_was_asked_for_is_taken_in_order_and_once(db: Database) -> None:
    with db.begin() as tx:
        asked = [job_runs.ask(tx, "plan", NOW), job_runs.ask(tx, "train")]
    taken = []
    for owner in ("w1", "w2", "w3"):
        with db.begin() as tx:
            taken.append(job_runs.take_asked(tx, owner, LEASE))
    assert [run and run.id for run in taken] == [*asked, None]
    assert (taken[0].job, taken[0].at, taken[0].state) == ("plan", NOW, RunState.RUNNING)


def test_runs_of_processes_that_are_gone_are_ended(db: Database) -> None:
    with db.begin() as tx:
        left = job_runs.take(tx, "plan", "old", "w1", OVER)
        held = job_runs.take(tx, "plan", "new", "w2", LEASE)
    with db.begin() as tx:
        assert job_runs.end_abandoned(tx, "plan") == 1
        assert job_runs.get(tx, left.id).error == job_runs.GONE
        assert job_runs.get(tx, held.id).state is RunState.RUNNING


def test_pages_and_purge(db: Database) -> None:
    with db.begin() as tx:
        for n in range(5):
            run = job_runs.take(tx, "plan", f"s{n}", "w", LEASE)
            job_runs.finish(tx, run, {})
        first, cursor = job_runs.page(tx, 3)
        rest, end = job_runs.page(tx, 3, cursor)
    assert ([run.slot for run in first + rest], end) == (["s4", "s3", "s2", "s1", "s0"], None)
    with db.begin() as tx:
        assert job_runs.purge(tx, now(tx) - timedelta(hours=1)) == 0
        assert job_runs.purge(tx, now(tx) + timedelta(hours=1)) == 5
