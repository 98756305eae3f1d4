"""How long deciding takes, and how much memory: one whole decision, and a night's planning of many customers.

    RAPPORT_HOME=.rapport/demo python -m benchmarks.deciding one [--households 400] [--profile]
    python -m benchmarks.deciding night [--customers 100000] [--families 20] [--needs 6] [--processes 2]

``one`` decides for households of a home with its served model, in process: context at hand, items read before, all
needs, ten offers, levers, reasons and the document as it is answered. Every household is decided for five times. The
limits are for all these times; beside them stands the median of each household's, which tells how households differ
and not what else the machine did just then. Times are by the clock and in processor time of this process; the
reference is a route of a bare Flask that answers the same document, in the same run.

``night`` makes a shop of seeded customers who buy so many families each at a pace of their own, learns on some of them,
and runs the job ``plan`` as ``rapport jobs run plan`` does. Everybody lets be ordered, half of them signed a mandate.
Memory is the most that all processes held at one time. With ``--needs`` more needs are decided at once than a shop's
default of six.
"""

from __future__ import annotations

import argparse
import os
import sys

from benchmarks.deciding import night, one


def main() -> None:
    """Print the figures of one part."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parts = parser.add_subparsers(dest="part", required=True)
    single = parts.add_parser("one")
    single.add_argument("--households", type=int, default=400)
    single.add_argument("--profile", action="store_true")
    many = parts.add_parser("night")
    for name, default in (("customers", 100_000), ("families", 20), ("needs", 6), ("processes", os.cpu_count() or 1)):
        many.add_argument(f"--{name}", type=int, default=default)
    given = vars(parser.parse_args())
    told = one.told if given.pop("part") == "one" else night.told
    for line in told(**given):
        sys.stdout.write(line + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
