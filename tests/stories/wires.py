"""Wires between a worker and what it needs, that can be cut: a listener on one side, the real thing on the other."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass, field
from threading import Thread
from typing import Any

Ends = tuple[asyncio.StreamReader, asyncio.StreamWriter]
NOTICED = 3.0  # seconds until the far end takes a silent caller for gone, as a server's keepalives do


@dataclass
class Wire:
    """Passes bytes on, until it is cut: then the near side hears nothing any more, as if a cable were out."""

    open: Callable[[], Coroutine[Any, Any, Ends]]
    host: str = "127.0.0.1"
    port: int = 0
    passing: bool = True
    _loop: asyncio.AbstractEventLoop = field(default_factory=asyncio.new_event_loop)
    _far: set[asyncio.StreamWriter] = field(default_factory=set)

    def __enter__(self) -> Wire:
        self._thread = Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._server = self._call(asyncio.start_server(self._joined, self.host, 0))
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    def __exit__(self, *_: object) -> None:
        self._call(self._ended())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)

    def cut(self) -> None:
        """From now on nothing passes; what was under way is lost."""
        self.passing = False
        self._loop.call_soon_threadsafe(self._loop.call_later, NOTICED, self._hang_up)

    def mend(self) -> None:
        """What is connected anew passes again; what was connected when it was cut stays dead."""
        self.passing = True

    def _call(self, work: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(10)

    def _hang_up(self) -> None:
        for writer in self._far:
            writer.transport.abort()

    async def _ended(self) -> None:
        for task in asyncio.all_tasks() - {asyncio.current_task()}:
            task.cancel()
        await asyncio.sleep(0.1)

    async def _joined(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        _kept_alive(writer.get_extra_info("socket"))
        with suppress(asyncio.CancelledError):
            if not self.passing:
                return await asyncio.sleep(3600)
            far_reader, far_writer = await self.open()
            self._far.add(far_writer)
            there, back = self._pass(reader, far_writer), self._pass(far_reader, writer)
            await asyncio.gather(there, back)
            self._far.discard(far_writer)

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while part := await reader.read(65_536):
                if not self.passing:
                    await asyncio.sleep(3600)
                writer.write(part)
                await writer.drain()
        if not self.passing:
            await asyncio.sleep(3600)
        writer.close()


def _kept_alive(near: socket.socket) -> None:
    """Let the kernel tell soon that a caller is gone."""
    near.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    near.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, 2)
    near.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, 1)
    near.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPCNT, 2)
    near.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, 3000)


def unix(path: str, host: str = "127.0.0.1") -> Wire:
    """A wire to a socket in the file system."""
    return Wire(open=lambda: asyncio.open_unix_connection(path), host=host)


def tcp(port: int, host: str = "127.0.0.1") -> Wire:
    """A wire to a port of this machine."""
    return Wire(open=lambda: asyncio.open_connection("127.0.0.1", port), host=host)
