"""The items that suit a taste best in a large catalogue: an inverted file (IVF) of ``faiss``, that looks at some of it.

Extra ``[ann]``. How fast either way is: ``python -m benchmarks.large_catalogue``.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from hashlib import sha256
from importlib.util import find_spec
from typing import Any

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Float32s = NDArray[np.float32]

LARGE = 100_000  # items, from which on an index is built: looking at all of them takes about a millisecond there
CELLS = 4  # times the square root of the items
SEEN = 40  # items for each cell, that cells are found from
WANTED = 0.95  # share of the true first, that has to be found
AMONG = 50  # first, of which it is a share
DIGEST = 32  # bytes


def present() -> bool:
    """Whether the extra is installed."""
    return find_spec("faiss") is not None


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Nearest:
    """An index over item factors by inner product.

    Attributes
    ----------
    packed : uint8 array, the index as faiss writes it, behind its SHA-256: other bytes would end the process
    probes : cells that are looked at
    recall : share of the true first ``AMONG`` that were found for the tastes it was tried on
    index : what faiss reads of it; None where the extra is not installed
    """

    packed: NDArray[np.uint8]
    probes: int
    recall: float
    index: Any = field(init=False, repr=False)

    def __post_init__(self) -> None:
        digest, raw = self.packed[:DIGEST].tobytes(), self.packed[DIGEST:]
        if sha256(raw.tobytes()).digest() != digest:
            raise ValueError(f"{len(self.packed)} bytes are not the index that was packed")
        object.__setattr__(self, "index", _read(raw, self.probes) if present() else None)

    @classmethod
    def fit(cls, factors: Float32s, tastes: Float32s, *, seed: int) -> Nearest:
        """With as many probes as it takes to find ``WANTED`` of what suits some tastes best, tried by doubling.

        Parameters
        ----------
        factors : float32 array of shape (n_items, n_factors)
        tastes : float32 array of shape (n_tastes, n_factors), on which it is tried
        """
        import faiss

        n, width = factors.shape
        cells = max(int(CELLS * np.sqrt(n)), 1)
        index = faiss.IndexIVFFlat(faiss.IndexFlatIP(width), width, cells, faiss.METRIC_INNER_PRODUCT)
        index.cp.seed, index.cp.max_points_per_centroid, index.cp.min_points_per_centroid = seed, SEEN, 1
        whole = np.ascontiguousarray(factors, np.float32)
        index.train(whole)
        index.add(whole)
        raw = faiss.serialize_index(index)
        packed = np.concatenate((np.frombuffer(sha256(raw.tobytes()).digest(), np.uint8), raw))
        truth, probes = exact(whole, tastes, AMONG), 1
        while True:
            found = cls(packed=packed, probes=probes, recall=0.0)
            recall = share_found(found.top(tastes, AMONG), truth)
            if recall >= WANTED or probes >= cells:
                return cls(packed=packed, probes=probes, recall=recall)
            probes = min(2 * probes, cells)

    def top(self, tastes: Float32s, n: int) -> Ints:
        """The ``n`` items found for each taste, the best first, shape (n_tastes, n); -1 where there are fewer."""
        found: Ints = self.index.search(np.ascontiguousarray(tastes, np.float32), n)[1].astype(np.int64)
        return found

    def arrays(self) -> dict[str, NDArray[Any]]:
        """What it is, as arrays."""
        return {"packed": self.packed, "tried": np.array([self.probes, self.recall], float)}

    @classmethod
    def of_arrays(cls, arrays: dict[str, NDArray[Any]]) -> Nearest:
        """The inverse of ``arrays``.

        Raises
        ------
        ValueError
            where the bytes are no index
        """
        probes, recall = arrays["tried"].tolist()
        return cls(packed=arrays["packed"], probes=int(probes), recall=recall)


def _read(raw: NDArray[np.uint8], probes: int) -> Any:
    import faiss

    try:
        index: Any = faiss.deserialize_index(np.array(raw))
    except RuntimeError as error:
        raise ValueError(f"{len(raw)} bytes are no index: {error}") from error
    index.nprobe = probes
    return index


def exact(factors: Float32s, tastes: Float32s, n: int) -> Ints:
    """The ``n`` items of the greatest inner products with each taste, in no order, shape (n_tastes, n)."""
    n = min(n, len(factors))
    found = np.zeros((len(tastes), n), np.int64)
    for place, taste in enumerate(tastes):
        found[place] = np.argpartition(-(factors @ taste), n - 1)[:n] if n else ()
    return found


def share_found(found: Ints, truth: Ints) -> float:
    """The mean share of each row of the truth that is among those found.

    Examples
    --------
    >>> share_found(np.array([[1, 2], [3, -1]]), np.array([[2, 1], [3, 4]]))
    0.75
    """
    if not truth.size:
        return 1.0
    return float(np.mean([np.isin(true, some).mean() for some, true in zip(found, truth, strict=True)]))
