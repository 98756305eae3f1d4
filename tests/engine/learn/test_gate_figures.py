"""The table of the gate: what it says of several promises is what the gate says of each alone."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks import gate_figures
from engine.learn.certificate import certify, gathered, ordered_over
from engine.learn.foresight import Gate, cutoffs
from engine.learn.foresight import gates as alone
from tests.engine.learn.rhythms import refills, snapshots


def test_several_promises_share_the_evidence_and_nothing_else():
    shop = snapshots(refills(5, 200))
    found = gate_figures.gates(shop, [0.8, 0.95], 14, 3)
    for promise in (0.8, 0.95):
        assert [one for said, one in found if said == promise] == list(alone(shop, promise, 14, 3))


def test_of_orders_as_they_are_made_only_those_over_their_own_window_count():
    """Of some refills two gaps fit into a shorter window, and some come too early in theirs."""
    shop = snapshots(refills(5, 200))
    (cutoff,) = cutoffs(shop, 28, 1)
    fitted, seen = shop.fit(cutoff), shop.at(cutoff)
    bar = certify(gathered(shop, cutoff, 28), 0.8).threshold
    likely = np.flatnonzero(fitted.within(seen.traits.values, cutoff, 28) >= bar)
    meant = np.count_nonzero(ordered_over(shop, seen, likely, 28))
    ((_, found),) = gate_figures.gates(shop, [0.8], 28, 1, own=True)
    assert (found.threshold, found.executions) == (bar, meant)
    assert 0 < meant < len(likely)


def gate(executions: int, precision: float | None) -> Gate:
    """At one cut-off."""
    open_ = precision is not None
    return Gate(
        cutoff=0.0,
        threshold=0.9 if open_ else None,
        executions=executions,
        precision=precision,
        share_of_purchases=0.02 if open_ else 0.0,
    )


def test_a_row_is_what_counting_says():
    found = [gate(100, 0.95), gate(300, 0.89), gate(0, None)]
    assert gate_figures.row(found, 0.9, 14) == "| 14 d | 0.9 | 3 | 2 | 200 | 0.920 | 0.905 | 0.890 | 1 | 1.3% |"
    assert gate_figures.row([gate(0, None)], 0.9, 14).startswith("| 14 d | 0.9 | 1 | 0 | 0 |")


@pytest.mark.parametrize(
    ("found", "promise", "faults"),
    [
        ([gate(700, 0.92)] * 15, 0.9, 0),
        ([gate(600, 0.92)] * 15, 0.9, 1),
        ([gate(700, 0.89)] * 3 + [gate(700, 0.92)] * 12, 0.9, 1),
        ([gate(700, 0.89)] * 15, 0.9, 2),
        ([gate(150, 0.94)] * 5 + [gate(0, None)] * 10, 0.95, 0),
        ([gate(1_900, 0.79)] * 15, 0.8, 1),
    ],
)
def test_what_is_asked_for_and_did_not_come_is_told(found, promise, faults):
    assert len(list(gate_figures.missed(found, promise, 14))) == faults
