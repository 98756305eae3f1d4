"""What a customer asks for."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


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
