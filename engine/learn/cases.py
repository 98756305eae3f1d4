"""Owners at their moments: whom a ranking is asked for, with all it may look at."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from engine.domain.history import History
from engine.learn.catalogue import Catalogue
from engine.learn.lines import Lines
from engine.learn.runs import changes
from engine.learn.state import DAYS, ORDERS, State

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, eq=False)
class Cases:
    """Owners, each with a past and a now.

    Attributes
    ----------
    state : what they bought before
    days : float array of shape (n_owners,), now of each, days since 1970-01-01 UTC
    family_of : int array of shape (n_items,), the family code of every item the state may hold
    barred : bool array of shape (n_items,), what must not be proposed; None bars nothing
    """

    state: State
    days: Floats
    family_of: Ints
    barred: NDArray[np.bool_] | None = None

    def __len__(self) -> int:
        return len(self.days)

    @property
    def n_items(self) -> int:
        """How many items there are, those included that no model learned of."""
        return self.state.items.n_codes

    @cached_property
    def fondness(self) -> Floats:
        """How often and lately each pair of ``state.items`` was bought, as one number, shape (n_pairs,).

        Purchases decayed by orders, with half-lives of 5 and 12 of them, and by days, with one of 14.
        """
        items = self.state.items
        owners = items.owners
        orders = self.state.visits.orders[owners] - 1 - items.last_order
        age = np.maximum(self.days[owners] - items.last_day, 0.0)
        found: Floats = (
            0.5 * items.by_orders[:, 1] * np.exp2(-orders / ORDERS[1])
            + 0.5 * items.by_orders[:, 2] * np.exp2(-orders / ORDERS[2])
            + 0.3 * items.by_days[:, 0] * np.exp2(-age / DAYS[0])
        )
        return found

    def take(self, owners: Ints) -> Cases:
        """Some of the owners, in the order given."""
        return replace(self, state=self.state.take(owners), days=self.days[owners])

    def open(self, items: Ints) -> NDArray[np.bool_]:
        """Whether each item may be proposed."""
        return np.ones(items.shape, bool) if self.barred is None else ~self.barred[items]

    def parts(self, most: int) -> Iterator[tuple[Ints, Cases]]:
        """Up to ``most`` owners at a time, with their numbers here."""
        if len(self) <= most:
            yield np.arange(len(self)), self
            return
        for start in range(0, len(self), most):
            owners = np.arange(start, min(start + most, len(self)))
            yield owners, self.take(owners)


def of_histories(histories: Sequence[History], catalogue: Catalogue, day: float) -> tuple[Cases, tuple[str, ...]]:
    """Live histories before ``day``, one an owner, and the ids of what the catalogue does not know.

    These have the codes after the catalogue's, in the order they are come upon; so have their families.
    """
    seen = [history.before(day) for history in histories]
    lengths = [len(one) for one in seen]
    strangers = _Strangers(catalogue)
    codes = np.concatenate([strangers.codes(one) for one in seen]) if seen else np.zeros(0, np.int64)
    numbers = [np.cumsum(changes(one.orders)) - 1 for one in seen]
    family_of = strangers.family_of()
    state = State.of(
        np.repeat(np.arange(len(seen)), lengths),
        codes,
        family_of[codes],
        np.concatenate(numbers) if seen else np.zeros(0, np.int64),
        np.concatenate([one.days for one in seen]) if seen else np.zeros(0),
        n_owners=len(seen),
        n_items=len(family_of),
        n_families=len(catalogue.families) + len(strangers.new_families),
    )
    return Cases(state=state, days=np.full(len(seen), day), family_of=family_of), tuple(strangers.items)


class _Strangers:
    """Codes for what a catalogue does not know, given as they are come upon."""

    def __init__(self, catalogue: Catalogue) -> None:
        self.catalogue = catalogue
        self.items: dict[str, int] = {}  # id -> family code
        self.new_families: dict[str, int] = {}
        self._places: dict[str, int] = {}

    def codes(self, history: History) -> Ints:
        """The code of each line's item."""
        codes = self.catalogue.codes(history.items.tolist())
        for line in np.flatnonzero(codes < 0).tolist():
            id = history.items[line]
            if id not in self.items:
                self._places[id] = len(self.catalogue) + len(self.items)
                self.items[id] = self._family(history.families[line])
            codes[line] = self._places[id]
        return codes

    def family_of(self) -> Ints:
        """The family of every item, those of the catalogue first."""
        known = self.catalogue.family_of
        return np.concatenate((known, np.fromiter(self.items.values(), np.int64))) if self.items else known

    def _family(self, name: str) -> int:
        code = self.catalogue.family_code(name)
        if code is not None:
            return code
        return len(self.catalogue.families) + self.new_families.setdefault(name, len(self.new_families))


def of_lines(lines: Lines, owners: Ints, days: Floats, family_of: Ints, n_families: int) -> Cases:
    """Some customers of many, at ``days``; ``lines`` holds nothing from then on.

    Parameters
    ----------
    owners : customer codes, ascending
    days : float array of shape (n_owners,)
    """
    place = np.full(lines.n_customers, -1)
    place[owners] = np.arange(len(owners))
    kept = place[lines.customers] >= 0
    some = lines.take(kept)
    state = State.of(
        place[some.customers],
        some.items,
        family_of[some.items],
        some.numbers(),
        some.days,
        n_owners=len(owners),
        n_items=lines.n_items,
        n_families=n_families,
    )
    return Cases(state=state, days=days, family_of=family_of)
