"""What a process keeps for good, and the collector of cycles: it is not to be gone through again and again."""

from __future__ import annotations

import gc


def settle() -> None:
    """Leave what is held now out of every later look for garbage; called where a process has loaded what it serves.

    A model holds hundreds of thousands of strings and lists, and going through them takes longer than a decision. What
    was left out before and is garbage by now goes first.
    """
    gc.unfreeze()
    gc.collect()
    gc.freeze()
