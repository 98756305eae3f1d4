"""The report on stored decisions: terms are taken away exactly, and what was planted in a log is what it tells."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import numpy as np
import pytest

from engine.config import Settings
from engine.domain.customers import Consent, Grant, Purpose
from engine.domain.decisions import Rung
from engine.domain.estimates import NotEstimable
from engine.errors import Unavailable
from engine.measure.shares import Share
from engine.store import consents, executions
from engine.store.decision_log import Logged, Ordered
from jobs import choices as reporting
from jobs.choices import page, terms
from jobs.choices.document import document
from jobs.choices.log import read
from jobs.decisions import Deciding
from jobs.evaluate import served
from jobs.train import silent
from modes.policy import Policy, Worth
from modes.value import Stakes, expected
from tests.shops import CUSTOMERS, NOW, open_shop

RUNGS = [rung.label for rung in Rung]


def logged(rung: str, n: int = 0, **given: Any) -> Logged:
    """A rung of the coffee that c1 needs, in decision n; open, and worth nothing."""
    known = {
        "decision_id": f"d{n}",
        "customer_id": "c1",
        "decided_at": NOW + timedelta(days=n),
        "present": False,
        "position": 0,
        "rung": rung,
        "family": "coffee",
        "chosen": rung == "respond",
        "value": 0.0,
        "probability": 0.8,
        "removed_stage": None,
        "removed_rule": None,
    }
    return Logged(**{**known, **given})


def stored(n_load: float, goal: float | None, *, present: bool = False, worth: Worth | None = None) -> list[Logged]:
    """One need as a decision would keep it."""
    stakes = Stakes(probability=0.7, order=0.93, goal=goal, load=n_load, present=present)
    values = expected(stakes, worth or Worth()).tolist()
    likely = [0.7, 0.7, 0.7, 0.93, 0.93, 0.93]
    return [
        logged(rung, value=value, probability=p, present=present)
        for rung, value, p in zip(RUNGS, values, likely, strict=True)
    ]


@pytest.mark.parametrize("load", [0, 2])
@pytest.mark.parametrize("goal", [None, 0.6])
@pytest.mark.parametrize("present", [False, True])
@pytest.mark.parametrize(
    ("term", "lesser"),
    [
        ("effort", {"effort": dict.fromkeys(Rung, 0.0)}),
        ("stock-out", {"out_of_stock": 0.0}),
        ("wrong acts", {"wrong": dict.fromkeys(Rung, 0.0)}),
    ],
)
def test_a_term_is_taken_away_as_if_it_had_never_been(term, lesser, load, goal, present):
    found = read(stored(load, goal, present=present)).choices
    stakes = Stakes(probability=0.7, order=0.93, goal=goal, load=load, present=present)
    np.testing.assert_allclose(terms.without(found, term, Worth())[0], expected(stakes, replace(Worth(), **lesser)))


@pytest.mark.parametrize("goal", [None, 0.6])
def test_messages_are_taken_away_with_what_those_before_them_cost(goal):
    found = read(stored(2, goal)).choices
    stakes = Stakes(probability=0.7, order=0.93, goal=goal, load=2)
    free = expected(stakes, replace(Worth(), attention=0.0))
    np.testing.assert_allclose(terms.without(found, terms.ATTENTION, Worth())[0], free)


def test_goals_are_taken_away():
    found = read(stored(2, 0.6)).choices
    plain = expected(Stakes(probability=0.7, order=0.93, load=2), Worth())
    np.testing.assert_allclose(terms.without(found, terms.GOALS, Worth())[0], plain)


def test_a_log_is_read_in_codes():
    rows = [logged(rung, n, family=family) for n, family in ((0, "coffee"), (8, None)) for rung in sorted(RUNGS)]
    rows[1] = replace(rows[1], removed_stage="ceiling", removed_rule="preferences.ceiling")
    log = read(rows)
    assert log.decisions == 2
    assert log.choices.families.tolist() == [0, -1]
    assert log.choices.weeks.tolist() == [0, 1]
    assert log.choices.chosen.tolist() == [Rung.RESPOND, Rung.RESPOND]
    assert log.rules == [("ceiling", "preferences.ceiling", Rung.COACH)]
    assert np.count_nonzero(log.choices.stages != -1) == 1


def orders(**states: int) -> list[Ordered]:
    """Announced orders of as many customers as there are orders, in these states."""
    told = [state for state, n in states.items() for _ in range(n)]
    return [Ordered(customer_id=f"c{n}", rung="veto", state=state, probability=0.95) for n, state in enumerate(told)]


def test_a_promise_is_held_against_what_came():
    found = reporting._kept(Rung.VETO, orders(kept=80, placed=10, returned=6, vetoed=4, waiting=50), Policy())
    assert isinstance(found.right, Share)
    assert isinstance(found.settled, Share)
    assert (found.right.estimate, found.right.n) == (0.9, 100)
    assert found.settled.estimate == pytest.approx(80 / 90)
    assert found.right.low < 0.9 < found.right.high
    assert (found.said, found.promise) == (pytest.approx(0.95), 0.9)
    nothing = reporting._kept(Rung.SILENT, orders(kept=3), Policy())
    assert isinstance(nothing.right, NotEstimable)
    assert nothing.promise == 0.952


@pytest.fixture
def shop(sqlite_db, tmp_path):
    """The small shop with a morning of stored decisions; c1 lets Rapport ask before it orders."""
    settings = Settings.from_env({"RAPPORT_HOME": str(tmp_path / "home")})
    open_shop(sqlite_db, settings)
    with sqlite_db.begin() as tx:
        consents.put(tx, "c1", [Consent(purpose=Purpose.AUTOMATION, state=Grant.GRANTED, at=NOW)])
    deciding = Deciding(db=sqlite_db, settings=settings, model=served(settings), trigger="test")
    for week in range(2):
        assert (
            len(list(deciding.many([f"c{n}" for n in range(CUSTOMERS)], NOW + timedelta(days=7 * week)))) == CUSTOMERS
        )
    return sqlite_db, settings


def test_what_was_decided_is_told(shop):
    found = reporting.run(*shop, since=None, say=silent)
    said = document(found)
    assert (found.decisions, found.customers) == (2 * CUSTOMERS, CUSTOMERS)
    assert found.led.n == 2 * CUSTOMERS
    assert sum(found.led.rungs.values()) == found.led.n
    assert isinstance(found.explained, Share)
    assert found.explained.estimate > 0.95  # the stored values say why
    automation = next(one for one in found.removed if one.rule == "consents.automation")
    assert automation.rungs[Rung.APPROVE] >= found.needs - 12  # all but the needs of c1
    assert {one.what for one in found.without_stage} >= {"capability", "gate", "attention"}
    capability = next(one for one in found.without_stage if one.what == "capability")
    assert isinstance(capability.changed, Share)
    assert capability.changed.estimate > 0
    with shop[0].read() as tx:
        made = sum(executions.counts(tx).values())
    assert sum(sum(one.states.values()) for one in found.kept) == made
    assert said["nothing_but_respond"] == {"customers": 0, "by_stage": {}}
    half = reporting.run(*shop, since=NOW + timedelta(days=1), say=silent)
    assert half.decisions == CUSTOMERS


def test_the_page_is_whole_and_loads_nothing(shop):
    found = reporting.run(*shop, since=None, say=silent)
    named = replace(found, by_family=[replace(one, group="<b>x</b>") for one in found.by_family])
    drawn = page.drawn(named)
    assert "<b>" not in drawn
    assert "://" not in drawn
    assert drawn.count("<svg") == 3


def test_no_decisions_are_told_of(shop):
    with pytest.raises(Unavailable, match="no decisions"):
        reporting.run(*shop, since=NOW + timedelta(days=99), say=silent)
