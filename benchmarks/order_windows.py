"""Over which window should an order made unasked be right? The gate at past cut-offs of The Complete Journey, by rule.

``python -m benchmarks.order_windows`` prints, for each way to find a pair's window and each share of a gap that must be
over, how many pairs clear a certificate of .90 made for such pairs alone, and how many of them were right.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray

from engine.domain.history import day_of
from engine.learn.catalogue import Catalogue
from engine.learn.certificate import POOLED, certify, evidence
from engine.learn.purchases import Purchases, median_gaps
from engine.learn.rhythm import WINDOWS, need_window, order_window
from engine.learn.snapshots import Snapshot, Snapshots
from jobs.demo.data import Journey, load

PROMISE = 0.90
CUTOFFS = [datetime(2017, 10, 18, tzinfo=UTC), datetime(2017, 11, 1, tzinfo=UTC), datetime(2017, 11, 15, tzinfo=UTC)]
END = datetime(2018, 1, 2, tzinfo=UTC)
Rule = Callable[[NDArray[np.float64]], NDArray[np.int64]]
RULES: dict[str, Rule] = {
    "half a gap": need_window,
    "one gap": lambda gaps: order_window(gaps / 2),
    "two gaps": order_window,
}
Pairs = tuple[NDArray[np.float64], NDArray[np.bool_], NDArray[np.int64]]


def snapshots(journey: Journey) -> Snapshots:
    """The snapshots of families over the whole year."""
    items, lines = journey.items, journey.lines
    catalogue = Catalogue.of((id, family, ()) for id, family in zip(items["item_id"], items["family"], strict=True))
    customers = lines["customer_id"].astype("category").cat.codes.to_numpy(np.int64)
    families = catalogue.family_of[catalogue.codes(lines["item_id"])]
    days = lines["ordered_at"].dt.tz_localize(None).to_numpy("datetime64[s]").astype(np.int64) / 86_400
    return Snapshots(
        purchases=Purchases.of(customers, families, days), n_families=len(catalogue.families), until=day_of(END), seed=0
    )


def meant(shop: Snapshots, seen: Snapshot, window: int, rule: Rule, due: float, asked_on: float) -> Pairs:
    """Probability, outcome and household of the pairs that would be ordered for over a window."""
    fitted = shop.fit(asked_on)
    assert fitted is not None
    scores = fitted.within(seen.traits.values, seen.day, window)
    likely = np.flatnonzero(scores >= 0.4)
    gaps = median_gaps(shop.purchases, seen.traits.pairs[likely], seen.traits.counts[likely])
    since = seen.day - seen.traits.last[likely]
    kept = likely[(rule(gaps) == window) & (since >= due * gaps)]
    return scores[kept], seen.came(window)[kept], seen.owners[kept]


def gate(shop: Snapshots, day: float, rule: Rule, due: float) -> tuple[int, int]:
    """How many pairs were let through on a day, and how many of them were right."""
    through = right = 0
    for window in WINDOWS:
        starts = [day - window * n for n in range(1, POOLED + 1)]
        past = [meant(shop, shop.at(start), window, rule, due, start) for start in starts]
        p, came, owners = (np.concatenate(column) for column in zip(*past, strict=True))
        found = evidence(window_days=window, probabilities=p, came=came, households=owners, windows=starts, now=day)
        threshold = certify(found, PROMISE).threshold
        if threshold is not None:
            p, came, _ = meant(shop, shop.at(day), window, rule, due, day)
            through += int(np.count_nonzero(p >= threshold))
            right += int(np.count_nonzero(came[p >= threshold]))
    return through, right


def main() -> None:
    """Print the table."""
    shop = snapshots(load())
    print("window      gap over   " + "   ".join(f"{at:%Y-%m-%d}" for at in CUTOFFS))
    for name, rule in RULES.items():
        for due in (0.0, 0.5):
            found = [gate(shop, day_of(at), rule, due) for at in CUTOFFS]
            cells = [f"{n:5d} {right / n:.3f}" if n else " shut      " for n, right in found]
            print(f"{name:11s} {due:8.1f}   " + "  ".join(cells), flush=True)


if __name__ == "__main__":
    main()
