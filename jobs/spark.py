"""Tastes fitted by Spark's ALS, where purchases outgrow one machine (extra ``[spark]``, setting ``RAPPORT_SPARK``).

Spark weighs a purchase of rating r by 1 + alpha r and ``implicit`` by alpha r, so that ratings are confidences less 1.
Spark multiplies the regularization by the number of a customer's or an item's ratings, ``implicit`` does not; with the
same number Spark's tastes foresee no worse (``python -m benchmarks.spark_tastes``). They are served like any others.
"""

from __future__ import annotations

from importlib.util import find_spec

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from engine.errors import Unavailable
from engine.learn.als import EPOCHS, Factorize, Tasting

LEAST = 1e-3  # of a rating; one of 0 is none for Spark


def factorize(master: str) -> Factorize:
    """What fits tastes on the cluster that ``master`` names, such as ``local[2]`` or ``spark://host:7077``.

    Raises
    ------
    Unavailable
        where the extra is not installed
    """
    if find_spec("pyspark") is None:
        raise Unavailable("RAPPORT_SPARK is set and pyspark is not there: install the extra [spark]")
    return lambda bought, tasting, seed: _factors(master, bought, tasting, seed)


def _factors(master: str, bought: csr_matrix, tasting: Tasting, seed: int) -> NDArray[np.float32]:
    from pyspark.ml.recommendation import ALS
    from pyspark.sql import SparkSession

    found = np.zeros((bought.shape[1], tasting.factors), np.float32)
    if not bought.nnz:
        return found
    summed = bought.copy()
    summed.sum_duplicates()
    cells = summed.tocoo()
    spark = SparkSession.builder.master(master).appName("rapport").config("spark.ui.enabled", "false").getOrCreate()
    try:
        spark.sparkContext.setLogLevel("ERROR")
        ratings = pa.table(
            {
                "user": cells.row.astype(np.int32),
                "item": cells.col.astype(np.int32),
                "rating": np.maximum(cells.data - 1, LEAST).astype(np.float32),
            }
        )
        als = ALS(
            rank=tasting.factors,
            maxIter=EPOCHS,
            regParam=tasting.regularization,
            implicitPrefs=True,
            alpha=1.0,
            userCol="user",
            itemCol="item",
            ratingCol="rating",
            seed=seed,
        )
        rows = als.fit(spark.createDataFrame(ratings)).itemFactors.toArrow()
    finally:
        spark.stop()
    values = rows["features"].combine_chunks().flatten().to_numpy()
    found[rows["id"].to_numpy()] = values.reshape(len(rows), tasting.factors)
    return found
