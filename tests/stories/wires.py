"""Wires between a worker and what it needs, that can be cut: a listener on one side, the real thing on the other."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass, field
from threading import Thread
from typing import Any

Ends = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@dataclass
class Wire:
    """Passes bytes on, until it is cut: then both sides hear nothing of each other, as if a cable were out."""

    open: Callable[[], Coroutine[Any, Any, Ends]]
    host: str = "127.0.0.1"
    port: int = 0
    passing: bool = True
    _loop: asyncio.AbstractEventLoop = field(default_factory=asyncio.new_event_loop)

    def __enter__(self) -> Wire:
        self._thread = Thread(target=self._run, daemon=True)
        self._thread.start()
        self._server = self._call(asyncio.start_server(self._joined, self.host, 0))
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)

    def cut(self) -> None:
        """From now on nothing passes; what was under way is lost."""
        self.passing = False

    def mend(self) -> None:
        """What is connected anew passes again; what was connected when it was cut stays dead."""
        self.passing = True

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_forever()

    def _call(self, work: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(10)

    async def _joined(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if not self.passing:
            return await asyncio.sleep(3600)
        far_reader, far_writer = await self.open()
        await asyncio.gather(self._pass(reader, far_writer), self._pass(far_reader, writer))

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            while part := await reader.read(65_536):
                if not self.passing:
                    await asyncio.sleep(3600)
                writer.write(part)
                await writer.drain()
            writer.close()


def unix(path: str, host: str = "127.0.0.1") -> Wire:
    """A wire to a socket in the file system."""
    return Wire(open=lambda: asyncio.open_unix_connection(path), host=host)


def tcp(port: int, host: str = "127.0.0.1") -> Wire:
    """A wire to a port of this machine."""
    return Wire(open=lambda: asyncio.open_connection("127.0.0.1", port), host=host)
