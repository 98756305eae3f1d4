"""What the memory holds of shopping, in the codes that models are fitted on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from engine.config import Settings
from engine.domain.customers import Grant, Purpose
from engine.learn.catalogue import Catalogue
from engine.learn.lines import Lines
from engine.store import consents, items, orders
from engine.store.database import Database, Tx


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Shopping:
    """All purchases that may be learned from, and all items.

    Attributes
    ----------
    amounts : float array of shape (n_lines,), minor units of each line, nan where unknown
    customer_ids : by their code in ``lines``
    refused : how many more lines there are, of customers who refused that theirs be used
    """

    lines: Lines
    catalogue: Catalogue
    amounts: NDArray[np.float64]
    customer_ids: Sequence[str] = ()
    refused: int = 0


def read(db: Database, settings: Settings, before: datetime) -> Shopping:
    """Everything bought before an instant, but for the orders of those who refused that theirs be used."""
    with db.read() as tx:
        catalogue = Catalogue.of(items.classified(tx))
        everything = orders.columns(tx, before)
        found = orders.without(everything, refusing(tx, settings))
    codes = catalogue.codes(found.item_ids)
    return Shopping(
        lines=Lines(
            customers=found.customers.astype(np.int64),
            items=codes[found.items],
            orders=found.orders.astype(np.int64),
            days=found.days,
            n_customers=len(found.customer_ids),
            n_items=len(catalogue),
        ),
        catalogue=catalogue,
        amounts=found.amounts,
        customer_ids=tuple(found.customer_ids),
        refused=len(everything) - len(found),
    )


def refusing(tx: Tx, settings: Settings) -> set[str]:
    """The customers whose own orders may not be used."""
    return consents.without(tx, Purpose.PERSONALIZATION, Grant(settings.personalization_default))
