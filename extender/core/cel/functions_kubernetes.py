"""
The functions that Kubernetes adds: quantities, versions, addresses, URLs.

Source: k8s.io/apiserver pkg/cel/library/quantity.go, semverlib.go, ip.go, cidr.go,
urls.go, format.go and authz.go, v0.36; ``includes`` from
k8s.io/dynamic-resource-allocation cel/compile.go, v0.36.
"""

from __future__ import annotations

from collections.abc import Callable

from .declarations import Function, Overload, function, overload
from .errors import EvaluationError, Undecided
from .functions_standard import comparable_and_equal
from .maps import ValueMap, map_key
from .networks import (
    Cidr,
    Ip,
    contains_cidr,
    contains_ip,
    is_global_unicast,
    is_link_local_multicast,
    parse_cidr,
    parse_ip,
)
from .quantities import QuantityValue, parse_quantity_value, whole
from .semver import Semver, normalized, parse_semver
from .urls import Url, parse_url
from .values import LISTS

_AUTHORIZATION = {
    "allowed": ("Decision.() -> bool",),
    "check": ("PathCheck.(string) -> Decision", "ResourceCheck.(string) -> Decision"),
    "error": ("Decision.() -> string",),
    "errored": ("Decision.() -> bool",),
    "fieldSelector": ("ResourceCheck.(string) -> ResourceCheck",),
    "group": ("Authorizer.(string) -> GroupCheck",),
    "labelSelector": ("ResourceCheck.(string) -> ResourceCheck",),
    "name": ("ResourceCheck.(string) -> ResourceCheck",),
    "namespace": ("ResourceCheck.(string) -> ResourceCheck",),
    "path": ("Authorizer.(string) -> PathCheck",),
    "reason": ("Decision.() -> string",),
    "resource": ("GroupCheck.(string) -> ResourceCheck",),
    "serviceAccount": ("Authorizer.(string, string) -> Authorizer",),
    "subresource": ("ResourceCheck.(string) -> ResourceCheck",),
}
_FORMATS = (
    "byte",
    "date",
    "datetime",
    "dns1035Label",
    "dns1035LabelPrefix",
    "dns1123Label",
    "dns1123LabelPrefix",
    "dns1123Subdomain",
    "dns1123SubdomainPrefix",
    "labelValue",
    "qualifiedName",
    "uri",
    "uuid",
)


def _parsing(parse: Callable[[str], object]) -> Callable[[str], object]:
    def parsed(text: str) -> object:
        try:
            return parse(text)
        except ValueError as error:
            raise EvaluationError(str(error)) from None
        except OverflowError as error:
            raise Undecided(str(error)) from None

    return parsed


def _succeeds(parse: Callable[[str], object]) -> Callable[[str], bool]:
    def succeeds(text: str) -> bool:
        try:
            parse(text)
        except ValueError:
            return False
        except OverflowError as error:
            raise Undecided(str(error)) from None
        return True

    return succeeds


def _semver(text: str, normalize: bool) -> Semver:
    return parse_semver(normalized(text) if normalize else text)


def _to_semver(text: str, normalize: bool) -> object:
    return _parsing(lambda version: _semver(version, normalize))(text)


def _is_semver(text: str, normalize: bool) -> bool:
    return _succeeds(lambda version: _semver(version, normalize))(text)


def _order(left: Semver, right: Semver) -> int:
    return (left.key > right.key) - (left.key < right.key)


def _int64(value: int) -> int:
    """Reinterpret an unsigned 64-bit number as Go's conversion does."""
    return value - 2**64 if value >= 2**63 else value


def _as_integer(quantity: QuantityValue) -> int:
    if quantity.integer is None:
        raise EvaluationError("cannot convert value to integer")
    return quantity.integer


def _as_float(quantity: QuantityValue) -> float:
    if quantity.approximate is None:
        raise Undecided("the rounding of asApproximateFloat() is not modelled for this number")
    return quantity.approximate


def _sign(quantity: QuantityValue) -> int:
    return (quantity.number > 0) - (quantity.number < 0)


def _is_canonical(text: str) -> object:
    address = _parsing(parse_ip)(text)
    assert isinstance(address, Ip)
    return str(address.address) == text


def _contains_ip_text(cidr: Cidr, text: str) -> bool:
    address = _parsing(parse_ip)(text)
    assert isinstance(address, Ip)
    return contains_ip(cidr, address)


def _contains_cidr_text(outer: Cidr, text: str) -> bool:
    inner = _parsing(parse_cidr)(text)
    assert isinstance(inner, Cidr)
    return contains_cidr(outer, inner)


def _query(url: Url) -> ValueMap:
    return ValueMap({map_key(key): tuple(values) for key, values in url.parameters.items()})


def _not_modelled(*_: object) -> object:
    raise Undecided("the named formats are not modelled")


def includes(limit: int | None) -> Function:
    """
    Declare ``includes``: an element of a list, or the scalar itself.

    A list longer than ``limit`` is an error unless the value is found before; ``None``: no limit.
    """

    def included(target: object, argument: object) -> bool:
        if type(target) not in LISTS:
            return comparable_and_equal(target, argument)
        assert isinstance(target, tuple)
        for index, item in enumerate(target):
            if limit is not None and index >= limit:
                raise EvaluationError(
                    f"'includes' function cannot be applied to lists longer than {limit} values"
                )
            if comparable_and_equal(item, argument):
                return True
        return False

    return function("includes", overload("dyn.(dyn) -> bool", included))


def _version_test(accept: Callable[[int], object]) -> Callable[[Semver, Semver], object]:
    return lambda left, right: accept(_order(left, right))


def _quantity_test(accept: Callable[[int], object]) -> Callable[[QuantityValue, QuantityValue], object]:
    return lambda left, right: accept(left.compare(right))


def _ordering(name: str, result: str, accept: Callable[[int], object]) -> Function:
    overloads: tuple[Overload, ...] = (
        overload(f"Quantity.(Quantity) -> {result}", _quantity_test(accept)),
        overload(f"Semver.(Semver) -> {result}", _version_test(accept)),
    )
    return function(name, *overloads)


FUNCTIONS: tuple[Function, ...] = (
    function("quantity", overload("(string) -> Quantity", _parsing(parse_quantity_value))),
    function("isQuantity", overload("(string) -> bool", _succeeds(parse_quantity_value))),
    function("sign", overload("(Quantity) -> int", _sign)),
    _ordering("isGreaterThan", "bool", lambda order: order > 0),
    _ordering("isLessThan", "bool", lambda order: order < 0),
    _ordering("compareTo", "int", lambda order: order),
    function("asApproximateFloat", overload("Quantity.() -> double", _as_float)),
    function("asInteger", overload("Quantity.() -> int", _as_integer)),
    function("isInteger", overload("Quantity.() -> bool", lambda quantity: quantity.integer is not None)),
    function(
        "add",
        overload("Quantity.(Quantity) -> Quantity", QuantityValue.plus),
        overload("Quantity.(int) -> Quantity", lambda quantity, number: quantity.plus(whole(number))),
    ),
    function(
        "sub",
        overload("Quantity.(Quantity) -> Quantity", QuantityValue.minus),
        overload("Quantity.(int) -> Quantity", lambda quantity, number: quantity.minus(whole(number))),
    ),
    function(
        "semver",
        overload("(string) -> Semver", _parsing(parse_semver)),
        overload("(string, bool) -> Semver", _to_semver),
    ),
    function(
        "isSemver",
        overload("(string) -> bool", _succeeds(parse_semver)),
        overload("(string, bool) -> bool", _is_semver),
    ),
    function("major", overload("Semver.() -> int", lambda version: _int64(version.major))),
    function("minor", overload("Semver.() -> int", lambda version: _int64(version.minor))),
    function("patch", overload("Semver.() -> int", lambda version: _int64(version.patch))),
    function(
        "ip",
        overload("(string) -> IP", _parsing(parse_ip)),
        overload("CIDR.() -> IP", lambda cidr: Ip(cidr.address)),
    ),
    function("isIP", overload("(string) -> bool", _succeeds(parse_ip))),
    function("ip.isCanonical", overload("(string) -> bool", _is_canonical)),
    function("family", overload("IP.() -> int", lambda ip: ip.address.version)),
    function("isUnspecified", overload("IP.() -> bool", lambda ip: ip.address.is_unspecified)),
    function("isLoopback", overload("IP.() -> bool", lambda ip: ip.address.is_loopback)),
    function("isLinkLocalMulticast", overload("IP.() -> bool", is_link_local_multicast)),
    function("isLinkLocalUnicast", overload("IP.() -> bool", lambda ip: ip.address.is_link_local)),
    function("isGlobalUnicast", overload("IP.() -> bool", is_global_unicast)),
    function("cidr", overload("(string) -> CIDR", _parsing(parse_cidr))),
    function("isCIDR", overload("(string) -> bool", _succeeds(parse_cidr))),
    function(
        "containsIP",
        overload("CIDR.(string) -> bool", _contains_ip_text),
        overload("CIDR.(IP) -> bool", contains_ip),
    ),
    function(
        "containsCIDR",
        overload("CIDR.(string) -> bool", _contains_cidr_text),
        overload("CIDR.(CIDR) -> bool", contains_cidr),
    ),
    function("prefixLength", overload("CIDR.() -> int", lambda cidr: cidr.bits)),
    function("masked", overload("CIDR.() -> CIDR", lambda cidr: cidr.masked)),
    function("url", overload("(string) -> URL", _parsing(parse_url))),
    function("isURL", overload("(string) -> bool", _succeeds(parse_url))),
    function("getScheme", overload("URL.() -> string", lambda url: url.scheme)),
    function("getHost", overload("URL.() -> string", lambda url: url.host)),
    function("getHostname", overload("URL.() -> string", lambda url: url.hostname)),
    function("getPort", overload("URL.() -> string", lambda url: url.port)),
    function("getEscapedPath", overload("URL.() -> string", lambda url: url.path)),
    function("getQuery", overload("URL.() -> map(string, list(string))", _query)),
    *(function(f"format.{name}", overload("() -> Format", _not_modelled)) for name in _FORMATS),
    function("format.named", overload("(string) -> optional(Format)", _not_modelled)),
    function("validate", overload("Format.(string) -> optional(list(string))", _not_modelled)),
    *(function(name, *map(overload, signatures)) for name, signatures in _AUTHORIZATION.items()),
)
