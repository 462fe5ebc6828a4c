"""Which network addresses may be called on behalf of somebody else.

Whoever may give us an address to call could otherwise have us call what only we can reach: this
machine, its neighbours, the cloud's own services.
"""

import ipaddress
from collections.abc import Iterable

from kinsync.domain.errors import ChangeInput

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

FORBIDDEN = tuple(
    ipaddress.ip_network(network)
    for network in (
        "0.0.0.0/8",  # unspecified, this network
        "10.0.0.0/8",  # private
        "100.64.0.0/10",  # carrier-grade NAT; a cloud's metadata
        "127.0.0.0/8",  # loopback
        "168.63.129.16/32",  # a cloud's own services, at a public address
        "169.254.0.0/16",  # link-local, with the metadata of most clouds
        "172.16.0.0/12",  # private
        "192.0.0.0/24",  # protocol assignments
        "192.0.2.0/24",  # documentation
        "192.88.99.0/24",  # 6to4 relays
        "192.168.0.0/16",  # private
        "198.18.0.0/15",  # benchmarks
        "198.51.100.0/24",  # documentation
        "203.0.113.0/24",  # documentation
        "224.0.0.0/4",  # multicast
        "240.0.0.0/4",  # reserved, broadcast
        "::/96",  # unspecified, loopback, IPv4-compatible
        "::ffff:0:0/96",  # IPv4-mapped
        "::ffff:0:0:0/96",  # IPv4-translated
        "64:ff9b::/96",  # NAT64
        "64:ff9b:1::/48",  # NAT64 of a network's own
        "100::/64",  # discarded
        "2001::/23",  # protocol assignments, Teredo
        "2001:db8::/32",  # documentation
        "2002::/16",  # 6to4
        "3fff::/20",  # documentation
        "5f00::/16",  # segment routing
        "fc00::/7",  # private, with the metadata of some clouds
        "fe80::/10",  # link-local
        "fec0::/10",  # site-local
        "ff00::/8",  # multicast
    )
)
"""Source: the IANA special-purpose address registries. Those of IPv6 that carry an IPv4 address
inside are closed whole, whatever they carry."""


NEVER = tuple(
    ipaddress.ip_network(network)
    for network in (
        "169.254.0.0/16",  # link-local, with the metadata of most clouds
        "fe80::/10",  # link-local
        "168.63.129.16/32",  # a cloud's own services, at a public address
        "100.100.100.200/32",  # a cloud's metadata
        "192.0.0.192/32",  # a cloud's metadata
        "fd00:ec2::/32",  # a cloud's metadata
        "0.0.0.0/8",  # unspecified
        "::/128",  # unspecified
        "224.0.0.0/4",  # multicast
        "ff00::/8",  # multicast
    )
)
"""Where no system of a district stands, not even one of its own network."""


def is_never(address: str) -> bool:
    """Whether an address is one at which no system of a district can stand."""
    found = ipaddress.ip_address(address.partition("%")[0])
    return any(found in network for network in NEVER)


def read_networks(text: str, *, setting: str) -> tuple[Network, ...]:
    """Networks of a setting, separated by commas or spaces.

    Raises:
        ChangeInput: one of them is no network.
    """
    try:
        return tuple(ipaddress.ip_network(one) for one in text.replace(",", " ").split())
    except ValueError as error:
        raise ChangeInput(
            f"{setting} is to be a list of networks such as 10.20.0.0/16, fd12::/48: {error}."
        ) from None


def is_permitted(address: Address, allowed: Iterable[Network]) -> bool:
    """Whether an address is open to everybody on the Internet, or allowed by name."""
    if any(address in network for network in allowed):
        return True
    return address.is_global and not any(address in network for network in FORBIDDEN)


def permitted(found: Iterable[str], allowed: Iterable[Network]) -> tuple[Address, ...]:
    """Those of the addresses of a name that may be called, in their order."""
    networks = tuple(allowed)
    addresses = (ipaddress.ip_address(one) for one in found)
    return tuple(address for address in addresses if is_permitted(address, networks))
