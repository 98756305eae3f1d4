"""The hash contract, with the known answers of its specification."""

import pytest

from engine.assignment import cell, uniform


@pytest.mark.parametrize(
    ("unit", "u", "index"), [("42", 0.1284195406, 1), ("alice", 0.3403736929, 4), ("é", 0.4105726722, 4)]
)
def test_known_answers(unit, u, index):
    assert uniform("salt", "exp1", unit) == pytest.approx(u, abs=1e-10)
    assert cell("salt", "exp1", unit, [1 / 12] * 12) == index
