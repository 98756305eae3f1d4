"""A whole replay of the small shop: nothing sees the future, nothing is stored, and every number is of the period."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest

from engine.config import Settings
from engine.domain.customers import Consent, Grant, Mandate, Preferences, Purpose
from engine.domain.decisions import Rung
from engine.domain.history import day_of
from engine.domain.shopping import OrderLine
from engine.errors import InputError, Unavailable
from engine.measure.shares import Share
from engine.store import consents, customers, decisions, executions, items, mandates, orders, preferences
from engine.store.database import Database
from jobs import backtest, train
from jobs.backtest import page
from jobs.backtest.report import Report, Row
from jobs.decisions import Deciding
from jobs.evaluate import served
from jobs.train import silent
from tests.shops import CUSTOMERS, DAYS, NOW, bought, stocked

FIRST, LAST = date(2017, 11, 3), date(2017, 11, 30)
SIGNED = Mandate(mandate_id="m1", customer_id="c1", families=frozenset({"milk"}), signed_at=NOW - timedelta(days=DAYS))
AUTOMATED = Consent(purpose=Purpose.AUTOMATION, state=Grant.GRANTED, at=NOW)
REFUSED = Consent(purpose=Purpose.PERSONALIZATION, state=Grant.REFUSED, at=NOW)


def opened(home: Path, lines) -> tuple[Database, Settings]:
    """The small shop with these orders; c1 lets everything be done about milk, c2 refused everything."""
    settings = Settings.from_env({"RAPPORT_HOME": str(home)})
    db = Database.open(settings.database_url)
    db.upgrade()
    with db.begin() as tx:
        items.put(tx, stocked())
        customers.ensure(tx, [f"c{n}" for n in range(CUSTOMERS)], NOW)
        orders.put_lines(tx, lines, import_id=orders.new_import())
        consents.put(tx, "c1", [AUTOMATED])
        consents.put(tx, "c2", [REFUSED])
        mandates.add(tx, SIGNED)
        preferences.put(tx, "c1", Preferences(ceiling=Rung.SILENT), NOW)
    return db, settings


@pytest.fixture(scope="module")
def place(tmp_path_factory) -> Iterator[tuple[Database, Settings]]:
    """The shop as it was."""
    db, settings = opened(tmp_path_factory.mktemp("shop"), bought())
    yield db, settings
    db.close()


@pytest.fixture(scope="module")
def report(place) -> Report:
    """Four weeks of it, replayed."""
    return backtest.run(*place, first=FIRST, last=LAST, say=silent)


def row(report: Report, rung: Rung) -> Row:
    """What a rung would have done."""
    return next(one for one in report.modes if one.rung is rung)


def test_everybody_has_a_turn_a_week(report):
    assert report.settled.customers == CUSTOMERS - 1
    assert report.settled.refused == 1
    assert report.settled.decisions == 4 * (CUSTOMERS - 1)
    assert sum(report.settled.led.values()) == report.settled.decisions


def test_habits_as_regular_as_these_are_foreseen(report):
    need = row(report, Rung.RESPOND)
    assert isinstance(need.right, Share)
    assert need.right.estimate > 0.8
    assert isinstance(need.coverage, Share)
    assert 0.1 < need.coverage.estimate < 1
    asked = row(report, Rung.APPROVE)
    assert isinstance(asked.exact, Share)
    assert isinstance(asked.right, Share)
    assert asked.exact.estimate == asked.right.estimate  # each buys but one item of a family


def test_what_is_allowed_is_what_is_stored(report):
    asked = row(report, Rung.APPROVE)
    assert 0 < asked.allowed < asked.made / 10  # c1 alone
    assert row(report, Rung.CURATE).allowed == row(report, Rung.CURATE).made
    assert row(report, Rung.VETO).allowed <= asked.made
    assert report.settled.consented == {"coaching": 0, "automation": 1}


def test_parts_add_up_to_the_whole(report):
    for parts in (report.by_week, report.by_persona):
        for rung in Rung:
            assert sum(one.made for one in parts if one.rung is rung) == row(report, rung).made
            assert sum(one.left_out for one in parts if one.rung is rung) == row(report, rung).left_out


def test_what_is_not_over_is_counted(report):
    need = row(report, Rung.RESPOND)
    assert isinstance(need.right, Share)
    assert need.right.n + need.left_out == need.made
    assert need.left_out > 0


def test_nothing_is_stored(place, report):
    with place[0].read() as tx:
        assert decisions.count(tx) == 0
    assert not place[1].models.exists() or not list(place[1].models.iterdir())


def test_nothing_sees_the_future(place, tmp_path, monkeypatch):
    monkeypatch.setattr(Report, "of", classmethod(lambda cls, settled, decided, modes: (settled, modes)))
    day = FIRST + timedelta(days=1)
    morning = backtest.datetime.combine(day, backtest.MORNING, place[1].timezone)
    changed = [line for line in bought() if line.ordered_at < morning]
    end = replace(changed[-1], order_id="last", item_id="new", ordered_at=NOW)
    other, settings = opened(tmp_path / "other", [*changed, end])
    known, rows = backtest.run(*place, first=day, last=day, say=silent)
    blind, same = backtest.run(other, settings, first=day, last=day, say=silent)
    assert known.decisions == blind.decisions > 0
    assert known.fits == blind.fits
    assert [one[:7] for one in rows.rows] == [one[:7] for one in same.rows]
    other.close()


@pytest.mark.long
def test_what_was_really_decided_meanwhile_changes_nothing(place, report, tmp_path):
    other, settings = opened(tmp_path / "lived", bought())
    morning = backtest.datetime.combine(FIRST, backtest.MORNING, settings.timezone)
    train.run(other, settings, as_of=morning, now=morning)
    deciding = Deciding(db=other, settings=settings, model=served(settings), trigger="test")
    for day in range(0, 28, 7):
        list(deciding.many([f"c{n}" for n in range(CUSTOMERS)], morning + timedelta(days=day)))
    ordered = OrderLine(order_id="ours", customer_id="c1", ordered_at=morning + timedelta(days=1), item_id="milk-2")
    with other.begin() as tx:
        assert sum(executions.counts(tx).values()) > 0
        orders.put_lines(tx, [ordered], import_id=orders.new_import(), source="execution")
    lived = backtest.run(other, settings, first=FIRST, last=LAST, say=silent)
    assert lived.document() == report.document()
    other.close()


def test_a_sample_is_the_same_every_time_and_part_of_the_whole(place, monkeypatch):
    monkeypatch.setattr(backtest, "_learned", lambda *given: pytest.fail("not needed"))
    begin = NOW - timedelta(days=20)
    few, _ = backtest._replay(*place, begin, NOW, 7)
    more, _ = backtest._replay(*place, begin, NOW, 20)
    assert len(few.ids) == 7
    assert set(few.ids) < set(more.ids)
    assert few.truth.until == day_of(NOW)


def test_days_that_cannot_be_replayed_are_told_of_in_a_sentence(place):
    with pytest.raises(InputError, match="--to"):
        backtest.run(*place, first=LAST, last=FIRST, say=silent)
    with pytest.raises(Unavailable, match="nothing to learn from"):
        backtest.run(*place, first=date(2016, 1, 1), last=LAST, say=silent)
    with pytest.raises(Unavailable, match="nothing is held out"):
        backtest.run(*place, first=date(2018, 1, 1), last=date(2018, 1, 31), say=silent)


def test_the_page_is_whole_escapes_names_and_loads_nothing(report):
    named = replace(report.settled, personas=("<b>frequent</b>",))
    shown = replace(report, settled=named, by_persona=[replace(one, part="<b>x</b>") for one in report.by_persona])
    drawn = page.drawn(shown)
    assert "<b>" not in drawn
    assert "&lt;b&gt;x" in drawn
    assert "://" not in drawn
    assert drawn.count("<svg") == 6
    assert "–<small>it was never tried</small>" in drawn  # nobody has a goal
