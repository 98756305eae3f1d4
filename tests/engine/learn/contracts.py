"""What every part of a model keeps: subclass, say how it is fitted and what it is asked."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np
import pytest
from numpy.typing import NDArray

from engine.learn.cases import Cases
from engine.learn.lines import Lines
from tests.engine.learn.known import HALF, TINY, asked, checkerboard

PASTS = {
    "an unseen customer": asked(1, 2, 3, 1),
    "somebody who bought nothing": asked(),
    "somebody who bought what the model never saw": asked(2 * HALF + 1, 2 * HALF + 2, 2 * HALF + 1),
    "somebody who bought both": asked(0, 2 * HALF + 1, 0),
}


class PartContract:
    """The laws of a part; ``answers`` says what it is asked of one customer, all of it numbers."""

    fit: ClassVar[Callable[[Lines], Any]]
    answers: ClassVar[Callable[[Any, Cases], list[NDArray[Any]]]]

    @pytest.fixture
    def part(self) -> Any:
        """Fitted on the checkerboard."""
        return type(self).fit(checkerboard())

    def test_a_refit_is_the_same(self, part):
        again = type(self).fit(checkerboard()).arrays()
        assert_same(again, part.arrays())

    def test_it_is_the_same_when_kept(self, part):
        assert_same(type(part).of_arrays(part.arrays()).arrays(), part.arrays())

    def test_what_is_kept_needs_no_pickle(self, part):
        assert all(array.dtype.kind in "iuf" for array in part.arrays().values())

    @pytest.mark.parametrize("who", PASTS)
    def test_the_kept_one_answers_everybody_alike(self, part, who):
        kept = type(part).of_arrays(part.arrays())
        for said, again in zip(self._asked(part, PASTS[who]), self._asked(kept, PASTS[who]), strict=True):
            assert np.array_equal(said, again)

    @pytest.mark.parametrize("shop", TINY)
    @pytest.mark.parametrize("who", PASTS)
    def test_the_smallest_shops_give_numbers(self, shop, who):
        part = type(self).fit(TINY[shop])
        kept = type(part).of_arrays(part.arrays())
        assert_same(kept.arrays(), part.arrays())
        for answer in self._asked(kept, PASTS[who]):
            assert np.isfinite(answer).all()

    def _asked(self, part, who):
        return type(self).answers(part, who)


def assert_same(first: dict[str, NDArray[Any]], second: dict[str, NDArray[Any]]) -> None:
    """The same names, and under each the same numbers of the same kind."""
    assert first.keys() == second.keys()
    for name, array in first.items():
        assert array.dtype == second[name].dtype, name
        assert np.array_equal(array, second[name]), name
