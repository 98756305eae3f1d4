"""One run at a time, shared by all who asked before it began."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, Event, Lock
from time import sleep

import pytest

from jobs.coalescing import Coalescing


def test_who_asks_while_one_is_under_way_shares_the_next() -> None:
    shared, begun, go_on, runs = Coalescing(), Event(), Event(), []

    def run() -> None:
        runs.append(len(runs))
        begun.set()
        assert go_on.wait(10)

    with ThreadPoolExecutor(9) as pool:
        first = pool.submit(shared.share, "a", run)
        assert begun.wait(10)
        others = [pool.submit(shared.share, "a", run) for _ in range(8)]
        sleep(0.2)
        assert runs == [0]
        assert not any(one.done() for one in others), "they wait for a run that begins after they asked"
        go_on.set()
        for one in (first, *others):
            one.result(10)
    assert runs == [0, 1]


def test_there_is_never_more_than_one_of_a_name_and_nobody_is_served_by_an_earlier_one() -> None:
    shared, lock, under_way, began = Coalescing(), Lock(), [0], [0]

    def run() -> None:
        with lock:
            began[0] += 1
            under_way[0] += 1
            assert under_way[0] == 1
        sleep(0.001)
        with lock:
            under_way[0] -= 1

    def ask() -> None:
        for _ in range(50):
            before = began[0]
            shared.share("a", run)
            assert began[0] > before

    with ThreadPoolExecutor(8) as pool:
        for one in [pool.submit(ask) for _ in range(8)]:
            one.result(30)
    assert 50 <= began[0] < 400


def test_names_do_not_wait_for_each_other() -> None:
    shared, both = Coalescing(), Barrier(2, timeout=10)
    with ThreadPoolExecutor(2) as pool:
        for one in [pool.submit(shared.share, name, both.wait) for name in ("a", "b")]:
            one.result(10)


def test_what_a_run_raises_is_raised_to_all_who_shared_it_and_the_next_is_anew() -> None:
    shared, begun, go_on = Coalescing(), Event(), Event()

    def held() -> None:
        begun.set()
        assert go_on.wait(10)

    def fails() -> None:
        raise ValueError("no")

    with ThreadPoolExecutor(3) as pool:
        first = pool.submit(shared.share, "a", held)
        assert begun.wait(10)
        others = [pool.submit(shared.share, "a", fails) for _ in range(2)]
        sleep(0.1)
        go_on.set()
        first.result(10)
        for one in others:
            with pytest.raises(ValueError, match="no"):
                one.result(10)
    shared.share("a", lambda: None)
