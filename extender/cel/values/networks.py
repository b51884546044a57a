"""
IP addresses and networks as CEL values.

Source: k8s.io/apiserver pkg/cel/library/ip.go and cidr.go, v0.36, on Go's net/netip.
"""

from __future__ import annotations

import re
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import NamedTuple

Address = IPv4Address | IPv6Address
_BITS = re.compile(r"0|[1-9][0-9]{0,2}")


class Ip(NamedTuple):
    """An address without zone that is no IPv4 address in IPv6 clothes."""

    address: Address

    def __str__(self) -> str:
        return str(self.address)


class Cidr(NamedTuple):
    """An address and a prefix length; the host bits are kept."""

    address: Address
    bits: int

    @property
    def masked(self) -> Cidr:
        """The network with the host bits cleared."""
        host = self.address.max_prefixlen - self.bits
        return Cidr(type(self.address)(int(self.address) >> host << host), self.bits)

    def __str__(self) -> str:
        return f"{self.address}/{self.bits}"


def parse_ip(text: str) -> Ip:
    """Parse an address; raises ``ValueError`` for what Kubernetes refuses."""
    address = _address(text)
    if isinstance(address, IPv6Address) and address.scope_id is not None:
        raise ValueError(f'IP address "{text}" with zone value is not allowed')
    return Ip(address)


def parse_cidr(text: str) -> Cidr:
    """Parse ``address/bits``; raises ``ValueError`` for what Kubernetes refuses."""
    address_text, slash, bits_text = text.rpartition("/")
    if not slash or not _BITS.fullmatch(bits_text) or "%" in address_text:
        raise ValueError(f'network address parse error during conversion from string: "{text}"')
    address = _address(address_text)
    bits = int(bits_text)
    if bits > address.max_prefixlen:
        raise ValueError(f'network address parse error: prefix length out of range in "{text}"')
    return Cidr(address, bits)


def contains_ip(cidr: Cidr, ip: Ip) -> bool:
    """Whether the network holds the address."""
    return contains_cidr(cidr, Cidr(ip.address, ip.address.max_prefixlen))


def contains_cidr(outer: Cidr, inner: Cidr) -> bool:
    """Whether the network holds the other one entirely."""
    if type(outer.address) is not type(inner.address) or outer.bits > inner.bits:
        return False
    host = outer.address.max_prefixlen - outer.bits
    return int(outer.address) >> host == int(inner.address) >> host


def is_link_local_multicast(ip: Ip) -> bool:
    """224.0.0.0/24 or ff02::/16 (with any flags)."""
    if isinstance(ip.address, IPv4Address):
        return int(ip.address) >> 8 == 0xE00000
    return int(ip.address) >> 112 & 0xFF0F == 0xFF02


def is_global_unicast(ip: Ip) -> bool:
    """Everything that is not special, private networks included."""
    address = ip.address
    if address.is_unspecified or address.is_loopback or address.is_multicast:
        return False
    return not address.is_link_local and address != IPv4Address("255.255.255.255")


def _address(text: str) -> Address:
    try:
        address = ip_address(text)
    except ValueError:
        raise ValueError(f'IP Address "{text}" parse error during conversion from string') from None
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        raise ValueError(f'IPv4-mapped IPv6 address "{text}" is not allowed')
    return address
