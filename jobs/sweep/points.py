"""The boundaries between the steps of a sweep."""

from __future__ import annotations

from enum import StrEnum


class Point(StrEnum):
    """The boundaries of a sweep's steps. Whatever ends a worker, at any of them, loses and doubles nothing."""

    BEFORE_CLAIM = "before the claim"
    AFTER_CLAIM = "after the claim"
    BEFORE_INTENTION = "before the intention"
    AFTER_INTENTION = "after the intention"
    BEFORE_CALL = "before the call"
    AFTER_CALL = "after the call"
    BEFORE_COMPLETION = "before the completion"
    AFTER_COMPLETION = "after the completion"
    BEFORE_NOTICE = "before the notice"
    AFTER_NOTICE = "after the notice"


def nothing(point: Point) -> None:
    """What happens at the boundaries, unless somebody wants to see a worker fail there."""
