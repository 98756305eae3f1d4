"""The choice of a rung for every need of many customers: needs compete for attention, and chance has its known share.

Arrays of customers (n) and needs (m); one decision for one customer is the case n = 1.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.domain.decisions import Rung
from modes import attention
from modes.policy import NONE, Chance, Policy, Worth
from modes.value import UNASKED

__all__ = ["NONE", "Chance", "Selected", "Turn", "drawn", "select", "turn"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
TRIED = np.isin(list(Rung), (Rung.RESPOND, Rung.CURATE, Rung.COACH, Rung.APPROVE))  # what chance may choose among
NEVER = -np.inf


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Selected:
    """What every need is given.

    Attributes
    ----------
    rung : int array of shape (n, m)
    propensity : float array of shape (n, m, 6), of each rung, as it was drawn from
    value : float array of shape (n, m, 6), with the price that a message had when the need's turn came
    spent : bool array of shape (n, m, 6), left out for want of attention
    """

    rung: Ints
    propensity: Floats
    value: Floats
    spent: Bools


def select(
    before_messages: Floats,
    allowed: Bools,
    *,
    load: Floats,
    left: Floats,
    policy: Policy,
    chance: Chance = NONE,
    rng: np.random.Generator | None = None,
    present: Bools | bool = False,
    curious: Bools | bool = True,
) -> Selected:
    """A rung for every need: announced orders first, then by value, each at the price that attention has by then.

    Parameters
    ----------
    before_messages : float array of shape (n, m, 6), see ``value.before_messages``
    allowed : bool array of the same shape, by all that does not hang on attention; respond always is
    load : float array of shape (n,), messages of the last seven days
    left : float array of shape (n,), messages that may still be sent; what is below one is none
    rng : where ``chance`` is given, a draw for every need
    present : bool array that broadcasts to (n, 1), whether the customer is here
    curious : bool array that broadcasts to (n, m), whether chance may choose for a need
    """
    n, m, _ = before_messages.shape
    here = np.reshape(np.broadcast_to(present, (n,)), (n, 1, 1))
    draws = np.zeros((n, m)) if rng is None else rng.random((n, m))
    curious = np.broadcast_to(curious, (n, m))
    load, left = load.astype(float).copy(), left.astype(float).copy()
    rung, chosen = np.zeros((n, m), np.int64), np.zeros((n, m), bool)
    propensity, value, spent = np.zeros((n, m, 6)), np.zeros((n, m, 6)), np.zeros((n, m, 6), bool)
    rows = np.arange(n)
    for _ in range(m):
        one = turn(
            before_messages,
            allowed,
            chosen=chosen,
            draws=draws,
            load=load,
            left=left,
            policy=policy,
            chance=chance,
            here=here,
            curious=curious,
        )
        at = (rows, one.place)
        rung[at], chosen[at] = one.rung, True
        propensity[at], value[at], spent[at] = one.propensity, one.value, one.spent
        load, left = load + one.spoke, left - one.spoke
    return Selected(rung=rung, propensity=propensity, value=value, spent=spent)


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Turn:
    """The need of each customer whose turn it is, and what it is given; arrays of shape (n,) or (n, 6)."""

    place: Ints
    rung: Ints
    propensity: Floats
    value: Floats
    spent: Bools
    spoke: Bools


def turn(
    before_messages: Floats,
    allowed: Bools,
    *,
    chosen: Bools,
    draws: Floats,
    load: Floats,
    left: Floats,
    policy: Policy,
    chance: Chance,
    here: Bools,
    curious: Bools,
    worths: Sequence[Worth] = (),
) -> Turn:
    """The next need of each customer that is not chosen for yet: one step of ``select``.

    Parameters
    ----------
    chosen : bool array of shape (n, m), whose turn is over
    draws : float array of shape (n, m), from [0, 1)
    here : bool array of shape (n, 1, 1), whether the customer is here
    worths : what each need's category is worth; none: all as the shop says
    """
    rows, worths = np.arange(len(load)), worths or [policy.worth]
    speaks = np.broadcast_to(attention.spoken(here), (len(load), 1, 6))
    price = np.stack([attention.price(load, worth) for worth in worths], axis=1)
    priced = before_messages - speaks * price[:, :, None]
    silenced = speaks & (left < 1)[:, None, None]
    free = allowed & ~silenced & ((priced >= policy.min_value) | (np.arange(6) == Rung.RESPOND))
    worth = np.where(free, np.round(priced, 9) + _margins(worths), NEVER)
    best = worth.argmax(axis=2)
    place = _turn(best, worth, chosen)
    shares = _shares(worth[rows, place], best[rows, place], chance, curious[rows, place])
    taken = drawn(shares, draws[rows, place])
    return Turn(
        place=place,
        rung=taken,
        propensity=shares,
        value=priced[rows, place],
        spent=(allowed & silenced)[rows, place],
        spoke=speaks[rows, 0, taken],
    )


def drawn(shares: Floats, draws: Floats) -> Ints:
    """The rungs that draws from [0, 1) fall on, shape (n,).

    Examples
    --------
    >>> drawn(np.array([[0.0, 0.985, 0.015, 0, 0, 0]] * 2), np.array([0.5, 0.99])).tolist()
    [1, 2]
    """
    found: Ints = (np.cumsum(shares, axis=1) > draws[:, None] * shares.sum(axis=1, keepdims=True)).argmax(axis=1)
    return found


def _margins(worths: Sequence[Worth]) -> Floats:
    """So little that the shop's margin parts equals and nothing else, shape (1, needs or 1, 6)."""
    return np.array([[[1e-10 * min(max(worth.margin.get(rung, 0.0), -1), 1) for rung in Rung] for worth in worths]])


def _turn(best: Ints, worth: Floats, chosen: Bools) -> Ints:
    """Which need of each customer is next: announced orders first, then what is worth most."""
    order = worth.max(axis=2) + np.where(best == Rung.VETO, 1e6, 0.0)
    found: Ints = np.where(chosen, NEVER, order).argmax(axis=1)
    return found


def _shares(worth: Floats, best: Ints, chance: Chance, curious: Bools) -> Floats:
    """How probable each rung is made, shape (n, 6).

    Among soft rungs whose value is above 0 and near the best some are tried; nothing is ever tried that orders unasked,
    but of such orders some are held back and asked about, where that is allowed.
    """
    rows = np.arange(len(best))
    unasked = UNASKED[best]
    top = worth[rows, best][:, None]
    near = TRIED & (worth >= top - chance.near) & (worth > 0) & curious[:, None] & ~unasked[:, None]
    count = near.sum(axis=1)
    explore = np.where(count > 0, chance.explore, 0.0)
    held = np.where(unasked & np.isfinite(worth[:, Rung.APPROVE]), chance.hold_back, 0.0)
    shares = near * (explore / np.maximum(count, 1))[:, None]
    shares[rows, best] += 1 - explore - held
    shares[:, Rung.APPROVE] += held
    return np.asarray(shares, np.float64)
