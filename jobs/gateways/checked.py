"""Calls to addresses that strangers gave: resolved once, looked at, and connected to as they were looked at.

Looking a name up, finding it harmless and letting the HTTP client look it up again would leave a gap: whoever owns the
name may answer otherwise the second time. So the client is given the address itself, and the name only for the
``Host`` header and for TLS.
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Sequence
from contextlib import suppress

import httpx

from engine.domain import addresses
from engine.domain.gateways import Terms

Resolver = Callable[[str, int], Sequence[str]]
MOST_TRIED = 2  # addresses, one after the other where nothing listens


def resolved(host: str, port: int) -> Sequence[str]:
    """The addresses of a host, in the order in which they are to be tried; none where it has none."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return ()
    return list(dict.fromkeys(str(info[4][0]) for info in found))


class CheckedTransport(httpx.BaseTransport):
    """Sends requests to public addresses only; InputError where a host has another."""

    def __init__(self, inner: httpx.BaseTransport, resolve: Resolver = resolved) -> None:
        self._inner, self._resolve = inner, resolve

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send one request to the first of the host's addresses that takes a connection."""
        host, port = addresses.target(str(request.url), plain_http=request.url.scheme == "http")
        found = self._resolve(host, port)
        addresses.require_public(found, "url", host)
        *others, last = found[:MOST_TRIED]
        for address in others:
            with suppress(httpx.ConnectError):  # nothing was sent
                return self._sent(request, host, address)
        return self._sent(request, host, last)

    def _sent(self, request: httpx.Request, host: str, address: str) -> httpx.Response:
        url = request.url.copy_with(host=address)
        extensions = {**request.extensions, "sni_hostname": host}
        headers = request.headers  # whose Host is the name
        return self._inner.handle_request(
            httpx.Request(request.method, url, headers=headers, stream=request.stream, extensions=extensions)
        )

    def close(self) -> None:
        """Let go of all connections."""
        self._inner.close()


def checked_client(terms: Terms) -> httpx.Client:
    """A client for one gateway whose address is not trusted: no proxy, no redirects, no cookies of the environment."""
    limits = httpx.Limits(max_connections=terms.at_once, max_keepalive_connections=terms.at_once)
    transport = CheckedTransport(httpx.HTTPTransport(limits=limits, trust_env=False))
    seconds = terms.timeout.total_seconds()
    return httpx.Client(transport=transport, timeout=seconds, follow_redirects=False, trust_env=False)
