"""Money and spans of time between the wire's text and the domain's values."""

from __future__ import annotations

from datetime import timedelta

from engine.config import parse_span
from engine.domain.values import Money, parse_money

_UNITS = ((86_400, "d"), (3_600, "h"), (60, "m"), (1, "s"))


def money(text: str | None, currency: str, field: str) -> Money | None:
    """The amount, or None where none was given.

    Examples
    --------
    >>> money("4.99", "USD", "budget")
    Money(minor=499, currency='USD')
    """
    return None if text is None else parse_money(text, currency, field)


def decimal(amount: Money | None) -> str | None:
    """The amount as text, or None."""
    return None if amount is None else amount.decimal()


def span(text: str | None, field: str) -> timedelta | None:
    """The length of time, or None where none was given."""
    return None if text is None else parse_span(text, field)


def span_text(length: timedelta | None) -> str | None:
    """The length of time in its largest whole unit.

    Examples
    --------
    >>> span_text(timedelta(days=7)), span_text(timedelta(hours=36))
    ('7d', '36h')
    """
    if length is None:
        return None
    seconds = int(length.total_seconds())
    size, unit = next((s, u) for s, u in _UNITS if seconds % s == 0)
    return f"{seconds // size}{unit}"
