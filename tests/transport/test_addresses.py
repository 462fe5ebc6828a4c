"""Which addresses may be called on behalf of somebody else."""

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kinsync.domain.errors import ChangeInput
from kinsync.transport.addresses import FORBIDDEN, is_permitted, permitted, read_networks

INSIDE = {
    "private": ("10.1.2.3", "172.16.0.1", "172.31.255.254", "192.168.0.1", "fc00::1", "fdff::1"),
    "loopback": ("127.0.0.1", "127.255.255.254", "::1"),
    "link-local": ("169.254.0.1", "fe80::1", "febf::1", "fe80::1%eth0"),
    "multicast": ("224.0.0.1", "239.255.255.255", "ff02::1", "ff0e::1"),
    "unspecified": ("0.0.0.0", "0.1.2.3", "::"),
    "broadcast and reserved": ("255.255.255.255", "240.0.0.1"),
    "IPv4-mapped": ("::ffff:127.0.0.1", "::ffff:8.8.8.8", "::ffff:0:8.8.8.8", "::127.0.0.1"),
    "NAT64": ("64:ff9b::7f00:1", "64:ff9b::808:808", "64:ff9b:1::a00:1"),
    "6to4 and Teredo": ("2002:7f00:1::", "2001:0:7f00:1::", "192.88.99.1"),
    "carrier-grade NAT": ("100.64.0.1", "100.127.255.254"),
    "metadata": ("169.254.169.254", "fd00:ec2::254", "100.100.100.200", "168.63.129.16",
                 "192.0.0.192"),
    "documentation": ("192.0.2.1", "198.51.100.1", "203.0.113.1", "2001:db8::1", "3fff::1"),
}  # fmt: skip
ALL_INSIDE = [address for addresses in INSIDE.values() for address in addresses]
OUTSIDE = ("8.8.8.8", "1.1.1.1", "172.32.0.1", "100.128.0.1", "2606:4700::1111", "2a00:1450::1")


@pytest.mark.parametrize("address", ALL_INSIDE)
def test_an_address_of_the_inside_is_not_called(address: str) -> None:
    assert permitted([address], ()) == ()


@pytest.mark.parametrize("address", OUTSIDE)
def test_an_address_of_the_internet_is_called(address: str) -> None:
    assert permitted([address], ()) == (ipaddress.ip_address(address),)


@given(st.sampled_from(FORBIDDEN), st.data())
def test_no_address_of_a_forbidden_network_is_called(
    network: ipaddress.IPv4Network | ipaddress.IPv6Network, data: st.DataObject
) -> None:
    number = data.draw(st.integers(int(network[0]), int(network[-1])))

    assert not is_permitted(type(network[0])(number), ())


@given(st.ip_addresses(v=4))
def test_no_ipv4_address_is_called_in_the_clothes_of_ipv6(address: ipaddress.IPv4Address) -> None:
    for prefix in ("::", "::ffff:0:0", "64:ff9b::"):
        dressed = ipaddress.IPv6Address(int(ipaddress.IPv6Address(prefix)) + int(address))

        assert not is_permitted(dressed, ())


def test_a_network_that_is_allowed_is_called_and_its_neighbours_are_not() -> None:
    allowed = read_networks("10.20.0.0/16, fd12::/48", setting="KINSYNC_WEBHOOK_ALLOW")

    found = permitted(["10.20.3.4", "10.21.3.4", "fd12::1", "fd13::1", "::ffff:10.20.3.4"], allowed)

    assert [str(address) for address in found] == ["10.20.3.4", "fd12::1"]


def test_of_a_name_with_addresses_of_both_kinds_the_permitted_ones_are_left_in_order() -> None:
    found = permitted(["10.0.0.1", "8.8.8.8", "64:ff9b::808:808", "1.1.1.1"], ())

    assert [str(address) for address in found] == ["8.8.8.8", "1.1.1.1"]


@pytest.mark.parametrize("text", ["10.0.0.1/8", "everything", "10.0.0.0/99"])
def test_a_setting_that_is_no_list_of_networks_is_refused_by_its_name(text: str) -> None:
    with pytest.raises(ChangeInput, match="KINSYNC_WEBHOOK_ALLOW"):
        read_networks(text, setting="KINSYNC_WEBHOOK_ALLOW")
