"""``rapport simulate``: the selector beside rivals and an oracle, among invented customers with hidden wishes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import sqrt
from statistics import fmean, stdev

from jobs.simulate.playing import Score, play
from jobs.simulate.rivals import ORACLE, PLAYERS, Sized
from jobs.simulate.scenario import Scenario
from jobs.simulate.world import World

Say = Callable[[str, int, int], None]


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """How one policy fared, on average over seeds.

    Attributes
    ----------
    share : of the oracle's utility in the same world; None where the oracle's is not above 0
    se : its standard error over seeds; None of one seed
    opt_outs : per cent of customers
    unwanted : orders per customer and year
    margin : the shop's, per customer and month
    """

    policy: str
    share: float | None
    se: float | None
    opt_outs: float
    unwanted: float
    margin: float

    @classmethod
    def of(cls, policy: str, scores: Sequence[Score], oracle: Sequence[Score]) -> Row:
        """The row of a policy whose scores stand beside those of the oracle, a seed each."""
        pairs = zip(scores, oracle, strict=True)
        shares = [own.utility / best.utility for own, best in pairs if best.utility > 0]
        known = len(shares) == len(scores)
        return cls(
            policy=policy,
            share=fmean(shares) if known else None,
            se=stdev(shares) / sqrt(len(shares)) if known and len(shares) > 1 else None,
            opt_outs=fmean(score.opt_out_percent for score in scores),
            unwanted=fmean(score.unwanted_per_customer_year for score in scores),
            margin=fmean(score.margin_per_customer_month for score in scores),
        )

    def document(self) -> dict[str, object]:
        """As JSON."""
        return {
            "policy": self.policy,
            "share_of_oracle": self.share,
            "share_se": self.se,
            "opt_out_percent": self.opt_outs,
            "unwanted_per_customer_year": self.unwanted,
            "margin": self.margin,
        }


def run(
    scenario: Scenario,
    seeds: Sequence[int],
    *,
    players: dict[str, Sized] = PLAYERS,
    say: Say = lambda stage, done, total: None,
) -> list[Row]:
    """How every policy fares in the worlds of these seeds; the oracle, which must be among them, is the measure."""
    scores: dict[str, list[Score]] = {name: [] for name in players}
    total = len(seeds) * len(players)
    for done, (seed, name) in enumerate((seed, name) for seed in seeds for name in players):
        say(f"seed {seed}: {name}", done, total)
        player = players[name](scenario.customers, scenario.needs, seed)
        scores[name].append(play(player, World.born(scenario, seed)))
    return [Row.of(name, found, scores[ORACLE]) for name, found in scores.items()]
