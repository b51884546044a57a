"""
Derived attributes: an expression in a request that stands for an attribute of each device.

Source: k8s.io/dynamic-resource-allocation cel/compile.go EvaluateDerivedAttribute,
valToDeviceAttribute and validateOutputType, v0.37.2 (alpha, DRADerivedAttributes).
"""

from __future__ import annotations

from dataclasses import dataclass

from ..model import Attribute, AttributeKind
from ..model.slices import Scalar
from .checker import check
from .compiler import Program, compile_program
from .dialect import Dialect
from .errors import CompileError, EvaluationError, Panic, Undecided
from .frame import CelDevice
from .library import declarations
from .parser import parse
from .reads import Reads, reads
from .runtime_types import type_name
from .selector import Verdict, VerdictKind
from .semver import Semver
from .static_types import ANY, BOOL, DYN, INT, SEMVER, STRING, Type, list_of
from .values import LISTS

_ELEMENTS = (BOOL, INT, STRING, ANY, DYN, SEMVER)
_ALLOWED = frozenset((*_ELEMENTS, *map(list_of, _ELEMENTS)))
_KINDS: dict[type, tuple[AttributeKind, AttributeKind]] = {
    bool: (AttributeKind.BOOL, AttributeKind.BOOLS),
    int: (AttributeKind.INT, AttributeKind.INTS),
    str: (AttributeKind.STRING, AttributeKind.STRINGS),
    Semver: (AttributeKind.VERSION, AttributeKind.VERSIONS),
}


@dataclass(frozen=True, slots=True)
class DerivedAttribute:
    """
    A compiled expression; ``reads`` bounds the attributes that its value depends on.

    ``fixed``: the verdict on every device if the expression does not compile.
    """

    expression: str
    reads: Reads
    program: Program | None = None
    fixed: Verdict | None = None

    def value(self, device: CelDevice) -> Attribute | Verdict:
        """
        The attribute of a device, of which ``unsupported_attribute`` finds nothing.

        A verdict instead, ERROR or UNKNOWN, where there is none. Never raises.
        """
        if self.program is None:
            return self.fixed or Verdict(VerdictKind.UNKNOWN, "not compiled")
        try:
            return _attribute(self.program.run(device))
        except (EvaluationError, Panic) as error:
            return Verdict(VerdictKind.ERROR, str(error))
        except Undecided as reason:
            return Verdict(VerdictKind.UNKNOWN, str(reason))
        except Exception as defect:  # noqa: BLE001 - a defect of ours must not fail a request
            return Verdict(VerdictKind.UNKNOWN, f"defect in the evaluator: {defect!r}")


def compile_derived(expression: str, dialect: Dialect) -> DerivedAttribute:
    """Compile as kube-scheduler does. Never raises; see ``compile_selector``."""
    try:
        root = parse(expression)
        checked = check(root, dialect, declarations(dialect))
        result: Type = checked.types[root]
        if result not in _ALLOWED:
            raise CompileError(f"must evaluate to a primitive scalar or a list of these, not {result}")
        return DerivedAttribute(expression, reads(root), compile_program(root, checked))
    except CompileError as error:
        verdict = Verdict(VerdictKind.ERROR, f"compilation failed: {error}")
    except Panic as error:
        verdict = Verdict(VerdictKind.UNKNOWN, f"cel-go crashes on this expression: {error}")
    except Undecided as reason:
        verdict = Verdict(VerdictKind.UNKNOWN, str(reason))
    except Exception as defect:  # noqa: BLE001 - a defect of ours must not fail a request
        verdict = Verdict(VerdictKind.UNKNOWN, f"defect in the evaluator: {defect!r}")
    return DerivedAttribute(expression, Reads(frozenset(), frozenset(), everything=False), fixed=verdict)


def _attribute(value: object) -> Attribute:
    """Convert a result; a list takes its kind from its first element, an empty one is of strings."""
    if isinstance(value, tuple) and type(value) in LISTS:
        if not value:
            return Attribute(AttributeKind.STRINGS, ())
        kinds = _KINDS.get(type(value[0]))
        if kinds is None or any(type(element) is not type(value[0]) for element in value):
            raise EvaluationError("the elements of a derived list must be scalars of one type")
        return Attribute(kinds[1], tuple(map(_scalar, value)))
    kinds = _KINDS.get(type(value))
    if kinds is None:
        raise EvaluationError(f"a derived attribute cannot be of type {type_name(value)}")
    return Attribute(kinds[0], _scalar(value))


def _scalar(value: object) -> Scalar:
    if isinstance(value, Semver):
        return value.text
    assert isinstance(value, bool | int | str)
    return value
