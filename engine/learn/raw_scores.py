"""What boosted trees say of some rows, asked through the C interface of xgboost.

Its Python wrapper finds out each time what kind of table it is given (docs/decisions/0009-xgboost-c.md).
"""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

Float32s = NDArray[np.float32]
WANTED = (
    b'{"type": 1, "training": false, "iteration_begin": 0, "iteration_end": 0, "missing": NaN,'
    b' "strict_shape": false, "cache_id": 0}'
)  # of all trees the margin, as xgboost calls it


def raw_scores(booster: Any, rows: Float32s) -> Float32s:
    """What the trees add up to for each row, shape (n,); ``Booster.inplace_predict`` says the same, to the bit.

    Parameters
    ----------
    booster : an ``xgboost.Booster`` with one output
    rows : of shape (n, n_features), nan where a thing is not known

    Raises
    ------
    ValueError
        where xgboost refuses the rows, or has another number of answers than there are rows
    """
    rows = np.ascontiguousarray(rows, np.float32)
    found = np.empty(len(rows), np.float32)
    if not len(rows):
        return found
    lengths, dims, said = ctypes.POINTER(ctypes.c_uint64)(), ctypes.c_uint64(), ctypes.POINTER(ctypes.c_float)()
    table = b'{"data": [%d, true], "shape": [%d, %d], "typestr": "<f4", "version": 3}'
    refused = _library().XGBoosterPredictFromDense(
        booster.handle,
        table % (rows.ctypes.data, *rows.shape),
        WANTED,
        None,
        ctypes.byref(lengths),
        ctypes.byref(dims),
        ctypes.byref(said),
    )
    if refused:
        raise ValueError(f"{rows.shape[0]} rows of {rows.shape[1]} features: {_library().XGBGetLastError().decode()}")
    shape = lengths[: dims.value]
    if np.prod(shape) != len(rows):
        raise ValueError(f"one score for each of {len(rows)} rows was expected, not an array of shape {shape}")
    ctypes.memmove(found.ctypes.data, said, found.nbytes)  # what it points to is the thread's, until it asks again
    return found


@cache
def _library() -> Any:
    import xgboost.libpath

    library = _loaded(xgboost.libpath.find_lib_path())
    library.XGBGetLastError.restype = ctypes.c_char_p
    library.XGBoosterPredictFromDense.argtypes = [
        ctypes.c_void_p,
        ctypes.c_char_p,
        ctypes.c_char_p,
        ctypes.c_void_p,
        ctypes.POINTER(ctypes.POINTER(ctypes.c_uint64)),
        ctypes.POINTER(ctypes.c_uint64),
        ctypes.POINTER(ctypes.POINTER(ctypes.c_float)),
    ]
    return library


def _loaded(paths: Sequence[str]) -> Any:
    """The library that ``import xgboost`` loaded: the first of its paths that can be; loaded again it is the same."""
    for path in paths[:-1]:
        try:
            return ctypes.CDLL(path)
        except OSError:
            continue
    return ctypes.CDLL(paths[-1])
