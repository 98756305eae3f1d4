"""The shop that orders are placed at: a gateway process of its own, that fails now and then."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import httpx

from engine.errors import Unavailable
from jobs.gateway import HttpGateway, Terms

LATE, FAIL = 0.03, 0.02  # shares of calls that time out after the order was kept, and that are answered 500
TERMS = Terms(timeout=timedelta(milliseconds=400), first_retry=timedelta(milliseconds=50), at_once=8)
_CODE = """
import sys
from pathlib import Path
from jobs.example_gateway import main
main(0, Path(sys.argv[1]), late=float(sys.argv[2]), fail=float(sys.argv[3]), hold=2.0, seed=int(sys.argv[4]),
     say=lambda text: print(text, flush=True))
"""


@dataclass(frozen=True, kw_only=True)
class Shop:
    """A running gateway."""

    url: str
    gateway: HttpGateway

    def orders(self) -> int:
        """How many orders it keeps, by its own book."""
        return int(httpx.get(self.url, timeout=5).json()["orders"])


@contextmanager
def open_shop(book: Path, seed: int) -> Iterator[Shop]:
    """A gateway process with a book of its own, for as long as the context lasts."""
    command = [sys.executable, "-c", _CODE, str(book), str(LATE), str(FAIL), str(seed)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    assert process.stdout is not None
    try:
        said = process.stdout.readline()
        if "http" not in said:
            raise Unavailable("the example gateway did not start")
        url = said.split()[-1]
        gateway = HttpGateway(url, terms=TERMS)
        yield Shop(url=url, gateway=gateway)
        gateway.close()
    finally:
        process.terminate()
        process.wait(10)
