"""The off-policy value of a policy on a decision log in a file, read by chunks in two passes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import reduce
from operator import add
from pathlib import Path

import numpy as np

from engine.domain.estimates import NotEstimable
from engine.errors import InputError, Unavailable
from engine.learn.offpolicy.policies import Best, Logged, Means, Policy, Table, Target, Uniform
from engine.learn.offpolicy.reward import Moments, Reward
from engine.learn.offpolicy.sums import Sums
from engine.learn.offpolicy.support import Support
from engine.learn.offpolicy.value import Estimator, Value, estimates, logged
from jobs.ope.frames import BLOCK, ROWS
from jobs.ope.logs import LogFile, Part, Rejects
from jobs.ope.tables import PolicyFile

MOST_REJECTED = 0.05  # of the rows
Say = Callable[[str, int, int], None]


class Name(StrEnum):
    """The policies that need no file."""

    LOGGED = "logged"  # the one that made the log
    TARGET = "target"  # the one whose probabilities of the logged actions stand in the log
    UNIFORM = "uniform"  # every available action alike
    BEST = "best"  # always the action with the best mean reward, as other folds have it


@dataclass(frozen=True, kw_only=True, slots=True)
class Report:
    """What was found."""

    policy: str
    support: Support
    objections: Sequence[NotEstimable]
    logged: Value
    estimates: dict[Estimator, Value | NotEstimable]  # none where it is refused
    contexts: int
    features: Sequence[str]
    ignored: Sequence[str]
    rejected: int
    rejects: Path | None

    def document(self) -> dict[str, object]:
        """As JSON."""
        told = self.support
        return {
            "policy": self.policy,
            "refused": bool(self.objections),
            "reason": "; ".join(one.reason for one in self.objections) or None,
            "needed": "; ".join(dict.fromkeys(one.needed for one in self.objections)) or None,
            "contexts": self.contexts,
            "rows": told.rows,
            "logged_value": _value(self.logged),
            "estimates": [self._estimate(one, value) for one, value in self.estimates.items()],
            "support": {
                "ess": _number(told.ess),
                "mean_weight": _number(told.mean_weight),
                "mean_weight_se": _number(told.mean_weight_se),
                "largest_share": _number(told.largest_share),
                "thin": _number(told.thin),
                "unlogged": dict(told.unlogged),
            },
            "features": list(self.features),
            "ignored": list(self.ignored),
            "rejected": self.rejected,
            "rejects": None if self.rejects is None else str(self.rejects),
        }

    def _estimate(self, estimator: Estimator, found: Value | NotEstimable) -> dict[str, object]:
        if isinstance(found, NotEstimable):
            nothing = {"value": None, "low": None, "high": None, "se": None, "ess": None}
            return {"estimator": estimator.value, **nothing, "reason": found.reason, "needed": found.needed}
        return {"estimator": estimator.value, **_value(found), "ess": _number(self.support.ess)}


@np.errstate(over="ignore", invalid="ignore")  # of propensities next to nothing; they are refused
def run(
    file: Path,
    policy: str | None = None,
    *,
    features: Sequence[str] | None = None,
    force: bool = False,
    seed: int = 0,
    rows: int = ROWS,
    block: int = BLOCK,
    say: Say = lambda stage, done, total: None,
) -> Report:
    """The value of a policy.

    Parameters
    ----------
    policy : a ``Name`` or a policy file; by default the log's own target, where it has one, else the log's policy
    features : columns of the log for the reward model; by default all that can be
    force : answer with numbers that are refused, too
    rows, block : of a chunk; they change nothing but time and memory

    Raises
    ------
    InputError
        where log or policy cannot be read
    Unavailable
        where no row of the log is good
    """
    log = LogFile.open(file, features, rows, block)
    asked = policy or (Name.TARGET if log.has_target else Name.LOGGED)
    if asked == Name.TARGET and not log.has_target:
        raise InputError.of("--policy target", "a log with a column target_propensity", ", ".join(log.source.names))
    if asked not in tuple(Name) and not Path(asked).suffix:
        raise InputError.of("--policy", f"{', '.join(Name)} or a .csv, .ndjson or .parquet file", asked)
    rejects = Rejects(file)
    means, moments = _first(log, rejects, asked, seed, say)
    sums = None
    for part in _policies(asked, log, means, seed):
        seen = means.grown(*log.codes.shape).seen
        model = moments and Reward.fit(moments, log.design, n_actions=len(log.codes.actions), seed=seed)
        sums = _second(log, part, seen, model, sums, say)
    assert sums is not None
    support = Support.of(sums, log.codes.names)
    objections = [*_left_out(rejects, support.rows), *support.objections()]
    return Report(
        policy=str(asked),
        support=support,
        objections=objections,
        logged=logged(sums, seed=seed),
        estimates={} if objections and not force else estimates(sums, seed=seed),
        contexts=sums.contexts,
        features=log.features,
        ignored=log.ignored,
        rejected=rejects.rows,
        rejects=rejects.path,
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class _Slice:
    """A policy for some of the contexts: those whose hash leaves this rest."""

    policy: Policy
    rest: int = 0
    parts: int = 1


def _first(log: LogFile, rejects: Rejects, asked: str, seed: int, say: Say) -> tuple[Means, Moments | None]:
    """One pass over the log: bad rows are told, and what models are made of is added up."""
    modelled = asked not in (Name.LOGGED, Name.TARGET)
    means: Means | None = None
    moments: Moments | None = None
    for part in log.parts(lambda done: say("reading", done, log.source.size)):
        rejects.write(part.wrong)
        if not len(part.log):
            continue
        here = Means.of(part.log, seed)
        means = here if means is None else means + here
        if modelled:
            products = Moments.of(part.log, log.design, seed)
            moments = products if moments is None else moments + products
    if means is None:
        raise Unavailable(f"{log.source.file} has no row that can be used ({rejects.rows:,} rejected)")
    return means, moments


def _second(log: LogFile, part: _Slice, seen: np.ndarray, model: Reward | None, sums: Sums | None, say: Say) -> Sums:
    """One pass over the log: weights and weighted rewards are added up."""
    found = [] if sums is None else [sums]
    for read in log.parts(lambda done: say("weighing", done, log.source.size)):
        here = read.log if part.parts == 1 else read.log.where(read.log.contexts % np.uint64(part.parts) == part.rest)
        if not len(here):
            continue
        if isinstance(part.policy, Table):
            _require(part, read)
        found.append(Sums.of(here, part.policy.on(here), seen, model))
        found = [reduce(add, found)]
    return found[0]


def _policies(asked: str, log: LogFile, means: Means, seed: int) -> Iterator[_Slice]:
    """The policy; one of a large file in parts, each for some of the contexts."""
    known: dict[str, Callable[[], Policy]] = {
        Name.LOGGED: Logged,
        Name.TARGET: Target,
        Name.UNIFORM: lambda: Uniform(n_actions=len(log.codes.actions)),
        Name.BEST: lambda: Best.fit(means.grown(*log.codes.shape), np.argsort(log.codes.names), seed),
    }
    if asked in known:
        yield _Slice(policy=known[asked]())
        return
    file = PolicyFile.open(Path(asked), log.codes)
    for rest in range(file.parts):
        yield _Slice(policy=file.read(rest), rest=rest, parts=file.parts)


def _require(part: _Slice, read: Part) -> None:
    """Every row must have a distribution."""
    assert isinstance(part.policy, Table)
    missing = part.policy.missing(read.log) & (read.log.contexts % np.uint64(part.parts) == part.rest)
    if missing.any():
        place = int(np.argmax(missing))
        which = f"context {read.ids[place].as_py()!r}" if part.policy.by_context else "position"
        raise InputError.of(f"--policy: {which}", f"probabilities, as row {read.rows[place]} of the log needs", "none")


def _left_out(rejects: Rejects, rows: int) -> list[NotEstimable]:
    """What rejected rows say against an estimate from the others."""
    if rejects.unknown:
        return [
            NotEstimable(
                reason=f"{rejects.unknown:,} rows have no propensity above 0 and at most 1, and such rows are not"
                " missing by chance",
                needed="the propensity of every logged action, as it was when choosing",
            )
        ]
    if rejects.rows > MOST_REJECTED * (rejects.rows + rows):
        share = rejects.rows / (rejects.rows + rows)
        return [NotEstimable(reason=f"{share:.1%} of the rows were rejected", needed=f"at most {MOST_REJECTED:.0%}")]
    return []


def _value(found: Value) -> dict[str, object]:
    """A value as JSON; where nothing varies, nothing tells how sure it is."""
    sure = {"low": found.low, "high": found.high, "se": found.se} if found.se else dict.fromkeys(("low", "high", "se"))
    return {"value": _number(found.estimate), **{name: x and _number(x) for name, x in sure.items()}}


def _number(x: float) -> float | None:
    """As JSON has them; weights may be beyond all bounds where propensities are next to nothing."""
    return x if np.isfinite(x) else None
