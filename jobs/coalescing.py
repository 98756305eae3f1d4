"""Work that is done by one at a time, and that serves everybody who asked before it began (request coalescing)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from concurrent.futures import Future
from threading import Lock


class Coalescing:
    """For each name one run at a time; who asks while one is under way shares the next with all others who do.

    Safe among threads. Nobody is served by a run that began before they asked.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._under_way: defaultdict[str, Lock] = defaultdict(Lock)
        self._next: dict[str, Future[None]] = {}

    def share(self, name: str, run: Callable[[], None]) -> None:
        """Return when a run is over that began after this was called; whatever it raised is raised to all who shared.

        ``run`` is what the first to ask brings: all who ask under one name must want the same.
        """
        with self._lock:
            shared, leads = self._next.get(name), name not in self._next
            if shared is None:
                shared = self._next[name] = Future()
            under_way = self._under_way[name]
        if leads:
            with under_way:
                with self._lock:
                    del self._next[name]
                _settle(shared, run)
        shared.result()


def _settle(shared: Future[None], run: Callable[[], None]) -> None:
    try:
        run()
    except BaseException as error:
        shared.set_exception(error)
    else:
        shared.set_result(None)
