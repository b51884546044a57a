"""
Label selectors and node selectors of pods.

Source: k8s.io/apimachinery pkg/labels/selector.go NewRequirement, Requirement.Matches,
pkg/apis/meta/v1/helpers.go LabelSelectorAsSelector and pkg/util/validation, v0.36.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from extender.model import NodeRequirement
from extender.model.names import is_label_value, is_qualified_name
from extender.model.scheduling import LabelRequirement, LabelSelector, SelectorOperator

from ..cluster.node_selection import requirement_matches

_INTEGER = re.compile(r"[+-]?[0-9]+")
_OPERATORS = frozenset(SelectorOperator)


def selector_matches(selector: LabelSelector | None, labels: Mapping[str, str]) -> bool:
    """``None`` matches nothing, a selector without requirements everything."""
    if selector is None:
        return False
    return all(_matches(requirement, labels) for requirement in selector.requirements)


def _matches(requirement: LabelRequirement, labels: Mapping[str, str]) -> bool:
    value = labels.get(requirement.key)
    match requirement.operator:
        case SelectorOperator.IN:
            return value is not None and value in requirement.values
        case SelectorOperator.NOT_IN:
            return value is None or value not in requirement.values
        case SelectorOperator.EXISTS:
            return value is not None
        case _:
            return value is None


def valid_selector(selector: LabelSelector | None) -> bool:
    """Whether the scheduler can parse it."""
    return selector is None or all(
        requirement.operator in _OPERATORS
        and _valid(requirement.key, requirement.operator, requirement.values)
        for requirement in selector.requirements
    )


def valid_requirement(requirement: NodeRequirement) -> bool:
    """Whether the scheduler can parse a requirement on a node's labels."""
    return _valid(requirement.key, requirement.operator, requirement.values)


def valid_field_requirement(requirement: NodeRequirement) -> bool:
    """Whether the scheduler can parse a requirement on a node's fields."""
    return requirement.operator in ("In", "NotIn") and len(requirement.values) == 1


def node_requirement_matches(requirement: NodeRequirement, labels: Mapping[str, str]) -> bool:
    """Whether labels or fields meet a valid requirement; numbers beyond 64 bits never do."""
    if requirement.operator in ("Gt", "Lt") and not _is_int64(labels.get(requirement.key, "")):
        return False
    return requirement_matches(requirement, labels)


def _valid(key: str, operator: str, values: tuple[str, ...]) -> bool:
    match operator:
        case "In" | "NotIn":
            enough = len(values) > 0
        case "Exists" | "DoesNotExist":
            enough = not values
        case "Gt" | "Lt":
            enough = len(values) == 1 and _is_int64(values[0])
        case _:
            return False
    return enough and is_qualified_name(key) and all(map(is_label_value, values))


def _is_int64(text: str) -> bool:
    """Whether Go's ``strconv.ParseInt`` takes it."""
    if len(text) > 4096 or _INTEGER.fullmatch(text) is None:
        return False
    return -(2**63) <= int(text) < 2**63
