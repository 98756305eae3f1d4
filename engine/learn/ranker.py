"""Boosted trees with a listwise loss: candidates of one owner are ordered so that what is bought stands first.

LambdaMART over the candidates of each list, as ``xgboost`` fits it (``rank:ndcg``); Burges: From RankNet to LambdaRank
to LambdaMART (MSR-TR-2010-82).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.learn.raw_scores import raw_scores
from engine.learn.runs import begins
from engine.learn.trees import packed, unpacked

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Float32s = NDArray[np.float32]
Progress = Callable[[int, int], None]
Enough = Callable[[], bool]  # whether what settings may cost is spent

ROUNDS = 120  # trees at most
TOGETHER = 15  # trees, over which what is reached on the validation's lists is smoothed
PATIENCE = 60  # trees without a better ndcg@10 on the validation's lists, after which no more are grown
NEAR = 0.99  # of the best that is reached: more trees are better until the lists say so that they are worse
METRIC = "ndcg@10"
BINS = 64  # that a feature is cut into
TREES: dict[str, str | float] = {
    "objective": "rank:ndcg",
    "lambdarank_pair_method": "topk",
    "eval_metric": METRIC,
    "tree_method": "hist",
    "max_bin": BINS,
}
DENSE = {  # where lists hold several that are bought
    "lambdarank_num_pair_per_sample": 48,
    "eta": 0.2,
    "max_depth": 6,
    "min_child_weight": 20,
}
SPARSE = {  # where they seldom hold two
    "lambdarank_num_pair_per_sample": 64,
    "eta": 0.05,
    "max_depth": 4,
    "min_child_weight": 100,
}


def never() -> bool:
    """There is no budget."""
    return False


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Lists:
    """Candidates with what became of them, one list after another.

    Attributes
    ----------
    features : float32 array of shape (n, n_features)
    owners : int array of shape (n,), the list each belongs to, ascending
    bought : bool array of shape (n,)
    sizes : int array of shape (n,), how many items were to be found for the owner, among the candidates or not
    """

    features: Float32s
    owners: Ints
    bought: NDArray[np.bool_]
    sizes: Ints

    def __len__(self) -> int:
        return len(self.owners)

    def of(self, owners: NDArray[np.bool_]) -> Lists:
        """The lists of some owners, shape (n_owners,)."""
        kept = owners[self.owners]
        return Lists(**{field.name: getattr(self, field.name)[kept] for field in fields(self)})

    def weights(self) -> Floats:
        """What each list counts, shape (n_lists,), so that its ideal is that of all that was to be found.

        xgboost's ideal is that of what is on the list.

        Examples
        --------
        >>> owners, bought = np.array([4, 4, 7, 7]), np.array([True, False, False, True])
        >>> one = Lists(features=np.zeros((4, 1)), owners=owners, bought=bought, sizes=np.array([1, 1, 2, 2]))
        >>> one.weights().round(4).tolist()  # 1 of 1, and 1 of 1 + 1 / log2(3)
        [1.0, 0.6131]
        """
        starts = begins(self.owners)
        sizes, found = self.sizes[starts], np.add.reduceat(self.bought, starts, dtype=np.int64)
        ideal = np.cumsum(1 / np.log2(np.arange(2, sizes.max(initial=1) + 2)))
        weights: Floats = ideal[found - 1] / ideal[sizes - 1]
        return weights


def worthwhile(owners: Ints, bought: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Which candidates are on lists of which something was bought, but not everything: others teach no order."""
    hits = np.bincount(owners, bought)
    found: NDArray[np.bool_] = ((hits > 0) & (hits < np.bincount(owners)))[owners]
    return found


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Ranker:
    """The fitted trees, see ``trees``."""

    trees: NDArray[np.uint8]
    booster: Any = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "booster", unpacked(self.trees))

    @property
    def n_features(self) -> int:
        """How many features a candidate has."""
        return int(self.booster.num_features())

    @classmethod
    def fit(
        cls,
        lists: Lists,
        validation: Lists,
        *,
        seed: int,
        sparse: bool = False,
        rounds: int = ROUNDS,
        progress: Progress = lambda done, total: None,
        enough: Enough = never,
    ) -> Ranker | None:
        """Trees grown as long as the lists of the validation are ordered better; None where there is nothing to learn.

        ``enough`` says that no more trees are to be grown, when there is one.

        Both hold lists that teach something (``worthwhile``) and no others.

        ``sparse`` where few of the candidates are ever bought.
        """
        import xgboost

        if not len(lists) or not len(validation):
            return None
        matrix = _matrix(lists)
        history: dict[str, dict[str, list[float]]] = {}
        booster = xgboost.train(
            {**TREES, **(SPARSE if sparse else DENSE), "seed": seed, "verbosity": 0},
            matrix,
            rounds,
            evals=[(_matrix(validation, matrix), "held")],
            evals_result=history,
            early_stopping_rounds=PATIENCE,
            verbose_eval=False,
            callbacks=[_telling(rounds, progress, enough)],
        )
        trees = _best(np.array(history["held"][METRIC]))
        return cls(trees=packed(booster[:trees]))

    def scores(self, features: Float32s) -> Floats:
        """Of each row, higher is better; comparable within one list only."""
        return raw_scores(self.booster, features).astype(np.float64)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """What it is, as arrays."""
        return {"trees": self.trees}

    @classmethod
    def of_arrays(cls, arrays: dict[str, NDArray[Any]]) -> Ranker:
        """The inverse of ``arrays``.

        Raises
        ------
        ValueError
            where the bytes are no trees
        """
        return cls(trees=arrays["trees"])


def _matrix(lists: Lists, like: Any = None) -> Any:
    """As xgboost wants them, cut into the bins of another."""
    from xgboost import QuantileDMatrix

    return QuantileDMatrix(
        lists.features,
        label=lists.bought,
        qid=lists.owners,
        weight=lists.weights(),
        ref=like,
        max_bin=BINS,
    )


def _best(reached: Floats) -> int:
    """How many trees to keep by what was reached with each more: as many as come near the best stretch.

    Examples
    --------
    >>> _best(np.array([0.1, 0.2, 0.3, 0.2, 0.1])), _best(np.linspace(0, 1, 100)), _best(np.repeat([1.0, 0.0], 50))
    (3, 93, 43)
    """
    together = min(TOGETHER, len(reached))
    smooth = np.convolve(reached, np.ones(together) / together, mode="valid")
    return int(np.flatnonzero(smooth >= NEAR * smooth.max())[-1]) + together // 2 + 1


def _telling(rounds: int, progress: Progress, enough: Enough) -> Any:
    """What xgboost calls after each tree; it ends where that is true."""
    from xgboost.callback import TrainingCallback

    class Telling(TrainingCallback):
        def after_iteration(self, model: Any, epoch: int, evals_log: Any) -> bool:
            progress(epoch + 1, rounds)
            return enough()

    return Telling()
