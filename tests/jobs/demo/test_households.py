"""Households answer from what they really bought."""

from datetime import UTC, datetime, timedelta

import pandas as pd
import pytest

from jobs.demo.households import STOP_WRONG, Truth

AT = datetime(2017, 12, 1, 8, tzinfo=UTC)
DAY = timedelta(days=1)


def truth(*lines: tuple[str, str, float]) -> Truth:
    """What was bought: household, item (its own family), days after ``AT``; known for thirty days."""
    rows = [*lines, ("nobody", "end", 30.0)]
    frame = pd.DataFrame(
        {
            "customer_id": [row[0] for row in rows],
            "item_id": [row[1] for row in rows],
            "ordered_at": [pd.Timestamp(AT + row[2] * DAY) for row in rows],
        }
    )
    items = pd.DataFrame({"item_id": sorted({row[1] for row in rows}), "family": sorted({row[1] for row in rows})})
    return Truth.of(frame, items, seed=1)


@pytest.mark.parametrize(
    ("after", "within", "bought"), [(1.0, 7, True), (6.99, 7, True), (7.0, 7, False), (-0.01, 7, False)]
)
def test_a_purchase_counts_within_its_window_only(after, within, bought):
    assert truth(("c", "milk", after)).buys("c", "milk", AT, within * DAY) is bought


def test_a_window_that_is_not_over_tells_only_of_purchases():
    known = truth(("c", "milk", 29.0))
    assert known.buys("c", "milk", AT + 28 * DAY, 7 * DAY) is True
    assert known.buys("c", "tea", AT + 28 * DAY, 7 * DAY) is None
    assert known.buys("c", "tea", AT + 20 * DAY, 7 * DAY) is False


def test_yes_is_said_to_what_is_bought_within_two_days():
    known = truth(("c", "milk", 1.9), ("d", "milk", 2.1))
    assert known.says_yes("c", "milk", AT)
    assert not known.says_yes("d", "milk", AT)


def test_wrong_orders_are_stopped_by_their_share_and_the_same_ones_each_time():
    known = truth()
    stopped = [known.stops(f"c{n}", "milk", AT, 7 * DAY) for n in range(4_000)]
    assert sum(stopped) / len(stopped) == pytest.approx(STOP_WRONG, abs=0.03)
    assert stopped == [known.stops(f"c{n}", "milk", AT, 7 * DAY) for n in range(4_000)]


def test_some_visitors_ask_for_something_of_their_basket():
    visits = {f"c{n}": ["i1", "i2"] for n in range(2_000)}
    asked = truth().requests(
        visits, {"i1": "Milk", "i2": None}, "2017-12-01"
    )  # an item without a name is not asked for
    assert {request.query for request in asked.values()} == {"Milk"}
    assert len(asked) / len(visits) == pytest.approx(0.10, abs=0.02)
