"""The items a model knows: their families and categories, and their places in its arrays."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.learn.texts import packed, unpacked

Ints = NDArray[np.int64]
LEVELS = " > "


class _Codes(dict[str, int]):
    """The code of each id; -1 of one that is not there."""

    def __missing__(self, id: str) -> int:
        return -1


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Catalogue:
    """Items by their code, which is their place here.

    Attributes
    ----------
    items : ids, one an item
    families : names; ``family_of`` (int array of shape (n_items,)) points into them
    categories : paths with their levels parted by `` > ``; ``category_of`` points into them
    """

    items: Sequence[str]
    families: Sequence[str]
    categories: Sequence[str]
    family_of: Ints
    category_of: Ints
    _codes: _Codes = field(init=False)
    _family_codes: dict[str, int] = field(init=False)
    _by_family: Ints = field(init=False)  # the codes of items, one family after another
    _edges: Ints = field(init=False)  # where each family begins and ends among those

    def __post_init__(self) -> None:
        object.__setattr__(self, "_codes", _Codes(zip(self.items, range(len(self.items)), strict=True)))
        object.__setattr__(self, "_family_codes", {name: code for code, name in enumerate(self.families)})
        object.__setattr__(self, "_by_family", np.argsort(self.family_of, kind="stable"))
        edges = np.searchsorted(self.family_of[self._by_family], np.arange(len(self.families) + 1))
        object.__setattr__(self, "_edges", edges)

    def __len__(self) -> int:
        return len(self.items)

    @classmethod
    def of(cls, items: Iterable[tuple[str, str, Sequence[str]]]) -> Catalogue:
        """From (id, family, category levels) of every item.

        Examples
        --------
        >>> shop = Catalogue.of([("a", "milk", ("FOOD", "DAIRY")), ("b", "milk", ())])
        >>> shop.codes(["b", "z"]).tolist(), shop.within(category="DAIRY").tolist()
        ([1, -1], [0])
        """
        rows = list(items)
        families, family_of = _coded([family for _, family, _ in rows])
        categories, category_of = _coded([LEVELS.join(levels) for _, _, levels in rows])
        return cls(
            items=[id for id, _, _ in rows],
            families=families,
            categories=categories,
            family_of=family_of,
            category_of=category_of,
        )

    def codes(self, ids: Sequence[str]) -> Ints:
        """The code of each id; -1 for one that is not known."""
        return np.fromiter(map(self._codes.__getitem__, ids), np.int64, len(ids))

    def family_code(self, name: str) -> int | None:
        """The code of a family; None of one that is not known."""
        return self._family_codes.get(name)

    def known(self, ids: Collection[str]) -> list[int]:
        """The codes of those ids that are known."""
        return [self._codes[id] for id in ids if id in self._codes]

    def within(self, family: str | None = None, category: str | None = None) -> Ints:
        """The codes of the items of a family, and of a category or below it."""
        codes: Ints = np.arange(len(self.items)) if family is None else self._of_family(family)
        if category is not None:
            kept = np.array([_lies_in(path, category) for path in self.categories], bool)
            codes = codes[kept[self.category_of[codes]]]
        return codes

    def _of_family(self, family: str) -> Ints:
        code = self._family_codes.get(family)
        found: Ints = self._by_family[slice(0) if code is None else slice(*self._edges[code : code + 2])]
        return found

    def category_of_families(self) -> Ints:
        """The category of each family, shape (n_families,): the one of most of its items, of equals the first known.

        Examples
        --------
        >>> shop = Catalogue.of([("a", "milk", ("DAIRY",)), ("b", "milk", ("DRY",)), ("c", "milk", ("DRY",))])
        >>> shop.categories[shop.category_of_families()[0]]
        'DRY'
        """
        n = max(len(self.categories), 1)
        pairs, counts = np.unique(self.family_of * n + self.category_of, return_counts=True)
        order = np.lexsort((-pairs, counts))  # of equals the first stands last, and what stands last is kept
        found = np.zeros(len(self.families), np.int64)
        found[pairs[order] // n] = pairs[order] % n
        return found

    def arrays(self) -> dict[str, NDArray[Any]]:
        """What it is, as arrays."""
        return {
            **packed("items", self.items),
            **packed("families", self.families),
            **packed("categories", self.categories),
            "family_of": self.family_of.astype(np.int32),
            "category_of": self.category_of.astype(np.int32),
        }

    @classmethod
    def of_arrays(cls, arrays: dict[str, NDArray[Any]]) -> Catalogue:
        """The inverse of ``arrays``."""
        return cls(
            items=unpacked("items", arrays),
            families=unpacked("families", arrays),
            categories=unpacked("categories", arrays),
            family_of=arrays["family_of"].astype(np.int64),
            category_of=arrays["category_of"].astype(np.int64),
        )


def _lies_in(path: str, category: str) -> bool:
    """Whether a path is the category, lies below it, or has a level of that name."""
    return path == category or path.startswith(category + LEVELS) or category in path.split(LEVELS)


def _coded(names: Sequence[str]) -> tuple[list[str], Ints]:
    table: dict[str, int] = {}
    codes = np.array([table.setdefault(name, len(table)) for name in names], np.int64)
    return list(table), codes
