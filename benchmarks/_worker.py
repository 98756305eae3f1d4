"""A worker to be killed: it sweeps only, impatiently, and on demand forgets the idempotency key.

It runs as ``rapport worker`` does. Its process is forked from one that has loaded everything, so that a killed one is
back at once, and most kills meet a worker at work.
"""

from __future__ import annotations

import json
import logging
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import timedelta

from engine.config import Settings
from engine.domain.executions import Execution
from jobs import scheduler, worker
from jobs.gateway import HttpGateway, Terms
from jobs.sweep import Sweep

TERMS = Terms(timeout=timedelta(seconds=0.4), first_retry=timedelta(seconds=0.1), at_once=16)


class Keyless(HttpGateway):
    """A client that does not say which order it means: what the ledger would be without its key."""

    def key(self, execution: Execution) -> dict[str, str]:
        """None."""
        return {}


def work(environ: Mapping[str, str], keyless: bool) -> None:
    """Work until killed, and say nothing of it: that the database is gone now and then is what is tried."""
    logging.disable(logging.CRITICAL)
    settings = Settings.from_env(environ)
    for name in [name for name in scheduler.JOBS if name != "sweep"]:
        del scheduler.JOBS[name]
    assert settings.gateway_url is not None
    gateway = (Keyless if keyless else HttpGateway)(settings.gateway_url, settings.gateway_secret, TERMS)
    worker.run(settings, change=lambda shop: replace(shop, gateway=gateway, terms=TERMS))


@dataclass(frozen=True)
class Nursery:
    """The process that workers are forked from."""

    process: subprocess.Popen[str]

    def start(self, environ: Mapping[str, str], keyless: bool) -> int:
        """The id of a new worker."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps([dict(environ), keyless]) + "\n")
        self.process.stdin.flush()
        return int(self.process.stdout.readline())

    @staticmethod
    def kill(worker: int) -> None:
        """End a worker without a word."""
        with suppress(ProcessLookupError):
            os.kill(worker, signal.SIGKILL)


@contextmanager
def nursery() -> Iterator[Nursery]:
    """A process to fork workers from, for as long as it is wanted."""
    command = [sys.executable, "-m", "benchmarks._worker"]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        yield Nursery(process)
    finally:
        process.kill()
        process.wait()


def _serve() -> None:
    """Fork a worker for every line that comes; the ended ones are forgotten by the system."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    assert Sweep  # loaded before the first fork
    for line in sys.stdin:
        id = os.fork()
        if not id:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            work(*json.loads(line))
            os._exit(0)
        print(id, flush=True)


if __name__ == "__main__":
    _serve()
