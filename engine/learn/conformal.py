"""Two other ways to choose a threshold: by batch, so that few of those chosen are wrong, and by a harm that is bounded.

The certificate (``certificate``) proves a precision for everything above a threshold. Conformal selection controls the
expected share of wrong ones among those chosen of one batch (Jin, Candes: Selection by Prediction with Conformal
p-values, 2023); conformal risk control bounds the expected loss of a household, where the loss only falls with a higher
threshold (Bates, Angelopoulos and others: Conformal Risk Control, 2022). Both hold for exchangeable cases, on average.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


def wrong_share(wrong: int, n: int, chosen: int, batch: int) -> float:
    """The estimated share of wrong ones among those chosen of a batch.

    Parameters
    ----------
    wrong : cases of the ``n`` known ones that were wrong and would have been chosen
    chosen : of the batch of so many new cases; of none chosen the share is 1

    Examples
    --------
    >>> round(wrong_share(wrong=4, n=999, chosen=50, batch=200), 4)
    0.02
    """
    return batch / (n + 1) * (1 + wrong) / chosen if chosen else 1.0


def selected(known: Floats, wrong: Bools, batch: Floats, most: float) -> float | None:
    """The least threshold at which the estimated share of wrong ones in the batch is at most ``most``; None: at none.

    Parameters
    ----------
    known, wrong : arrays of shape (n,), probabilities of finished cases, and whether acting was wrong
    batch : float array of shape (m,), probabilities of those to choose from
    """
    for threshold in np.unique(batch):
        counts = int(np.sum(wrong & (known >= threshold))), int(np.sum(batch >= threshold))
        if wrong_share(counts[0], len(known), counts[1], len(batch)) <= most:
            return float(threshold)
    return None


def risk_bound(mean: float, n: int, most: float) -> float:
    """The bound of the expected loss of the next household, after ``n`` with this mean loss and none above ``most``.

    Examples
    --------
    >>> round(risk_bound(0.02, 99, 3), 4), round(risk_bound(0.04, 999, 3), 5)
    (0.0498, 0.04296)
    """
    return n / (n + 1) * mean + most / (n + 1)
