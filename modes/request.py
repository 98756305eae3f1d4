"""What a customer asks for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from engine.domain.shopping import Found
from engine.learn.base import Model

MATCHES = 50  # items that words or a category may mean


@dataclass(frozen=True, kw_only=True, slots=True)
class Request:
    """A customer's words, and what the catalogue found for them."""

    items: tuple[tuple[str, int], ...] = ()  # item and quantity
    query: str | None = None
    category: str | None = None
    needed_by: datetime | None = None
    matches: tuple[str, ...] = ()  # items found for query and category, best first
    partly: bool = False  # they lack a word of the query: nothing but a choice to look at

    @property
    def empty(self) -> bool:
        """Whether nothing is asked for."""
        return not self.items and self.query is None and self.category is None


def matched(request: Request, model: Model | None, meant: Callable[[str | None, str | None, int], Found]) -> Request:
    """The request with the items it may mean: for a category alone, what most customers buy comes first.

    Parameters
    ----------
    meant : from words, category and how many at most to what the catalogue has
    """
    if request.query is None and request.category is None:
        return request
    found = meant(request.query, request.category, MATCHES)
    first = () if model is None or request.query else model.popular(MATCHES, category=request.category).items
    matches = tuple(dict.fromkeys((*first, *found.items)))[:MATCHES]
    return replace(request, matches=matches, partly=not found.whole)
