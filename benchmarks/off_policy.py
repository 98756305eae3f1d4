"""How often intervals of off-policy values hold the truth, and how fast and small a long log is read.

    python -m benchmarks.off_policy [--logs N] [--rows N]
    python -m benchmarks.off_policy --write FILE [--rows N]

The first prints, for logs of known truth, in how many of N the interval held it, beside plain plus and minus 1.96
standard errors; then time and peak memory of `rapport ope` on a log of two million rows, beside reading it at once with
pandas and taking the mean of w r. The second writes such a log, and a policy beside it as FILE.policy.csv.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks._memory import peak
from engine.learn.offpolicy.support import Support
from engine.learn.offpolicy.value import Estimator, Value, estimates
from tests.engine.learn.decision_logs import ACTIONS, World, sums_of

ROWS, SEED, LONG, AT_ONCE = 5_000, 0, 2_000_000, 200_000
WORLDS = {
    "linear rewards": (World(), 2_000),
    "linear rewards, more rows": (World(), 10_000),
    "yes or no": (World(rewards="binary", plain=True), 2_000),
    "log-normal rewards": (World(rewards="skewed"), 2_000),
    "heavy weights": (World(heat=0.8), 2_000),
    "heavy weights, log-normal": (World(heat=0.8, rewards="skewed"), 5_000),
    "hardly any support": (World(heat=1.3), 2_000),
}


def main() -> None:
    """Print the tables, or write a log."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--logs", type=int, default=100, help="of each kind")
    parser.add_argument("--rows", type=int, help=f"of the written log ({ROWS:,}) or the long one ({LONG:,})")
    parser.add_argument("--write", type=Path, metavar="FILE")
    parser.add_argument("--side", choices=("ours", "pandas"), help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.side:
        print(_used(args.write, args.side))
    elif args.write:
        write(args.write, args.rows or ROWS, seed=SEED)
        print(f"{args.write} and {policy_of(args.write)}; the policy is worth {World().value:.4f}")
    else:
        _coverage(args.logs)
        _speed(args.rows or LONG)


def write(file: Path, rows: int, *, seed: int) -> None:
    """A log of known truth in a CSV file, and the policy it is to be told of beside it."""
    world, names = World(), np.array(ACTIONS)
    log, kinds = world.draw(rows, seed)
    frame = pd.DataFrame({"context_id": [f"c{n}" for n in range(rows)], "action": names[log.actions]})
    frame["reward"], frame["propensity"] = log.rewards.round(4), log.propensities.round(6)
    for place in range(log.features.shape[1]):
        frame[f"x{place + 1}"] = log.features[:, place]
    frame.to_csv(file, index=False)
    policy = pd.DataFrame({"context_id": np.repeat(frame["context_id"], len(names)), "action": np.tile(names, rows)})
    policy["probability"] = world.target[kinds].ravel().round(6)
    policy.to_csv(policy_of(file), index=False)


def policy_of(file: Path) -> Path:
    """Where the policy beside a log is written."""
    return file.with_suffix(".policy.csv")


def _coverage(logs: int) -> None:
    print(f"{'of ' + str(logs) + ' logs, intervals that hold the truth':44}{'rows':>7}{'ESS':>7}{'refused':>9}", end="")
    print("".join(f"{one.value:>7}{'+-1.96':>8}" for one in Estimator))
    for name, (world, rows) in WORLDS.items():
        held = {one: [0, 0] for one in Estimator}
        refused, sizes = 0, []
        for seed in range(logs):
            log, kinds = world.draw(rows, seed)
            sums = sums_of(log, world.policy(kinds))
            support = Support.of(sums, ACTIONS)
            refused, sizes = refused + bool(support.objections()), [*sizes, support.ess]
            for one, found in estimates(sums, seed=seed).items():
                assert isinstance(found, Value)
                held[one][0] += found.low <= world.value <= found.high
                held[one][1] += abs(found.estimate - world.value) <= 1.96 * found.se
        print(f"{name:44}{rows:7,}{np.median(sizes):7.0f}{refused:9}", end="")
        print("".join(f"{ours:7}{plain:8}" for ours, plain in held.values()), flush=True)


def _speed(rows: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "log.csv"
        _write_long(file, rows)
        print(f"\n{rows:,} rows, {file.stat().st_size / 1e6:.0f} MB of CSV, policy uniform{'':6}seconds   peak MB")
        for side, name in (("ours", "rapport ope: IPS, SNIPS, DR, intervals"), ("pandas", "pandas at once: IPS alone")):
            command = [sys.executable, "-m", "benchmarks.off_policy", "--side", side, "--write", str(file)]
            start = time.perf_counter()
            done = subprocess.run(command, check=True, capture_output=True, text=True)
            print(f"{name:50}{time.perf_counter() - start:11.1f}{int(done.stdout):10}", flush=True)


def _write_long(file: Path, rows: int) -> None:
    log, _ = World().draw(min(rows, AT_ONCE), SEED)
    frame = pd.DataFrame({"action": np.array(ACTIONS)[log.actions], "reward": log.rewards})
    frame["propensity"] = log.propensities
    frame[["x1", "x2", "x3"]] = log.features
    for start in range(0, rows, AT_ONCE):
        part = frame.head(rows - start).assign(context_id=[f"c{start + n}" for n in range(min(AT_ONCE, rows - start))])
        part.to_csv(file, index=False, mode="a", header=not start)


def _used(file: Path, side: str) -> int:
    if side == "ours":
        from jobs import ope

        ope.run(file, "uniform")
    else:
        log = pd.read_csv(file)
        (log["reward"] / len(ACTIONS) / log["propensity"]).mean()
    return round(peak())


if __name__ == "__main__":
    main()
