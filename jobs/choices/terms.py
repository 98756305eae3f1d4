"""What each rung would be worth without one term of its value, as far as the log tells."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from engine.domain.decisions import Rung
from engine.measure.choices import Choices
from modes import attention
from modes.policy import Worth
from modes.value import Stakes, expected

Floats = NDArray[np.float64]
NOUGHT = dict.fromkeys(Rung, 0.0)
ALWAYS = dict.fromkeys(Rung, 1.0)
DROPPED: Mapping[str, Mapping[str, object]] = {
    "effort": {"effort": NOUGHT},  # what the customer is saved, and what is left to do
    "stock-out": {"out_of_stock": 0.0},
    "wrong acts": {"wrong": NOUGHT},
    "uptake": {"success": ALWAYS},
}
ATTENTION, GOALS = "attention", "goals"
TERMS = (*DROPPED, ATTENTION, GOALS)


def without(found: Choices, term: str, worth: Worth) -> Floats:
    """The stored values less one term, shape (n_needs, 6).

    What is stored is taken as it is: the term is the difference that ``modes.value.expected`` makes with it and without
    it, at the stored probabilities. What a message costs beyond that of the first one, and what a goal adds, are not
    stored by themselves; they are what the stored values hold beyond the expected ones, in a list (a message, no goal)
    and in the other rungs.
    """
    stakes = Stakes(
        probability=np.nan_to_num(found.need),
        order=np.nan_to_num(np.where(np.isfinite(found.order), found.order, found.need)),
        present=found.present,
    )
    plain = expected(stakes, worth)
    beyond = found.values - plain
    message = _later_messages(beyond, found)
    if term == ATTENTION:
        return np.asarray(expected(stakes, replace(worth, attention=0.0)) + beyond - message, np.float64)
    if term == GOALS:
        return np.asarray(plain + message, np.float64)
    return np.asarray(expected(stakes, replace(worth, **DROPPED[term])) + beyond, np.float64)  # type: ignore[arg-type]


def _later_messages(beyond: Floats, found: Choices) -> Floats:
    """What the messages before made one more cost: known from the list, where it is sent as one."""
    more = np.where(found.present, 0.0, np.nan_to_num(beyond[:, Rung.CURATE]))
    spoken = attention.spoken(found.present[:, None])
    return np.asarray(np.where(spoken, more[:, None], 0.0), np.float64)
