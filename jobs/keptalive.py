"""Calls over connections that are kept, one a thread: a fraction of what a full client costs.

Errors are httpx's, so that an outcome reads the same whoever made the call.
"""

from __future__ import annotations

import select
import socket
import time
from collections.abc import Mapping
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from ssl import SSLContext
from threading import Lock, local
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import httpx


def direct(url: str) -> bool:
    """Whether an address is reached without a proxy, as far as the environment names one."""
    parts = urlsplit(url)
    named = getproxies()
    through = named.get(parts.scheme) or named.get("all")
    return not through or bool(proxy_bypass(parts.hostname or ""))


class KeptAlive:
    """Calls of one host, from as many threads as there are."""

    def __init__(self, time_out: httpx.Timeout, most_bytes: int) -> None:
        self._seconds, self._to_connect = time_out.read or 0.0, time_out.connect or 0.0
        self._most = most_bytes
        self._own = local()
        self._all: list[HTTPConnection] = []
        self._lock = Lock()
        self._trust: SSLContext | None = None

    def call(self, method: str, url: str, headers: Mapping[str, str], body: bytes) -> tuple[int, bytes]:
        """The status and the body of an answer; redirects are not followed.

        Raises
        ------
        httpx.HTTPError, TimeoutError
            where there is none in time, or a longer one than is read
        """
        connection = self._connection(url)
        try:
            return self._called(connection, method, url, headers, body)
        except BaseException:
            connection.close()  # whatever still comes on it belongs to no later call
            raise

    def _called(
        self, connection: HTTPConnection, method: str, url: str, headers: Mapping[str, str], body: bytes
    ) -> tuple[int, bytes]:
        end, parts = time.monotonic() + self._seconds, urlsplit(url)
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        try:
            connection.request(method, path, body=body or None, headers=dict(headers))
            response = connection.getresponse()
            came = b""
            while part := response.read1(self._most + 1 - len(came)):
                came += part
                if len(came) > self._most or time.monotonic() > end:
                    raise TimeoutError
            response.close()  # read to its end, or the connection would not take another call
            return response.status, came
        except TimeoutError as error:
            raise httpx.ReadTimeout("no answer in time") from error
        except (OSError, HTTPException) as error:
            raise httpx.ReadError(type(error).__name__) from error

    def close(self) -> None:
        """Let go of all connections."""
        with self._lock:
            for one in self._all:
                one.close()

    def _connection(self, url: str) -> HTTPConnection:
        """This thread's connection, opened anew where the other side has closed it."""
        kept: HTTPConnection | None = getattr(self._own, "kept", None)
        if kept is None:
            kept = self._own.kept = self._made(url)
            with self._lock:
                self._all.append(kept)
        if kept.sock is not None and _readable(kept.sock):
            kept.close()
        if kept.sock is None:
            try:
                kept.connect()
                kept.sock.settimeout(self._seconds)
            except TimeoutError as error:
                raise httpx.ConnectTimeout("no connection in time") from error
            except OSError as error:
                raise httpx.ConnectError(type(error).__name__) from error
        return kept

    def _made(self, url: str) -> HTTPConnection:
        try:
            parts = urlsplit(url)
            host, port = parts.hostname or "", parts.port
        except ValueError as error:
            raise httpx.InvalidURL(str(error)) from error
        if parts.scheme == "http":
            return HTTPConnection(host, port, timeout=self._to_connect)
        if parts.scheme != "https":
            raise httpx.UnsupportedProtocol(f"{parts.scheme!r} is not http or https")
        self._trust = self._trust or httpx.create_ssl_context()
        return HTTPSConnection(host, port, timeout=self._to_connect, context=self._trust)


def _readable(sock: socket.socket) -> bool:
    """Whether something came unasked, which is the end of the connection or worse."""
    look = select.poll()
    look.register(sock, select.POLLIN)
    return bool(look.poll(0))
