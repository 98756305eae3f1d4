"""A worker for the story of being killed: it sweeps only, impatiently, and on demand forgets the idempotency key."""

import sys
from dataclasses import replace
from datetime import timedelta

from engine.config import Settings
from engine.domain.executions import Execution
from jobs import scheduler, worker
from jobs.gateway import HttpGateway, Terms

TERMS = Terms(timeout=timedelta(seconds=0.3), first_retry=timedelta(seconds=0.1), at_once=16)


class Keyless(HttpGateway):
    """A client that does not say which order it means: what the ledger would be without its key."""

    def key(self, execution: Execution) -> dict[str, str]:
        """None."""
        return {}


def main(kind: type[HttpGateway]) -> None:
    """Work until killed."""
    settings = Settings.from_env()
    for name in [name for name in scheduler.JOBS if name != "sweep"]:
        del scheduler.JOBS[name]
    assert settings.gateway_url is not None
    gateway = kind(settings.gateway_url, settings.gateway_secret, TERMS)
    worker.run(settings, change=lambda shop: replace(shop, gateway=gateway, terms=TERMS))


if __name__ == "__main__":
    main(Keyless if sys.argv[1:] == ["--keyless"] else HttpGateway)
