"""
What Kubernetes charges for a call, in its units.

A cost counts from the arguments, where an error stands for an argument that failed, and from the
result or the error of the call.

Source: github.com/google/cel-go interpreter/runtimecost.go, ext/lists.go and ext/sets.go, v0.26
and v0.29, and k8s.io/apiserver pkg/cel/library/cost.go, v0.36.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

from ..errors import EvaluationError, Panic, Unpredictable
from ..values.maps import AnyMap
from ..values.named_formats import Format
from ..values.networks import Cidr, Ip
from ..values.quantities import QuantityValue
from ..values.semver import Semver
from ..values.urls import Url
from ..values.values import LISTS, Optional
from ..work import Work

Values = Sequence[object]

_TRAVERSAL = 0.1
_PATTERN = 0.25
_LIST = 10
_CALL = 1
_TWO_TO_64 = 2.0**64
_UNIT_EQUALITY = frozenset({QuantityValue, Semver, Url, Ip, Cidr, Format})


class Cost(NamedTuple):
    """
    ``units`` gives the cost of a call from values, result and the meter of work that counting may take.

    ``of_result``: it depends on the result, which there is only after the call.
    """

    units: Callable[[Values, object, Work], int]
    of_result: bool = False


def size(value: object) -> int:
    """What the cost of walking a value depends on; 1 for what has no size."""
    if isinstance(value, str | bytes | AnyMap) or type(value) in LISTS:
        assert isinstance(value, str | bytes | tuple | AnyMap)
        return len(value)
    if isinstance(value, Ip):
        return value.address.max_prefixlen // 8
    if isinstance(value, Cidr):
        return math.ceil(value.bits / 8)
    return 1


def _operand_size(value: object) -> int:
    """Like ``size``, but an optional counts as its value."""
    while isinstance(value, Optional) and value.present and not value.is_error:
        value = value.value
    return size(value)


def _walked(length: float, factor: float = _TRAVERSAL) -> int:
    return math.ceil(length * factor)


def fixed(cost: int) -> Cost:
    """Charge the same for every call."""
    return Cost(lambda *_: cost)


def _equality(values: Values, *_: object) -> int:
    return equality_cost(*values)


def equality_cost(left: object, right: object) -> int:
    """Return the cost of ``left == right``."""
    if type(left) in _UNIT_EQUALITY:
        return 1
    return inequality_cost(left, right)


def inequality_cost(left: object, right: object) -> int:
    """Return the cost of ``left != right``, which knows no special kinds."""
    return _walked(min(_operand_size(left), _operand_size(right)))


def _search(measure: Callable[[object], int]) -> Cost:
    return Cost(lambda values, *_: _walked(1.0 + measure(values[0])) * _walked(measure(values[1]), _PATTERN))


def _substring_search(values: Values, *_: object) -> int:
    return _walked(_operand_size(values[0])) * _walked(_operand_size(values[1]))


def _traversal(values: Values, _: object, work: Work) -> int:
    return _traversed(values[0], work)


def _traversed(value: object, work: Work) -> int:
    """A value may hold another one many times, so there is no telling what this takes but by doing it."""
    if isinstance(value, str):
        work.scan(len(value))
        return int(len(value.encode()) * _TRAVERSAL)
    if isinstance(value, bytes):
        return int(len(value) * _TRAVERSAL)
    if type(value) in LISTS:
        assert isinstance(value, tuple)
        work.walk(len(value))
        return sum([_traversed(element, work) for element in value])
    if isinstance(value, AnyMap):
        work.charge(len(value))
        return sum([_traversed(key, work) + _traversed(value.find(key), work) for key in value])
    return 1


def _sets(factor: int) -> Cost:
    return Cost(lambda values, *_: _CALL + size(values[0]) * size(values[1]) * factor)


def _self_compared(values: Values, index: int) -> int:
    elements = values[index]
    if type(elements) not in LISTS:
        raise Panic("internal error: interface conversion: the value is no list")
    assert isinstance(elements, tuple)
    factor = 2.0 + (_TRAVERSAL if elements and isinstance(elements[0], str | bytes) else 0.0)
    return int(float(len(elements) ** 2) * factor) + _CALL + _LIST


def _flattening(values: Values, *_: object) -> int:
    depth = values[1] if len(values) > 1 else 1
    if type(depth) is not int:
        raise Panic("internal error: interface conversion: the depth is no int")
    amount = float(size(values[0])) * float(depth)
    if amount >= _TWO_TO_64 or amount < 0:
        raise Unpredictable("the cost of flattening so deeply depends on the scheduler's processor")
    return int(amount) + _CALL + _LIST


def _bounded_flattening(values: Values, *_: object) -> int:
    return size(values[0]) + _CALL + _LIST if _is_negative(values[1:]) else _flattening(values)


def _flattening_033(values: Values, *_: object) -> int:
    return _CALL + _LIST if _is_negative(values[1:]) else _flattening(values)


def _is_negative(depth: Values) -> bool:
    return len(depth) == 1 and type(depth[0]) is int and depth[0] < 0


def _selector(values: Values, *_: object) -> int:
    length = size(values[1])
    return _LIST + _walked(length) + _walked(length, 0.5) * 50


def _validation(values: Values, *_: object) -> int:
    format_ = values[0]
    if not isinstance(format_, Format):
        return _CALL
    return _walked(1.0 + size(values[1])) * _walked(format_.pattern, _PATTERN)


def _containment(extra: float, *, parses: bool) -> Cost:
    def count(values: Values, *_: object) -> int:
        own = size(values[0])
        cost = _walked(own + own) + (_walked(own) + 1 if extra else 0)
        return cost + _walked(size(values[1])) if parses else cost

    return Cost(count)


def _sum(values: Values, *_: object) -> int:
    return _walked(_operand_size(values[0]) + _operand_size(values[1]))


WALK = Cost(lambda values, *_: _walked(size(values[0])))
OPERAND_WALK = Cost(lambda values, *_: _walked(_operand_size(values[0])))
SECOND_OPERAND_WALK = Cost(lambda values, *_: _walked(_operand_size(values[1])))
WALK_TWICE = Cost(lambda values, *_: _walked(float(size(values[0])) * 2))
WALK_RESULT_TWICE = Cost(lambda _values, result, _work: _walked(float(size(result)) * 2), of_result=True)
MEMBERS = Cost(lambda values, *_: _operand_size(values[1]))
COMPARISON = Cost(lambda values, *_: inequality_cost(values[0], values[1]))
EQUALITY = Cost(_equality)
CONCATENATION = Cost(_sum)
SEARCH = _search(size)
OPERAND_SEARCH = _search(_operand_size)
SUBSTRING_SEARCH = Cost(_substring_search)
TRAVERSAL = Cost(_traversal)
RESULT_LIST = Cost(lambda _values, result, _work: size(result) + _CALL + _LIST, of_result=True)
RESULT_LIST_033 = Cost(
    lambda _values, result, _work: (
        _CALL + _LIST + (0 if isinstance(result, EvaluationError) else size(result))
    ),
    of_result=True,
)
"""The same in cel-go 0.33: a call that fails makes no element."""
SELF_COMPARISON = Cost(lambda values, *_: _self_compared(values, 0))
KEYS_COMPARISON = Cost(lambda values, *_: _self_compared(values, 1))
SETS = _sets(1)
SETS_BOTH_WAYS = _sets(2)
SELECTOR = Cost(_selector)
VALIDATION = Cost(_validation)
CONTAINS_IP = _containment(0, parses=False)
CONTAINS_IP_TEXT = _containment(0, parses=True)
CONTAINS_CIDR = _containment(1, parses=False)
CONTAINS_CIDR_TEXT = _containment(1, parses=True)


FLATTENING_033 = Cost(_flattening_033)
"""Of cel-go 0.33: a negative depth makes no element."""


def flattening(*, negative_depth_counts: bool) -> Cost:
    """Charge ``flatten``; ``negative_depth_counts``: for a negative depth it is unpredictable (0.26)."""
    return Cost(_flattening if negative_depth_counts else _bounded_flattening)
