"""The decision itself; written once modes are there."""

from collections.abc import Mapping

Document = Mapping[str, object]


def decide(*a):
    raise NotImplementedError
