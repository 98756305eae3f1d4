"""Names as numbers: codes for actions and positions, hashes for contexts."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import orjson
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from engine.learn.offpolicy.log import mixed

Ints = NDArray[np.int64]
Keys = NDArray[np.uint64]
REMEMBERED = 100_000  # different lists of available actions


@dataclass(frozen=True, kw_only=True)
class Codes:
    """The codes given so far, in the order in which things were met."""

    actions: dict[str, int] = field(default_factory=dict)
    positions: dict[int, int] = field(default_factory=dict)
    sets: dict[str, Ints | None] = field(default_factory=dict)  # lists of actions as they were written

    def of_actions(self, column: pa.Array) -> Ints:
        """The codes of some actions; null has none and must not come."""
        packed = column.dictionary_encode()
        found = [self.actions.setdefault(name, len(self.actions)) for name in packed.dictionary.to_pylist()]
        return np.array(found, np.int64)[packed.indices.to_numpy()]

    def of_positions(self, positions: Ints) -> Ints:
        """The codes of some positions."""
        different, places = np.unique(positions, return_inverse=True)
        first = np.argsort([np.argmax(places == one) for one in range(len(different))], kind="stable")
        for one in different[first].tolist():
            self.positions.setdefault(one, len(self.positions))
        return np.array([self.positions[one] for one in different.tolist()], np.int64)[places]

    def of_set(self, written: str) -> Ints | None:
        """The codes of a JSON list of actions, ascending; None where it is none, or empty."""
        if written not in self.sets:
            if len(self.sets) >= REMEMBERED:
                self.sets.clear()
            self.sets[written] = self._set(written)
        return self.sets[written]

    def _set(self, written: str) -> Ints | None:
        try:
            names = orjson.loads(written)
        except orjson.JSONDecodeError:
            return None
        if not isinstance(names, list) or not names or not all(isinstance(one, str | int) for one in names):
            return None
        found = [self.actions.setdefault(str(name), len(self.actions)) for name in names]
        return np.unique(np.array(found, np.int64))

    @property
    def names(self) -> list[str]:
        """Actions by their codes."""
        return list(self.actions)

    @property
    def shape(self) -> tuple[int, int]:
        """How many positions and actions there are."""
        return len(self.positions), len(self.actions)

    @property
    def hashes(self) -> Keys:
        """Hashes of the positions by their codes."""
        return of_numbers(np.array(list(self.positions), np.int64))


def of_texts(column: pa.Array) -> Keys:
    """The hash of each text; 64 bits, so that two of many millions are hardly ever alike."""
    packed = column.dictionary_encode()
    different: Any = packed.dictionary.to_numpy(zero_copy_only=False).astype(object)
    found: Keys = pd.util.hash_array(different, categorize=False)[packed.indices.to_numpy()]
    return found


def of_numbers(numbers: Ints) -> Keys:
    """The hash of each whole number; none of them is 0 but by chance."""
    return mixed(numbers.astype(np.uint64) + np.uint64(1))
