"""What a process keeps for good."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Iterator

import pytest

from engine import heap


class Ring:
    """Something that holds itself."""

    def __init__(self) -> None:
        self.own = self


@pytest.fixture(autouse=True)
def thawed() -> Iterator[None]:
    yield
    gc.unfreeze()


def test_what_is_held_is_left_out_and_what_is_garbage_goes() -> None:
    held, ring = Ring(), Ring()
    seen, gone = weakref.ref(held), weakref.ref(ring)
    del ring
    heap.settle()
    assert gone() is None
    assert gc.get_freeze_count() > 0
    del held
    gc.collect()
    assert seen() is not None, "it is not looked at any more"
    heap.settle()
    assert seen() is None, "but by the next settling"
