"""
Nodes and node selectors.

Source: k8s.io/api core/v1 types.go, v0.36; k8s.io/apimachinery pkg/labels/selector.go NewRequirement,
v0.34 to v0.37.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from .integers import parse_int64
from .names import is_label_value, is_qualified_name
from .quantity import Quantity


@dataclass(frozen=True, slots=True)
class NodeRequirement:
    """
    One entry of matchExpressions or matchFields. ``values`` in input order.

    ``parses``: the scheduler takes it as a requirement on labels; see ``label_requirement_parses``.
    """

    key: str
    operator: str
    values: tuple[str, ...] = ()
    parses: bool = field(init=False, repr=False, compare=False, default=False)

    def __post_init__(self) -> None:
        """Look at keys and values once: selectors are matched with each node."""
        object.__setattr__(self, "parses", label_requirement_parses(self.key, self.operator, self.values))


def label_requirement_parses(key: str, operator: str, values: tuple[str, ...]) -> bool:
    """Whether ``NewRequirement`` takes a requirement on labels: of node or label selectors."""
    match operator:
        case "In" | "NotIn":
            enough = len(values) > 0
        case "Exists" | "DoesNotExist":
            enough = not values
        case "Gt" | "Lt":
            enough = len(values) == 1 and parse_int64(values[0]) is not None
        case _:
            return False
    return enough and is_qualified_name(key) and all(map(is_label_value, values))


@dataclass(frozen=True, slots=True)
class NodeSelectorTerm:
    expressions: tuple[NodeRequirement, ...] = ()
    fields: tuple[NodeRequirement, ...] = ()


@dataclass(frozen=True, slots=True)
class NodeSelector:
    """Terms are ORed, the requirements of a term ANDed."""

    terms: tuple[NodeSelectorTerm, ...]


@dataclass(frozen=True, slots=True)
class Node:
    """
    ``allocatable`` holds quantities by resource name, ``declared_features`` what
    ``status.declaredFeatures`` lists.
    """

    name: str
    labels: Mapping[str, str] = field(default_factory=dict, hash=False)
    allocatable: Mapping[str, Quantity] = field(default_factory=dict, hash=False)
    declared_features: tuple[str, ...] = ()
