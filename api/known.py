"""That what a request names is there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from engine.errors import InputError, Problem, shown
from engine.store import items
from engine.store.database import Tx


def require_items(tx: Tx, named: Mapping[str, Sequence[str]]) -> None:
    """InputError that lists every item the catalogue does not know.

    Parameters
    ----------
    named : field -> the items named there, in their order
    """
    everything = [item for listed in named.values() for item in listed]
    known = items.get_many(tx, everything)
    problems = [
        Problem(field=f"{field}.{index}", expected="an item of the catalogue", came=shown(item))
        for field, listed in named.items()
        for index, item in enumerate(listed)
        if item not in known
    ]
    if problems:
        raise InputError(problems)
