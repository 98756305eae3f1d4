"""What a customer asks for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

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

    @property
    def empty(self) -> bool:
        """Whether nothing is asked for."""
        return not self.items and self.query is None and self.category is None


def matched(
    request: Request, model: Model | None, meant: Callable[[str | None, str | None, int], Sequence[str]]
) -> Request:
    """The request with the items it may mean: for a category alone, what most customers buy comes first.

    Parameters
    ----------
    meant : from words, category and how many at most to items of the catalogue, best first
    """
    if request.query is None and request.category is None:
        return request
    listed = meant(request.query, request.category, MATCHES)
    first = () if model is None or request.query else model.popular(MATCHES, category=request.category).items
    return replace(request, matches=tuple(dict.fromkeys((*first, *listed)))[:MATCHES])
