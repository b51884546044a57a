"""
Attributes that a request derives from a device's own (1.37, DRADerivedAttributes).

Source: k8s.io/dynamic-resource-allocation cel/compile.go (EvaluateDerivedAttribute,
validateOutputType, valToDeviceAttribute), v0.37.
"""

from __future__ import annotations

from dataclasses import dataclass

from extender.model import Attribute, AttributeKind
from extender.model.devices import Scalar

from .checking.static_types import SEMVER, Type
from .dialect import Dialect
from .errors import EvaluationError, Unpredictable
from .evaluation.frame import CelDevice
from .evaluation.program import Program
from .expression import Answer, AnswerKind, compile_expression, run
from .syntax.reads import Reads
from .values.runtime_types import type_name
from .values.semver import Semver
from .values.values import LISTS, Optional, TypeValue
from .work import OverBudget, Work

_ELEMENTS = frozenset({"bool", "int", "string", "any", "dyn"})
_LISTS = {
    AttributeKind.BOOL: AttributeKind.BOOLS,
    AttributeKind.INT: AttributeKind.INTS,
    AttributeKind.STRING: AttributeKind.STRINGS,
    AttributeKind.VERSION: AttributeKind.VERSIONS,
}


@dataclass(frozen=True, slots=True)
class DerivedAttribute:
    """
    A compiled expression that derives an attribute.

    ``reads`` bounds the attributes that its values depend on. ``fixed`` is the answer on every
    device if the expression does not compile. ``units`` is the work that compiling took.
    """

    expression: str
    reads: Reads
    units: int
    program: Program | None = None
    fixed: Answer | None = None

    def value(self, device: CelDevice, work: Work) -> Attribute | Answer:
        """
        Derive the attribute of a device, of which ``unsupported_attribute`` finds nothing.

        Never raises: the answer, ERROR or UNKNOWN, says why there is none.
        """
        if self.program is None:
            return self.fixed or Answer(AnswerKind.UNKNOWN, "not compiled")
        value = run(self.program, device, work)
        if isinstance(value, Answer):
            return value
        try:
            return _attribute(value, work)
        except EvaluationError as error:
            return _error(str(error))
        except Unpredictable as reason:
            return Answer(AnswerKind.UNKNOWN, str(reason))
        except OverBudget as reason:
            return Answer(AnswerKind.OVER_BUDGET, str(reason))


def compile_derived(expression: str, dialect: Dialect, work: Work) -> DerivedAttribute:
    """
    Compile an expression as kube-scheduler does; never raises.

    What Kubernetes rejects always gives ERROR, what it has and we lack gives UNKNOWN.
    """
    return DerivedAttribute(expression, *compile_expression(expression, dialect, _check_result, work))


def _check_result(result: Type, _: Dialect) -> str:
    element = result.parameters[0] if result.kind == "list" else result
    if element.kind in _ELEMENTS or element == SEMVER:
        return ""
    return "a primitive scalar (string, integer, boolean, semver) or a list of these scalars"


def _attribute(value: object, work: Work) -> Attribute | Answer:
    if type(value) not in LISTS:
        scalar = _scalar(value)
        return scalar or _error(f"unsupported CEL return type: {type_name(value)}")
    assert isinstance(value, tuple)
    if not value:
        return Attribute(AttributeKind.STRINGS, ())
    work.walk(len(value))
    scalars = [_scalar(element) for element in value]
    first = scalars[0]
    if first is None:
        return _error(f"unsupported list element type: {type_name(value[0])}")
    elements: list[Scalar] = []
    for index, scalar in enumerate(scalars):
        if scalar is None or scalar.kind is not first.kind:
            return _error(f"expected list element at index {index} to be {first.kind}")
        assert isinstance(scalar.value, bool | int | str)
        elements.append(scalar.value)
    return Attribute(_LISTS[first.kind], tuple(elements))


def _scalar(value: object) -> Attribute | None:
    """The attribute of Go's value: an optional is what it holds, a type is its name."""
    while isinstance(value, Optional) and value.present:
        value = value.value
    if isinstance(value, bool):
        return Attribute(AttributeKind.BOOL, value)
    if type(value) is int:
        return Attribute(AttributeKind.INT, value)
    if isinstance(value, str):
        return Attribute(AttributeKind.STRING, value)
    if isinstance(value, TypeValue):
        return Attribute(AttributeKind.STRING, value.name)
    if isinstance(value, Semver):
        return Attribute(AttributeKind.VERSION, value.text)
    return None


def _error(message: str) -> Answer:
    return Answer(AnswerKind.ERROR, message)
