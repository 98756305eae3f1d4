"""Boosted trees with a listwise loss: candidates of one owner are ordered so that what is bought stands first.

LambdaMART over the candidates of each list, as ``xgboost`` fits it (``rank:ndcg``); Burges: From RankNet to LambdaRank
to LambdaMART (MSR-TR-2010-82).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Float32s = NDArray[np.float32]
Progress = Callable[[int, int], None]

ROUNDS = 200  # trees at most
PATIENCE = 20  # trees without a better ndcg@10 on the validation's lists, after which no more are grown
TREES = {
    "objective": "rank:ndcg",
    "lambdarank_pair_method": "topk",
    "eval_metric": "ndcg@10",
    "min_child_weight": 20,
    "colsample_bytree": 0.7,
    "tree_method": "hist",
    "max_bin": 64,
}
DENSE = {"lambdarank_num_pair_per_sample": 48, "eta": 0.12, "max_depth": 6}  # where lists hold several that are bought
SPARSE = {"lambdarank_num_pair_per_sample": 64, "eta": 0.05, "max_depth": 4}  # where they seldom hold two


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Lists:
    """Candidates with what became of them, one list after another.

    Attributes
    ----------
    features : float32 array of shape (n, n_features)
    owners : int array of shape (n,), the list each belongs to, ascending
    bought : bool array of shape (n,)
    """

    features: Float32s
    owners: Ints
    bought: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.owners)

    def worthwhile(self) -> Lists:
        """Without the lists of which nothing was bought, or everything: they teach no order."""
        hits = np.bincount(self.owners, self.bought)
        kept = ((hits > 0) & (hits < np.bincount(self.owners)))[self.owners]
        return Lists(features=self.features[kept], owners=self.owners[kept], bought=self.bought[kept])


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Ranker:
    """The fitted trees."""

    booster: Any
    n_features: int

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
    ) -> Ranker | None:
        """Trees grown as long as the lists of the validation are ordered better; None where there is nothing to learn.

        Both hold lists that teach something (``worthwhile``) and no others.

        ``sparse`` where few of the candidates are ever bought.
        """
        import xgboost

        if not len(lists) or not len(validation):
            return None
        matrix = xgboost.QuantileDMatrix(lists.features, label=lists.bought, qid=lists.owners, max_bin=TREES["max_bin"])
        held = xgboost.QuantileDMatrix(
            validation.features, label=validation.bought, qid=validation.owners, ref=matrix, max_bin=TREES["max_bin"]
        )
        booster = xgboost.train(
            {**TREES, **(SPARSE if sparse else DENSE), "seed": seed, "verbosity": 0},
            matrix,
            rounds,
            evals=[(held, "held")],
            early_stopping_rounds=PATIENCE,
            verbose_eval=False,
            callbacks=[_telling(rounds, progress)],
        )
        return cls(booster=_lean(booster[: booster.best_iteration + 1]), n_features=lists.features.shape[1])

    def scores(self, features: Float32s) -> Floats:
        """Of each row, higher is better; comparable within one list only."""
        if not len(features):
            return np.zeros(0)
        found: Floats = self.booster.inplace_predict(features, predict_type="margin").astype(np.float64)
        return found

    def arrays(self) -> dict[str, NDArray[Any]]:
        """What it is, as arrays: the trees in xgboost's own format (UBJSON)."""
        return {"trees": np.frombuffer(bytes(self.booster.save_raw("ubj")), np.uint8).copy()}

    @classmethod
    def of_arrays(cls, arrays: dict[str, NDArray[Any]]) -> Ranker:
        """The inverse of ``arrays``.

        Raises
        ------
        ValueError
            where the bytes are no trees
        """
        import xgboost

        try:
            booster = xgboost.Booster(model_file=bytearray(arrays["trees"].tobytes()))
        except xgboost.core.XGBoostError as error:
            raise ValueError("the ranking's trees cannot be read") from error
        return cls(booster=_lean(booster), n_features=booster.num_features())


def _lean(booster: Any) -> Any:
    """On one thread: for the hundred rows of one answer, waking a second takes longer than the work."""
    booster.set_param({"verbosity": 0, "nthread": 1})
    return booster


def _telling(rounds: int, progress: Progress) -> Any:
    """What xgboost calls after each tree."""
    from xgboost.callback import TrainingCallback

    class Telling(TrainingCallback):
        def after_iteration(self, model: Any, epoch: int, evals_log: Any) -> bool:
            progress(epoch + 1, rounds)
            return False

    return Telling()
