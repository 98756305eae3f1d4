"""What the operators set, read together."""

from __future__ import annotations

from datetime import datetime

from engine.domain.house import House
from engine.store import watches
from engine.store.database import Tx


def read(tx: Tx, now: datetime) -> House:
    """What is in force at ``now``."""
    return House(shut=watches.shut(tx, now))
