"""
Compile a device selector once, then ask it about devices.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import NamedTuple

from ..model import Attribute, AttributeKind
from .checker import check
from .compiler import Program, compile_program
from .dialect import Dialect
from .errors import CompileError, EvaluationError, Panic, Undecided
from .frame import CelDevice
from .library import declarations
from .parser import parse
from .reads import Reads, reads
from .runtime_types import type_name
from .semver import parse_semver

_NO_READS = Reads(frozenset(), frozenset(), everything=False)


class VerdictKind(StrEnum):
    """ERROR is fatal for the scheduling attempt; UNKNOWN means that we cannot tell."""

    MATCH = "match"
    NO_MATCH = "no-match"
    ERROR = "error"
    UNKNOWN = "unknown"


class Verdict(NamedTuple):
    """What a selector says about a device; ``message`` explains an error or an unknown."""

    kind: VerdictKind
    message: str = ""


MATCH = Verdict(VerdictKind.MATCH)
NO_MATCH = Verdict(VerdictKind.NO_MATCH)


@dataclass(frozen=True, slots=True)
class Selector:
    """
    A compiled CEL expression.

    ``reads`` bounds the attributes that its verdicts depend on. ``fixed`` is the verdict on every
    device if the expression does not compile.
    """

    expression: str
    reads: Reads
    program: Program | None = None
    fixed: Verdict | None = None

    def matches(self, device: CelDevice) -> Verdict:
        """
        Evaluate the selector for a device, of which ``unsupported_attribute`` finds nothing.

        Never raises: what goes wrong here, not in the expression, is UNKNOWN.
        """
        if self.program is None:
            return self.fixed or Verdict(VerdictKind.UNKNOWN, "not compiled")
        try:
            value = self.program.run(device)
        except (EvaluationError, Panic) as error:
            return Verdict(VerdictKind.ERROR, str(error))
        except Undecided as reason:
            return Verdict(VerdictKind.UNKNOWN, str(reason))
        except Exception as defect:  # noqa: BLE001 - a defect of ours must not fail a request
            return Verdict(VerdictKind.UNKNOWN, f"defect in the evaluator: {defect!r}")
        if value is True:
            return MATCH
        if value is False:
            return NO_MATCH
        return Verdict(
            VerdictKind.ERROR, f"CEL result of type {type_name(value)} could not be converted to bool"
        )


def compile_selector(expression: str, dialect: Dialect) -> Selector:
    """
    Compile an expression as kube-scheduler does.

    Never raises: what Kubernetes rejects gives a selector whose verdict is always ERROR, what it
    has and we lack gives one whose verdict is UNKNOWN.
    """
    try:
        root = parse(expression, quoted_fields=dialect.cel_go_029)
        checked = check(root, dialect, declarations(dialect))
        result = checked.types[root]
        if result.kind not in ("bool", "any") and not (dialect.dyn_result and result.kind == "dyn"):
            raise CompileError(f"must evaluate to bool or the unknown type, not {result}")
        program = compile_program(root, checked, dialect)
        return Selector(expression, reads(root), program)
    except CompileError as error:
        verdict = Verdict(VerdictKind.ERROR, f"compilation failed: {error}")
    except Panic as error:
        verdict = Verdict(VerdictKind.UNKNOWN, f"cel-go crashes on this expression: {error}")
    except Undecided as reason:
        verdict = Verdict(VerdictKind.UNKNOWN, str(reason))
    except Exception as defect:  # noqa: BLE001 - a defect of ours must not fail a request
        verdict = Verdict(VerdictKind.UNKNOWN, f"defect in the evaluator: {defect!r}")
    return Selector(expression, _NO_READS, fixed=verdict)


def unsupported_attribute(attributes: Mapping[str, Attribute], dialect: Dialect) -> str | None:
    """
    Return the name of an attribute that makes every selector on its device fail.

    Those are lists where the dialect has none, kinds we do not know, and versions that are none.

    Source: k8s.io/dynamic-resource-allocation cel/compile.go (getAttributeValue), v0.36.
    """
    for name, (kind, value) in attributes.items():
        if kind is AttributeKind.UNKNOWN or (kind.is_list and not dialect.list_attributes):
            return name
        if kind is AttributeKind.VERSION and not _is_version(str(value)):
            return name
        if kind is AttributeKind.VERSIONS and not (
            isinstance(value, tuple) and all(_is_version(str(version)) for version in value)
        ):
            return name
    return None


@lru_cache(maxsize=4096)
def _is_version(text: str) -> bool:
    try:
        parse_semver(text)
    except ValueError:
        return False
    return True
