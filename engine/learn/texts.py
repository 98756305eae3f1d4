"""Texts as arrays without objects: their UTF-8 bytes one after another, and where each begins."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray


def packed(name: str, texts: Sequence[str]) -> dict[str, NDArray[Any]]:
    """The two arrays of a list of texts.

    Examples
    --------
    >>> unpacked("x", packed("x", ["007", "", "Käse"]))
    ['007', '', 'Käse']
    """
    raw = [text.encode() for text in texts]
    starts = np.cumsum([0, *map(len, raw)], dtype=np.int64)
    return {f"{name}.bytes": np.frombuffer(b"".join(raw), np.uint8), f"{name}.starts": starts}


def unpacked(name: str, arrays: Mapping[str, NDArray[Any]]) -> list[str]:
    """The texts again; ValueError where the bytes are not those that the places speak of."""
    content, starts = arrays[f"{name}.bytes"].tobytes(), arrays[f"{name}.starts"].tolist()
    if starts != sorted(starts) or starts[:1] != [0] or starts[-1] != len(content):
        raise ValueError(f"{name}: {len(content)} bytes, and texts that do not fill them")
    return [content[start:end].decode() for start, end in pairwise(starts)]
