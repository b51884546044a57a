"""
Nodes and node selectors.

Source: k8s.io/api core/v1 types.go, v0.36.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from .quantity import Quantity


@dataclass(frozen=True, slots=True)
class NodeRequirement:
    """One entry of matchExpressions or matchFields. ``values`` in input order."""

    key: str
    operator: str
    values: tuple[str, ...] = ()


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
