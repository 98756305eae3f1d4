"""Personas in words: by the two features in which they stand apart most."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import count

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
WORDS: Mapping[str, tuple[str, str]] = {  # feature -> what a low and a high value is called
    "recency": ("lately here", "long away"),
    "frequency": ("rare", "frequent"),
    "monetary": ("low-value", "high-value"),
    "basket": ("small baskets", "large baskets"),
    "repeat": ("tries new things", "buys the same again"),
}
EVERYBODY = "everybody"
SAID = 2  # features in a name; more only where two personas would be called the same


def names(apart: Floats, features: Sequence[str], kept: Sequence[str | None] = ()) -> list[str]:
    """A name for each persona, no two alike.

    Parameters
    ----------
    apart : float array of shape (k, d), how far each lies from the mean of all others, in standard deviations of all
    features : names of the d features
    kept : the name each had, as long as it is true; None of those who had none

    Examples
    --------
    >>> apart = np.array([[-1.0, 2.0, 0.1], [0.2, -3.0, -0.4]])
    >>> names(apart, ["recency", "frequency", "visits at night"])
    ['frequent, lately here', 'rare, low visits at night']
    """
    if len(apart) == 1:
        return [EVERYBODY]
    had = [*kept, *[None] * (len(apart) - len(kept))]
    found = [
        name if name is not None and still(name, row, features) else None for name, row in zip(had, apart, strict=True)
    ]
    for place, row in enumerate(apart):
        if found[place] is None:
            found[place] = next(name for name in _said(row, features) if name not in found)
    return [name for name in found if name is not None]


def still(name: str, apart: Floats, features: Sequence[str]) -> bool:
    """Whether everything a name says is true of a persona that lies ``apart``, shape (d,).

    Examples
    --------
    >>> still("rare, low-value", np.array([-0.2, -1.0]), ["frequency", "monetary"])
    True
    >>> still("rare, low-value", np.array([0.2, -1.0]), ["frequency", "monetary"])
    False
    """
    return set(name.split(", ")) <= set(_phrases(apart, features))


def _said(row: Floats, features: Sequence[str]) -> Iterator[str]:
    """What one persona may be called, the best first, without end."""
    phrases = _phrases(row, features)
    yield from (", ".join(phrases[:n]) for n in range(min(SAID, len(phrases)), len(phrases) + 1))
    yield from (f"{', '.join(phrases)} ({n})" for n in count(2))


def _phrases(row: Floats, features: Sequence[str]) -> list[str]:
    """What may be said of one persona, the most telling first."""
    order = np.argsort(-np.abs(row), kind="stable").tolist()
    return [_word(features[place], high=bool(row[place] > 0)) for place in order]


def _word(feature: str, *, high: bool) -> str:
    low_word, high_word = WORDS.get(feature, (f"low {feature}", f"high {feature}"))
    return high_word if high else low_word
