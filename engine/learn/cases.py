"""Owners at their moments: whom a ranking is asked for, with all it may look at."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from engine.domain.history import History
from engine.learn.catalogue import Catalogue
from engine.learn.lines import Lines
from engine.learn.state import State

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
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

    def take(self, owners: Ints) -> Cases:
        """Some of the owners, in the order given."""
        return replace(self, state=self.state.take(owners), days=self.days[owners])

    def open(self, items: Ints) -> NDArray[np.bool_]:
        """Whether each item may be proposed."""
        return np.ones(items.shape, bool) if self.barred is None else ~self.barred[items]

    def parts(self, most: int) -> Iterator[tuple[Ints, Cases]]:
        """Up to ``most`` owners at a time, with their numbers here."""
        for start in range(0, len(self), most):
            owners = np.arange(start, min(start + most, len(self)))
            yield owners, self.take(owners)


def of_history(history: History, catalogue: Catalogue, day: float) -> tuple[Cases, tuple[str, ...]]:
    """One customer's live history before ``day``, and the ids of what the catalogue does not know.

    These have the codes after the catalogue's, in the order of their first purchase; so have their families.
    """
    seen = history.before(day)
    codes = catalogue.codes(seen.items)
    family_of, strangers = catalogue.family_of, dict[str, int]()
    unknown = np.flatnonzero(codes < 0).tolist()
    n_families = len(catalogue.families)
    if unknown:
        new = dict[str, int]()
        of_strangers: list[int] = []
        for line in unknown:
            id, family = seen.items[line], seen.families[line]
            if id not in strangers:
                strangers[id] = len(catalogue) + len(strangers)
                code = catalogue.family_code(family)
                of_strangers.append(new.setdefault(family, n_families + len(new)) if code is None else code)
            codes[line] = strangers[id]
        family_of = np.concatenate((family_of, np.array(of_strangers, np.int64)))
        n_families += len(new)
    numbers = np.cumsum(np.diff(seen.orders, prepend=-1) != 0) - 1
    state = State.of(
        np.zeros(len(seen), np.int64),
        codes,
        family_of[codes],
        numbers,
        seen.days,
        n_owners=1,
        n_items=len(family_of),
        n_families=n_families,
    )
    return Cases(state=state, days=np.array([day]), family_of=family_of), tuple(strangers)


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
