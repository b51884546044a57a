"""
Functions of addresses, networks and URLs.

Source: k8s.io/apiserver pkg/cel/library/ip.go, cidr.go and urls.go, v0.36.
"""

from __future__ import annotations

from ..checking import call_costs
from ..checking.declarations import Charging, Function, function, overload
from ..values.maps import ValueMap, map_key
from ..values.networks import (
    Cidr,
    Ip,
    contains_cidr,
    contains_ip,
    is_global_unicast,
    is_link_local_multicast,
    parse_cidr,
    parse_ip,
)
from ..values.parsing import parsing, succeeds
from ..values.urls import Url, is_request_uri, parse_url, text_of
from ..work import Work


def _address_units(length: int) -> int:
    return 15 + (length >> 4)


def _url_units(length: int) -> int:
    return 20 + length


_ip = parsing(parse_ip, _address_units)
_cidr = parsing(parse_cidr, _address_units)
_is_ip = succeeds(parse_ip, _address_units)
_is_cidr = succeeds(parse_cidr, _address_units)
_url = parsing(parse_url, _url_units)


def _is_canonical(work: Work, text: str) -> object:
    address = _ip(work, text)
    assert isinstance(address, Ip)
    return str(address.address) == text


def _contains_ip_text(work: Work, cidr: Cidr, text: str) -> bool:
    address = _ip(work, text)
    assert isinstance(address, Ip)
    return contains_ip(cidr, address)


def _contains_cidr_text(work: Work, outer: Cidr, text: str) -> bool:
    inner = _cidr(work, text)
    assert isinstance(inner, Cidr)
    return contains_cidr(outer, inner)


def _is_url(work: Work, text: str) -> bool:
    work.charge(_url_units(len(text)))
    return is_request_uri(text)


def _query(work: Work, url: Url) -> ValueMap:
    work.charge(_url_units(len(url.query)))
    return ValueMap({map_key(key): tuple(values) for key, values in url.parameters.items()})


FUNCTIONS: tuple[Function, ...] = (
    function(
        "ip",
        overload("(string) -> IP", Charging(_ip)),
        overload("CIDR.() -> IP", lambda cidr: Ip(cidr.address), call_costs.fixed(1)),
        cost=call_costs.WALK,
    ),
    function(
        "isIP",
        overload("(string) -> bool", Charging(_is_ip)),
        cost=call_costs.WALK,
    ),
    function(
        "ip.isCanonical", overload("(string) -> bool", Charging(_is_canonical)), cost=call_costs.WALK_TWICE
    ),
    function("family", overload("IP.() -> int", lambda ip: ip.address.version)),
    function("isUnspecified", overload("IP.() -> bool", lambda ip: ip.address.is_unspecified)),
    function("isLoopback", overload("IP.() -> bool", lambda ip: ip.address.is_loopback)),
    function("isLinkLocalMulticast", overload("IP.() -> bool", is_link_local_multicast)),
    function("isLinkLocalUnicast", overload("IP.() -> bool", lambda ip: ip.address.is_link_local)),
    function("isGlobalUnicast", overload("IP.() -> bool", is_global_unicast)),
    function("cidr", overload("(string) -> CIDR", Charging(_cidr)), cost=call_costs.WALK),
    function(
        "isCIDR",
        overload("(string) -> bool", Charging(_is_cidr)),
        cost=call_costs.WALK,
    ),
    function(
        "containsIP",
        overload("CIDR.(string) -> bool", Charging(_contains_ip_text), call_costs.CONTAINS_IP_TEXT),
        overload("CIDR.(IP) -> bool", contains_ip),
        cost=call_costs.CONTAINS_IP,
    ),
    function(
        "containsCIDR",
        overload("CIDR.(string) -> bool", Charging(_contains_cidr_text), call_costs.CONTAINS_CIDR_TEXT),
        overload("CIDR.(CIDR) -> bool", contains_cidr),
        cost=call_costs.CONTAINS_CIDR,
    ),
    function("prefixLength", overload("CIDR.() -> int", lambda cidr: cidr.bits)),
    function("masked", overload("CIDR.() -> CIDR", lambda cidr: cidr.masked)),
    function("url", overload("(string) -> URL", Charging(_url)), cost=call_costs.WALK),
    function("isURL", overload("(string) -> bool", Charging(_is_url))),
    function("getScheme", overload("URL.() -> string", lambda url: url.scheme)),
    function("getHost", overload("URL.() -> string", lambda url: text_of(url.host))),
    function("getHostname", overload("URL.() -> string", lambda url: text_of(url.hostname))),
    function("getPort", overload("URL.() -> string", lambda url: text_of(url.port))),
    function("getEscapedPath", overload("URL.() -> string", lambda url: url.path)),
    function("getQuery", overload("URL.() -> map(string, list(string))", Charging(_query))),
)

IS_MASK = function("isMask", overload("CIDR.() -> bool", lambda cidr: cidr.masked == cidr))
"""Whether no bit is set after the prefix (from 1.38)."""
