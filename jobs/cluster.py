"""Workers on any number of machines, woken by Procrastinate (extra ``[cluster]``, setting ``RAPPORT_CLUSTER``).

The ledger is the truth: a wake only says that an execution may be placed now, and leads to a sweep for its gateway. One
that is lost is found by the next sweep, one that comes twice finds the lease taken or nothing left to do.
"""

from __future__ import annotations

import asyncio
import logging
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from importlib.metadata import version
from importlib.util import find_spec
from threading import Thread
from typing import TYPE_CHECKING

import structlog

from engine.errors import Unavailable
from engine.store import waking
from engine.store.database import Database
from jobs.scheduler import Shop, run_wake

if TYPE_CHECKING:
    from procrastinate import App, JobContext
    from procrastinate.jobs import Job
    from procrastinate.manager import JobManager

log = structlog.get_logger()
BEHIND = timedelta(seconds=2)  # how often a woken worker sweeps for what no wake came for
AT_ONCE = 8  # wakes that one worker follows at the same time; below the database's pool
HEARTBEAT, STALLED = 5.0, 15.0  # seconds: between signs of life, and without one until a worker's tasks are anew
POLL = 0.5  # seconds between looks for wakes whose time has come
AGAIN = 1.0  # seconds until it is tried anew where the database was gone
GRACE = 5.0  # seconds for tasks under way when the worker is told to end


def prepare(db: Database) -> bool:
    """Make what wakes need in the database; whether anything was to be made.

    Raises
    ------
    Unavailable
        where the extra is not installed
    """
    _require()
    from procrastinate.schema import SchemaManager

    with db.begin() as tx:
        return waking.install(tx, SchemaManager.get_schema(), version("procrastinate"))


def app_of(shop: Shop) -> App:
    """Procrastinate's app: a task that places what is due with an execution, and one that takes up a dead worker's."""
    _require()
    import procrastinate

    options = {"options": f"-c search_path={waking.SCHEMA}", "application_name": f"rapport {shop.owner}"[:63]}
    connector = procrastinate.PsycopgConnector(
        conninfo=shop.db.conninfo, min_size=1, max_size=4, timeout=10.0, kwargs={**shop.db.patience, **options}
    )
    app = procrastinate.App(connector=connector)

    @app.task(name=waking.TASK, queue=waking.QUEUE)
    def place(execution_id: str) -> None:
        run_wake(shop, execution_id)

    @app.periodic(cron="* * * * *")
    @app.task(name="rapport.retry_stalled_jobs", queue=waking.QUEUE, queueing_lock="retry", pass_context=True)
    async def retry_stalled_jobs(context: JobContext, timestamp: int) -> None:
        manager = context.app.job_manager
        for job in await manager.get_stalled_jobs(queue=waking.QUEUE, seconds_since_heartbeat=STALLED):
            await _retried(manager, job)

    return app


async def _retried(manager: JobManager, job: Job) -> None:
    """Let a task whose worker is gone run again, unless a newer wake for the same execution waits already."""
    from procrastinate.exceptions import ConnectorException
    from procrastinate.jobs import Status

    log.info("wake.retried", **job.task_kwargs)
    try:
        await manager.retry_job(job)
    except ConnectorException:
        if job.id is not None:
            await manager.finish_job_by_id_async(job.id, Status.FAILED, delete_job=True)


@dataclass
class Woken:
    """Procrastinate's worker beside the clock, in a thread of its own; begun anew where the database was gone."""

    shop: Shop
    _loop: asyncio.AbstractEventLoop = field(default_factory=asyncio.new_event_loop)
    _thread: Thread | None = None
    _task: asyncio.Task[None] | None = None

    def __post_init__(self) -> None:
        _require()
        logging.getLogger("procrastinate").setLevel(logging.CRITICAL)  # what goes wrong is logged here

    def start(self) -> None:
        """Follow wakes from now on."""
        self._thread = Thread(target=self._run, name="wakes", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Follow no more, and wait for what is under way; who cannot wait cuts it off."""
        if self._thread is not None:
            with suppress(RuntimeError):  # it has ended by itself
                self._loop.call_soon_threadsafe(lambda: self._task and self._task.cancel())
            self._thread.join()

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="wake") as pool:
            self._loop.set_default_executor(pool)
            self._task = self._loop.create_task(self._follow())
            with suppress(asyncio.CancelledError):
                self._loop.run_until_complete(self._task)
            self._loop.close()

    async def _follow(self) -> None:
        while not self.shop.stopped():
            try:
                app = app_of(self.shop)
                async with app.open_async():
                    await app.run_worker_async(
                        queues=[waking.QUEUE],
                        name=self.shop.owner,
                        concurrency=AT_ONCE,
                        fetch_job_polling_interval=POLL,
                        shutdown_graceful_timeout=GRACE,
                        update_heartbeat_interval=HEARTBEAT,
                        stalled_worker_timeout=STALLED,
                        delete_jobs="always",
                        install_signal_handlers=False,
                    )
            except Exception as error:  # whatever it stumbles over: meanwhile the sweep places what is due
                log.warning("wakes.broken", error=f"{type(error).__name__}: {error}")
            await asyncio.sleep(AGAIN)


def _require() -> None:
    if find_spec("procrastinate") is None:
        raise Unavailable("RAPPORT_CLUSTER is set and procrastinate is not there: install the extra [cluster]")
