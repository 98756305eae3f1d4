"""Whatever happens: nothing is placed outside a live mandate, above a cap, in a quiet time, after a stop, or twice.

``HISTORIES`` says how many histories are tried; the long one tries 2,000.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.domain.decisions import Rung
from engine.domain.executions import Answer, Result
from engine.store import withdrawing
from engine.store.database import Database
from jobs.verdicts import Judge, Verdict
from tests.builders import usd
from tests.stories.histories import BEGIN, EVENINGS, HOUR, NIGHT, SUNDAY, WEEK, History

Step = tuple[str, tuple[Any, ...], dict[str, Any]]  # what is done, and with what
FEW = int(os.environ.get("HISTORIES", "60"))
RUNGS = st.sampled_from([Rung.VETO, Rung.VETO, Rung.SILENT, Rung.APPROVE])
NEEDS = st.lists(st.sampled_from(["beans", "milk", "tea"]), min_size=1, max_size=3, unique=True)
ITEMS = st.sampled_from(["beans", "dark", "milk", "tea"])
REFUSALS = st.builds(
    lambda code, named, hard: Answer(result=Result.REFUSED, detail=code, items=tuple(named), hard=hard),
    st.sampled_from(["out_of_stock", "price_changed", "payment_failed", "rejected"]),
    st.lists(ITEMS, max_size=2),
    st.booleans(),
)
WORDS = st.one_of(st.sampled_from(["late", "fail", "killed", "killed after", "well"]), REFUSALS)
AMENDED = st.sampled_from(
    [
        {"windows": EVENINGS},
        {"windows": NIGHT},
        {"windows": ()},
        {"quiet_dates": SUNDAY},
        {"budget": usd(1_000), "budget_period": WEEK},
        {"budget": usd(619), "budget_period": WEEK},
        {"order_limit": usd(500)},
        {"max_quantity": 1},
        {"price_high": usd(480)},
        {"substitutes": ()},
        {"earliest_interval": timedelta(days=2)},
        {"expires_at": BEGIN + 30 * HOUR},
    ]
)


def step(name: str, *given: Any, **named: Any) -> st.SearchStrategy[Step]:
    """One step of a history: what is done, and with what."""
    return st.tuples(st.just(name), st.tuples(*given), st.fixed_dictionaries(named))


PLAN = step("plan", NEEDS, RUNGS, st.sampled_from([0, 1, 24]), st.integers(1, 2), st.sampled_from(["a", "b", "c"]))
TIME = step("pass_time", st.sampled_from([1, 5, 12, 24, 24, 48, -1, -24]))
VERB = st.sampled_from(["approve", "swap", "change", "snooze", "veto", "skip"])
CHANGES = st.one_of(
    step("price", ITEMS, st.sampled_from([100, 450, 499, 500, 501, 600, 601, 700])),
    step("stock", ITEMS),
    AMENDED.map(lambda terms: ("amend", (), terms)),
    step("revoke"),
    step("sign"),
    step("consent", granted=st.booleans()),
    step("prefer", paused=st.booleans(), hours=st.sampled_from([None, 1, 12])),
    step("refund", st.integers(0, 3)),
    TIME,
)


def well(terms: dict[str, Any]) -> list[Step]:
    """Everything is granted, under a new mandate with these terms."""
    return [("sign", (), terms), ("consent", (), {"granted": True}), ("prefer", (), {})]


def few(steps: st.SearchStrategy[Step], most: int) -> st.SearchStrategy[list[Step]]:
    """Some of them, or none."""
    return st.lists(steps, max_size=most)


ROUND = st.tuples(  # planned, disturbed, answered, due, placed: with everything going wrong that may
    st.one_of(AMENDED.map(well), AMENDED.map(well), st.just([])),
    few(CHANGES, 1),
    st.lists(PLAN, min_size=1, max_size=2),
    few(CHANGES, 1),
    few(step("say", VERB, st.integers(0, 3)), 2),
    few(step("gateway", WORDS, WORDS), 1),
    st.lists(TIME, min_size=1, max_size=2),
    few(CHANGES, 1),
    st.just([("sweep", (), {})]),
)
ROUNDS = st.lists(ROUND, min_size=1, max_size=5).map(lambda rounds: [one for r in rounds for part in r for one in part])


@pytest.fixture(scope="module")
def memory() -> Iterator[Database]:
    """A database in memory, for all histories of this module."""
    db = Database.open("sqlite://")
    db.upgrade()
    yield db
    db.close()


def lived(db: Database, steps: list[Step]) -> History:
    """A history, from its first step to the end."""
    history = History(db)
    try:
        for name, plainly, named in steps:
            getattr(history, name)(*plainly, **named)
        history.ends()
    finally:
        history.forgotten()
    return history


def tried(db: Database, histories: int) -> None:
    """Live so many histories."""
    quiet = list(HealthCheck)

    @settings(max_examples=histories, deadline=None, database=None, suppress_health_check=quiet)
    @given(steps=ROUNDS)
    def live(steps: list[Step]) -> None:
        lived(db, steps)

    live()


def test_no_history_leads_to_an_order_that_may_not_be(memory: Database) -> None:
    tried(memory, FEW)


@pytest.mark.long
def test_nor_do_two_thousand(memory: Database) -> None:
    tried(memory, 2_000)


def test_a_call_that_is_repeated_costs_what_it_did_though_the_price_fell_meanwhile(memory: Database) -> None:
    """The worker died before the gateway heard of it; the key stands for what was intended then."""
    plan = ("plan", (["beans"], Rung.VETO, 0, 1, "a"), {})
    killed = [plan, ("gateway", ("killed",), {}), ("pass_time", (1,), {}), ("sweep", (), {})]
    history = lived(memory, [*killed, ("pass_time", (1,), {}), ("price", ("beans", 100), {}), ("sweep", (), {})])
    assert [one.cents for one in history.ordered.values()] == [500]


def test_histories_do_lead_to_orders(memory: Database) -> None:
    """The reading is not kept by ordering nothing."""
    plan = ("plan", (["beans", "milk"], Rung.VETO, 0, 1, "a"), {})
    assert len(lived(memory, [plan, ("sweep", (), {})]).ordered) == 1


@pytest.mark.parametrize(
    ("broken", "steps"),
    [
        ("revoked", [("revoke", (), {})]),
        ("without consent", [("consent", (), {"granted": False})]),
        ("after a stop", [("prefer", (), {"paused": True})]),
        ("outside the windows", [("amend", (), {"windows": EVENINGS})]),
        ("above the budget", [("amend", (), {"budget": usd(619)})]),
        ("out of stock", [("stock", ("milk",), {})]),
        ("dearer than was announced", [("price", ("milk", 121), {})]),
        ("above the band", [("amend", (), {"price_high": usd(480)})]),
    ],
)
def test_the_plain_reading_notices(memory: Database, monkeypatch: Any, broken: str, steps: list[Any]) -> None:
    """With the judge switched off, the book notices the order for the reason that it is there for."""
    monkeypatch.setattr(Judge, "verdict", lambda self, execution: Verdict(lines=execution.lines))
    monkeypatch.setattr(withdrawing, "cancel", lambda *given: [])
    monkeypatch.setattr(History, "all", lambda self: [])
    monkeypatch.setattr("modes.ordering.repriced", _at_todays)
    history = History(memory)
    history.plan(["beans", "milk"], Rung.VETO, 0, 1, "a")
    for name, plainly, named in steps:
        getattr(history, name)(*plainly, **named)
    history.sweep()
    history.forgotten()
    assert (history.ordered, history.noticed) == ({}, [broken])


def _at_todays(execution: Any, items: Any) -> Any:
    """The order at today's prices, higher ones too."""
    lines = tuple(replace(line, unit_price=items[line.item_id].price) for line in execution.lines)
    return replace(execution, lines=lines)
