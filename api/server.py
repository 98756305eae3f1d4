"""The server: granian with worker processes that are replaced when they die."""

from __future__ import annotations

import os
import shutil
from ctypes import c_bool
from functools import partial
from pathlib import Path

from granian import Granian
from granian.constants import Interfaces, Loops
from granian.log import LogLevels

from api import stopping
from engine import heap, logs
from engine.config import Settings

LIKE_OURS = {"loggers": {"_granian": {"propagate": True}}}  # what the server itself logs is a line like any other
KILL_AFTER = 6  # seconds a worker has for its last answers; the whole ends within 10
THREADS = 48  # requests and streams that one worker serves at a time


class Server(Granian):  # type: ignore[misc, valid-type]
    """Granian that tells open streams to end before it waits for them."""

    def shutdown(self, exit_code: int = 0) -> None:
        """End: streams first, then workers."""
        stopping.announce()
        super().shutdown(exit_code)


def serve(settings: Settings, host: str = "127.0.0.1", port: int = 8080, workers: int = 1) -> None:
    """Serve the API and console until SIGTERM or SIGINT; returns within ten seconds of either.

    The clock is the settings' one, so a fixed or shifted RAPPORT_NOW holds in every worker.
    """
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # before a worker loads numpy: small products, many requests
    if workers > 1:
        _share_metrics(settings.home / "metrics")
    logs.configure(settings.log_level)
    settings.secret()  # made here, once, before the workers ask for it
    Server(
        "api.app:create_app",
        address=host,
        port=port,
        interface=Interfaces.WSGI,
        loop=Loops.asyncio,
        workers=workers,
        blocking_threads=THREADS,
        respawn_failed_workers=True,
        respawn_interval=0.5,
        workers_kill_timeout=KILL_AFTER,
        log_level=LogLevels.error,
        log_dictconfig=LIKE_OURS,
        websockets=False,
    ).serve(target_loader=partial(load, settings, stopping.flag()), wrap_loader=False)


def load(settings: Settings, flag: c_bool) -> object:
    """In a worker: the app over connections of its own."""
    from api.app import create_app
    from engine.learn.base import decode
    from engine.store.artifacts import Slot
    from engine.store.database import Database

    stopping.adopt(flag)
    logs.configure(settings.log_level)
    slot = Slot(settings.models, decode, heap.settle)
    return create_app(settings, Database.open(settings.database_url), model=slot.current)


def _share_metrics(folder: Path) -> None:
    """A folder, empty at the start, in which workers add up their figures."""
    named = os.environ.get("PROMETHEUS_MULTIPROC_DIR")
    if named is None:
        shutil.rmtree(folder, ignore_errors=True)
        folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder.mkdir()
        os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(folder)
    else:
        for old in Path(named).glob("*.db"):
            old.unlink(missing_ok=True)
