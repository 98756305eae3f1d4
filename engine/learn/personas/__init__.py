"""Personas: kinds of customers that buying itself shows, found by a mixture whose size BIC chooses.

Nothing of any one customer is kept: a persona is a mean, a spread and a name, and whom it fits is told from a live
history. Fraley and Raftery: Model-based clustering (JASA 2002).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.domain.estimates import NotEstimable
from engine.learn.personas import naming
from engine.learn.personas.behaviour import Features, behaviour, spending
from engine.learn.personas.leanings import Leanings
from engine.learn.personas.mixture import Mixture, fit
from engine.learn.texts import packed, unpacked

__all__ = ["Features", "Leanings", "Personas", "Tried", "behaviour", "personas", "spending"]

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
MOST = 20_000  # customers that mixtures are fitted on; of more a sample is taken, and all are told apart by it
FEWEST = 30  # customers of a persona
SMALLEST = 0.02  # of all customers
BOOTSTRAPS = 20
BOOTSTRAP_RESTARTS = 3
BOOTSTRAP_ROWS = 2_000  # drawn for each, and compared
UNKNOWN = "not all features are known"  # why customers are left out
TENTATIVE = 0.6  # stability below which personas are tentative
FAR = 1.0  # mean squared distance in standard deviations, beyond which a persona is not one of before


@dataclass(frozen=True, kw_only=True, slots=True)
class Tried:
    """One number of personas, and why it may not be taken."""

    k: int
    log_likelihood: float | None = None  # nats, of the features as they came; None where it was not fitted
    df: int | None = None
    bic: float | None = None
    objection: str = ""


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Personas:
    """Kinds of customers, those who spend most first, of equals those who came last.

    Attributes
    ----------
    ids : of each persona; they go on from one training to the next
    names : in words, see ``naming``
    features : names of the d features
    center, scale : float arrays of shape (d,), mean and standard deviation of each feature over all customers
    mixture : over the features less ``center`` and divided by ``scale``
    sizes : int array of shape (k,), customers who belong to it more than to any other
    membership_prob : float array of shape (n, k), of those it was fitted on; no rows in what is kept
    entropy_nats : mean over customers of -sum p log p; 0 where everybody clearly belongs
    stability : mean adjusted Rand index of bootstraps, at most 1
    n : customers it was fitted on
    dropped : reason -> customers left out
    next_id : which no persona had yet
    tried : each number of personas
    """

    ids: tuple[int, ...]
    names: tuple[str, ...]
    features: tuple[str, ...]
    center: Floats
    scale: Floats
    mixture: Mixture
    sizes: Ints
    membership_prob: Floats
    entropy_nats: float
    stability: float
    n: int
    next_id: int
    tried: tuple[Tried, ...]
    dropped: dict[str, int] = field(default_factory=dict)
    method: str = "Gaussian mixture, full covariances with a floor, by BIC"

    @property
    def k(self) -> int:
        """How many personas there are."""
        return len(self.ids)

    @property
    def weights(self) -> Floats:
        """The share of each persona, shape (k,)."""
        return self.mixture.weights

    @property
    def means(self) -> Floats:
        """Of each feature as it came, shape (k, d)."""
        found: Floats = self.mixture.means * self.scale + self.center
        return found

    @property
    def bic(self) -> float:
        """Of the number that was taken."""
        return next(one.bic for one in self.tried if one.k == self.k and one.bic is not None)

    @property
    def tentative(self) -> bool:
        """Whether other customers of the same kind might have given other personas."""
        return self.stability < TENTATIVE

    def shown(self, place: int) -> bool:
        """Whether a persona has members enough to be shown at all."""
        return int(self.sizes[place]) >= FEWEST

    def membership(self, asked: Features) -> Floats:
        """The probability that each customer belongs to each persona, shape (n, k).

        What is not known of a customer counts as it is on the whole.
        """
        return self.mixture.membership(self._standardised(asked))

    def _standardised(self, asked: Features) -> Floats:
        columns = [
            asked.values[:, asked.names.index(name)] if name in asked.names else np.full(len(asked), np.nan)
            for name in self.features
        ]
        found: Floats = np.nan_to_num((np.column_stack(columns) - self.center) / self.scale)
        return found

    def without_members(self) -> Personas:
        """As it is kept: without a row of any customer."""
        return replace(self, membership_prob=np.zeros((0, self.k)))

    def arrays(self) -> dict[str, NDArray[Any]]:
        """What is kept of it, as arrays."""
        tried = [[one.k, one.log_likelihood or 0.0, one.df or 0, one.bic or 0.0] for one in self.tried]
        return {
            "ids": np.array(self.ids, np.int64),
            **packed("names", self.names),
            **packed("features", self.features),
            "center": self.center,
            "scale": self.scale,
            "weights": self.mixture.weights,
            "means": self.mixture.means,
            "covariances": self.mixture.covariances,
            "sizes": self.sizes,
            "found": np.array([self.mixture.log_likelihood, self.entropy_nats, self.stability]),
            "counts": np.array([self.n, self.next_id, self.dropped.get(UNKNOWN, 0)]),
            "tried": np.array(tried, np.float64),
            **packed("objections", [one.objection for one in self.tried]),
        }

    @classmethod
    def of_arrays(cls, arrays: dict[str, NDArray[Any]]) -> Personas:
        """The inverse of ``arrays``; without members."""
        log_likelihood, entropy, stability = arrays["found"].tolist()
        n, next_id, unknown = arrays["counts"].tolist()
        objections = unpacked("objections", arrays)
        return cls(
            ids=tuple(arrays["ids"].tolist()),
            names=tuple(unpacked("names", arrays)),
            features=tuple(unpacked("features", arrays)),
            center=arrays["center"],
            scale=arrays["scale"],
            mixture=Mixture(
                weights=arrays["weights"],
                means=arrays["means"],
                covariances=arrays["covariances"],
                log_likelihood=log_likelihood,
            ),
            sizes=arrays["sizes"],
            membership_prob=np.zeros((0, len(arrays["ids"]))),
            entropy_nats=entropy,
            stability=stability,
            n=n,
            next_id=next_id,
            tried=tuple(_tried(row, why) for row, why in zip(arrays["tried"].tolist(), objections, strict=True)),
            dropped={UNKNOWN: unknown} if unknown else {},
        )


def personas(
    features: Features,
    k: Iterable[int] = range(1, 9),
    *,
    floor: float = 0.03,
    restarts: int = 10,
    seed: int = 0,
    bootstraps: int = BOOTSTRAPS,
    previous: Personas | None = None,
) -> Personas | NotEstimable:
    """The kinds of customers that features show; how many, the smallest BIC says.

    A number may be taken where each of its personas has at least 30 customers and 2 % of them, and none is a point.
    The order of the customers changes nothing.

    Parameters
    ----------
    features : customers of whom any is not known are left out
    k : numbers of personas that are tried
    floor : least variance of a persona in any direction, in variances of all customers
    restarts : fits that are begun for each number
    bootstraps : from which the stability is told, at least 1
    previous : personas of before, whose ids and names go on
    """
    known = np.isfinite(features.values).all(axis=1)
    n = int(np.count_nonzero(known))
    if n < FEWEST:
        return NotEstimable(reason=f"{n} customers of whom all features are known", needed=f"{FEWEST} customers")
    told = features.values[known]
    order = np.lexsort(told.T[::-1])
    differ = np.flatnonzero(told.std(axis=0) > 1e-9 * (1 + np.abs(told).max(axis=0)))
    if not len(differ):
        return NotEstimable(reason="all customers are alike", needed="a feature in which they differ")
    kept = told[order][:, differ]
    center, scale = kept.mean(axis=0), kept.std(axis=0)
    values = (kept - center) / scale
    rng = np.random.default_rng(seed)
    drawn = values if n <= MOST else values[rng.choice(n, MOST, replace=False)]
    fitted, tried = _tries(drawn, k, scale, floor, restarts, rng)
    if not fitted:
        return NotEstimable(reason="; ".join(one.objection for one in tried), needed="fewer personas, more customers")
    names = tuple(features.names[place] for place in differ.tolist())
    mixture = _sorted(min(fitted, key=lambda one: one.bic(len(drawn))), names)
    members = mixture.membership(values)
    labels = members.argmax(axis=1)
    found = Personas(
        ids=tuple(range(1, mixture.k + 1)),
        names=(),
        features=names,
        center=center,
        scale=scale,
        mixture=mixture,
        sizes=np.bincount(labels, minlength=mixture.k),
        membership_prob=members[np.argsort(order)],
        entropy_nats=float(-(members * np.log(np.maximum(members, 1e-300))).sum(axis=1).mean()),
        stability=_stability(values, labels, mixture.k, floor, bootstraps, rng),
        n=n,
        next_id=mixture.k + 1,
        tried=tuple(tried),
        dropped={UNKNOWN: len(features) - n} if n < len(features) else {},
    )
    return _named(found, previous)


def _tries(
    values: Floats, numbers: Iterable[int], scale: Floats, floor: float, restarts: int, rng: np.random.Generator
) -> tuple[list[Mixture], list[Tried]]:
    """A mixture of each number that may be taken, and what came of all numbers."""
    fitted, tried = [], []
    n, shift = len(values), len(values) * float(np.log(scale).sum())
    fewest = max(SMALLEST * n, float(FEWEST))
    for k in numbers:
        if k * fewest > n:
            tried.append(Tried(k=k, objection=f"{n} customers are fewer than {k} times {fewest:.0f}"))
            continue
        one = fit(values, k, floor=floor, restarts=restarts, rng=rng)
        objection = _objection(one, values, fewest, floor)
        if not objection:
            fitted.append(one)
        tried.append(
            Tried(
                k=k,
                log_likelihood=one.log_likelihood - shift,
                df=one.df,
                bic=one.bic(n) + 2 * shift,
                objection=objection,
            )
        )
    return fitted, tried


def _objection(one: Mixture, values: Floats, fewest: float, floor: float) -> str:
    """Why a mixture may not be taken; empty where it may."""
    members = np.bincount(one.membership(values).argmax(axis=1), minlength=one.k)
    least = min(float(one.weights.min()) * len(values), float(members.min()))
    if least < fewest:
        return f"a persona of {least:.0f} customers, fewer than {fewest:.0f}"
    return "a persona that is a point" if one.collapsed(floor) else ""


def _sorted(one: Mixture, names: Sequence[str]) -> Mixture:
    """Those who spend most first, of equals those who came last; by the first two features where these are others."""
    spent = one.means[:, names.index("monetary") if "monetary" in names else 0]
    since = one.means[:, names.index("recency") if "recency" in names else min(1, len(names) - 1)]
    order = np.lexsort((since, -spent))
    return replace(one, weights=one.weights[order], means=one.means[order], covariances=one.covariances[order])


def _stability(values: Floats, labels: Ints, k: int, floor: float, bootstraps: int, rng: np.random.Generator) -> float:
    """How far customers drawn anew, with some twice, give the same groups: the mean adjusted Rand index.

    Hubert and Arabie: Comparing partitions (Journal of Classification 1985).
    """
    from sklearn.metrics import adjusted_rand_score

    n = len(values)
    found = []
    for _ in range(bootstraps):
        drawn = values[rng.integers(n, size=min(n, BOOTSTRAP_ROWS))]
        compared = rng.choice(n, min(n, BOOTSTRAP_ROWS), replace=False)
        again = fit(drawn, k, floor=floor, restarts=BOOTSTRAP_RESTARTS, rng=rng)
        found.append(adjusted_rand_score(labels[compared], again.membership(values[compared]).argmax(axis=1)))
    return float(np.mean(found))


def _named(found: Personas, previous: Personas | None) -> Personas:
    """With the ids and names of the personas of before that these are, and new ones for the others."""
    same = _same(found, previous)
    ids, next_id = [], 1 if previous is None else previous.next_id
    for place in range(found.k):
        if place in same and previous is not None:
            ids.append(previous.ids[same[place]])
        else:
            ids.append(next_id)
            next_id += 1
    had = [None if previous is None or place not in same else previous.names[same[place]] for place in range(found.k)]
    names = naming.names(_apart(found.mixture), found.features, had)
    return replace(found, ids=tuple(ids), names=tuple(names), next_id=next_id)


def _same(found: Personas, previous: Personas | None) -> dict[int, int]:
    """Which persona of before each is: the assignment of least squared distance of means (Kuhn 1955), none too far."""
    from scipy.optimize import linear_sum_assignment

    if previous is None:
        return {}
    shared = [name for name in found.features if name in previous.features]
    if not shared:
        return {}
    here = [found.features.index(name) for name in shared]
    there = [previous.features.index(name) for name in shared]
    apart = (found.means[:, None, here] - previous.means[None, :, there]) / found.scale[here]
    distance = (apart**2).mean(axis=2)
    rows, columns = linear_sum_assignment(distance)
    return {
        row: column for row, column in zip(rows.tolist(), columns.tolist(), strict=True) if distance[row, column] <= FAR
    }


def _apart(one: Mixture) -> Floats:
    """How far each component's mean lies from that of all others, in standard deviations of all."""
    rest = np.maximum(1 - one.weights, 1e-9)[:, None]
    return one.means - (one.weights @ one.means - one.weights[:, None] * one.means) / rest


def _tried(row: Sequence[float], objection: str) -> Tried:
    k, log_likelihood, df, bic = row
    if not df:
        return Tried(k=int(k), objection=objection)
    return Tried(k=int(k), log_likelihood=log_likelihood, df=int(df), bic=bic, objection=objection)
