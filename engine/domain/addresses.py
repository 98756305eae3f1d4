"""Which addresses of the internet a stranger's URL may lead to. Nothing is looked up here."""

from __future__ import annotations

from collections.abc import Collection
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from urllib.parse import urlsplit

from engine.errors import InputError

_INSIDE = tuple(
    ip_network(text)
    for text in (
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",  # carriers
        "127.0.0.0/8",
        "169.254.0.0/16",  # link-local; clouds tell machines their keys there
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.88.99.0/24",  # relays of 6to4
        "192.168.0.0/16",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/3",  # multicast, reserved, broadcast
        "::/96",  # unspecified, loopback, and IPv4 in its oldest clothes
        "::ffff:0:0/96",  # IPv4-mapped
        "::ffff:0:0:0/96",  # IPv4-translated
        "64:ff9b::/96",  # NAT64
        "64:ff9b:1::/48",
        "100::/64",
        "2001::/23",  # Teredo and other protocols' own
        "2001:db8::/32",
        "2002::/16",  # 6to4
        "3fff::/20",
        "5f00::/16",
        "fc00::/7",
        "fe80::/9",  # link-local, site-local
        "ff00::/8",
    )
)
PLAIN_PORTS = (80, 443)  # below 1024; above it any


def is_public(address: str) -> bool:
    """Whether an address is one of the open internet, whatever it is dressed as.

    Examples
    --------
    >>> [is_public(one) for one in ("93.184.215.14", "10.0.0.1", "::ffff:10.0.0.1", "2606:2800:21f::1", "fe80::1%eth0")]
    [True, False, False, True, False]
    """
    try:
        parsed: IPv4Address | IPv6Address = ip_address(address)
    except ValueError:
        return False
    outside = not any(parsed in network for network in _INSIDE if network.version == parsed.version)
    return outside and parsed.is_global and not parsed.is_multicast


def require_public(addresses: Collection[str], field: str, host: str) -> None:
    """InputError unless a host has addresses and all of them are public: one inside is enough to be led there."""
    wrong = sorted(one for one in addresses if not is_public(one))
    if wrong or not addresses:
        raise InputError.of(field, "a host with public addresses only", f"{host}: {', '.join(wrong) or 'none'}")


def target(url: str, field: str = "url", *, plain_http: bool = False) -> tuple[str, int]:
    """Host and port of a URL that a stranger gave; the addresses of the host are still to be checked.

    Parameters
    ----------
    plain_http : whether http is allowed beside https

    Raises
    ------
    InputError
        for another scheme, a name and password, a query, a fragment, or a port of another service

    Examples
    --------
    >>> target("https://shop.example/orders")
    ('shop.example', 443)
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise InputError.of(field, "a URL", url) from None
    schemes = ("https", "http") if plain_http else ("https",)
    if parts.scheme not in schemes or not parts.hostname or not url.isascii() or any(c <= " " for c in url):
        raise InputError.of(field, f"an address of {' or '.join(schemes)}, in ASCII", url)
    if "@" in parts.netloc:
        raise InputError.of(field, "a URL without a name or password in it", f"{parts.scheme}://…@{parts.hostname}")
    if parts.fragment or parts.query or "\\" in url:  # ids are put behind it to look them up
        raise InputError.of(field, "a URL without a query, fragment or backslash", url)
    port = port if port is not None else {"https": 443, "http": 80}[parts.scheme]
    if port not in PLAIN_PORTS and not 1024 <= port <= 65535:
        raise InputError.of(field, "port 80, 443, or one from 1024", port)
    return parts.hostname, port
