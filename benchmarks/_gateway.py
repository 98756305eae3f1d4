"""A gateway that costs next to nothing: it answers every order after some milliseconds, and remembers them in memory.

The example gateway keeps its orders on the disk and starts a thread a caller; beside a worker on the same two cores it
would be what is measured.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager


class Call(asyncio.Protocol):
    """One connection, kept open for one call after the other."""

    orders: dict[str, int] = {}  # key -> the number of its order
    seconds = 0.004

    def __init__(self) -> None:
        self._came = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Where the answers go."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Answer when the whole call is there, and the time has passed."""
        self._came += data
        head, parted, body = self._came.partition(b"\r\n\r\n")
        if not parted:
            return
        said = dict(line.lower().split(b": ", 1) for line in head.split(b"\r\n")[1:])
        if len(body) < int(said.get(b"content-length", b"0")):
            return
        self._came = b""
        key = said.get(b"idempotency-key", b"").decode()
        asyncio.get_running_loop().call_later(self.seconds, self._answer, key)

    def _answer(self, key: str) -> None:
        repeat = key in self.orders
        number = self.orders.setdefault(key, len(self.orders) + 1) if key else len(self.orders)
        body = json.dumps({"order_id": f"shop-{number}", "orders": len(self.orders)}).encode()
        head = b"HTTP/1.1 %d .\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
        self._transport.write(head % (409 if repeat else 201, len(body)) + body)


async def _serve(seconds: float) -> None:
    Call.seconds = seconds
    server = await asyncio.get_running_loop().create_server(Call, "127.0.0.1", 0, backlog=256)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


@contextmanager
def gateway(milliseconds: float = 4.0) -> Iterator[str]:
    """The address of a gateway in a process of its own, for as long as it is wanted."""
    command = [sys.executable, "-m", "benchmarks._gateway", "--milliseconds", str(milliseconds)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        yield f"http://127.0.0.1:{int(process.stdout.readline())}/orders"
    finally:
        process.kill()
        process.wait()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--milliseconds", type=float, default=4.0, help="how long an answer takes")
    asyncio.run(_serve(parser.parse_args().milliseconds / 1000))
