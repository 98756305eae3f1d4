"""What operators' rules cost: compiling one, asking them of one line of an order, and refusing bombs.

python -m benchmarks.rules
"""

from __future__ import annotations

import time
from collections.abc import Callable
from zoneinfo import ZoneInfo

from engine.domain.rules import Forbid, Rule
from modes.rules.language import held, language
from modes.rules.reading import Reader
from tests.modes.rules.test_language import HOLDS, subject
from tests.modes.rules.test_reading import BOMBS

REPEATS = 300


def main() -> None:
    """Print the table."""
    one, reader = subject(), Reader(currency="USD", zone=ZoneInfo("UTC"))
    every = [Rule(rule_id=f"r{n}", when=when, effect=Forbid()) for n, when in enumerate(HOLDS.values())]
    simple = [Rule(rule_id=f"r{n}", when=f'price > {n}.0 && need.family == "tea"', effect=Forbid()) for n in range(50)]
    list(held(every + simple, one))
    print(f"compiling a rule                        {seconds(_compile(every)) / len(every) * 1e6:9.1f} µs")
    print(f"50 rules on two fields, a rule          {seconds(lambda: list(held(simple, one))) / 50 * 1e6:9.1f} µs")
    print(
        f"a rule on every field, a rule           {seconds(lambda: list(held(every, one))) / len(every) * 1e6:9.1f} µs"
    )
    print(
        f"the slowest of {len(BOMBS)} bombs                 {max(_spent(reader, one) for one in BOMBS) * 1e3:9.1f} ms"
    )


def seconds(work: Callable[[], object]) -> float:
    """The processor's time of one run, the least of several."""
    found = []
    for _ in range(REPEATS):
        begun = time.thread_time()
        work()
        found.append(time.thread_time() - begun)
    return min(found)


def _compile(rules: list[Rule]) -> Callable[[], object]:
    return lambda: [language().compile(rule.when) for rule in rules]


def _spent(reader: Reader, bomb: str) -> float:
    found = []
    for _ in range(3):
        begun = time.thread_time()
        reader.text(bomb)
        found.append(time.thread_time() - begun)
    return min(found)


if __name__ == "__main__":
    main()
