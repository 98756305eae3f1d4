"""How choices among rungs came about, from a log of what each rung was worth and what kept it out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.domain.decisions import Rung, Stage

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
RUNGS = len(Rung)
OPEN = -1
STAGES = tuple(Stage)
WORTH = STAGES.index(Stage.VALUE)


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Choices:
    """Needs that were decided. A need is one experience of one decision.

    Attributes
    ----------
    customers, families, weeks : int arrays of shape (n_needs,), codes
    leads : bool array, whether it is the first of its decision
    chosen : int array, the rung
    values : float array of shape (n_needs, 6), nan where nothing could be valued
    stages : int array of shape (n_needs, 6), place among ``STAGES`` of what removed the rung first; -1: it was open
    need, order : float arrays, probability of the need and of an order being right; nan where not known
    present : bool array, whether the customer was there
    """

    customers: Ints
    families: Ints
    weeks: Ints
    leads: Bools
    chosen: Ints
    values: Floats
    stages: Ints
    need: Floats
    order: Floats
    present: Bools

    def __len__(self) -> int:
        return len(self.chosen)


def mix(groups: Ints, rungs: Ints, n_groups: int) -> Ints:
    """How often each rung was chosen in each group, shape (n_groups, 6); those of other needs add.

    Examples
    --------
    >>> mix(np.array([0, 0, 1]), np.array([0, 3, 3]), 2)[:, [0, 3]].tolist()
    [[1, 1], [0, 1]]
    """
    flat = np.bincount(groups * RUNGS + rungs, minlength=n_groups * RUNGS)
    return np.asarray(flat, np.int64).reshape(n_groups, RUNGS)


def moves(found: Choices) -> Ints:
    """From which rung to which a customer's need went from one week to the next, shape (6, 6).

    Of a week its last decision counts; weeks between which one is missing are no move, nor are needs of no family.

    Examples
    --------
    >>> one = dict(customers=np.zeros(3, int), families=np.zeros(3, int), weeks=np.array([0, 1, 3]),
    ...     leads=np.ones(3, bool), chosen=np.array([1, 3, 4]), values=np.zeros((3, 6)), stages=np.full((3, 6), -1),
    ...     need=np.ones(3), order=np.ones(3), present=np.zeros(3, bool))
    >>> moves(Choices(**one)).nonzero()
    (array([1]), array([3]))
    """
    kept = np.flatnonzero(found.families >= 0)
    order = kept[np.lexsort((kept, found.weeks[kept], found.families[kept], found.customers[kept]))]
    keys = np.column_stack([found.customers, found.families, found.weeks])[order]
    last = np.append((np.diff(keys, axis=0) != 0).any(axis=1), True)[: len(order)]
    keys, rungs = keys[last], found.chosen[order][last]
    following = (np.diff(keys[:, :2], axis=0) == 0).all(axis=1) & (np.diff(keys[:, 2]) == 1)
    flat = np.bincount(rungs[:-1][following] * RUNGS + rungs[1:][following], minlength=RUNGS * RUNGS)
    return np.asarray(flat, np.int64).reshape(RUNGS, RUNGS)


def best(values: Floats, free: Bools) -> Ints:
    """The free rung of the highest value of each need; of equals the one that does least. Respond is always free.

    Parameters
    ----------
    values, free : arrays of shape (n_needs, 6)

    Examples
    --------
    >>> best(np.array([[0, 0.3, 0.3, 0.1, 0.9, 0.2]]), np.array([[True, True, True, True, False, True]])).tolist()
    [1]
    """
    usable = free & np.isfinite(values)
    usable[:, Rung.RESPOND] = True
    scores = np.where(usable, np.round(np.nan_to_num(values), 9), -np.inf)
    return np.asarray(scores.argmax(axis=1), np.int64)


def worthwhile(found: Choices, values: Floats, least_value: float, least_probability: float) -> Bools:
    """Which rungs are worth it and rest on a likely need, shape (n_needs, 6); respond always is."""
    likely = np.nan_to_num(found.need, nan=0.0) >= least_probability
    worth = (np.nan_to_num(values, nan=-np.inf) >= least_value) & likely[:, None]
    worth[:, Rung.RESPOND] = True
    return np.asarray(worth, bool)


def kept_in(found: Choices, without: Stage | None = None) -> Bools:
    """Which rungs nothing but their value keeps out, shape (n_needs, 6); ``without``: nor this stage."""
    free: Bools = (found.stages == OPEN) | (found.stages == WORTH)
    return free if without is None else np.asarray(free | (found.stages == STAGES.index(without)), bool)


def removed(found: Choices) -> Ints:
    """How often each stage was what removed each rung first, shape (n_stages, 6); those of other needs add."""
    flat = found.stages * RUNGS + np.arange(RUNGS)
    counted = np.bincount(flat[found.stages >= 0], minlength=len(STAGES) * RUNGS)
    return np.asarray(counted, np.int64).reshape(len(STAGES), RUNGS)


def furthest(found: Choices) -> Ints:
    """For each need, the last stage that any rung but respond came to, as a place among ``STAGES``; -1: one is open."""
    stages = found.stages[:, 1:]
    return np.where((stages == OPEN).any(axis=1), OPEN, stages.max(axis=1)).astype(np.int64)


def served_at_most_respond(found: Choices, n_customers: int) -> Ints:
    """For each customer, the stage that stood before everything but respond, always; -1: something was open once.

    Rungs that only their value or the customer's attention kept out count as open. It is the stage that a rung came
    to at the furthest; -2 for customers without a decision.
    """
    constrained = furthest(found)
    constrained = np.where(constrained >= STAGES.index(Stage.ATTENTION), OPEN, constrained)
    open_once = np.zeros(n_customers, bool)
    open_once[found.customers[constrained == OPEN]] = True
    last = np.full(n_customers, -2)
    np.maximum.at(last, found.customers, constrained)
    return np.where(open_once, OPEN, last).astype(np.int64)
