"""The forecast of renewals, on rhythms that can be checked by hand."""

import numpy as np

from jobs.simulate.renewals import Renewals
from jobs.simulate.seen import Morning, Sign


def morning(day: int, ordered: bool) -> Morning:
    """One morning of one pair."""
    signs = np.zeros((1, 1, len(Sign)), bool)
    signs[..., Sign.ORDERED] = ordered
    return Morning(
        day=day,
        ceiling=np.array([5]),
        agency=np.array([0.5]),
        trust=np.array([0.5]),
        goals=np.zeros((1, 1), bool),
        reachable=np.ones(1, bool),
        messages=np.zeros(1, np.int64),
        signs=signs,
        right=np.array([[ordered]]),
    )


def test_it_knows_when_somebody_has_run_out():
    """A pair that orders every ten days: an order is welcome near the tenth day, and not on the second."""
    renewals = Renewals(1, 1)
    welcome = []
    for day in range(1, 100):
        renewals.learn(morning(day, ordered=(day - 1) % 10 == 0), np.zeros((1, 1)))
        welcome.append(float(renewals.welcome(day)[0, 0]))
    late = np.array(welcome[60:90]).reshape(3, 10)  # days 61 to 90; an order is seen on 61, 71, 81
    assert late[:, 8].min() > 0.9
    assert late[:, 1].max() < 0.1
