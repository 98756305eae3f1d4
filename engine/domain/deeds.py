"""What is to be done about one experience of a decision, once the decision is kept."""

from __future__ import annotations

from dataclasses import dataclass

from engine.domain.executions import Execution
from engine.domain.nudges import Nudge


@dataclass(frozen=True, kw_only=True, slots=True)
class Deed:
    """An order for the ledger, words for the inbox, or both: the words then tell of the order."""

    position: int  # of the experience within the decision
    execution: Execution | None = None
    message: Nudge | None = None
    also: tuple[int, ...] = ()  # further experiences that the order is for
    joins: bool = False  # the order is under way: it is given the lines that it does not have yet
