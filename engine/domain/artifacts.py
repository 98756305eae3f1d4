"""A trained model as it is kept: names, figures and arrays, nothing that runs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Artifact:
    """One trained model. It holds nothing of any one customer, so that erasing one needs no training."""

    model_id: str
    created_at: datetime
    as_of: datetime  # it saw nothing from then on
    settings: Mapping[str, Any]  # JSON: what its parts are made with
    metrics: Mapping[str, Any]  # JSON: how good it was found to be
    arrays: Mapping[str, np.ndarray[Any, Any]]  # no objects: text is kept as UTF-8 bytes and offsets
