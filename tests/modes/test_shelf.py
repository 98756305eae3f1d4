"""The catalogue as one decision sees it."""

from itertools import count, islice

from modes.filters import Filter
from modes.shelf import GONE_THROUGH, Shelf
from tests.builders import an_item


def test_of_an_endless_catalogue_only_so_much_is_gone_through():
    """One item is yielded again and again: to make as many would take longer than to look at them."""
    item = an_item("i1")
    shelf = Shelf(lambda ids: {}, condition=Filter.parse("1 > 2"), browse=lambda: (item for _ in count()))
    assert sum(1 for _ in islice(shelf.everything(), 2 * GONE_THROUGH)) == GONE_THROUGH
