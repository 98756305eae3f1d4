"""Which addresses a stranger's URL may lead to."""

import pytest

from engine.domain.addresses import is_public, require_public, target
from engine.errors import InputError

INSIDE = [
    "0.0.0.0", "10.1.2.3", "100.64.0.1", "100.127.255.255", "127.0.0.1", "127.255.0.1", "169.254.169.254",
    "172.16.0.1", "172.31.255.255", "192.0.0.1", "192.0.2.1", "192.88.99.1", "192.168.1.1", "198.18.0.1",
    "198.51.100.7", "203.0.113.7", "224.0.0.1", "239.255.255.255", "240.0.0.1", "255.255.255.255",
    "::", "::1", "::10.0.0.1", "::93.184.215.14", "::ffff:10.0.0.1", "::ffff:93.184.215.14", "::ffff:0:10.0.0.1",
    "64:ff9b::a00:1", "64:ff9b::5db8:d70e", "64:ff9b:1::1", "100::1", "2001::1", "2001:0:5db8:d70e::1",
    "2001:db8::1", "2002:a00:1::1", "2002:5db8:d70e::1", "fc00::1", "fd00:ec2::254", "fe80::1", "fe80::1%eth0",
    "fec0::1", "ff02::1", "ff0e::1", "3fff::1", "nonsense", "", "2130706433", "0x7f.1", "10.1", "093.184.215.14",
]  # fmt: skip
OPEN = ["93.184.215.14", "1.1.1.1", "100.63.255.255", "100.128.0.1", "172.32.0.1", "2606:2800:21f::1", "2a00:1450::1"]


@pytest.mark.parametrize("address", INSIDE)
def test_what_is_inside_is_not_public_in_any_dress(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", OPEN)
def test_the_open_internet_is_public(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize("found", [[], ["10.0.0.1"], ["1.1.1.1", "10.0.0.1"], ["2a00:1450::1", "::1"]])
def test_one_address_inside_is_enough_to_refuse_a_host(found: list[str]) -> None:
    with pytest.raises(InputError, match=r"shop\.example"):
        require_public(found, "url", "shop.example")


@pytest.mark.parametrize(
    "url",
    [
        "http://shop.example/orders", "ftp://shop.example/", "file:///etc", "https://", "https:///orders", "//shop",
        "https://me:secret@shop.example/", "https://me@shop.example/", "https://@shop.example/",
        "https://shop.example:22/", "https://shop.example:0/", "https://shop.example:99999/", "https://shop.example:x/",
        "https://shop.example/#there", "https://shop.example\\@inside/", "https://shop example/", "https://shöp.example/",
        "https://shop.example/\n", "https://[::1/", "gopher://shop.example:6379/_", "javascript:alert(1)", "",
    ],
)  # fmt: skip
def test_a_url_that_is_none_of_a_shop_is_refused(url: str) -> None:
    with pytest.raises(InputError) as refused:
        target(url)
    assert "secret" not in str(refused.value)


def test_a_url_that_may_be_one_of_a_shop() -> None:
    assert target("https://shop.example:8443/orders") == ("shop.example", 8443)
    assert target("http://shop.example/", plain_http=True) == ("shop.example", 80)
    assert target("https://[2606:2800:21f::1]/") == ("2606:2800:21f::1", 443)
