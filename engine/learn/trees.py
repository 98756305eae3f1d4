"""Boosted trees as an array: xgboost's own format (UBJSON) behind a digest; other bytes would end the process."""

from __future__ import annotations

from hashlib import sha256
from typing import Any

import numpy as np
from numpy.typing import NDArray

DIGEST = 32  # bytes


def packed(booster: Any) -> NDArray[np.uint8]:
    """The trees with all their attributes."""
    raw = bytes(booster.save_raw("ubj"))
    return np.frombuffer(sha256(raw).digest() + raw, np.uint8)


def unpacked(array: NDArray[np.uint8]) -> Any:
    """The inverse of ``packed``: an ``xgboost.Booster`` on one thread.

    For the hundred rows of one answer, waking a second thread takes longer than the work.

    Raises
    ------
    ValueError
        where a byte is missing or not what was packed
    """
    from xgboost import Booster

    digest, raw = array[:DIGEST].tobytes(), array[DIGEST:].tobytes()
    if sha256(raw).digest() != digest:
        raise ValueError(f"{len(array)} bytes are not the trees that were packed")
    booster = Booster(model_file=bytearray(raw))
    booster.set_param({"verbosity": 0, "nthread": 1})
    return booster
