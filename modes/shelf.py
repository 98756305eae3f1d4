"""The catalogue as one decision sees it: what it asks for is read once, in few questions."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from itertools import islice

from engine.domain.shopping import Item
from modes.filters import Filter

Catalogue = Callable[[Collection[str]], Mapping[str, Item]]
Browse = Callable[[], Iterable[Item]]  # every item there is
GONE_THROUGH = 100_000  # items of a catalogue, for one list


class Shelf:
    """The items of one decision, and which of them may be put before the customer."""

    def __init__(
        self,
        catalogue: Catalogue,
        exclude: Collection[str] = (),
        condition: Filter | None = None,
        browse: Browse = tuple,
    ) -> None:
        self._catalogue = catalogue
        self._browse = browse
        self._exclude = frozenset(exclude)
        self._condition = condition
        self._items: dict[str, Item | None] = {}

    @property
    def excluded(self) -> frozenset[str]:
        """What the caller wants left out."""
        return self._exclude

    @property
    def narrow(self) -> bool:
        """Whether a condition may leave out much."""
        return self._condition is not None

    def load(self, ids: Iterable[str]) -> None:
        """Read those of the items that were not read yet, in one question."""
        missing = [id for id in dict.fromkeys(ids) if id not in self._items]
        if missing:
            found = self._catalogue(missing)
            self._items |= {id: found.get(id) for id in missing}

    def item(self, id: str) -> Item | None:
        """The item of this id; None where the catalogue knows none."""
        if id not in self._items:
            self.load([id])
        return self._items[id]

    def name(self, id: str) -> str:
        """What the item is called."""
        item = self.item(id)
        return id if item is None else item.name or id

    def everything(self) -> Iterator[Item]:
        """Every item there is, where the catalogue can be gone through; what was read stays as it was read.

        Of a larger catalogue only so many are gone through: a condition is asked of each.
        """
        for item in islice(self._browse(), GONE_THROUGH):
            known = self._items.setdefault(item.item_id, item)
            if known is not None:
                yield known

    def offered(self, ids: Iterable[str]) -> list[Item]:
        """Those that may be put before the customer, in their order: available, not excluded, meeting the condition."""
        wanted = list(dict.fromkeys(ids))
        self.load(wanted)
        return [item for id in wanted if (item := self._items[id]) is not None and self.may_offer(item)]

    def may_offer(self, item: Item) -> bool:
        """Whether the item is available and nothing the caller said leaves it out."""
        return item.available and self.wanted(item)

    def wanted(self, item: Item) -> bool:
        """Whether nothing the caller said leaves the item out."""
        return item.item_id not in self._exclude and (self._condition is None or self._condition.keeps(item))
