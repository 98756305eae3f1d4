"""Does a certificate for each class of prices keep its promise better, and what does it cost?

``python -m benchmarks.stake_classes`` replays the gate of `rapport evaluate --gate` (14 days, promise .90, all pairs)
at 15 weekly cut-offs of The Complete Journey: with one certificate for all, and with one for orders below a price and
one for those from it on, an order being priced at what the pair usually came to on a day before. It prints, for both,
how many pairs were let through in each class, how many were right, and at how many cut-offs fewer than promised.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from benchmarks.order_windows import END
from engine.domain.history import day_of
from engine.learn.catalogue import Catalogue
from engine.learn.certificate import by_stake, certify, gathered, stake_class
from engine.learn.foresight import cutoffs
from engine.learn.purchases import Purchases, usual_amounts
from engine.learn.snapshots import Snapshots
from jobs.demo.data import Journey, load

PROMISE, WINDOW, CUTOFFS = 0.90, 14, 15
BOUNDS = (300.0, 500.0, 1000.0)  # cents
Floats = NDArray[np.float64]


def snapshots(journey: Journey) -> Snapshots:
    """The snapshots of families over the whole year, with what each purchase came to."""
    items, lines = journey.items, journey.lines
    catalogue = Catalogue.of((id, family, ()) for id, family in zip(items["item_id"], items["family"], strict=True))
    customers = lines["customer_id"].astype("category").cat.codes.to_numpy(np.int64)
    families = catalogue.family_of[catalogue.codes(lines["item_id"])]
    days = lines["ordered_at"].dt.tz_localize(None).to_numpy("datetime64[s]").astype(np.int64) / 86_400
    amounts = lines["amount"].astype(float).to_numpy() * 100
    return Snapshots(
        purchases=Purchases.of(customers, families, days, amounts),
        n_families=len(catalogue.families),
        until=day_of(END),
        seed=0,
    )


def let_through(shop: Snapshots, day: float, bounds: Sequence[float], *, split: bool) -> Floats:
    """Pairs let through and right in each class, shape (classes, 2), with one certificate or one for each class."""
    fitted = shop.fit(day)
    assert fitted is not None
    if split:
        found = by_stake(shop, day, WINDOW, bounds, own_window=False)
    else:
        found = (gathered(shop, day, WINDOW, own_window=False),) * (len(bounds) + 1)
    thresholds = np.array([certify(one, PROMISE).threshold or np.inf for one in found])
    seen = shop.at(day)
    stakes = usual_amounts(shop.purchases, day)[seen.traits.pairs]
    classes = stake_class(stakes, bounds)
    acted = fitted.within(seen.traits.values, day, WINDOW) >= thresholds[classes]
    rows = [acted & (classes == one) for one in range(len(bounds) + 1)]
    return np.array([[np.count_nonzero(row), np.count_nonzero(row & seen.came(WINDOW))] for row in rows], float)


def told(name: str, found: Floats) -> None:
    """A line a class, of counts of shape (cut-offs, classes, 2)."""
    for place, label in enumerate((*(f"class {n}" for n in range(found.shape[1])), "all")):
        n, right = (found[..., part].sum(1) if label == "all" else found[:, place, part] for part in (0, 1))
        shares = right[n > 0] / n[n > 0]
        below = int(np.count_nonzero(shares < PROMISE))
        worst = f"{shares.min():.3f}" if len(shares) else "shut "
        print(
            f"{name:22s} {label:8s} {n.mean():7.1f} {right.sum() / max(n.sum(), 1):7.3f} {worst} "
            f"{below:3d} of {np.count_nonzero(n)}",
            flush=True,
        )


def main() -> None:
    """Print the table."""
    shop = snapshots(load())
    days = cutoffs(shop, WINDOW, CUTOFFS)
    print("certificates           class      pairs  right   least below the promise")
    for bound in BOUNDS:
        for split in (False, True):
            found = np.stack([let_through(shop, day, (bound,), split=split) for day in days])
            told(f"{'two' if split else 'one'}, parted at {bound / 100:.2f}", found)


if __name__ == "__main__":
    main()
