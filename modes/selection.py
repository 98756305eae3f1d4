"""The choice of a rung for every need of many customers: needs compete for attention, and chance has its known share.

Arrays of customers (n) and needs (m); one decision for one customer is the case n = 1.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.domain.decisions import RUNGS, Rung
from modes import attention
from modes.policy import NONE, Chance, Policy, Worth
from modes.value import UNASKED

__all__ = ["NONE", "Chance", "Given", "Priced", "Selected", "drawn", "priced", "select"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
TRIED = np.isin(list(Rung), (Rung.RESPOND, Rung.CURATE, Rung.COACH, Rung.APPROVE))  # what chance may choose among
RESPONDS = np.arange(len(RUNGS)) == Rung.RESPOND  # by rung
NEVER = -np.inf
FIRST = 1e6  # more than anything is worth: announced orders come before everything else


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
        known = priced(before_messages, allowed, load=load, left=left, policy=policy, here=here)
        at = (rows, known.next(chosen))
        one = known.given(at, draws[at], chance, curious[at])
        rung[at], chosen[at] = one.rung, True
        propensity[at], value[at], spent[at] = one.propensity, one.value, one.spent
        load, left = load + one.spoke, left - one.spoke
    return Selected(rung=rung, propensity=propensity, value=value, spent=spent)


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Given:
    """What some needs are given; arrays of shape (k,) or (k, 6), a row a need."""

    rung: Ints
    propensity: Floats
    value: Floats
    spent: Bools
    spoke: Bools


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Priced:
    """Needs at the price that attention has now; the same for all of them until a message is sent.

    Attributes
    ----------
    value : float array of shape (n, m, 6), with the price of a message
    worth : float array of shape (n, m, 6), what is compared: what is not open is worth less than anything
    best : int array of shape (n, m), the rung of each need that is worth most
    spent : bool array of shape (n, m, 6), left out for want of attention
    speaks : bool array of shape (n, 6), which rungs send a message
    """

    value: Floats
    worth: Floats
    best: Ints
    spent: Bools
    speaks: Bools

    @property
    def order(self) -> Floats:
        """By which needs take turns, the highest first, shape (n, m): announced orders, then what is worth most."""
        found: Floats = self.worth.max(axis=2) + np.where(self.best == Rung.VETO, FIRST, 0.0)
        return found

    def next(self, chosen: Bools) -> Ints:
        """The need of each customer whose turn it is, of those not ``chosen`` for yet, shape (n,)."""
        found: Ints = np.where(chosen, NEVER, self.order).argmax(axis=1)
        return found

    def given(self, at: tuple[Ints, Ints], draws: Floats, chance: Chance, curious: Bools) -> Given:
        """What the needs at some places are given.

        Parameters
        ----------
        at : customers and their needs, int arrays of shape (k,)
        draws : float array of shape (k,), from [0, 1)
        curious : bool array of shape (k,), whether chance may choose
        """
        shares = _shares(self.worth[at], self.best[at], chance, curious)
        taken = drawn(shares, draws)
        return Given(
            rung=taken,
            propensity=shares,
            value=self.value[at],
            spent=self.spent[at],
            spoke=self.speaks[at[0], taken],
        )


def priced(
    before_messages: Floats,
    allowed: Bools,
    *,
    load: Floats,
    left: Floats,
    policy: Policy,
    here: Bools,
    worths: Sequence[Worth] = (),
) -> Priced:
    """What every rung of every need is worth now, see ``select``.

    Parameters
    ----------
    here : bool array of shape (n, 1, 1), whether the customer is here
    worths : what each need's category is worth; none: all as the shop says
    """
    worths = worths or [policy.worth]
    speaks = np.broadcast_to(attention.spoken(here), (len(load), 1, 6))
    price = np.array([attention.price(load, worth) for worth in worths]).T
    value = before_messages - speaks * price[:, :, None]
    silenced = speaks & (left < 1)[:, None, None]
    free = allowed & ~silenced & ((value >= policy.min_value) | RESPONDS)
    worth = np.where(free, np.round(value, 9) + _margins(worths), NEVER)
    return Priced(value=value, worth=worth, best=worth.argmax(axis=2), spent=allowed & silenced, speaks=speaks[:, 0])


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
    margins = np.array([[[worth.margin.get(rung, 0.0) for rung in RUNGS] for worth in worths]])
    found: Floats = 1e-10 * np.clip(margins, -1, 1)
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
