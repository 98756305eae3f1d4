"""A worker for the story of the cluster: impatient or not, without jobs but the sweep, on demand with wakes alone."""

import sys
from dataclasses import replace
from datetime import timedelta

from engine.config import Settings
from jobs import cluster, scheduler, worker
from jobs.gateway import HttpGateway, Terms

TERMS = Terms(timeout=timedelta(seconds=0.5), first_retry=timedelta(seconds=0.2), at_once=8)


def main(*, sweeps: bool, timeout: timedelta) -> None:
    """Work until killed."""
    settings = Settings.from_env()
    for name in [name for name in scheduler.JOBS if name != "sweep"]:
        del scheduler.JOBS[name]
    if not sweeps:
        cluster.BEHIND = timedelta(days=1)
    assert settings.gateway_url is not None
    terms = replace(TERMS, timeout=timeout)
    gateway = HttpGateway(settings.gateway_url, settings.gateway_secret, terms)
    worker.run(settings, change=lambda shop: replace(shop, gateway=gateway, terms=terms))


if __name__ == "__main__":
    said = sys.argv[1:]
    main(sweeps="--wakes-only" not in said, timeout=timedelta(seconds=30) if "--patient" in said else TERMS.timeout)
