"""
The type of a value, and equality and order between values.

Source: github.com/google/cel-go common/types, v0.26: the ``Equal`` and ``Compare`` methods.
"""

from __future__ import annotations

import math

from ..errors import EvaluationError, Unpredictable, no_such_overload
from ..work import Work
from .maps import MISSING, AnyMap, DomainMap, LazyDomainMap, LazyMap, MapAccumulator, StringMap, ValueMap
from .named_formats import Format
from .networks import Cidr, Ip
from .quantities import QuantityValue, compared
from .regular_expressions import ConstantPattern
from .semver import Semver
from .times import Duration, Timestamp
from .urls import Url
from .values import (
    LISTS,
    NUMBERS,
    PRIMITIVES,
    GrowingList,
    ListAccumulator,
    Optional,
    TypeValue,
    Uint,
    UnorderedList,
)

_NAMES: dict[type, str] = {
    bool: "bool",
    int: "int",
    Uint: "uint",
    float: "double",
    str: "string",
    bytes: "bytes",
    type(None): "null_type",
    tuple: "list",
    UnorderedList: "list",
    ListAccumulator: "list",
    GrowingList: "list",
    StringMap: "map",
    DomainMap: "map",
    LazyMap: "map",
    LazyDomainMap: "map",
    ValueMap: "map",
    MapAccumulator: "map",
    TypeValue: "type",
    Optional: "optional_type",
    QuantityValue: "kubernetes.Quantity",
    Semver: "kubernetes.Semver",
    Url: "kubernetes.URL",
    Format: "kubernetes.NamedFormat",
    Duration: "google.protobuf.Duration",
    Timestamp: "google.protobuf.Timestamp",
    Ip: "net.IP",
    Cidr: "net.CIDR",
}

_CLASSES = {name: kind for kind, name in _NAMES.items() if name not in ("list", "map")}
_NAMES[ConstantPattern] = "string"


def exact_class(name: str) -> type | None:
    """Return the one Python class of the values of a type, ``None`` if there are several."""
    return _CLASSES.get(name)


def type_name(value: object) -> str:
    """Return the name that ``type(value)`` shows."""
    return _NAMES[type(value)]


def shown(value: object) -> str:
    """Return a value as error messages show it: lists and maps by their type, for they may be endless."""
    return str(value)[:100] if type(value) in PRIMITIVES or value is None else type_name(value)


def equal(left: object, right: object, work: Work) -> bool:
    """
    What ``left == right`` gives.

    Values of different kinds are unequal, numbers compare across kinds; a Semver,
    Quantity, URL or address with another kind is the error ``no such overload``.
    """
    if left is None or right is None:
        return left is right
    return equal_values(left, right, work)


def equal_values(left: object, right: object, work: Work) -> bool:
    """Like ``equal`` without the special treatment of null: Go's ``left.Equal(right)``."""
    kind, other = type(left), type(right)
    if kind in NUMBERS:
        return other in NUMBERS and _equal_numbers(left, right)
    if kind in LISTS:
        return other in LISTS and _equal_lists(left, right, work)
    if isinstance(left, AnyMap):
        return isinstance(right, AnyMap) and _equal_maps(left, right, work)
    if isinstance(left, Optional):
        return isinstance(right, Optional) and _equal_optionals(left, right, work)
    if kind in _OPAQUE:
        return _equal_opaque(left, right, work)
    if kind is Timestamp:
        return other is Timestamp and _moment(left) == _moment(right)
    if isinstance(left, str | bytes):
        work.scan(len(left))
    return kind is other and left == right


def _moment(timestamp: object) -> tuple[int, int]:
    assert isinstance(timestamp, Timestamp)
    return timestamp.seconds, timestamp.nanos


def of_one_hashed_kind(elements: tuple[object, ...]) -> bool:
    """Whether Python's sets tell the elements apart as ``equal_values`` does."""
    kind = type(elements[0]) if elements else str
    return kind in _HASHED and all(type(element) is kind for element in elements)


_HASHED = frozenset({bool, int, Uint, str})
_OPAQUE = frozenset({Semver, QuantityValue, Url, Ip, Cidr, Format})


def _equal_opaque(left: object, right: object, work: Work) -> bool:
    if type(left) is not type(right):
        raise no_such_overload()
    if isinstance(left, QuantityValue) and isinstance(right, QuantityValue):
        if right.computed:
            raise no_such_overload()
        return not compared(left, right)
    if isinstance(left, Semver) and isinstance(right, Semver):
        work.charge(len(left.text) >> 4)
        return left.key == right.key
    if isinstance(left, Url) and isinstance(right, Url):
        work.scan(len(left.text))
        return left.text == right.text
    if isinstance(left, Format) and isinstance(right, Format):
        return left.name == right.name
    return left == right


def _equal_numbers(left: object, right: object) -> bool:
    if type(left) is float or type(right) is float:
        assert isinstance(left, int | float)
        assert isinstance(right, int | float)
        return float(left) == float(right)
    return left == right


def _equal_lists(left: object, right: object, work: Work) -> bool:
    """Compare element by element; an element that cannot be compared counts as equal."""
    left, right = ordered(left), ordered(right)
    if len(left) != len(right):
        return False
    work.walk(len(left))
    for a, b in zip(left, right, strict=True):
        try:
            if not equal(a, b, work):
                return False
        except EvaluationError:
            continue
    return True


def _equal_maps(left: AnyMap, right: AnyMap, work: Work) -> bool:
    """
    Compare entry by entry; a value that cannot be compared counts as equal.

    In the lazy maps of 1.38 it is an error, if no other entry differs: which comes first is random.
    """
    if len(left) != len(right):
        return False
    work.charge(len(left))
    failed: EvaluationError | None = None
    same = True
    for key in left:
        try:
            # The maps by domain find every key, so this does not show a missing one.
            other = right.find(key)
            same = other is not MISSING and equal(left.find(key), other, work)
        except EvaluationError as error:
            failed = error if isinstance(left, LazyMap) else None
            continue
        if not same:
            break
    if failed is None:
        return same
    if not same:
        raise Unpredictable("which entries of a map are compared first is random")
    raise failed


def _equal_optionals(left: Optional, right: Optional, work: Work) -> bool:
    if not (left.present and right.present):
        return left.present == right.present
    return equal_values(left.value, right.value, work)


def ordered(value: object) -> tuple[object, ...]:
    """
    Return a list's elements where their order matters.

    Raises ``Unpredictable`` for a list whose order is random upstream.
    """
    assert isinstance(value, tuple)
    if type(value) is UnorderedList and len(value) > 1:
        raise Unpredictable("the result depends on the order in which a map is iterated")
    return value


def compare(left: object, right: object) -> int:
    """
    Return -1, 0 or 1.

    Orders numbers of any kinds, and bools, strings, bytes, durations and timestamps among
    themselves; anything else is the error ``no such overload``.
    """
    kind, other = type(left), type(right)
    if isinstance(left, int) and isinstance(right, int) and kind is other is int:
        return (left > right) - (left < right)
    if kind in NUMBERS and other in NUMBERS:
        assert isinstance(left, int | float)
        assert isinstance(right, int | float)
        if kind is float or other is float:
            left, right = float(left), float(right)
            if math.isnan(left) or math.isnan(right):
                raise EvaluationError("NaN values cannot be ordered")
        return (left > right) - (left < right)
    if isinstance(left, str) and isinstance(right, str):
        return (left > right) - (left < right)
    if isinstance(left, bytes) and isinstance(right, bytes):
        return (left > right) - (left < right)
    if kind is bool and other is bool:
        return bool(left) - bool(right)
    if isinstance(left, Duration) and isinstance(right, Duration):
        return (left.nanos > right.nanos) - (left.nanos < right.nanos)
    if kind is Timestamp and other is Timestamp:
        first, second = _moment(left), _moment(right)
        return (first > second) - (first < second)
    raise no_such_overload()


COMPARABLE = NUMBERS | {bool, str, bytes, Duration, Timestamp}
"""The kinds that have an order."""
