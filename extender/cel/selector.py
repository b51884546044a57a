"""
Compile a device selector once, then evaluate it for each device.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from extender.model import Attribute, AttributeKind

from .checking.static_types import Type
from .dialect import Dialect
from .evaluation.frame import CelDevice
from .evaluation.program import Program
from .expression import Answer, AnswerKind, compile_expression, run
from .syntax.reads import Reads
from .values.runtime_types import type_name
from .values.semver import parse_semver
from .work import Work

MATCH = Answer(AnswerKind.MATCH)
NO_MATCH = Answer(AnswerKind.NO_MATCH)


@dataclass(frozen=True, slots=True)
class Selector:
    """
    A compiled CEL expression.

    ``reads`` bounds the attributes that its answers depend on. ``fixed`` is the answer on every
    device if the expression does not compile. ``units`` is the work that compiling took.
    """

    expression: str
    reads: Reads
    units: int
    program: Program | None = None
    fixed: Answer | None = None

    def matches(self, device: CelDevice, work: Work) -> Answer:
        """
        Evaluate the selector for a device, of which ``unsupported_attribute`` finds nothing.

        Never raises: what goes wrong here, not in the expression, is UNKNOWN.
        """
        if self.program is None:
            return self.fixed or Answer(AnswerKind.UNKNOWN, "not compiled")
        value = run(self.program, device, work)
        if value is True:
            return MATCH
        if value is False:
            return NO_MATCH
        if isinstance(value, Answer):
            return value
        return Answer(
            AnswerKind.ERROR, f"CEL result of type {type_name(value)} could not be converted to bool"
        )


def compile_selector(expression: str, dialect: Dialect, work: Work) -> Selector:
    """
    Compile an expression as kube-scheduler does.

    Never raises: what Kubernetes rejects gives a selector whose answer is always ERROR, what it
    has and we lack gives one whose answer is UNKNOWN.
    """
    return Selector(expression, *compile_expression(expression, dialect, _check_result, work))


def _check_result(result: Type, dialect: Dialect) -> str:
    if result.kind in ("bool", "any") or (dialect.dyn_result and result.kind == "dyn"):
        return ""
    return "bool or the unknown type"


def unsupported_attribute(attributes: Mapping[str, Attribute], dialect: Dialect) -> str | None:
    """
    Return the name of an attribute that makes every selector on its device fail.

    Those are lists where the dialect has none, kinds we do not know, and versions that are none;
    none where attributes are read only when an expression needs them.

    Source: k8s.io/dynamic-resource-allocation cel/compile.go (getAttributeValue), v0.36.
    """
    if dialect.lazy_attributes:
        return None
    for name, (kind, value) in attributes.items():
        if kind is AttributeKind.STRING or kind is AttributeKind.INT or kind is AttributeKind.BOOL:
            continue
        if kind is AttributeKind.UNKNOWN or (kind.is_list and not dialect.list_attributes):
            return name
        if kind is AttributeKind.VERSION and not _is_version(str(value)):
            return name
        if kind is AttributeKind.VERSIONS and not (
            isinstance(value, tuple) and all(_is_version(str(version)) for version in value)
        ):
            return name
    return None


def version_key(text: str) -> str | None:
    """The version without its build metadata, which tells no versions apart; ``None``: it is none."""
    return text.partition("+")[0] if _is_version(text) else None


@lru_cache(maxsize=4096)
def _is_version(text: str) -> bool:
    try:
        parse_semver(text)
    except ValueError:
        return False
    return True
