"""What an estimate answers where nothing can be known."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class NotEstimable:
    """Why something cannot be known from what there is, and what it would take."""

    reason: str
    needed: str
